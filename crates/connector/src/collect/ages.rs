//! When each stream last had a value, and which quality: kept in the journal now and then, for whoever asks.
//!
//! One blob per source, `source/<name>/ages`: for each stream its number (u32), the time of its last value (i64, ticks)
//! and the status (u32), little endian.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tagstore::{Reader, StreamId, Timestamp};

use super::streams::Streams;

/// The last value of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastValue {
    /// Its time, by the source if it says one, else by the server, else by us.
    pub time: Timestamp,
    /// Its OPC UA status code.
    pub status: u32,
}

/// When each stream of a source last had a value, as a running connector last wrote it: half a minute old at most.
/// Streams that never had one are absent.
///
/// # Errors
/// [`tagstore::Error`].
pub fn last_values(reader: &Reader, source: &str) -> Result<BTreeMap<StreamId, LastValue>, tagstore::Error> {
    Ok(reader.state(&ages_key(source))?.map(|blob| decode(&blob)).unwrap_or_default())
}

/// What was saved before this process, and when to save next.
#[derive(Debug, Default)]
pub(super) struct Ages {
    before: BTreeMap<StreamId, LastValue>,
    due: Option<Instant>,
}

impl Ages {
    pub(super) fn load(blob: Option<Vec<u8>>) -> Self {
        Self { before: blob.map(|blob| decode(&blob)).unwrap_or_default(), due: None }
    }

    /// Whether it is time, and notes when it is next.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        let due = self.due.is_none_or(|due| now >= due);
        if due {
            self.due = Some(now + EVERY);
        }
        due
    }

    /// Key and content for the journal.
    pub(super) fn saved(&self, source: &str, streams: &Streams) -> (String, Vec<u8>) {
        let mut all = self.before.clone();
        all.extend(streams.last_values());
        let mut blob = Vec::with_capacity(all.len() * RECORD);
        for (stream, last) in all {
            blob.extend_from_slice(&stream.get().to_le_bytes());
            blob.extend_from_slice(&last.time.ticks().to_le_bytes());
            blob.extend_from_slice(&last.status.to_le_bytes());
        }
        (ages_key(source), blob)
    }
}

pub(super) fn ages_key(source: &str) -> String {
    format!("source/{source}/ages")
}

fn decode(blob: &[u8]) -> BTreeMap<StreamId, LastValue> {
    let (records, _) = blob.as_chunks::<RECORD>();
    let record = |record: &[u8; RECORD]| {
        let [s0, s1, s2, s3, t0, t1, t2, t3, t4, t5, t6, t7, c0, c1, c2, c3] = *record;
        let time = Timestamp::from_ticks(i64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]));
        let last = LastValue { time, status: u32::from_le_bytes([c0, c1, c2, c3]) };
        (StreamId::new(u32::from_le_bytes([s0, s1, s2, s3])), last)
    };
    records.iter().map(record).collect()
}

const RECORD: usize = 16;
const EVERY: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_process_saw_stays_until_there_is_something_newer() {
        let at = Timestamp::from_ticks;
        let mut streams = Streams::default();
        streams.add([StreamId::new(1), StreamId::new(2), StreamId::new(3)]);
        streams.advance(1, at(10), 0);
        streams.advance(2, at(20), 0x8000_0000);
        let (key, blob) = Ages::default().saved("plc", &streams);
        assert_eq!(key, "source/plc/ages");

        let mut next = Streams::default();
        next.add([StreamId::new(1), StreamId::new(2), StreamId::new(3)]);
        next.advance(1, at(30), 0);
        let (_, blob) = Ages::load(Some(blob)).saved("plc", &next);
        let last = |time, status| LastValue { time: at(time), status };
        let expected = [(StreamId::new(1), last(30, 0)), (StreamId::new(2), last(20, 0x8000_0000))];
        assert_eq!(decode(&blob), expected.into());
        assert_eq!(decode(&blob[..20]).len(), 1, "what is cut is left out");
    }
}
