//! A peer, or somebody in between, that breaks the protocol: every case ends with a closed channel and no message.
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

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::{Pair, SECURED, Setup, TrustsTheClient, server_identity, stranger};
use ua_channel::{ChannelEvent, CloseReason, Error, Limits, MessageSecurityMode, Phase};
use ua_pki::{CertificateStatus, SecurityPolicy};

const SECURITY_CHECKS_FAILED: u32 = 0x8013_0000;

fn none() -> Setup {
    Setup::new(SecurityPolicy::None, MessageSecurityMode::None)
}

fn encrypted() -> Setup {
    Setup::new(SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt)
}

/// An unsecured MSG chunk.
fn chunk(kind: &[u8; 4], channel: u32, token: u32, sequence: u32, request: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(24 + body.len()).unwrap();
    let mut frame = kind.to_vec();
    for number in [size, channel, token, sequence, request] {
        frame.extend(number.to_le_bytes());
    }
    frame.extend(body);
    frame
}

fn why_client_closed(pair: &mut Pair) -> Error {
    pair.collect();
    match pair.client_events.last() {
        Some(ChannelEvent::Closed(CloseReason::Protocol(error))) => error.clone(),
        other => panic!("{other:?}"),
    }
}

fn why_server_closed(pair: &mut Pair) -> Error {
    pair.collect();
    match pair.server_events.last() {
        Some(ChannelEvent::Closed(CloseReason::Protocol(error))) => error.clone(),
        other => panic!("{other:?}"),
    }
}

fn messages(events: &[ChannelEvent]) -> usize {
    events.iter().filter(|event| matches!(event, ChannelEvent::Message { .. })).count()
}

#[test]
fn every_single_byte_corruption_of_a_request_is_refused() {
    for (policy, mode) in SECURED {
        let mut len = 1;
        let mut at = 0;
        while at < len {
            let mut pair = Pair::open(Setup::new(policy, mode));
            pair.client.send(pair.now, b"read what I may read").unwrap();
            let mut bytes = pair.client.poll_transmit().unwrap();
            len = bytes.len();
            bytes[at] ^= 1 << (at % 8);
            pair.server.handle_bytes(pair.now, &bytes);
            pair.collect();
            assert_eq!(messages(&pair.server_events), 0, "{policy:?} {mode:?} byte {at}");
            // a size field that promises more makes the server wait for it; all else closes the channel
            if !(4..8).contains(&at) {
                assert_eq!(pair.server.phase(), Phase::Closed, "{policy:?} {mode:?} byte {at}");
            }
            if at >= 16 {
                assert_eq!(why_server_closed(&mut pair), Error::SecurityChecksFailed);
            }
            at += 1;
        }
    }
}

#[test]
fn every_single_byte_corruption_of_a_response_is_refused_and_not_commented_on() {
    for (policy, mode) in SECURED {
        let mut pair = Pair::open(Setup::new(policy, mode));
        let id = pair.client.send(pair.now, b"request").unwrap();
        pair.run();
        pair.server.respond(pair.now, id, b"response").unwrap();
        let len = pair.server.poll_transmit().unwrap().len();
        for at in (0..len).filter(|at| !(4..8).contains(at)) {
            let mut pair = Pair::open(Setup::new(policy, mode));
            let id = pair.client.send(pair.now, b"request").unwrap();
            pair.run();
            pair.server.respond(pair.now, id, b"response").unwrap();
            let mut bytes = pair.server.poll_transmit().unwrap();
            bytes[at] ^= 0x80 >> (at % 8);
            pair.client.handle_bytes(pair.now, &bytes);
            pair.collect();
            assert_eq!(messages(&pair.client_events), 0, "{policy:?} {mode:?} byte {at}");
            assert_eq!(pair.client.phase(), Phase::Closed, "{policy:?} {mode:?} byte {at}");
            assert_eq!(pair.client.poll_transmit(), None, "nothing is said to a hostile server");
        }
    }
}

#[test]
fn a_replayed_chunk_is_refused() {
    for (policy, mode) in SECURED {
        let mut pair = Pair::open(Setup::new(policy, mode));
        pair.client.send(pair.now, b"once").unwrap();
        pair.run();
        let (_, recorded) = pair.transmitted.last().unwrap().clone();
        pair.server.handle_bytes(pair.now, &recorded);
        assert!(matches!(why_server_closed(&mut pair), Error::SequenceNumber { .. }));
        assert_eq!(messages(&pair.server_events), 1);
    }
}

#[test]
fn a_message_sent_back_to_its_sender_is_refused() {
    for (policy, mode) in SECURED {
        let mut pair = Pair::open(Setup::new(policy, mode));
        pair.client.send(pair.now, b"mirror").unwrap();
        let own = pair.client.poll_transmit().unwrap();
        pair.client.handle_bytes(pair.now, &own);
        assert_eq!(why_client_closed(&mut pair), Error::SecurityChecksFailed);
    }
}

#[test]
fn a_whole_recorded_session_cannot_be_replayed_to_the_server() {
    let mut pair = Pair::open(encrypted());
    pair.client.send(pair.now, b"secret").unwrap();
    pair.run();
    let recorded: Vec<_> =
        pair.transmitted.into_iter().filter(|(client, _)| *client).map(|(_, bytes)| bytes).collect();
    let [hello, open, message] = recorded.as_slice() else { panic!("{} messages", recorded.len()) };
    let mut setup = encrypted();
    setup.server_seed = 99;
    let mut again = setup.pair();
    again.server.handle_bytes(again.now, hello);
    again.server.handle_bytes(again.now, open);
    // the OPN is a genuine one, but the keys depend on the server's new nonce too
    assert!(again.server.is_open());
    again.server.handle_bytes(again.now, message);
    assert_eq!(why_server_closed(&mut again), Error::SecurityChecksFailed);
    assert_eq!(messages(&again.server_events), 0);
}

#[test]
fn wrong_sequence_channel_token_and_request_numbers_close_the_client() {
    let sequence = |pair: &Pair| {
        let (_, last) = pair.transmitted.iter().rev().find(|(client, _)| !*client).unwrap();
        u32::from_le_bytes(last[16..20].try_into().unwrap())
    };
    type Case = fn(u32, u32) -> (Vec<u8>, Error);
    let cases: [Case; 7] = [
        |next, id| {
            (
                chunk(b"MSGF", 4711, 1, next + 1, id, b""),
                Error::SequenceNumber { found: next + 1, last: next - 1 },
            )
        },
        |next, id| {
            (
                chunk(b"MSGF", 4711, 1, next - 1, id, b""),
                Error::SequenceNumber { found: next - 1, last: next - 1 },
            )
        },
        |next, id| (chunk(b"MSGF", 4711, 1, 0, id, b""), Error::SequenceNumber { found: 0, last: next - 1 }),
        |next, id| (chunk(b"MSGF", 4712, 1, next, id, b""), Error::ChannelId { found: 4712, expected: 4711 }),
        |next, id| (chunk(b"MSGF", 4711, 2, next, id, b""), Error::TokenUnknown { found: 2 }),
        |next, id| (chunk(b"MSGF", 4711, 1, next, id + 1, b""), Error::RequestUnknown { request_id: id + 1 }),
        |next, _| (chunk(b"MSGC", 4711, 1, next, 1, b""), Error::RequestUnknown { request_id: 1 }),
    ];
    for case in cases {
        let mut pair = Pair::open(none());
        let id = pair.client.send(pair.now, b"a").unwrap();
        pair.run();
        pair.server.respond(pair.now, id, b"b").unwrap();
        pair.run();
        let id = pair.client.send(pair.now, b"c").unwrap();
        pair.run();
        let (bytes, expected) = case(sequence(&pair) + 1, id);
        pair.client.handle_bytes(pair.now, &bytes);
        assert_eq!(why_client_closed(&mut pair), expected);
    }
}

#[test]
fn a_request_is_answered_only_once() {
    let mut pair = Pair::open(none());
    let id = pair.client.send(pair.now, b"a").unwrap();
    pair.run();
    pair.server.respond(pair.now, id, b"b").unwrap();
    pair.server.respond(pair.now, id, b"b").unwrap();
    pair.run();
    assert_eq!(messages(&pair.client_events), 1);
    assert_eq!(why_client_closed(&mut pair), Error::RequestUnknown { request_id: id });
}

#[test]
fn an_aborted_response_fails_its_request_alone_even_with_a_reason_of_two_gigabytes() {
    for (reason_len, expected) in [(3_i32, "abc"), (i32::MAX, ""), (-5, "")] {
        let mut pair = Pair::open(none());
        let first = pair.client.send(pair.now, b"a").unwrap();
        let second = pair.client.send(pair.now, b"b").unwrap();
        pair.run();
        let mut body = 0x80B8_0000_u32.to_le_bytes().to_vec();
        body.extend(reason_len.to_le_bytes());
        body.extend(b"abc");
        // the OPN response was the server's first chunk
        pair.client.handle_bytes(pair.now, &chunk(b"MSGC", 4711, 1, 2, first, b"half"));
        pair.client.handle_bytes(pair.now, &chunk(b"MSGA", 4711, 1, 3, first, &body));
        pair.client.handle_bytes(pair.now, &chunk(b"MSGF", 4711, 1, 4, second, b"whole"));
        pair.collect();
        let aborted =
            ChannelEvent::Aborted { request_id: first, status: 0x80B8_0000, reason: expected.to_owned() };
        let whole = ChannelEvent::Message { request_id: second, body: b"whole".to_vec() };
        assert_eq!(pair.client_events, [aborted, whole]);
        assert!(pair.client.is_open());
    }
}

#[test]
fn endless_and_oversized_messages_are_cut_off() {
    let limits = Limits { max_message_size: 10_000, max_chunk_count: 4, ..Limits::client() };
    let mut small = none();
    small.client_limits = limits.clone();
    let mut pair = Pair::open(small);
    let id = pair.client.send(pair.now, b"a").unwrap();
    for n in 0..3 {
        pair.client.handle_bytes(pair.now, &chunk(b"MSGC", 4711, 1, 2 + n, id, &[0; 4000]));
    }
    assert_eq!(why_client_closed(&mut pair), Error::IncomingLimit { limit: 10_000, unit: "bytes" });

    let mut small = none();
    small.client_limits = limits;
    let mut pair = Pair::open(small);
    let id = pair.client.send(pair.now, b"a").unwrap();
    for n in 0..5 {
        pair.client.handle_bytes(pair.now, &chunk(b"MSGC", 4711, 1, 2 + n, id, b""));
    }
    assert_eq!(why_client_closed(&mut pair), Error::IncomingLimit { limit: 4, unit: "chunks" });
}

#[test]
fn a_client_without_a_session_may_not_send_large_messages() {
    let mut pair = Pair::open(encrypted());
    pair.client.send(pair.now, &[0; 65_537]).unwrap();
    pair.run();
    assert_eq!(why_server_closed(&mut pair), Error::IncomingLimit { limit: 65_536, unit: "bytes" });
}

#[test]
fn size_fields_that_lie_close_at_once() {
    for size in [0_u32, 7, 8, 23, 65_536, u32::MAX] {
        let mut pair = Pair::open(none());
        pair.client.send(pair.now, b"a").unwrap();
        let mut frame = chunk(b"MSGF", 4711, 1, 2, 1, b"");
        frame[4..8].copy_from_slice(&size.to_le_bytes());
        pair.client.handle_bytes(pair.now, &frame[..8]);
        assert_eq!(why_client_closed(&mut pair), Error::ChunkSize { size, min: 24, max: 65_535 });
    }
}

#[test]
fn unknown_and_misplaced_message_types_close() {
    for kind in [b"XXXF", b"MSGX", b"MSG\0", b"OPNC", b"OPNA", b"CLOC", b"HELC", b"\0\0\0\0"] {
        let mut pair = Pair::open(none());
        pair.client.handle_bytes(pair.now, &chunk(kind, 4711, 1, 2, 1, b""));
        assert_eq!(why_client_closed(&mut pair), Error::UnknownMessageType { found: *kind });
    }
    for kind in [b"HELF", b"ACKF", b"OPNF"] {
        let mut pair = Pair::open(none());
        pair.client.handle_bytes(pair.now, &chunk(kind, 4711, 1, 2, 1, &[0; 8]));
        assert!(matches!(why_client_closed(&mut pair), Error::UnexpectedMessage { .. }));
    }
    for kind in [b"MSGF", b"OPNF", b"CLOF", b"HELF"] {
        let mut pair = none().pair();
        pair.client.handle_bytes(pair.now, &chunk(kind, 4711, 1, 1, 1, &[0; 8]));
        assert!(matches!(why_client_closed(&mut pair), Error::UnexpectedMessage { .. }));
    }
}

#[test]
fn acknowledge_sizes_below_the_minimum_are_refused_and_huge_ones_clamped() {
    let acknowledge = |receive: u32, send: u32| {
        let mut frame = b"ACKF".to_vec();
        for number in [28, u32::MAX, receive, send, u32::MAX, u32::MAX] {
            frame.extend(number.to_le_bytes());
        }
        frame
    };
    for size in [0, 7, 8191] {
        for (receive, send) in [(size, 65_535), (65_535, size)] {
            let mut pair = none().pair();
            pair.client.handle_bytes(pair.now, &acknowledge(receive, send));
            assert_eq!(why_client_closed(&mut pair), Error::BufferTooSmall { size });
        }
    }
    let mut pair = none().pair();
    pair.client.handle_bytes(pair.now, &acknowledge(u32::MAX, u32::MAX));
    assert_eq!(pair.client.phase(), Phase::Opening);
    pair.client.handle_bytes(pair.now, &acknowledge(65_535, 65_535));
    assert_eq!(why_client_closed(&mut pair), Error::UnexpectedMessage { found: "ACK" });
}

#[test]
fn a_plain_chunk_on_a_secured_channel_is_refused() {
    for (policy, mode) in SECURED {
        let mut pair = Pair::open(Setup::new(policy, mode));
        pair.server.handle_bytes(pair.now, &chunk(b"MSGF", 4711, 1, 2, 2, &[0; 64]));
        assert_eq!(why_server_closed(&mut pair), Error::SecurityChecksFailed);
        assert_eq!(messages(&pair.server_events), 0);
    }
}

#[test]
fn a_server_with_another_certificate_than_the_validated_one_is_refused() {
    let mut setup = encrypted();
    setup.expected_server = stranger();
    let mut pair = setup.pair();
    pair.run();
    // the client encrypted for the stranger, so the server finds a foreign thumbprint and never uses its key
    assert_eq!(why_server_closed(&mut pair), Error::SecurityChecksFailed);
    let refused = CloseReason::PeerError { status: SECURITY_CHECKS_FAILED, reason: String::new() };
    assert_eq!(pair.client_events, [ChannelEvent::Closed(refused)]);
}

#[test]
fn an_untrusted_client_is_refused_with_an_opaque_code_and_a_precise_local_finding() {
    let mut setup = encrypted();
    setup.client_identity = stranger();
    let mut pair = setup.pair();
    pair.run();
    let refused = Error::CertificateRefused { status: CertificateStatus::Untrusted };
    assert_eq!(why_server_closed(&mut pair), refused);
    let refused = CloseReason::PeerError { status: SECURITY_CHECKS_FAILED, reason: String::new() };
    assert_eq!(pair.client_events, [ChannelEvent::Closed(refused)]);
}

#[test]
fn a_client_that_presents_the_servers_own_certificate_is_refused_unjudged() {
    let judge = Arc::new(TrustsTheClient::default());
    let mut setup = encrypted();
    setup.client_identity = server_identity();
    setup.judge = judge.clone();
    let mut pair = setup.pair();
    pair.run();
    assert_eq!(why_server_closed(&mut pair), Error::SecurityChecksFailed);
    assert_eq!(judge.0.load(Ordering::SeqCst), 0);
}

#[test]
fn the_judge_is_asked_again_at_every_renewal() {
    let judge = Arc::new(TrustsTheClient::default());
    let mut setup = encrypted();
    setup.judge = judge.clone();
    let mut pair = Pair::open(setup);
    pair.server.mark_session_active();
    pair.advance(std::time::Duration::from_secs(2700));
    assert_eq!(pair.server_events, [ChannelEvent::Renewed]);
    assert_eq!(judge.0.load(Ordering::SeqCst), 2);
}

#[test]
fn policies_and_modes_that_are_not_offered_are_refused() {
    let mut setup = encrypted();
    setup.offered = vec![(SecurityPolicy::Aes256Sha256RsaPss, MessageSecurityMode::SignAndEncrypt)];
    let mut pair = setup.pair();
    pair.run();
    let found = SecurityPolicy::Basic256Sha256.uri().to_owned();
    assert_eq!(why_server_closed(&mut pair), Error::PolicyRejected { found });

    let mut setup = encrypted();
    setup.offered = vec![(SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign)];
    let mut pair = setup.pair();
    pair.run();
    assert_eq!(why_server_closed(&mut pair), Error::ModeRejected { found: 3 });

    let mut setup = none();
    setup.offered = SECURED.to_vec();
    let mut pair = setup.pair();
    pair.run();
    let found = SecurityPolicy::None.uri().to_owned();
    assert_eq!(why_server_closed(&mut pair), Error::PolicyRejected { found });
}

#[test]
fn hello_with_small_buffers_or_a_long_url_is_refused() {
    let hello = |receive: u32, url: &[u8], stated: i32| {
        let mut frame = b"HELF".to_vec();
        for number in [u32::try_from(32 + url.len()).unwrap(), 0, receive, 65_535, 0, 0] {
            frame.extend(number.to_le_bytes());
        }
        frame.extend(stated.to_le_bytes());
        frame.extend(url);
        frame
    };
    let mut pair = none().pair();
    pair.server.handle_bytes(pair.now, &hello(8191, b"opc.tcp://x", 11));
    assert_eq!(why_server_closed(&mut pair), Error::BufferTooSmall { size: 8191 });
    for bad in [
        hello(65_535, &[b'x'; 4097], 4097),
        hello(65_535, b"\xFF\xFE", 2),
        hello(65_535, b"abc", 4),
        hello(65_535, b"abc", -2),
        hello(65_535, b"abc", i32::MAX),
    ] {
        let mut pair = none().pair();
        pair.server.handle_bytes(pair.now, &bad);
        assert_eq!(why_server_closed(&mut pair), Error::Malformed { what: "HEL message" });
    }
}

#[test]
fn after_the_end_nothing_is_taken_in_and_nothing_comes_out() {
    let mut pair = Pair::open(encrypted());
    pair.client.send(pair.now, b"a").unwrap();
    let good = pair.client.poll_transmit().unwrap();
    pair.server.close(0x8086_0000, "");
    pair.server.handle_bytes(pair.now, &good);
    pair.server.close(0x8086_0000, "");
    pair.collect();
    assert_eq!(pair.server_events, [ChannelEvent::Closed(CloseReason::Local)]);
    assert!(pair.server.poll_transmit().is_some());
    assert_eq!((pair.server.poll_transmit(), pair.server.poll_timeout()), (None, None));
    assert_eq!(pair.server.respond(pair.now, 1, b""), Err(Error::NotOpen));
}
