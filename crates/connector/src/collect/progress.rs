//! How far a source came, as it is kept in the journal: so that the next process continues where this one ended.
//!
//! Two keys per source. `source/<name>/subscription` changes when subscriptions are made: what they are and which
//! streams they carry. `source/<name>/progress` goes with every commit: the last durable sequence numbers. Both are
//! JSON, because a person may have to read them one day.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use tagstore::Timestamp;

use super::refused::Candidate;
use super::subscribe::millis;

use crate::alarms::WatchedEvents;

/// The subscriptions of a source on its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The server they were made on.
    pub(crate) server_application_uri: String,
    /// When that server was started, in ticks, if it says so. A server that was restarted since may have given the
    /// same subscription ids to somebody else.
    pub(crate) server_start: Option<i64>,
    /// The settings they were made with; with others they are made anew.
    pub(crate) settings: String,
    /// This server confirms a transfer and then sends nothing: what it kept is fetched, but the subscriptions are made
    /// anew.
    #[serde(default)]
    pub(crate) silent_after_transfer: bool,
    /// The subscriptions.
    pub(crate) subscriptions: Vec<SetupSubscription>,
    /// The events that come in them.
    #[serde(default)]
    pub(crate) events: Vec<WatchedEvents>,
    /// The name of each type of events.
    #[serde(default)]
    pub(crate) event_types: BTreeMap<String, String>,
    /// The streams that are read in turn instead.
    #[serde(default)]
    pub(crate) polled: Vec<u32>,
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetupSubscription {
    /// Its id on the server.
    pub(crate) id: u32,
    /// The longest silence it allows itself, in milliseconds.
    pub(crate) keep_alive_ms: u64,
    /// How often it was asked to publish, in milliseconds.
    #[serde(default)]
    pub(crate) asked_ms: u64,
    /// How often it really publishes, in milliseconds.
    pub(crate) publishing_ms: u64,
    /// How seldom the server really looks at the slowest of its nodes, in milliseconds.
    pub(crate) sampling_ms: u64,
    /// The streams it carries.
    pub(crate) streams: Vec<u32>,
}

/// How far the source came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Every subscription at hand.
    pub(crate) subscriptions: Vec<Reached>,
    /// Up to when the polled nodes were read, by the server's clock, in ticks; 0 when none are, or none were yet.
    #[serde(default)]
    pub(crate) polled: i64,
    /// Up to when nothing was missing before these subscriptions were made, in ticks; 0 before the first time.
    pub(crate) before: i64,
    /// A gap whose end is not known yet. A process that ends before it is known leaves it to the next.
    #[serde(default)]
    pub(crate) gap: Option<OpenGap>,
    /// Streams that were collected and that the server does not let us have any more.
    #[serde(default)]
    pub(crate) absent: Vec<Absent>,
}

/// A gap of the whole source that is still open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenGap {
    /// Its begin, in ticks.
    pub(crate) from: i64,
    /// Its reason, by the word of the ledger.
    pub(crate) reason: String,
    /// What happened.
    pub(crate) detail: String,
}

/// A gap of one stream that is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Absent {
    /// The stream.
    pub(crate) stream: u32,
    /// Since when, in ticks.
    pub(crate) from: i64,
}

/// How far one subscription came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    /// Its id on the server.
    pub(crate) id: u32,
    /// The last sequence number; 0 before the first.
    pub(crate) sequence: u32,
    /// Up to when nothing of it is missing, by the server's clock, in ticks; 0 before its first message.
    pub(crate) complete: i64,
}

impl Progress {
    /// New subscriptions take the place of those at hand.
    pub(crate) fn renewed(&self, ids: impl IntoIterator<Item = u32>) -> Self {
        let anew = |id| Reached { id, sequence: 0, complete: 0 };
        Self {
            subscriptions: ids.into_iter().map(anew).collect(),
            polled: 0,
            before: self.complete().ticks(),
            gap: self.gap.clone(),
            absent: self.absent.clone(),
        }
    }

    /// The last number of a subscription.
    pub(crate) fn sequence(&self, subscription: u32) -> Option<u32> {
        let reached = self.subscriptions.iter().find(|reached| reached.id == subscription)?;
        (reached.sequence != 0).then_some(reached.sequence)
    }

    /// Takes note of a message.
    pub(crate) fn note(&mut self, subscription: u32, sequence: u32) {
        self.update(subscription, |reached| reached.sequence = sequence);
    }

    /// Takes note that up to this time nothing of a subscription is missing. The time may go back, as a server's clock
    /// may: what the last message said is what the values of the next one are stamped with.
    pub(crate) fn note_complete(&mut self, subscription: u32, complete: Timestamp) {
        self.update(subscription, |reached| reached.complete = complete.ticks());
    }

    /// Up to when nothing is missing of any subscription: the one that lags most decides. Absent before the first time.
    pub(crate) fn complete(&self) -> Timestamp {
        let of = |reached: &Reached| if reached.complete == 0 { self.before } else { reached.complete };
        let known = self.subscriptions.iter().map(of).chain([self.polled]).filter(|ticks| *ticks != 0);
        Timestamp::from_ticks(known.min().unwrap_or(self.before))
    }

    /// Whether every subscription has said at least once up to when nothing is missing.
    pub(crate) fn all_spoke(&self) -> bool {
        self.subscriptions.iter().all(|reached| reached.complete != 0)
    }

    /// Takes note that up to this time every polled node was read.
    pub(crate) fn note_polled(&mut self, read_at: Timestamp) {
        self.polled = read_at.ticks();
    }

    /// These streams are missing since the last time they were read.
    pub(crate) fn miss_polled(&mut self, streams: &[u32]) {
        let from = std::mem::take(&mut self.polled);
        let known: HashSet<u32> = self.absent.iter().map(|absent| absent.stream).collect();
        let newly = streams.iter().filter(|stream| from != 0 && !known.contains(stream));
        self.absent.extend(newly.map(|stream| Absent { stream: *stream, from }));
    }

    fn update(&mut self, subscription: u32, change: impl FnOnce(&mut Reached)) {
        match self.subscriptions.iter_mut().find(|reached| reached.id == subscription) {
            Some(reached) => change(reached),
            None => {
                let mut reached = Reached { id: subscription, sequence: 0, complete: 0 };
                change(&mut reached);
                self.subscriptions.push(reached);
            }
        }
    }

    /// Key and content for the journal.
    pub(crate) fn saved(&self, source: &str) -> (String, Vec<u8>) {
        (progress_key(source), serde_json::to_vec(self).unwrap_or_default())
    }
}

impl Setup {
    /// Key and content for the journal.
    pub(crate) fn saved(&self, source: &str) -> (String, Vec<u8>) {
        (setup_key(source), serde_json::to_vec(self).unwrap_or_default())
    }

    /// Which subscription takes which nodes: the last one of their interval, else the last.
    pub(crate) fn places(&self, candidates: Vec<Candidate>) -> BTreeMap<usize, Vec<Candidate>> {
        let mut places: BTreeMap<usize, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            let asked = millis(candidate.publishing_interval);
            let place = self.subscriptions.iter().rposition(|made| made.asked_ms == asked);
            let last = self.subscriptions.len().saturating_sub(1);
            places.entry(place.unwrap_or(last)).or_default().push(candidate);
        }
        places
    }

    /// Whether a subscription is one of these.
    pub(crate) fn carries(&self, subscription: u32) -> bool {
        self.subscriptions.iter().any(|made| made.id == subscription)
    }

    /// Ids of the subscriptions.
    pub(crate) fn ids(&self) -> Vec<u32> {
        self.subscriptions.iter().map(|subscription| subscription.id).collect()
    }
}

/// Reads what was saved. Something unreadable is as if nothing were there: new subscriptions are made and the time in
/// between is a gap.
pub(crate) fn read<T: for<'a> Deserialize<'a>>(blob: Option<Vec<u8>>, source: &str) -> Option<T> {
    let blob = blob?;
    serde_json::from_slice(&blob)
        .inspect_err(|error| tracing::warn!(source, %error, "saved progress is unreadable and is not used"))
        .ok()
}

/// Where the last durable sequence numbers are kept.
pub(crate) fn progress_key(source: &str) -> String {
    format!("source/{source}/progress")
}

/// Where the subscriptions are kept.
pub(crate) fn setup_key(source: &str) -> String {
    format!("source/{source}/subscription")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ticks: i64) -> Timestamp {
        Timestamp::from_ticks(ticks)
    }

    #[test]
    fn progress_reads_back_what_it_saved() {
        let mut progress = Progress::default();
        progress.note(7, 41);
        progress.note(8, 1);
        progress.note(7, 42);
        progress.note_complete(7, at(95));
        let (_, blob) = progress.saved("plc");
        let read: Progress = read(Some(blob), "plc").unwrap();
        assert_eq!(read, progress);
        assert_eq!((read.sequence(7), read.sequence(8), read.sequence(9)), (Some(42), Some(1), None));
    }

    #[test]
    fn the_subscription_that_lags_most_says_up_to_when_nothing_is_missing() {
        let mut progress = Progress::default().renewed([7, 8]);
        assert!(progress.complete().is_absent(), "nothing was ever promised");
        progress.note_complete(7, at(100));
        assert_eq!(progress.complete(), at(100), "the other one has never delivered");
        progress.note_complete(8, at(60));
        progress.note_complete(7, at(200));
        assert_eq!(progress.complete(), at(60));
        let renewed = progress.renewed([9]);
        assert_eq!((renewed.complete(), renewed.sequence(9)), (at(60), None));
    }

    #[test]
    fn a_clock_that_was_set_back_is_followed() {
        let mut progress = Progress::default();
        progress.note_complete(7, at(500));
        progress.note_complete(7, at(200));
        assert_eq!(progress.complete(), at(200));
    }

    #[test]
    fn unreadable_progress_is_no_progress() {
        assert_eq!(read::<Progress>(Some(b"{".to_vec()), "plc"), None);
        assert_eq!(read::<Progress>(None, "plc"), None);
    }
}
