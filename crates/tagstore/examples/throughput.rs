//! Appends and seals simulated plant data and prints what it took:
//! `cargo run --release -p tagstore --example throughput -- DIR [COMMITS] [ROWS]`.
//!
//! 10,000 streams at one value a second (60 % doubles, 10 % floats, 15 % counters, 10 % bools, 5 % text), `COMMITS`
//! commits (100) of `ROWS` samples (10,000), each durable, then everything sealed and one stream read back.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a measuring tool: it asks the clock and may fail by panicking"
)]

use std::time::{Duration, Instant};

use tagstore::{
    Commit, Historian, Journal, JournalOptions, NewStream, Reader, Sample, SampleBatch, SealOptions,
    StreamId, StreamQuery, Timestamp, Value,
};

const STREAMS: usize = 10_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(data) = arguments.next() else {
        eprintln!("usage: throughput DIR [COMMITS] [ROWS]");
        return;
    };
    let mut number = |default: usize| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (commits, rows) = (number(100), number(10_000));
    let data = std::path::Path::new(&data);
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let name = |n: usize| format!("line1.Area{}.Unit{}.Signal{n}", n / 1000, n / 50);
    let streams: Vec<NewStream> = (0..STREAMS)
        .map(|n| NewStream {
            key: name(n),
            name: name(n),
            source: "line1".to_owned(),
            ..NewStream::default()
        })
        .collect();
    let ids = journal.register_streams(&streams).unwrap();

    let mut plant = Plant { random: 0x9e37_79b9_7f4a_7c15, at: 0, start: jiff::Timestamp::now().into() };
    let mut batch = SampleBatch::with_capacity(rows);
    let mut took = Vec::with_capacity(commits);
    for _ in 0..commits {
        batch.clear();
        (0..rows).for_each(|_| plant.sample(&ids, &mut batch));
        let begin = Instant::now();
        journal.append(&Commit { batches: &[&batch], now: plant.now(), ..Commit::default() }).unwrap();
        took.push(begin.elapsed());
    }
    let depth = journal.depth().unwrap();
    report("append", depth.rows, took.iter().sum());
    took.sort();
    println!(
        "  commit p50 {:?} p99 {:?} max {:?}",
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took.last().unwrap()
    );
    println!("  {:.1} bytes per sample in the journal", depth.bytes as f64 / depth.rows as f64);

    let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
    let begin = Instant::now();
    let (mut sealed, mut bytes) = (0, 0);
    while let Some(file) = historian.seal(&mut journal, &SealOptions::default(), plant.now()).unwrap() {
        sealed += file.rows;
        bytes += file.bytes;
    }
    report("seal", sealed, begin.elapsed());
    println!("  {:.1} bytes per sample in Parquet", bytes as f64 / sealed as f64);

    let reader = Reader::open(data).unwrap();
    let begin = Instant::now();
    let found = reader.query(&StreamQuery::new(ids[STREAMS / 2], 1_000_000)).unwrap().len();
    println!("query: {found} samples of one stream in {:?}", begin.elapsed());
}

fn report(what: &str, rows: u64, took: Duration) {
    println!(
        "{what}: {rows} samples in {took:?}, {:.2} million a second",
        rows as f64 / took.as_secs_f64() / 1e6
    );
}

struct Plant {
    random: u64,
    at: usize,
    start: Timestamp,
}

impl Plant {
    fn now(&self) -> Timestamp {
        self.start.saturating_add_millis((self.at / STREAMS) as i64 * 1000)
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn sample(&mut self, ids: &[StreamId], batch: &mut SampleBatch) {
        let n = self.at % STREAMS;
        let jitter = (self.random() % 10_000_000) as i64;
        let source_time = Timestamp::from_ticks(self.now().ticks() + jitter);
        let server_time = Timestamp::from_ticks(source_time.ticks() + (self.random() % 81_920) as i64);
        let noise = (self.random() % 1_000_000) as f64 / 1e6;
        let text = ["running", "stopped", "fault"][(self.random() % 3) as usize];
        let value = match n % 20 {
            0..12 => Value::Double(20.0 + n as f64 + noise),
            12..14 => Value::Float(noise as f32),
            14..17 => Value::UInt((self.at / STREAMS + n) as u64),
            17..19 => Value::Bool(noise > 0.5),
            _ => Value::Text(text),
        };
        let status = if self.random() % 1000 < 3 { 0x8000_0000 } else { 0 };
        let receive_time = self.now().saturating_add_millis(1000);
        batch.push(Sample { stream: ids[n], source_time, server_time, receive_time, status, value });
        self.at += 1;
    }
}
