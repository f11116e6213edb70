//! What the process does whose power is cut, and what it promises meanwhile.
//!
//! Samples of two streams are numbered; number n has the source time n. Before each commit the process says what will be,
//! behind it that it is: `> append 120 3` (samples, gaps), `< append 120 3`. After a cut it is at least what was said last to be,
//! and at most what was said last that it will be.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tagstore::{
    Commit, CompactOptions, GapReason, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, JournalOptions,
    NewGap, NewStream, OwnedValue, Sample, SampleBatch, SealOptions, Seq, StreamId, Timestamp, Value,
    WhenFull,
};

use crate::common::at;
use crate::random::Random;
use crate::trace::MARKS;

pub(crate) const SINK: &str = "pi";
const ACTIONS: u64 = 36;

struct Work {
    journal: Journal,
    marks: File,
    samples: u64,
    gaps: u64,
    delivered: u64,
    hour: i64,
}

/// `limited`: the journal has a limit, so that the sink misses some.
pub(crate) fn options(limited: bool) -> JournalOptions {
    let mut options = JournalOptions::default();
    if limited {
        options.max_bytes = Some(190_000);
        options.when_full = WhenFull::DropOldest { spare_unsealed: Duration::from_secs(1_000_000) };
    }
    options
}

pub(crate) fn streams() -> [NewStream; 2] {
    ["a", "b"].map(|name| NewStream {
        key: format!("key of {name}"),
        name: name.to_owned(),
        source: "line1".to_owned(),
        ..NewStream::default()
    })
}

pub(crate) fn stream_of(number: u64) -> StreamId {
    StreamId::new(if number.is_multiple_of(2) { 1 } else { 2 })
}

pub(crate) fn value_of(number: u64) -> OwnedValue {
    if !number.is_multiple_of(23) {
        return OwnedValue::UInt(number);
    }
    // does not compress, and is another each time
    let mut random = Random::new(number);
    OwnedValue::Bytes((0..400).flat_map(|_| random.next().to_le_bytes()).collect())
}

pub(crate) fn time_of(number: u64) -> Timestamp {
    at(i64::try_from(number).unwrap())
}

pub(crate) fn run(data: &Path, seed: u64, limited: bool) {
    let marks = File::options().append(true).create(true).open(data.join(MARKS)).unwrap();
    let mut random = Random::new(seed);
    let journal = Journal::open(data.join(JOURNAL_FILE), options(limited)).unwrap();
    let mut work = Work { journal, marks, samples: 0, gaps: 0, delivered: 0, hour: 0 };
    assert_eq!(work.journal.register_streams(&streams()).unwrap(), [stream_of(0), stream_of(1)]);
    work.journal.advance(SINK, Seq::ZERO).unwrap();
    work.say("< ready");
    for _ in 0..if limited { ACTIONS / 2 } else { ACTIONS } {
        let historian = Historian::open(data.join(HISTORIAN_DIR)).unwrap();
        match random.below(10) {
            0..=4 => work.append(data, 1 + random.below(if limited { 120 } else { 60 })),
            5 | 6 => work.seal(&historian, 20 + random.below(60)),
            7 => work.deliver(1 + random.below(3)),
            8 => work.compact(&historian, random.below(30)),
            _ => {
                drop(work.journal);
                work.journal = Journal::open(data.join(JOURNAL_FILE), options(limited)).unwrap();
            }
        }
    }
    while limited && work.journal.sink_losses().unwrap().is_empty() {
        work.append(data, 60);
    }
}

impl Work {
    fn say(&mut self, what: &str) {
        self.marks.write_all(format!("{what}\n").as_bytes()).unwrap();
    }

    fn append(&mut self, data: &Path, count: u64) {
        let mut batch = SampleBatch::new();
        for number in self.samples..self.samples + count {
            let (stream, time, value) = (stream_of(number), time_of(number), value_of(number));
            let value = match &value {
                OwnedValue::Bytes(bytes) => Value::Bytes(bytes),
                _ => Value::UInt(number),
            };
            batch.push(Sample {
                stream,
                source_time: time,
                server_time: time,
                receive_time: time,
                status: 0,
                value,
            });
        }
        let (samples, gaps) = (self.samples + count, self.gaps + count % 2);
        let gap = NewGap {
            source: "line2".to_owned(),
            stream: None,
            from: time_of(samples),
            to: time_of(samples),
            reason: GapReason::QueueOverflow,
            detail: String::new(),
        };
        let said = format!("{samples} {gaps}");
        self.say(&format!("> append {said}"));
        let batches = [&batch];
        let states: [(&str, &[u8]); 1] = [("said", said.as_bytes())];
        let now = at(self.hour * 3600);
        let gaps_now = if gaps > self.gaps { std::slice::from_ref(&gap) } else { &[] };
        let commit = Commit { batches: &batches, gaps: gaps_now, states: &states, now, ..Commit::default() };
        if self.journal.append(&commit).is_err() {
            // full of what is not sealed, which is spared
            let historian = Historian::open(data.join(HISTORIAN_DIR)).unwrap();
            historian.seal(&mut self.journal, &SealOptions::default(), now).unwrap();
            self.journal.append(&commit).unwrap();
        }
        (self.samples, self.gaps) = (samples, gaps);
        self.say(&format!("< append {said}"));
    }

    fn seal(&mut self, historian: &Historian, most: u64) {
        let mut options = SealOptions::default();
        options.max_rows = usize::try_from(most).unwrap();
        historian.seal(&mut self.journal, &options, at(self.hour * 3600)).unwrap();
    }

    fn deliver(&mut self, rows: u64) {
        let cursor = self.journal.cursor(SINK).unwrap();
        let mut taken = self.journal.read_after(cursor, usize::MAX).unwrap();
        taken.truncate(usize::try_from(rows).unwrap());
        let Some((last, _)) = taken.last() else { return };
        self.delivered += taken.iter().map(|(_, batch)| u64::try_from(batch.len()).unwrap()).sum::<u64>();
        let said = format!("deliver {} {}", last.get(), self.delivered);
        self.say(&format!("> {said}"));
        self.journal.advance(SINK, *last).unwrap();
        self.say(&format!("< {said}"));
    }

    fn compact(&mut self, historian: &Historian, hours: u64) {
        self.hour += i64::try_from(hours).unwrap();
        historian.compact(&mut self.journal, &CompactOptions::default(), at(self.hour * 3600)).unwrap();
    }
}
