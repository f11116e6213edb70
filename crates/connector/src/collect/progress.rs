//! How far a source came, as it is kept in the journal: so that the next process continues where this one ended.
//!
//! Two keys per source. `source/<name>/subscription` changes when subscriptions are made: what they are and which
//! streams they carry. `source/<name>/progress` goes with every commit: the last durable sequence numbers. Both are
//! JSON, because a person may have to read them one day.

use serde::{Deserialize, Serialize};
use tagstore::Timestamp;

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
}

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetupSubscription {
    /// Its id on the server.
    pub(crate) id: u32,
    /// The longest silence it allows itself, in milliseconds.
    pub(crate) keep_alive_ms: u64,
    /// The streams it carries.
    pub(crate) streams: Vec<u32>,
}

/// How far the source came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The last sequence number of each subscription.
    pub(crate) sequences: Vec<(u32, u32)>,
    /// When the server last published, by its own clock, in ticks; 0 before the first time.
    pub(crate) published: i64,
}

impl Progress {
    /// The last number of a subscription.
    pub(crate) fn sequence(&self, subscription: u32) -> Option<u32> {
        self.sequences.iter().find(|(id, _)| *id == subscription).map(|(_, number)| *number)
    }

    /// Takes note of a message.
    pub(crate) fn note(&mut self, subscription: u32, sequence: u32, publish_time: Timestamp) {
        match self.sequences.iter_mut().find(|(id, _)| *id == subscription) {
            Some((_, number)) => *number = sequence,
            None => self.sequences.push((subscription, sequence)),
        }
        self.note_time(publish_time);
    }

    /// Takes note of a sign of life. The time never goes back, so that a gap never covers what is there.
    pub(crate) fn note_time(&mut self, publish_time: Timestamp) {
        self.published = self.published.max(publish_time.ticks());
    }

    /// When the server last published.
    pub(crate) fn published(&self) -> Timestamp {
        Timestamp::from_ticks(self.published)
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

    #[test]
    fn progress_reads_back_what_it_saved() {
        let mut progress = Progress::default();
        progress.note(7, 41, Timestamp::from_ticks(100));
        progress.note(8, 1, Timestamp::from_ticks(90));
        progress.note(7, 42, Timestamp::from_ticks(95));
        let (_, blob) = progress.saved("plc");
        let read: Progress = read(Some(blob), "plc").unwrap();
        assert_eq!(read, progress);
        assert_eq!((read.sequence(7), read.sequence(8), read.sequence(9)), (Some(42), Some(1), None));
        assert_eq!(read.published().ticks(), 100);
    }

    #[test]
    fn unreadable_progress_is_no_progress() {
        assert_eq!(read::<Progress>(Some(b"{".to_vec()), "plc"), None);
        assert_eq!(read::<Progress>(None, "plc"), None);
    }
}
