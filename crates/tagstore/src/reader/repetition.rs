//! What arrived twice, and is shown once.
//!
//! A value comes twice when a notification is sent again, when a subscription is made anew and begins with what is known
//! already, and when a gap is filled from the server's own history, which knows what arrived live, too. Such a copy has
//! the source time, status and value of the first; its server and receive time may differ. A value that comes *back*
//! within one instant of a coarse clock (on, off, on) is no copy. The two are told apart by what each journal row brings
//! for an instant: what repeats, in its order, what earlier rows brought for it is a copy, anything else is new. Where both
//! tell a server time, and another one, only a direct repetition is a copy: on a device whose clock stands still, values
//! come back for hours under one source time. An event is known by its identity, wherever it stands: what a refresh of
//! conditions repeats may differ in the rest.

use std::collections::VecDeque;

use crate::{OwnedSample, OwnedValue, Seq, Timestamp};

/// Looks at samples in (time, journal row, order in the row), and tells what is new.
#[derive(Debug, Default)]
pub(super) struct Repetitions {
    time: Timestamp,
    row: Seq,
    /// What is known of this instant, at most [`KEPT`] samples.
    kept: VecDeque<OwnedSample>,
    /// How many of them earlier journal rows brought, and how many of those this row has repeated or passed over.
    earlier: usize,
    repeated: usize,
}

impl Repetitions {
    /// Whether a sample is new.
    pub(super) fn is_new(&mut self, sample: &OwnedSample, row: Seq) -> bool {
        let time = sample.time();
        if time != self.time || self.kept.is_empty() {
            self.kept.clear();
            (self.time, self.row, self.earlier, self.repeated) = (time, row, 0, 0);
        } else if row != self.row {
            (self.row, self.earlier, self.repeated) = (row, self.kept.len(), 0);
        }
        if self.kept.iter().any(|known| is_same_event(&sample.value, &known.value)) {
            return false;
        }
        let earlier = self.kept.iter().take(self.earlier).skip(self.repeated);
        let again = |known: &OwnedSample| is_copy(sample, known) && may_be_one(sample, known);
        if let Some(passed) = earlier.into_iter().position(again) {
            self.repeated += passed + 1;
            return false;
        }
        if self.kept.back().is_some_and(|last| is_copy(sample, last)) {
            return false;
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
            self.earlier = self.earlier.saturating_sub(1);
            self.repeated = self.repeated.saturating_sub(1);
        }
        self.kept.push_back(sample.clone());
        true
    }
}

fn is_copy(a: &OwnedSample, b: &OwnedSample) -> bool {
    a.source_time == b.source_time
        // without a source time the server's is what tells notifications apart, and without either nothing does
        && (!a.source_time.is_absent() || (a.server_time == b.server_time && !a.server_time.is_absent()))
        // what the lower half says (overflow, structure changed, from history) is about the delivery
        && a.status >> 16 == b.status >> 16
        && same_bits(&a.value, &b.value)
}

/// Whether both tell of the same event, by its identity.
fn is_same_event(a: &OwnedValue, b: &OwnedValue) -> bool {
    match (a, b) {
        (OwnedValue::Event(a), OwnedValue::Event(b)) => event_id(a).is_some_and(|id| event_id(b) == Some(id)),
        _ => false,
    }
}

/// The identity of an event, with which its record begins.
fn event_id(record: &str) -> Option<&str> {
    let (id, _) = record.strip_prefix("{\"event_id\":\"")?.split_once('"')?;
    (!id.is_empty()).then_some(id)
}

/// Whether the server may have sent both about the same moment.
fn may_be_one(a: &OwnedSample, b: &OwnedSample) -> bool {
    a.server_time == b.server_time || a.server_time.is_absent() || b.server_time.is_absent()
}

fn same_bits(a: &OwnedValue, b: &OwnedValue) -> bool {
    match (a, b) {
        (OwnedValue::Float(a), OwnedValue::Float(b)) => a.to_bits() == b.to_bits(),
        (OwnedValue::Double(a), OwnedValue::Double(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

/// Bounds memory and work for a server whose clock stands still.
const KEPT: usize = 256;
