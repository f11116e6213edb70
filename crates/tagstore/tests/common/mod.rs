//! Helpers for the tests of the store.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::path::Path;

use tagstore::{
    Commit, Journal, JournalOptions, NewStream, Sample, SampleBatch, Seq, StreamId, Timestamp, Value,
};

/// 2026-11-23T00:00:00Z plus some seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let day: jiff::Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
    Timestamp::from(day).saturating_add_millis(seconds * 1000)
}

pub(crate) fn open(data: &Path) -> Journal {
    Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap()
}

pub(crate) fn stream(name: &str) -> NewStream {
    NewStream {
        key: format!("key of {name}"),
        name: name.to_owned(),
        source: "line1".to_owned(),
        ..NewStream::default()
    }
}

pub(crate) fn sample(stream: StreamId, seconds: i64, value: Value<'_>) -> Sample<'_> {
    Sample {
        stream,
        source_time: at(seconds),
        server_time: at(seconds).saturating_add_millis(3),
        receive_time: at(seconds).saturating_add_millis(10),
        status: 0,
        value,
    }
}

pub(crate) fn batch<'a>(samples: impl IntoIterator<Item = Sample<'a>>) -> SampleBatch {
    let mut batch = SampleBatch::new();
    samples.into_iter().for_each(|sample| batch.push(sample));
    batch
}

pub(crate) fn append(journal: &mut Journal, batch: &SampleBatch, seconds: i64) -> Seq {
    journal.append(&Commit { batches: &[batch], now: at(seconds), ..Commit::default() }).unwrap()
}

/// Appends one sample per second of a stream as one row.
pub(crate) fn append_seconds(journal: &mut Journal, id: StreamId, seconds: std::ops::Range<i64>) -> Seq {
    let now = seconds.end;
    append(journal, &batch(seconds.map(|second| sample(id, second, Value::Int(second)))), now)
}

/// One sample of every kind, with every edge we know of.
pub(crate) fn one_of_each(id: StreamId) -> SampleBatch {
    let mut all = SampleBatch::new();
    let values = [
        Value::Null,
        Value::Bool(true),
        Value::Bool(false),
        Value::Int(i64::MIN),
        Value::Int(-1),
        Value::UInt(u64::MAX),
        Value::Float(f32::MIN_POSITIVE),
        Value::Float(f32::NAN),
        Value::Double(f64::NEG_INFINITY),
        Value::Double(-0.0),
        Value::Text(""),
        Value::Text("Füllstand; '); DROP TABLE stream; --\u{0}\n"),
        Value::Bytes(&[]),
        Value::Bytes(&[0, 255, 1]),
    ];
    for (second, value) in (0..).zip(values) {
        let sample = sample(id, second, value);
        all.push(Sample { status: 0x8000_0000 | u32::try_from(second).unwrap(), ..sample });
    }
    all
}

/// Changes one byte in the middle of a row's blob behind the store's back.
pub(crate) fn damage_row(data: &Path, seq: Seq) {
    let database = rusqlite::Connection::open(data.join(tagstore::JOURNAL_FILE)).unwrap();
    let mut blob: Vec<u8> =
        database.query_row("SELECT blob FROM batch WHERE seq = ?1", [seq.get()], |row| row.get(0)).unwrap();
    let middle = blob.len() / 2;
    blob[middle] ^= 0x40;
    assert_eq!(database.execute("UPDATE batch SET blob = ?2 WHERE seq = ?1", (seq.get(), blob)).unwrap(), 1);
}

/// Bytes that do not compress.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(step).take(length).collect()
}

pub(crate) fn historian(data: &Path) -> tagstore::Historian {
    tagstore::Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap()
}

pub(crate) fn seal(
    data: &Path,
    journal: &mut Journal,
    max_rows: usize,
    seconds: i64,
) -> Option<tagstore::SealedFile> {
    let mut options = tagstore::SealOptions::default();
    options.max_rows = max_rows;
    historian(data).seal(journal, &options, at(seconds)).unwrap()
}

/// The source times of a stream's samples in seconds after [`at`]`(0)`, as a reader sees them.
pub(crate) fn seconds_of(data: &Path, id: StreamId) -> Vec<i64> {
    let query = tagstore::StreamQuery::new(id, usize::MAX);
    let samples = tagstore::Reader::open(data).unwrap().query(&query).unwrap();
    samples.iter().map(|sample| (sample.source_time.ticks() - at(0).ticks()) / 10_000_000).collect()
}

/// Everything in the folders of the days.
pub(crate) fn files(data: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for day in std::fs::read_dir(data.join(tagstore::HISTORIAN_DIR)).unwrap() {
        let day = day.unwrap().path();
        if day.is_dir() {
            found.extend(std::fs::read_dir(day).unwrap().map(|file| file.unwrap().path()));
        }
    }
    found.sort();
    found
}

/// Their names without the folder.
pub(crate) fn file_names(data: &Path) -> Vec<String> {
    files(data).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}
