//! The samples of one stream, one after the other, whatever their number.
//!
//! Files and tail are merged in (time, journal row, order in the row). A file is opened when the merge arrives at its
//! first sample and closed after its last; of each open one a few thousand samples are in memory. If compaction takes a
//! file away before it was opened, the merge goes on from where it stands with a new list of files.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::places::{Candidate, Found, Places};
use super::repetition::Repetitions;
use super::{Interval, Reader};
use crate::historian::find::StreamRows;
use crate::{Error, OwnedSample, Seq, StreamId, Timestamp};

pub(super) struct Scan<'a> {
    reader: &'a Reader,
    stream: StreamId,
    interval: Interval,
    waiting: VecDeque<Candidate>,
    sources: Vec<Source>,
    /// The next sample of each source that has one.
    next: BinaryHeap<Reverse<(Place, usize)>>,
    /// What was given last, as the how-manyeth of its time and journal row; and how far to skip after a new start.
    position: Option<Position>,
    skip_to: Option<Position>,
    repetitions: Repetitions,
    tries: u32,
}

type Place = (Timestamp, Seq, u64);
type Position = (Timestamp, Seq, u64);

/// One place, and its next sample.
struct Source {
    rows: Rows,
    head: Option<Found>,
}

enum Rows {
    Tail(std::vec::IntoIter<Found>),
    /// With a count of the samples so far.
    File(Box<StreamRows>, u64),
}

impl<'a> Scan<'a> {
    /// Of one stream of `places`.
    pub(super) fn new(
        reader: &'a Reader,
        places: &mut Places,
        stream: StreamId,
        interval: Interval,
    ) -> Result<Self, Error> {
        let mut scan = Self {
            reader,
            stream,
            interval,
            waiting: VecDeque::new(),
            sources: Vec::new(),
            next: BinaryHeap::new(),
            position: None,
            skip_to: None,
            repetitions: Repetitions::default(),
            tries: TRIES,
        };
        scan.begin(places)?;
        Ok(scan)
    }

    /// The next sample that is no repetition; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<OwnedSample>, Error> {
        self.next_with(&mut || ())
    }

    /// `between` is called before every file is opened, for a test to let the writer do its worst there.
    pub(super) fn next_with(&mut self, between: &mut dyn FnMut()) -> Result<Option<OwnedSample>, Error> {
        loop {
            self.open_due(between)?;
            let Some(Reverse((_, index))) = self.next.pop() else { return Ok(None) };
            let Some(found) = self.sources.get_mut(index).and_then(|source| source.head.take()) else {
                continue;
            };
            self.advance(index)?;
            let nth = match self.position {
                Some((time, seq, nth)) if (time, seq) == (found.time, found.seq) => nth + 1,
                _ => 0,
            };
            let position = (found.time, found.seq, nth);
            self.position = Some(position);
            if self.skip_to.is_some_and(|given| position <= given) {
                continue;
            }
            self.skip_to = None;
            if self.repetitions.is_new(&found.sample, found.seq) {
                return Ok(Some(found.sample));
            }
        }
    }

    fn begin(&mut self, places: &mut Places) -> Result<(), Error> {
        self.sources.clear();
        self.next.clear();
        self.waiting = places.files.remove(&self.stream).unwrap_or_default().into();
        let tail = places.tails.remove(&self.stream).unwrap_or_default();
        self.add(Rows::Tail(tail.into_iter()))
    }

    /// Opens the files that may hold the next sample.
    fn open_due(&mut self, between: &mut dyn FnMut()) -> Result<(), Error> {
        while let Some(file) = self.waiting.front() {
            if self.next.peek().is_some_and(|Reverse(((time, ..), _))| *time < file.first_time) {
                break;
            }
            between();
            let path = self.reader.historian.join(&file.path);
            match StreamRows::open(&path, self.stream, self.interval.ends()) {
                Ok(rows) => {
                    self.waiting.pop_front();
                    self.add(Rows::File(Box::new(rows), 0))?;
                }
                // compaction took it after we had read the list: the next list is without it
                Err(Error::FileMissing { path }) if self.tries > 0 && !self.reader.is_listed(&path)? => {
                    self.tries -= 1;
                    self.begin_anew()?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn begin_anew(&mut self) -> Result<(), Error> {
        self.skip_to = self.skip_to.or(self.position);
        self.position = None;
        if let Some((time, ..)) = self.skip_to {
            self.interval.from = time;
        }
        let mut places = self.reader.places(&[self.stream], self.interval)?;
        self.begin(&mut places)
    }

    fn add(&mut self, rows: Rows) -> Result<(), Error> {
        self.sources.push(Source { rows, head: None });
        self.advance(self.sources.len().saturating_sub(1))
    }

    fn advance(&mut self, index: usize) -> Result<(), Error> {
        if let Some(source) = self.sources.get_mut(index) {
            source.head = source.rows.next()?;
            match &source.head {
                Some(found) => self.next.push(Reverse(((found.time, found.seq, found.row), index))),
                // closes the file
                None => source.rows = Rows::Tail(Vec::new().into_iter()),
            }
        }
        Ok(())
    }
}

impl Rows {
    fn next(&mut self) -> Result<Option<Found>, Error> {
        match self {
            Self::Tail(tail) => Ok(tail.next()),
            Self::File(rows, count) => {
                *count += 1;
                let found = |(sample, seq): (OwnedSample, Seq)| Found {
                    time: sample.time(),
                    seq,
                    row: *count,
                    sample,
                };
                Ok(rows.next()?.map(found))
            }
        }
    }
}

/// A merge takes far longer than a reader needs from file to file; so many in a row are not to be expected.
const TRIES: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Commit, CompactOptions, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, JournalOptions, NewStream,
        Sample, SampleBatch, SealOptions, Value,
    };

    fn time(seconds: i64) -> Timestamp {
        Timestamp::from(jiff::Timestamp::UNIX_EPOCH).saturating_add_millis(seconds * 1000)
    }

    #[test]
    fn files_that_are_merged_away_under_a_scan_cost_and_repeat_no_sample() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(data.path().join(JOURNAL_FILE), JournalOptions::default()).unwrap();
        let stream = journal.register_streams(&[NewStream::default()]).unwrap()[0];
        let historian = Historian::open(data.path().join(HISTORIAN_DIR)).unwrap();
        let options = SealOptions { max_rows: 1, ..SealOptions::default() };
        for second in 0..200 {
            let mut batch = SampleBatch::new();
            // two of each time, in different files
            let [source_time, server_time, receive_time] = [time(second / 2); 3];
            let value = Value::Int(second);
            batch.push(Sample { stream, source_time, server_time, receive_time, status: 0, value });
            journal.append(&Commit { batches: &[&batch], now: time(0), ..Commit::default() }).unwrap();
            if second < 190 {
                historian.seal(&mut journal, &options, time(0)).unwrap().unwrap();
            }
        }
        let reader = Reader::open(data.path()).unwrap();
        let mut places = reader.places(&[stream], Interval::ALL).unwrap();
        let mut scan = Scan::new(&reader, &mut places, stream, Interval::ALL).unwrap();
        let merge = CompactOptions { max_files: 3, ..CompactOptions::default() };
        let (mut merges, mut seen) = (0, Vec::new());
        let mut between = || {
            if merges < 120 {
                let done = historian.compact(&mut journal, &merge, time(90_000 + merges * 3600)).unwrap();
                merges += 1;
                assert!(done.is_some() || merges > 60, "{merges}");
            }
        };
        while let Some(sample) = scan.next_with(&mut between).unwrap() {
            let crate::OwnedValue::Int(value) = sample.value else { panic!() };
            seen.push(value);
        }
        assert_eq!(seen, (0..200).collect::<Vec<_>>());
        assert!(scan.tries < TRIES, "no file was gone when it was to be opened");
    }
}
