//! Makes a small data folder for foreign readers to be tried on: `cargo run -p tagstore --example sample_store -- DIR`.
//!
//! Streams of every kind of value over two hours, with Bad and Uncertain values, NaN, a gap, and values that history
//! brought late and again; in many sealed files, some of them compacted. Nothing is left in the journal alone.
#![allow(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a tool for tests: it may fail by panicking"
)]

use tagstore::{
    Commit, CompactOptions, GapReason, Historian, Journal, JournalOptions, NewGap, NewStream, Sample,
    SampleBatch, SealOptions, StreamId, Timestamp, Value,
};

const SECONDS: i64 = 7200;
const STREAMS: [&str; 7] = ["Temperature", "Counter", "Big", "Running", "State", "Ratio", "Raw"];
const BAD: u32 = 0x8031_0000;
const UNCERTAIN: u32 = 0x4094_0000;
const FROM_HISTORY: u32 = 0x0000_0400;
/// The counter was away in these seconds, and history brought them and some around them.
const AWAY: std::ops::Range<i64> = 2000..2300;

fn main() {
    let Some(data) = std::env::args().nth(1) else {
        eprintln!("usage: sample_store DIR");
        return;
    };
    let data = std::path::Path::new(&data);
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
    let streams = STREAMS.map(|name| NewStream {
        key: format!("urn:plant|nsu=urn:plant;s={name}"),
        name: format!("line1.{name}"),
        source: "line1".to_owned(),
        unit: (name == "Temperature").then(|| "°C".to_owned()),
        ..NewStream::default()
    });
    let ids = journal.register_streams(&streams).unwrap();
    let seal = |journal: &mut Journal, second| {
        while historian
            .seal(journal, &SealOptions::default(), at(second))
            .unwrap()
            .is_some_and(|file| file.more)
        {}
    };
    for begin in (0..SECONDS).step_by(300) {
        let mut batch = SampleBatch::new();
        for second in begin..begin + 300 {
            for (number, &id) in ids.iter().enumerate() {
                if number != 1 || !AWAY.contains(&second) {
                    push(&mut batch, number, id, second);
                }
            }
        }
        let gap = NewGap {
            source: "line1".to_owned(),
            stream: Some(ids[0]),
            from: at(4000),
            to: at(4100),
            reason: GapReason::QueueOverflow,
            detail: "for readers to see".to_owned(),
        };
        let gaps = if begin == 3900 { vec![gap] } else { Vec::new() };
        journal
            .append(&Commit { batches: &[&batch], gaps: &gaps, now: at(begin + 300), ..Commit::default() })
            .unwrap();
        seal(&mut journal, begin + 300);
    }
    let mut late = SampleBatch::new();
    for second in AWAY.start - 100..AWAY.end + 100 {
        let sample =
            Sample { status: FROM_HISTORY, server_time: Timestamp::ABSENT, ..counter(ids[1], second) };
        late.push(Sample { receive_time: at(SECONDS), ..sample });
    }
    journal.append(&Commit { batches: &[&late], now: at(SECONDS), ..Commit::default() }).unwrap();
    seal(&mut journal, SECONDS + 1);
    historian.compact(&mut journal, &CompactOptions::default(), at(SECONDS)).unwrap().unwrap();
}

fn at(second: i64) -> Timestamp {
    let start: jiff::Timestamp = "2026-08-27T06:00:00Z".parse().unwrap();
    Timestamp::from(start).saturating_add_millis(second * 1000)
}

fn counter(stream: StreamId, second: i64) -> Sample<'static> {
    let [source_time, server_time, receive_time] =
        [0, 5, 70].map(|late| at(second).saturating_add_millis(late));
    Sample { stream, source_time, server_time, receive_time, status: 0, value: Value::Int(second) }
}

fn push(batch: &mut SampleBatch, number: usize, stream: StreamId, second: i64) {
    let text = format!("step {}, \"Füllen\"", second / 60);
    let bytes = second.to_le_bytes();
    let value = match number {
        0 if second % 97 == 0 => Value::Double(f64::NAN),
        0 => Value::Double(20.0 + (second as f64 / 100.0).sin()),
        1 => Value::Int(second),
        2 => Value::UInt(u64::MAX - second as u64),
        3 => Value::Bool(second % 7 < 3),
        4 => Value::Text(&text),
        5 => Value::Float((second as f32 / 50.0).cos() * 0.1),
        _ => Value::Bytes(&bytes),
    };
    let (status, value) = match second % 50 {
        0 => (BAD, if second % 100 == 0 { Value::Null } else { value }),
        1 => (UNCERTAIN, value),
        _ => (0, value),
    };
    // 100 ns, which pandas and polars must keep
    let source_time = Timestamp::from_ticks(at(second).ticks() + if number == 0 { second % 10 } else { 0 });
    let (status, value) = if number == 1 { (0, Value::Int(second)) } else { (status, value) };
    batch.push(Sample { source_time, status, value, ..counter(stream, second) });
}
