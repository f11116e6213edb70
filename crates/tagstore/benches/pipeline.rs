//! What the store does in a second, and how soon it answers: `cargo xtask bench pipeline`.
//!
//! A day of 10,000 streams, 50 million values (60 % doubles, 10 % floats, 15 % counters, 10 % bools, 5 % text; source
//! times with a jitter of µs, 0.3 % Bad), appended in commits of 10,000, each fsynced, sealed as the connector seals and
//! merged by the hour, then asked. `LOCKGATE_BENCH_VALUES` makes the day shorter, and then nothing is judged that
//! depends on its length. The folder lies below the target folder, so it is that disk that is measured.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::as_conversions,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a measurement fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a measurement looks at the clock")]

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tagstore::{
    BucketQuery, Commit, CompactOptions, Every, Historian, Interval, Journal, JournalOptions, NewStream,
    Reader, Sample, SampleBatch, SealOptions, StreamId, StreamQuery, Timestamp, Value,
};

const STREAMS: usize = 10_000;
const VALUES: usize = 50_000_000;
const DAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;
/// Sealed so often as the connector does.
const SEAL_VALUES: usize = 600_000;
/// As many as are merged at a time.
const FULL_FILES: usize = 24;
/// What is left for everything else below the 128 MiB of the whole connector.
const MOST_MIB: u64 = 96;
const ROUNDS: usize = 21;
/// So many processors that others keep busy make a measurement worthless.
const OTHERS: f64 = 0.25;

const APPEND_A_SECOND: f64 = 2e6;
const SEAL_A_SECOND: f64 = 3e6;
const RAW_HOUR: Duration = Duration::from_millis(20);
const DOWNSAMPLED_DAY: Duration = Duration::from_millis(50);
const BYTES_A_VALUE: f64 = 11.0;

fn main() -> ExitCode {
    // `cargo test --benches` builds us too, and asks for nothing
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let asked = std::env::var("LOCKGATE_BENCH_VALUES").ok();
    let values = asked.and_then(|text| text.parse().ok()).unwrap_or(VALUES);
    let folder =
        tempfile::Builder::new().prefix("lockgate-bench-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut judge = Judge { whole: values >= VALUES, failed: 0 };
    println!("{values} values of {STREAMS} streams in a day");
    full_hour(&folder.path().join("hour"), &mut judge);
    let ids = fill(folder.path(), values, &mut judge);
    ask(folder.path(), &ids, &mut judge);
    if judge.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What sealing and merging take of memory where 100,000 values come in a second: as many files as are merged at a time.
fn full_hour(data: &Path, judge: &mut Judge) {
    let (mut journal, ids) = journal(data);
    let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
    let values = FULL_FILES * SealOptions::default().max_rows;
    let mut plant = Plant { random: 0x9e37_79b9_7f4a_7c15, at: 0, values: values * 24, now: start() };
    let mut batch = SampleBatch::with_capacity(STREAMS);
    while plant.at < values {
        batch.clear();
        (0..STREAMS).for_each(|_| plant.sample(&ids, &mut batch));
        journal.append(&Commit { batches: &[&batch], now: plant.now(), ..Commit::default() }).unwrap();
    }
    let later = start().saturating_add_millis(3 * HOUR_MS);
    let sealing =
        peak_while(
            || {
                while historian.seal(&mut journal, &SealOptions::default(), later).unwrap().is_some() {}
            },
        );
    let merging = peak_while(|| {
        while historian.compact(&mut journal, &CompactOptions::default(), later).unwrap().is_some() {}
    });
    for (name, peak) in [("sealing", sealing), ("merging", merging)] {
        let name = format!("{name} at full flow: memory at its peak, all of this process");
        match peak {
            Some(mib) => {
                judge.verdict(&name, &format!("{mib} MiB of at most {MOST_MIB}"), mib <= MOST_MIB, true, "")
            }
            None => judge.verdict(&name, "", false, false, "this system does not tell it"),
        }
    }
}

/// The most memory that the process had while it did something, in MiB.
fn peak_while(work: impl FnOnce()) -> Option<u64> {
    // "5" forgets the peak so far (proc_pid_clear_refs)
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    work();
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024)
}

/// A new journal with all streams.
fn journal(data: &Path) -> (Journal, Vec<StreamId>) {
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let name = |n: usize| format!("line1.Area{}.Unit{}.Signal{n}", n / 1000, n / 50);
    let stream =
        |n| NewStream { key: name(n), name: name(n), source: "line1".to_owned(), ..NewStream::default() };
    let ids = journal.register_streams(&(0..STREAMS).map(stream).collect::<Vec<_>>()).unwrap();
    (journal, ids)
}

/// A day, appended and sealed turn about.
fn fill(data: &Path, values: usize, judge: &mut Judge) -> Vec<StreamId> {
    let (mut journal, ids) = journal(data);
    let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();

    let mut plant = Plant { random: 0x9e37_79b9_7f4a_7c15, at: 0, values, now: start() };
    let mut batch = SampleBatch::with_capacity(STREAMS);
    let (mut append, mut seal, mut merge) = (Spent::default(), Spent::default(), Spent::default());
    let (mut sealed, mut unsealed) = (0, 0);
    while plant.at < values {
        batch.clear();
        (0..STREAMS).for_each(|_| plant.sample(&ids, &mut batch));
        append.on(|| {
            journal.append(&Commit { batches: &[&batch], now: plant.now(), ..Commit::default() }).unwrap()
        });
        unsealed += batch.len();
        if unsealed >= SEAL_VALUES || plant.at >= values {
            unsealed = 0;
            while let Some(file) =
                seal.on(|| historian.seal(&mut journal, &SealOptions::default(), plant.now()).unwrap())
            {
                sealed += file.rows;
            }
            while merge
                .on(|| historian.compact(&mut journal, &CompactOptions::default(), plant.now()).unwrap())
                .is_some()
            {}
        }
    }
    judge.rate("append, each commit of 10,000 fsynced", values as f64, append, APPEND_A_SECOND);
    judge.rate("seal", sealed as f64, seal, SEAL_A_SECOND);
    println!(
        "            merge by the hour: {:.2} million values a second",
        values as f64 / merge.wall.as_secs_f64() / 1e6
    );
    let summary = Reader::open(data).unwrap().summary().unwrap();
    let bytes = summary.sealed_bytes as f64 / summary.sealed_rows as f64;
    let shown = format!("{bytes:.2} of at most {BYTES_A_VALUE}, in {} files", summary.sealed_files);
    judge.verdict("bytes a value", &shown, bytes <= BYTES_A_VALUE, judge.whole, "the day is too short");
    ids
}

fn ask(data: &Path, ids: &[StreamId], judge: &mut Judge) {
    let reader = Reader::open(data).unwrap();
    let hour = Interval {
        from: start().saturating_add_millis(7 * HOUR_MS),
        to: start().saturating_add_millis(8 * HOUR_MS),
    };
    let mut streams = ids.iter().step_by(STREAMS / ROUNDS).copied().cycle();
    let mut next = || streams.next().unwrap();
    let mut rows = 0;
    judge.time("raw hour of one stream", RAW_HOUR, || {
        let query =
            StreamQuery { from: Some(hour.from), to: Some(hour.to), ..StreamQuery::new(next(), 1_000_000) };
        rows = reader.query(&query).unwrap().len();
        format!("{rows} values")
    });
    let every = Every::new(Duration::from_secs(600)).unwrap();
    judge.time("day of one stream in lines of 10 minutes", DOWNSAMPLED_DAY, || {
        let query = BucketQuery { streams: &[next()], interval: Interval::ALL, every, limit: 10_000 };
        let buckets = reader.buckets(&query).unwrap().remove(0).buckets;
        format!(
            "{} lines of {} values",
            buckets.len(),
            buckets.iter().map(tagstore::Bucket::count).sum::<u64>()
        )
    });
}

fn start() -> Timestamp {
    Timestamp::from("2026-11-23T00:00:00Z".parse::<jiff::Timestamp>().unwrap())
}

struct Plant {
    random: u64,
    at: usize,
    values: usize,
    now: Timestamp,
}

impl Plant {
    /// When the tick of all streams began; the ticks share the day evenly.
    fn now(&self) -> Timestamp {
        self.now
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    fn sample(&mut self, ids: &[StreamId], batch: &mut SampleBatch) {
        let n = self.at % STREAMS;
        let micros = |random: u64, most: u64| (random % most) as i64 * 10;
        let source_time = Timestamp::from_ticks(self.now().ticks() + micros(self.random(), 1_000_000));
        let server_time = Timestamp::from_ticks(source_time.ticks() + micros(self.random(), 8192));
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
        if self.at.is_multiple_of(STREAMS) {
            let ticks = (self.values / STREAMS).max(1) as i64;
            self.now = start().saturating_add_millis((self.at / STREAMS) as i64 * DAY_MS / ticks);
        }
    }
}

/// Time that went by, and what of it others had of the machine.
#[derive(Default, Clone, Copy)]
struct Spent {
    wall: Duration,
    others: Duration,
}

impl Spent {
    fn on<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (begin, before) = (Instant::now(), others());
        let done = work();
        self.wall += begin.elapsed();
        self.others +=
            others().zip(before).map(|(after, before)| after.saturating_sub(before)).unwrap_or_default();
        done
    }

    /// How many processors others kept busy meanwhile. Those that share a core with ours make it slower, too.
    fn busy(&self) -> f64 {
        self.others.as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// What all processors worked so far for others than us, where the system tells it, in its ticks of 10 ms.
fn others() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let all: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).filter_map(|n| n.parse().ok()).collect();
    // all but idle and waiting for a disk
    let all: u64 =
        all.iter().enumerate().filter(|(at, _)| ![3, 4, 8, 9].contains(at)).map(|(_, ticks)| ticks).sum();
    let own = std::fs::read_to_string("/proc/self/stat").ok()?;
    let own: Vec<&str> = own.rsplit(')').next()?.split_whitespace().collect();
    let own: u64 = own.get(11..13)?.iter().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(10 * all.saturating_sub(own)))
}

struct Judge {
    whole: bool,
    failed: usize,
}

impl Judge {
    /// What is too slow while others use the machine, too, says nothing.
    fn rate(&mut self, name: &str, values: f64, spent: Spent, least: f64) {
        let rate = values / spent.wall.as_secs_f64();
        let (rate, at_least, busy) = (rate / 1e6, least / 1e6, spent.busy());
        let shown = format!("{rate:.2} million a second, at least {at_least:.0}");
        let why = format!("others kept {busy:.1} processors busy meanwhile");
        self.verdict(name, &shown, rate >= at_least, rate >= at_least || busy < OTHERS, &why);
    }

    /// The median of some rounds counts; that the fastest holds alone says that the machine is busy.
    fn time(&mut self, name: &str, most: Duration, mut work: impl FnMut() -> String) {
        let mut seen = work();
        let mut took: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begin = Instant::now();
                seen = work();
                begin.elapsed()
            })
            .collect();
        took.sort();
        let (fastest, median) = (took[0], took[took.len() / 2]);
        let shown = format!("{median:.1?}, at most {most:?} (fastest {fastest:.1?}; {seen})");
        let busy = median > most && fastest <= most;
        let why = if self.whole { "the machine was busy with other things" } else { "the day is too short" };
        self.verdict(name, &shown, median <= most, self.whole && !busy, why);
    }

    fn verdict(&mut self, name: &str, shown: &str, holds: bool, judged: bool, why: &str) {
        match (holds, judged) {
            (_, false) => println!("NOT JUDGED  {name}: {shown}; {why}"),
            (true, true) => println!("HOLDS       {name}: {shown}"),
            (false, true) => {
                self.failed += 1;
                println!("FAILS       {name}: {shown}");
            }
        }
    }
}
