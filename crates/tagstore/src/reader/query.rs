//! One stream's samples from files and journal together, in bounded memory.
//!
//! Each place (a file, the journal's tail) holds its own range of journal rows, so the order (time, journal row, order
//! in the row) is total, and what is a repetition shows among the samples of one time. Therefore the first `limit`
//! samples of each place, repetitions removed, are enough to know the first `limit` of all; and a file that begins after
//! the last of `limit` samples found so far need not be opened.

use super::places::{Candidate, Found, candidates};
use super::repetition::Repetitions;
use super::{Interval, Order, Reader, StreamQuery};
use crate::historian::find::StreamRows;
use crate::{Error, OwnedSample, Timestamp};

impl Reader {
    /// The samples of a stream, by time (source, else server, else receive time), at most `limit` from the wanted end.
    /// A sample that arrived twice (same source time, status and value) is given once.
    ///
    /// # Errors
    /// [`Error::RowDamaged`] until the next seal has set the row aside; [`Error::FileDamaged`], [`Error::FileMissing`]
    /// until upkeep has set the file apart;
    /// [`Error::NewerFormat`], [`Error::Disk`].
    pub fn query(&self, query: &StreamQuery) -> Result<Vec<OwnedSample>, Error> {
        self.query_with(query, &mut || ())
    }

    /// `between` is called between any two reads, for a test to let the writer do its worst there.
    fn query_with(&self, query: &StreamQuery, between: &mut dyn FnMut()) -> Result<Vec<OwnedSample>, Error> {
        let interval =
            Interval { from: query.from.unwrap_or(Timestamp::MIN), to: query.to.unwrap_or(Timestamp::MAX) };
        if query.limit == 0 || interval.is_empty() {
            return Ok(Vec::new());
        }
        let mut tries = TRIES;
        loop {
            match self.query_snapshot(query, interval, between) {
                // compaction took a file after we had read the list: the next list is without it
                Err(Error::FileMissing { path }) if tries > 1 && !self.is_listed(&path)? => tries -= 1,
                result => return result,
            }
        }
    }

    fn query_snapshot(
        &self,
        query: &StreamQuery,
        interval: Interval,
        between: &mut dyn FnMut(),
    ) -> Result<Vec<OwnedSample>, Error> {
        let mut best = Best::new(query.limit, query.order);
        for file in self.tail_and_files(query, interval, &mut best, between)? {
            between();
            best.settle_when_full();
            if best.is_closed_to(file.first_time, file.last_time) {
                continue;
            }
            let mut rows = StreamRows::open(&self.historian.join(&file.path), query.stream, interval.ends())?;
            let mut row = 0;
            while let Some((sample, seq)) = rows.next()? {
                row += 1;
                if !best.push(Found { time: sample.time(), seq, row, sample }) {
                    break;
                }
            }
        }
        Ok(best.finish())
    }

    /// The one read transaction: offers the unsealed samples, returns the files that may hold more.
    fn tail_and_files(
        &self,
        query: &StreamQuery,
        interval: Interval,
        best: &mut Best,
        between: &mut dyn FnMut(),
    ) -> Result<Vec<Candidate>, Error> {
        let snapshot = self.check(self.connection.unchecked_transaction())?;
        let keep = |found| {
            best.push(found);
        };
        let cursor = self.tail(&snapshot, &[query.stream], interval, keep, between)?;
        let mut files = self.check(candidates(&snapshot, cursor, query.stream, interval))?;
        if query.order == Order::NewestFirst {
            files.sort_by_key(|file| std::cmp::Reverse(file.last_time));
        }
        Ok(files)
    }
}

/// The `limit` best samples so far, and some that have yet to be compared with them.
struct Best {
    limit: usize,
    order: Order,
    /// Sorted, without repetitions, at most `limit`, up to `settled`; then new ones, unsorted.
    found: Vec<Found>,
    settled: usize,
}

impl Best {
    fn new(limit: usize, order: Order) -> Self {
        Self { limit, order, found: Vec::new(), settled: 0 }
    }

    /// Takes a sample. Says `false` when the caller, going on in time order, would offer only later samples that are
    /// not wanted any more.
    fn push(&mut self, found: Found) -> bool {
        if self.order == Order::OldestFirst && self.is_closed_to(found.time, Timestamp::MAX) {
            return false;
        }
        self.found.push(found);
        if self.found.len() - self.settled >= self.limit.max(1024) {
            self.settle();
        }
        true
    }

    /// True when nothing within these times can be among the best any more.
    fn is_closed_to(&self, first: Timestamp, last: Timestamp) -> bool {
        if self.settled < self.limit {
            return false;
        }
        let worst = self.settled.checked_sub(1).and_then(|at| self.found.get(at));
        worst.is_some_and(|worst| match self.order {
            Order::OldestFirst => first > worst.time,
            Order::NewestFirst => last < worst.time,
        })
    }

    /// Before a whole file is judged: with less than `limit` nothing can be closed yet.
    fn settle_when_full(&mut self) {
        if self.found.len() > self.settled && self.found.len() >= self.limit {
            self.settle();
        }
    }

    fn settle(&mut self) {
        // what is settled is one run, what a file gave another: the stable sort only merges them
        self.found.sort_by_key(|found| (found.time, found.seq, found.row));
        let mut repetitions = Repetitions::default();
        self.found.retain(|found| repetitions.is_new(&found.sample, found.seq));
        match self.order {
            Order::OldestFirst => self.found.truncate(self.limit),
            Order::NewestFirst => {
                let surplus = self.found.len().saturating_sub(self.limit);
                // never within one time: what is new there is only known together
                let cut = self.found.get(surplus).map(|found| found.time);
                let surplus = self.found.partition_point(|found| Some(found.time) < cut);
                self.found.drain(..surplus);
            }
        }
        self.settled = self.found.len();
        if self.order == Order::NewestFirst {
            self.found.reverse();
        }
    }

    fn finish(mut self) -> Vec<OwnedSample> {
        self.settle();
        self.found.truncate(self.limit);
        self.found.into_iter().map(|found| found.sample).collect()
    }
}

/// A merge takes far longer than a query needs between list and files; so many in a row are not to be expected.
const TRIES: usize = 100;

#[cfg(test)]
mod tests {
    use crate::{
        Commit, CompactOptions, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, JournalOptions, NewStream,
        Reader, Sample, SampleBatch, SealOptions, StreamQuery, Timestamp, Value,
    };

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from(jiff::Timestamp::UNIX_EPOCH).saturating_add_millis(seconds * 1000)
    }

    #[test]
    fn whatever_the_writer_does_between_two_reads_every_sample_is_seen_once() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(data.path().join(JOURNAL_FILE), JournalOptions::default()).unwrap();
        let stream = journal.register_streams(&[NewStream::default()]).unwrap()[0];
        let historian = Historian::open(data.path().join(HISTORIAN_DIR)).unwrap();
        let (mut written, mut merged) = (0, 0);
        let options = SealOptions { max_rows: 1, ..SealOptions::default() };
        // appends one sample, seals and trims one, merges what there is
        let mut work = || {
            let mut batch = SampleBatch::new();
            let [source_time, server_time, receive_time] = [time(written); 3];
            batch.push(Sample {
                stream,
                source_time,
                server_time,
                receive_time,
                status: 0,
                value: Value::Null,
            });
            journal.append(&Commit { batches: &[&batch], now: time(0), ..Commit::default() }).unwrap();
            written += 1;
            if written > 2 {
                historian.seal(&mut journal, &options, time(0)).unwrap();
            }
            if written % 5 == 0 {
                let done = historian.compact(&mut journal, &CompactOptions::default(), time(90_000)).unwrap();
                merged += i64::from(done.is_some());
            }
            written
        };
        for _ in 0..6 {
            work();
        }
        let reader = Reader::open(data.path()).unwrap();
        for _ in 0..4 {
            let before = work();
            let mut calls = 0;
            let mut between = || {
                calls += 1;
                // long enough to have the list outdated several times, but not for ever
                if calls < 12 {
                    work();
                }
            };
            let samples = reader.query_with(&StreamQuery::new(stream, 1000), &mut between).unwrap();
            let times: Vec<_> = samples.iter().map(|sample| sample.source_time).collect();
            assert!(i64::try_from(times.len()).unwrap() >= before);
            assert_eq!(times, (0..).map(time).take(times.len()).collect::<Vec<_>>());
        }
        assert!(merged > 3, "{merged} merges");
    }
}
