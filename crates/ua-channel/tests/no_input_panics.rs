//! Whatever bytes arrive, in whatever state, the machines end in a defined one and hold no more than their limits.
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

use common::{Pair, Setup};
use proptest::prelude::*;
use ua_channel::{ChannelEvent, MessageSecurityMode, Phase};
use ua_pki::SecurityPolicy;

const KINDS: [&[u8; 4]; 12] = [
    b"HELF",
    b"ACKF",
    b"ERRF",
    b"OPNF",
    b"CLOF",
    b"MSGC",
    b"MSGF",
    b"MSGA",
    b"OPNC",
    b"MSGX",
    b"RHEF",
    b"\0\0\0\0",
];

/// A frame with a true or untrue size field.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![4 => Just(None), 1 => any::<u32>().prop_map(Some)];
    (0..KINDS.len(), size, proptest::collection::vec(any::<u8>(), 0..120)).prop_map(|(kind, size, rest)| {
        let mut frame = KINDS[kind].to_vec();
        frame.extend(size.unwrap_or(u32::try_from(8 + rest.len()).unwrap()).to_le_bytes());
        frame.extend(rest);
        frame
    })
}

/// MSG chunks of an unsecured channel with plausible numbers.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![Just(b"MSGF"), Just(b"MSGC"), Just(b"MSGA"), Just(b"CLOF")];
    (kind, 1_u32..3, 1_u32..6, 1_u32..5, proptest::collection::vec(any::<u8>(), 0..60)).prop_map(
        |(kind, token, sequence, request, body)| {
            let mut frame = kind.to_vec();
            for number in [u32::try_from(24 + body.len()).unwrap(), 4711, token, sequence, request] {
                frame.extend(number.to_le_bytes());
            }
            frame.extend(body);
            frame
        },
    )
}

fn feed(pair: &mut Pair, frames: &[Vec<u8>]) {
    for frame in frames {
        pair.client.handle_bytes(pair.now, frame);
        pair.server.handle_bytes(pair.now, frame);
        pair.now += Duration::from_secs(1);
        pair.client.handle_timeout(pair.now);
        pair.server.handle_timeout(pair.now);
    }
    pair.collect();
    for (phase, events) in
        [(pair.client.phase(), &pair.client_events), (pair.server.phase(), &pair.server_events)]
    {
        let ends = events.iter().filter(|event| matches!(event, ChannelEvent::Closed(_))).count();
        assert_eq!(ends, usize::from(phase == Phase::Closed), "closed exactly once");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn fresh_machines_survive_any_frames(frames in proptest::collection::vec(frame(), 1..6)) {
        feed(&mut Setup::new(SecurityPolicy::None, MessageSecurityMode::None).pair(), &frames);
    }

    #[test]
    fn open_machines_survive_any_frames(
        frames in proptest::collection::vec(prop_oneof![frame(), plausible()], 1..8),
    ) {
        let mut pair = Pair::open(Setup::new(SecurityPolicy::None, MessageSecurityMode::None));
        for body in [b"1", b"2", b"3"] {
            pair.client.send(pair.now, body).unwrap();
        }
        feed(&mut pair, &frames);
    }

    #[test]
    fn a_secured_server_survives_any_open(
        uri in prop_oneof![Just(SecurityPolicy::Basic256Sha256.uri().to_owned()), any::<String>()],
        certificate in proptest::collection::vec(any::<u8>(), 0..80),
        own_certificate in any::<bool>(),
        rest in proptest::collection::vec(any::<u8>(), 0..800),
    ) {
        let thumbprint = *common::server_identity().certificate().thumbprint().as_bytes();
        let certificate = if own_certificate { common::client_identity().chain_der() } else { certificate };
        let mut body = 0_u32.to_le_bytes().to_vec();
        for part in [uri.as_bytes(), &certificate, &thumbprint] {
            body.extend(u32::try_from(part.len()).unwrap().to_le_bytes());
            body.extend(part);
        }
        body.extend(rest);
        let mut open = b"OPNF".to_vec();
        open.extend(u32::try_from(8 + body.len()).unwrap().to_le_bytes());
        open.extend(body);
        let mut pair = Setup::new(SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign).pair();
        let hello = pair.client.poll_transmit().unwrap();
        pair.server.handle_bytes(pair.now, &hello);
        pair.server.handle_bytes(pair.now, &open);
        prop_assert_eq!(pair.server.phase(), Phase::Closed);
    }
}
