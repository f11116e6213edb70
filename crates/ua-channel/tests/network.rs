//! Client against server over a network that cuts, delays and loses, with a clock that the test turns.
//!
//! TCP keeps bytes in order or breaks, but whoever stands between need not. Whatever happens to what is on the way, each
//! side is handed a beginning of what the other sent, unchanged and in order, or the channel ends.
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

use std::collections::VecDeque;
use std::time::Duration;

use common::{Pair, Setup, all};
use proptest::prelude::*;
use ua_channel::ChannelEvent;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// The client asks, with so many bytes.
    Ask(usize),
    /// The server answers one of the open requests, with so many bytes.
    Answer(prop::sample::Index, usize),
    /// So many bytes of what is on the way to the server arrive.
    ToServer(usize),
    /// So many bytes of what is on the way to the client arrive.
    ToClient(usize),
    /// Seconds pass.
    Wait(u64),
}

/// What becomes of one segment on the way.
#[derive(Debug, Clone, Copy)]
enum Fault {
    Lost,
    Twice,
    /// Behind the one that follows it.
    Late,
    /// One bit of this byte turned over.
    Flipped(prop::sample::Index),
    /// Only so many bytes of it arrive, and then what follows.
    Cut(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![8 => 0..400_usize, 1 => 60_000..150_000_usize];
    let some = prop_oneof![1 => 1..50_usize, 2 => 50..100_000_usize];
    prop_oneof![
        3 => size.clone().prop_map(Step::Ask),
        3 => (any::<prop::sample::Index>(), size).prop_map(|(which, len)| Step::Answer(which, len)),
        4 => some.clone().prop_map(Step::ToServer),
        4 => some.prop_map(Step::ToClient),
        1 => prop_oneof![Just(1), 60..900_u64].prop_map(Step::Wait),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Lost),
        Just(Fault::Twice),
        Just(Fault::Late),
        any::<prop::sample::Index>().prop_map(Fault::Flipped),
        any::<prop::sample::Index>().prop_map(Fault::Cut),
    ]
}

/// What is on the way in one direction.
#[derive(Default)]
struct Wire {
    bytes: VecDeque<u8>,
    /// Segments handed over so far.
    count: usize,
    /// The segment that meets its fault.
    fault: Option<(usize, Fault)>,
    /// A segment that waits for its successor to overtake it.
    late: Option<Vec<u8>>,
}

impl Wire {
    fn put(&mut self, mut bytes: Vec<u8>) {
        let fault = self.fault.filter(|(at, _)| *at == self.count).map(|(_, fault)| fault);
        self.count += 1;
        match fault {
            None => self.bytes.extend(bytes),
            Some(Fault::Lost) => {}
            Some(Fault::Twice) => (0..2).for_each(|_| self.bytes.extend(&bytes)),
            Some(Fault::Late) => return self.late = Some(bytes),
            Some(Fault::Flipped(at)) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << (at % 8);
                self.bytes.extend(bytes);
            }
            Some(Fault::Cut(at)) => self.bytes.extend(&bytes[..at.index(bytes.len())]),
        }
        self.bytes.extend(self.late.take().unwrap_or_default());
    }

    fn take(&mut self, most: usize) -> Vec<u8> {
        self.bytes.drain(..most.min(self.bytes.len())).collect()
    }
}

struct Network {
    pair: Pair,
    to_server: Wire,
    to_client: Wire,
    /// Requests as they were sent, and how many of them arrived.
    asked: Vec<(u32, Vec<u8>)>,
    arrived: usize,
    /// Requests that wait for their answer at the server.
    open: Vec<u32>,
    /// Answers as they were sent, and how many of them arrived.
    answered: Vec<(u32, Vec<u8>)>,
    received: usize,
    renewals: usize,
    ended: bool,
    /// Seconds that passed with something on the way.
    delayed: u64,
}

impl Network {
    fn new(setup: Setup) -> Self {
        let mut pair = setup.pair();
        pair.server.mark_session_active();
        Self {
            pair,
            to_server: Wire::default(),
            to_client: Wire::default(),
            asked: Vec::new(),
            arrived: 0,
            open: Vec::new(),
            answered: Vec::new(),
            received: 0,
            renewals: 0,
            ended: false,
            delayed: 0,
        }
    }

    fn act(&mut self, step: &Step) {
        match step {
            Step::Ask(len) => {
                let body = content(self.asked.len(), *len);
                if let Ok(id) = self.pair.client.send(self.pair.now, &body) {
                    self.asked.push((id, body));
                }
            }
            Step::Answer(which, len) => {
                if self.open.is_empty() {
                    return;
                }
                let id = self.open.swap_remove(which.index(self.open.len()));
                let body = content(self.answered.len(), *len);
                if self.pair.server.respond(self.pair.now, id, &body).is_ok() {
                    self.answered.push((id, body));
                }
            }
            Step::ToServer(len) => {
                let bytes = self.to_server.take(*len);
                self.pair.server.handle_bytes(self.pair.now, &bytes);
            }
            Step::ToClient(len) => {
                let bytes = self.to_client.take(*len);
                self.pair.client.handle_bytes(self.pair.now, &bytes);
            }
            Step::Wait(seconds) => self.wait(*seconds),
        }
        self.settle();
    }

    /// Time passes a second at a time; what is on the way for eight seconds arrives, so that no deadline is missed.
    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.pair.now += Duration::from_secs(1);
            self.pair.client.handle_timeout(self.pair.now);
            self.pair.server.handle_timeout(self.pair.now);
            self.settle();
            let on_the_way = !(self.to_server.bytes.is_empty() && self.to_client.bytes.is_empty());
            self.delayed = if on_the_way { self.delayed + 1 } else { 0 };
            if self.delayed == 8 {
                self.deliver();
            }
        }
    }

    /// Everything arrives, and everything that it causes.
    fn deliver(&mut self) {
        self.delayed = 0;
        for wire in [&mut self.to_server, &mut self.to_client] {
            wire.bytes.extend(wire.late.take().unwrap_or_default());
        }
        while !(self.to_server.bytes.is_empty() && self.to_client.bytes.is_empty()) {
            self.act(&Step::ToServer(usize::MAX));
            self.act(&Step::ToClient(usize::MAX));
        }
    }

    /// Puts on the wire what both have to say, and checks what they were told.
    fn settle(&mut self) {
        while let Some(bytes) = self.pair.client.poll_transmit() {
            self.to_server.put(bytes);
        }
        while let Some(bytes) = self.pair.server.poll_transmit() {
            self.to_client.put(bytes);
        }
        while let Some(event) = self.pair.server.poll_event() {
            match event {
                ChannelEvent::Message { request_id, body } => {
                    assert_eq!(self.asked.get(self.arrived), Some(&(request_id, body)));
                    self.arrived += 1;
                    self.open.push(request_id);
                }
                ChannelEvent::Closed(_) => self.ended = true,
                _ => {}
            }
        }
        while let Some(event) = self.pair.client.poll_event() {
            match event {
                ChannelEvent::Message { request_id, body } => {
                    assert_eq!(self.answered.get(self.received), Some(&(request_id, body)));
                    self.received += 1;
                }
                ChannelEvent::Renewed => self.renewals += 1,
                ChannelEvent::Closed(_) => self.ended = true,
                _ => {}
            }
        }
    }
}

/// Bytes that tell which message they are of.
fn content(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((number * 31 + at) % 251).unwrap()).collect()
}

fn setup(which: usize) -> Setup {
    let (policy, mode) = all()[which];
    Setup::new(policy, mode)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn over_a_slow_network_every_message_arrives_once_and_in_order_through_every_renewal(
        which in 0..7_usize,
        steps in proptest::collection::vec(step(), 1..120),
    ) {
        let mut network = Network::new(setup(which));
        network.settle();
        network.deliver();
        prop_assert!(network.pair.client.is_open());
        for step in &steps {
            network.act(step);
        }
        // two lifetimes more
        network.deliver();
        network.wait(7200);
        network.deliver();
        prop_assert!(!network.ended);
        prop_assert!(network.renewals >= 2);
        prop_assert_eq!(network.arrived, network.asked.len());
        prop_assert_eq!(network.received, network.answered.len());
    }

    #[test]
    fn what_is_lost_repeated_late_cut_or_changed_on_the_way_never_passes_for_a_message(
        which in 0..7_usize,
        steps in proptest::collection::vec(step(), 1..80),
        hit in (any::<bool>(), 0..20_usize, fault()),
    ) {
        let (towards_server, at, fault) = hit;
        let plain = which == 0;
        // without security nothing tells that a byte was changed, or that what follows a cut fills its place
        prop_assume!(!(plain && matches!(fault, Fault::Flipped(_) | Fault::Cut(_))));
        let mut network = Network::new(setup(which));
        let wire = if towards_server { &mut network.to_server } else { &mut network.to_client };
        wire.fault = Some((at, fault));
        network.settle();
        network.deliver();
        // `settle` compares every message with what was sent
        for step in &steps {
            network.act(step);
        }
        network.deliver();
    }
}
