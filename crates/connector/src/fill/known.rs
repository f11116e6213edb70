//! Which of the values that a server sends are here already.

use std::collections::{HashMap, HashSet};

use tagstore::{
    Error, Order, OwnedSample, OwnedValue, Reader, Sample, SampleBatch, StreamId, StreamQuery, Timestamp,
};

/// The samples of `page` that the store does not have. The same is what has the same time, the same status code and the
/// same value; the info bits of a status differ between live and history, and so does the server's time.
///
/// # Errors
/// What reading the store fails with.
pub(super) fn missing(reader: &Reader, page: &SampleBatch) -> Result<SampleBatch, Error> {
    let mut streams: HashMap<StreamId, Here> = HashMap::new();
    for sample in page.iter() {
        streams.entry(sample.stream).or_default().times.insert(sample.time());
    }
    for (stream, here) in &mut streams {
        here.load(reader, *stream)?;
    }
    let mut fresh = SampleBatch::with_capacity(page.len());
    for sample in page.iter() {
        if streams.get_mut(&sample.stream).is_some_and(|here| here.admit(&sample)) {
            fresh.push(sample);
        }
    }
    Ok(fresh)
}

/// What the store has of one stream at the times that matter.
#[derive(Default)]
struct Here {
    times: HashSet<Timestamp>,
    values: HashMap<Timestamp, Vec<(u32, OwnedValue)>>,
}

impl Here {
    fn load(&mut self, reader: &Reader, stream: StreamId) -> Result<(), Error> {
        let (Some(first), Some(last)) = (self.times.iter().min(), self.times.iter().max()) else {
            return Ok(());
        };
        let to = Timestamp::from_ticks(last.ticks().saturating_add(1));
        let (mut from, mut limit) = (*first, AT_ONCE);
        loop {
            let query =
                StreamQuery { from: Some(from), to: Some(to), limit, order: Order::OldestFirst, stream };
            let samples = reader.query(&query)?;
            let end = samples.last().map(OwnedSample::time).filter(|_| samples.len() >= limit);
            for sample in samples {
                let time = sample.time();
                if self.times.contains(&time) {
                    self.values.entry(time).or_default().push((code(sample.status), sample.value));
                }
            }
            match end {
                None => return Ok(()),
                // more at one time than fits: the same again, with more room
                Some(end) if end == from => limit = limit.saturating_mul(4),
                Some(end) => from = end,
            }
        }
    }

    /// Whether it is not here yet; it is from now on.
    fn admit(&mut self, sample: &Sample<'_>) -> bool {
        let values = self.values.entry(sample.time()).or_default();
        let (status, value) = (code(sample.status), sample.value.to_owned());
        if values.iter().any(|(known, here)| *known == status && same(here, &value)) {
            return false;
        }
        values.push((status, value));
        true
    }
}

/// Severity and sub-code, without the bits that say how the value came about.
fn code(status: u32) -> u32 {
    status & 0xFFFF_0000
}

fn same(a: &OwnedValue, b: &OwnedValue) -> bool {
    match (a, b) {
        (OwnedValue::Float(a), OwnedValue::Float(b)) => a.to_bits() == b.to_bits(),
        (OwnedValue::Double(a), OwnedValue::Double(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
    }
}

/// Samples of the store that are looked at together; bounds the memory.
const AT_ONCE: usize = 20_000;

#[cfg(test)]
mod tests {
    use tagstore::{Commit, JOURNAL_FILE, Journal, JournalOptions, NewStream, Value};

    use super::*;

    fn sample(stream: StreamId, source: i64, server: i64, status: u32, value: Value<'_>) -> Sample<'_> {
        let [source_time, server_time] = [source, server].map(Timestamp::from_ticks);
        Sample { stream, source_time, server_time, receive_time: Timestamp::from_ticks(1), status, value }
    }

    fn batch(samples: &[Sample<'_>]) -> SampleBatch {
        let mut batch = SampleBatch::new();
        samples.iter().for_each(|sample| batch.push(*sample));
        batch
    }

    #[test]
    fn what_came_live_is_not_stored_again_and_what_differs_is() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(data.path().join(JOURNAL_FILE), JournalOptions::default()).unwrap();
        let id = journal.register_streams(&[NewStream::default()]).unwrap()[0];
        let live = batch(&[
            sample(id, 100, 103, 0x0480, Value::Double(f64::NAN)),
            sample(id, 200, 203, 0, Value::Double(2.0)),
        ]);
        let now = Timestamp::from_ticks(1);
        journal.append(&Commit { batches: &[&live], now, ..Commit::default() }).unwrap();
        let page = batch(&[
            sample(id, 100, 100, 0, Value::Double(f64::NAN)),
            sample(id, 150, 150, 0, Value::Double(1.5)),
            sample(id, 150, 150, 0, Value::Double(1.5)),
            sample(id, 150, 150, 0, Value::Double(1.6)),
            sample(id, 200, 200, 0x8000_0000, Value::Double(2.0)),
            sample(id, 200, 200, 0, Value::Double(2.0)),
        ]);
        let fresh = missing(&Reader::open(data.path()).unwrap(), &page).unwrap();
        let found: Vec<_> = fresh.iter().map(|s| (s.source_time.ticks(), s.status)).collect();
        assert_eq!(found, [(150, 0), (150, 0), (200, 0x8000_0000)]);
    }
}
