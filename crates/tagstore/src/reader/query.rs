//! One stream's samples from files and journal together, in bounded memory.
//!
//! Each place (a file, the journal's tail) holds its own range of journal rows, so the order (time, journal row, order
//! in the row) is total and a repetition's neighbours are in the same place. Therefore the first `limit` samples of each
//! place, repetitions removed, are enough to know the first `limit` of all; and a file that begins after the last of
//! `limit` samples found so far need not be opened.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::{Order, Reader, StreamQuery};
use crate::historian::find::samples_in;
use crate::journal::upkeep::SET_APART;
use crate::journal::{HISTORIAN_SINK, read};
use crate::{Error, OwnedSample, OwnedValue, Seq, StreamId, Timestamp};

impl Reader {
    /// The samples of a stream, by time (source, else server, else receive time), at most `limit` from the wanted end.
    /// A sample that only repeats the one before it (same source and server time, status and value: a notification
    /// that was sent twice) is left out.
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
        let last = query.to.map_or(Timestamp::MAX, |to| Timestamp::from_ticks(to.ticks().saturating_sub(1)));
        let range = (query.from.unwrap_or(Timestamp::MIN), last);
        if query.limit == 0 || range.0 > range.1 || query.to == Some(Timestamp::MIN) {
            return Ok(Vec::new());
        }
        let mut tries = TRIES;
        loop {
            match self.query_snapshot(query, range, between) {
                // compaction took a file after we had read the list: the next list is without it
                Err(Error::FileMissing { path }) if tries > 1 && !self.is_listed(&path)? => tries -= 1,
                result => return result,
            }
        }
    }

    fn is_listed(&self, file: &Path) -> Result<bool, Error> {
        let path = file.strip_prefix(&self.historian).unwrap_or(file).to_string_lossy();
        self.check(
            self.connection
                .prepare_cached("SELECT 1 FROM sealed_file WHERE path = ?1")
                .and_then(|mut select| select.exists([path])),
        )
    }

    fn query_snapshot(
        &self,
        query: &StreamQuery,
        range: (Timestamp, Timestamp),
        between: &mut dyn FnMut(),
    ) -> Result<Vec<OwnedSample>, Error> {
        let mut best = Best::new(query.limit, query.order);
        for file in self.tail_and_files(query, range, &mut best, between)? {
            between();
            best.settle_when_full();
            if best.is_closed_to(file.first_time, file.last_time) {
                continue;
            }
            let mut row = 0;
            samples_in(&self.historian.join(&file.path), query.stream, range, |sample, seq| {
                row += 1;
                best.push(Found { time: sample.time(), seq, row, sample })
            })?;
        }
        Ok(best.finish())
    }

    /// The one read transaction: offers the unsealed samples, returns the files that may hold more.
    fn tail_and_files(
        &self,
        query: &StreamQuery,
        range: (Timestamp, Timestamp),
        best: &mut Best,
        between: &mut dyn FnMut(),
    ) -> Result<Vec<Candidate>, Error> {
        let snapshot = self.check(self.connection.unchecked_transaction())?;
        let cursor = self.check(read::cursor(&snapshot, HISTORIAN_SINK))?.unwrap_or_default();
        between();
        let mut failure = None;
        let tail = read::rows_with(&snapshot, cursor, query.stream, range, |seq, batch| match batch {
            Err(error) => failure = Some(error),
            Ok(batch) => {
                for (row, sample) in (0..).zip(batch.iter()) {
                    if sample.stream == query.stream && (range.0..=range.1).contains(&sample.time()) {
                        best.push(Found { time: sample.time(), seq, row, sample: sample.to_owned() });
                    }
                }
            }
        });
        self.check(tail)?;
        if let Some(error) = failure {
            return Err(error);
        }
        between();
        self.check(candidates(&snapshot, cursor, query, range))
    }
}

/// A sealed file that may hold wanted samples.
struct Candidate {
    path: PathBuf,
    first_time: Timestamp,
    last_time: Timestamp,
}

fn candidates(
    snapshot: &Connection,
    cursor: Seq,
    query: &StreamQuery,
    (first, last): (Timestamp, Timestamp),
) -> rusqlite::Result<Vec<Candidate>> {
    // the first layout, which a writer has yet to bring up to date, sets nothing apart
    let layout: i64 = snapshot.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let readable = if layout > 1 { "level <> ?5" } else { "?5 IS NOT NULL" };
    let mut select = snapshot.prepare_cached(&format!(
        "SELECT path, first_time, last_time FROM sealed_file
         WHERE {readable} AND last_seq <= ?1 AND first_stream <= ?2 AND last_stream >= ?2 AND last_time >= ?3 AND first_time <= ?4
         ORDER BY first_time",
    ))?;
    let stream = StreamId::get(query.stream);
    let files =
        select.query_map(params![cursor.get(), stream, first.ticks(), last.ticks(), SET_APART], |row| {
            Ok(Candidate {
                path: PathBuf::from(row.get::<_, String>(0)?),
                first_time: Timestamp::from_ticks(row.get(1)?),
                last_time: Timestamp::from_ticks(row.get(2)?),
            })
        })?;
    let mut files: Vec<Candidate> = files.collect::<Result<_, _>>()?;
    if query.order == Order::NewestFirst {
        files.sort_by_key(|file| std::cmp::Reverse(file.last_time));
    }
    Ok(files)
}

/// A sample and its place in the total order.
struct Found {
    time: Timestamp,
    seq: Seq,
    row: u64,
    sample: OwnedSample,
}

impl Found {
    fn repeats(&self, other: &Self) -> bool {
        let (a, b) = (&self.sample, &other.sample);
        a.source_time == b.source_time
            && a.server_time == b.server_time
            // without either time nothing says that it is the same notification
            && !(a.source_time.is_absent() && a.server_time.is_absent())
            && a.status == b.status
            && same_bits(&a.value, &b.value)
    }
}

fn same_bits(a: &OwnedValue, b: &OwnedValue) -> bool {
    match (a, b) {
        (OwnedValue::Float(a), OwnedValue::Float(b)) => a.to_bits() == b.to_bits(),
        (OwnedValue::Double(a), OwnedValue::Double(b)) => a.to_bits() == b.to_bits(),
        (a, b) => a == b,
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
        self.found.dedup_by(|later, earlier| later.repeats(earlier));
        match self.order {
            Order::OldestFirst => self.found.truncate(self.limit),
            Order::NewestFirst => {
                let surplus = self.found.len().saturating_sub(self.limit);
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
