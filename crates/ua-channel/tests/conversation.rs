//! Both machines against each other: what must work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::time::Duration;

use common::{Pair, Setup, all};
use ua_channel::{ChannelEvent, CloseReason, Error, Limits, MessageSecurityMode, Phase};
use ua_pki::SecurityPolicy;

const NONE: (SecurityPolicy, MessageSecurityMode) = (SecurityPolicy::None, MessageSecurityMode::None);
const ENCRYPTED: (SecurityPolicy, MessageSecurityMode) =
    (SecurityPolicy::Aes256Sha256RsaPss, MessageSecurityMode::SignAndEncrypt);

fn setup((policy, mode): (SecurityPolicy, MessageSecurityMode)) -> Setup {
    Setup::new(policy, mode)
}

#[test]
fn every_policy_and_mode_opens_carries_messages_of_every_size_and_closes() {
    for offer in all() {
        let mut pair = setup(offer).pair();
        pair.run();
        let lifetime = Duration::from_secs(3600);
        let opened = ChannelEvent::Opened { channel_id: 4711, lifetime };
        assert_eq!(pair.client_events, std::slice::from_ref(&opened));
        let hello = ChannelEvent::Hello { endpoint_url: "opc.tcp://localhost:4840".to_owned() };
        assert_eq!(pair.server_events, [hello, opened]);
        assert_eq!((pair.server.policy(), pair.server.mode()), offer);
        assert_eq!((pair.client.policy(), pair.client.mode()), offer);
        pair.server_events.clear();
        pair.client_events.clear();
        pair.server.mark_session_active();
        for len in (0..40).chain([65_400, 65_535, 70_000, 1_000_000]) {
            let body: Vec<u8> = (0..len).map(|at: usize| at.to_le_bytes()[0]).collect();
            pair.exchange(&body, &body);
        }
        pair.client.close(pair.now);
        pair.run();
        assert_eq!(pair.client_events, [ChannelEvent::Closed(CloseReason::Local)]);
        assert_eq!(pair.server_events, [ChannelEvent::Closed(CloseReason::Peer)]);
        assert_eq!((pair.client.phase(), pair.server.phase()), (Phase::Closed, Phase::Closed));
    }
}

#[test]
fn the_server_knows_the_client_by_its_trusted_certificate() {
    let pair = Pair::open(setup(ENCRYPTED));
    assert_eq!(pair.server.peer().unwrap().certificate(), common::client_identity().certificate());
    assert_eq!(pair.client.peer_certificate().unwrap(), common::server_identity().certificate());
    let unsecured = Pair::open(setup(NONE));
    assert!(unsecured.server.peer().is_none() && unsecured.client.peer_certificate().is_none());
}

#[test]
fn bytes_may_arrive_one_by_one() {
    let mut pair = setup(ENCRYPTED).pair();
    for _ in 0..4 {
        while let Some(bytes) = pair.client.poll_transmit() {
            for byte in bytes {
                pair.server.handle_bytes(pair.now, &[byte]);
            }
        }
        while let Some(bytes) = pair.server.poll_transmit() {
            for byte in bytes {
                pair.client.handle_bytes(pair.now, &[byte]);
            }
        }
    }
    assert!(pair.client.is_open() && pair.server.is_open());
}

#[test]
fn the_smallest_chunks_carry_large_messages() {
    for offer in all() {
        let mut small = setup(offer);
        small.client_limits = Limits { receive_buffer: 8192, send_buffer: 8192, ..Limits::client() };
        let mut pair = Pair::open(small);
        pair.server.mark_session_active();
        let body = vec![0x5A; 300_000];
        pair.exchange(&body, &body);
        assert!(pair.transmitted.iter().all(|(_, chunk)| chunk.len() <= 8192));
        assert!(pair.transmitted.iter().filter(|(_, chunk)| chunk.len() > 8100).count() > 70);
    }
}

#[test]
fn several_requests_are_answered_in_any_order() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    let ids: Vec<u32> = (0..5).map(|n| pair.client.send(pair.now, &[n]).unwrap()).collect();
    pair.run();
    assert_eq!(pair.server_events.len(), 5);
    for id in ids.iter().rev() {
        pair.server.respond(pair.now, *id, b"x").unwrap();
    }
    pair.run();
    let answered: Vec<u32> = pair
        .client_events
        .iter()
        .map(|event| match event {
            ChannelEvent::Message { request_id, .. } => *request_id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(answered, ids.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn the_client_renews_at_three_quarters_of_the_lifetime_and_messages_flow_on() {
    for offer in all() {
        let mut pair = Pair::open(setup(offer));
        pair.server.mark_session_active();
        for _ in 0..3 {
            pair.exchange(b"before", b"before");
            let renew_at = pair.client.poll_timeout().unwrap();
            assert_eq!(renew_at - pair.now, Duration::from_secs(2700));
            pair.advance(Duration::from_secs(2699));
            assert!(pair.client_events.is_empty());
            pair.advance(Duration::from_secs(1));
            assert_eq!(pair.client_events, [ChannelEvent::Renewed]);
            assert_eq!(pair.server_events, [ChannelEvent::Renewed]);
            pair.client_events.clear();
            pair.server_events.clear();
            pair.exchange(b"after", b"after");
        }
    }
}

#[test]
fn what_was_sent_with_the_old_token_around_a_renewal_is_accepted() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.server.mark_session_active();
    let early = pair.client.send(pair.now, b"early").unwrap();
    pair.run();
    pair.now += Duration::from_secs(2700);
    // the request leaves with the old token, then the renewal is asked for
    let late = pair.client.send(pair.now, b"late").unwrap();
    pair.client.handle_timeout(pair.now);
    while let Some(bytes) = pair.client.poll_transmit() {
        pair.server.handle_bytes(pair.now, &bytes);
    }
    // the server has renewed but not yet seen the new token: it answers with the old one
    pair.server.respond(pair.now, early, b"1").unwrap();
    pair.server.respond(pair.now, late, b"2").unwrap();
    pair.run();
    let bodies: Vec<_> = pair
        .client_events
        .iter()
        .filter_map(|event| match event {
            ChannelEvent::Message { body, .. } => Some(body.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(bodies, [b"1", b"2"]);
    assert!(pair.client_events.contains(&ChannelEvent::Renewed));
}

#[test]
fn an_old_token_is_refused_once_the_new_one_was_used() {
    let mut pair = Pair::open(setup(NONE));
    pair.server.mark_session_active();
    pair.client.send(pair.now, b"first").unwrap();
    pair.run();
    let (_, mut old) = pair.transmitted.last().unwrap().clone();
    pair.advance(Duration::from_secs(2700));
    pair.exchange(b"new", b"new");
    pair.server_events.clear();
    let sequence: u32 = u32::from_le_bytes(
        pair.transmitted.iter().rev().find(|(from, _)| *from).unwrap().1[16..20].try_into().unwrap(),
    );
    old[16..20].copy_from_slice(&(sequence + 1).to_le_bytes());
    pair.server.handle_bytes(pair.now, &old);
    pair.collect();
    let reason = CloseReason::Protocol(Error::TokenUnknown { found: 1 });
    assert_eq!(pair.server_events, [ChannelEvent::Closed(reason)]);
}

#[test]
fn a_token_that_nobody_renews_ends_the_channel_on_both_sides() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.server.mark_session_active();
    // a client asleep: nothing is carried
    pair.now += Duration::from_secs(4500);
    pair.server.handle_timeout(pair.now);
    pair.client.handle_timeout(pair.now);
    pair.collect();
    let expired = ChannelEvent::Closed(CloseReason::Protocol(Error::TokenExpired));
    assert_eq!(pair.server_events, std::slice::from_ref(&expired));
    assert_eq!(pair.client_events, [expired]);
    assert_eq!(pair.client.send(pair.now, b"x"), Err(Error::NotOpen));
}

#[test]
fn an_unanswered_renewal_ends_the_channel() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.now += Duration::from_secs(2700);
    pair.client.handle_timeout(pair.now);
    assert!(pair.client.poll_transmit().is_some());
    assert_eq!(pair.client.poll_timeout(), Some(pair.now + Duration::from_secs(10)));
    pair.client.handle_timeout(pair.now + Duration::from_secs(10));
    pair.collect();
    assert_eq!(pair.client_events, [ChannelEvent::Closed(CloseReason::Timeout)]);
}

#[test]
fn handshakes_have_deadlines_on_both_sides() {
    let mut pair = setup(NONE).pair();
    let silent = pair.client.poll_timeout().unwrap();
    assert_eq!(silent - pair.now, Duration::from_secs(10));
    assert_eq!(pair.server.poll_timeout().unwrap() - pair.now, Duration::from_secs(5));
    pair.client.handle_timeout(silent);
    pair.server.handle_timeout(silent);
    pair.collect();
    assert_eq!(pair.client_events, [ChannelEvent::Closed(CloseReason::Timeout)]);
    assert_eq!(pair.server_events, [ChannelEvent::Closed(CloseReason::Timeout)]);

    // HEL and ACK, then silence
    let mut pair = setup(NONE).pair();
    let hello = pair.client.poll_transmit().unwrap();
    pair.server.handle_bytes(pair.now, &hello);
    let acknowledge = pair.server.poll_transmit().unwrap();
    pair.client.handle_bytes(pair.now, &acknowledge);
    pair.client.handle_timeout(pair.now + Duration::from_secs(10));
    pair.server.handle_timeout(pair.now + Duration::from_secs(5));
    assert_eq!((pair.client.phase(), pair.server.phase()), (Phase::Closed, Phase::Closed));
}

#[test]
fn a_channel_without_a_session_dies_and_one_with_a_session_lives() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.advance(Duration::from_secs(59));
    assert!(pair.server.is_open());
    pair.advance(Duration::from_secs(1));
    assert_eq!(pair.server_events, [ChannelEvent::Closed(CloseReason::Timeout)]);
    let reason = CloseReason::PeerError { status: 0x800A_0000, reason: String::new() };
    assert_eq!(pair.client_events, [ChannelEvent::Closed(reason)]);

    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.server.mark_session_active();
    pair.advance(Duration::from_secs(600));
    assert!(pair.server.is_open() && pair.client.is_open());
}

#[test]
fn lifetimes_are_granted_within_the_servers_bounds() {
    for (asked, granted) in [(1, 10), (60, 60), (100_000, 3600)] {
        let mut setup = setup(NONE);
        setup.lifetime = Duration::from_secs(asked);
        let mut pair = setup.pair();
        pair.run();
        let opened = ChannelEvent::Opened { channel_id: 4711, lifetime: Duration::from_secs(granted) };
        assert_eq!(pair.client_events, [opened]);
    }
}

#[test]
fn messages_the_peer_does_not_accept_are_refused_before_a_byte_leaves() {
    let mut small = setup(ENCRYPTED);
    small.server_limits = Limits { max_message_size: 1000, max_chunk_count: 2, ..Limits::server() };
    small.client_limits = Limits { max_message_size: 100_000, max_chunk_count: 1, ..Limits::client() };
    let mut pair = Pair::open(small);
    pair.server.mark_session_active();
    let error = pair.client.send(pair.now, &[0; 1001]).unwrap_err();
    assert_eq!(error, Error::OutgoingLimit { needed: 1001, limit: 1000, unit: "bytes" });
    let id = pair.client.send(pair.now, &[0; 1000]).unwrap();
    pair.run();
    let error = pair.server.respond(pair.now, id, &[0; 100_001]).unwrap_err();
    assert_eq!(error, Error::OutgoingLimit { needed: 100_001, limit: 100_000, unit: "bytes" });
    let error = pair.server.respond(pair.now, id, &[0; 90_000]).unwrap_err();
    assert_eq!(error, Error::OutgoingLimit { needed: 2, limit: 1, unit: "chunks" });
    pair.server.respond(pair.now, id, b"fault").unwrap();
    pair.run();
    assert!(matches!(pair.client_events.as_slice(), [ChannelEvent::Message { .. }]));
}

#[test]
fn outstanding_requests_are_limited() {
    let mut few = setup(NONE);
    few.client_limits = Limits { max_outstanding_requests: 2, ..Limits::client() };
    let mut pair = Pair::open(few);
    let first = pair.client.send(pair.now, b"1").unwrap();
    pair.client.send(pair.now, b"2").unwrap();
    assert_eq!(pair.client.send(pair.now, b"3"), Err(Error::TooManyRequests { limit: 2 }));
    pair.run();
    pair.server.respond(pair.now, first, b"x").unwrap();
    pair.run();
    pair.client.send(pair.now, b"3").unwrap();
}

#[test]
fn a_server_that_closes_with_an_error_is_quoted() {
    let mut pair = Pair::open(setup(ENCRYPTED));
    pair.server.close(0x8086_0000, "shutting down");
    pair.run();
    let reason = CloseReason::PeerError { status: 0x8086_0000, reason: "shutting down".to_owned() };
    assert_eq!(pair.client_events, [ChannelEvent::Closed(reason)]);
    assert_eq!(pair.server_events, [ChannelEvent::Closed(CloseReason::Local)]);
}
