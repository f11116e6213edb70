#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{append_seconds, at, historian, open, seconds_of, stream};
use tagstore::{SealOptions, StreamId};

/// Tells the process started by the test that it is the writer to be killed.
const WRITER: &str = "TAGSTORE_TEST_WRITER";
const ROWS: i64 = 50;
/// Commits after which the writer is killed, counted in each round.
const ROUNDS: [i64; 4] = [1, 40, 90, 150];

#[test]
fn what_was_acknowledged_before_kill_9_is_there_after_it_exactly_once() {
    if let Some(data) = std::env::var_os(WRITER) {
        return write_until_killed(&data);
    }
    let data = tempfile::tempdir().unwrap();
    let id = open(data.path()).register_streams(&[stream("a")]).unwrap()[0];
    let mut stored = 0;
    for commits in ROUNDS {
        let acknowledged = run_and_kill(data.path(), commits);
        assert!(acknowledged >= stored + commits * ROWS);
        // read first by another process than the writer, before the journal is recovered
        let seen = seconds_of(data.path(), id);
        stored = i64::try_from(seen.len()).unwrap();
        assert_eq!(seen, (0..stored).collect::<Vec<_>>());
        assert!(
            stored == acknowledged || stored == acknowledged + ROWS,
            "{stored} stored, {acknowledged} acknowledged"
        );
    }
    let mut journal = open(data.path());
    let folder = historian(data.path());
    while folder.seal(&mut journal, &SealOptions::default(), at(0)).unwrap().is_some() {}
    assert_eq!(seconds_of(data.path(), id), (0..stored).collect::<Vec<_>>());
}

/// Returns how many samples the writer had acknowledged when it died.
fn run_and_kill(data: &Path, commits: i64) -> i64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "what_was_acknowledged_before_kill_9_is_there_after_it_exactly_once",
            "--nocapture",
        ])
        .env(WRITER, data)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(writer.stdout.take().unwrap());
    let (mut seen, mut acknowledged, mut line) = (0, 0, String::new());
    while seen < commits {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the writer ended by itself");
        if let Some(number) = line.trim_end().strip_prefix("acknowledged ") {
            acknowledged = number.parse().unwrap();
            seen += 1;
        }
    }
    // SIGKILL, in the middle of whatever both threads are doing
    writer.kill().unwrap();
    writer.wait().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    // the last line may be torn
    let mut lines =
        rest.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')?.strip_prefix("acknowledged "));
    lines.next_back().map_or(acknowledged, |number| number.parse().unwrap())
}

fn write_until_killed(data: &OsStr) {
    let data = Path::new(data);
    let mut journal = open(data);
    let mut sealer = journal.another().unwrap();
    let folder = historian(data);
    std::thread::spawn(move || {
        let mut options = SealOptions::default();
        options.max_rows = 300;
        loop {
            folder.seal(&mut sealer, &options, at(0)).unwrap();
        }
    });
    let id = StreamId::new(1);
    let begin = i64::try_from(seconds_of(data, id).len()).unwrap();
    for commit in 0..100_000 {
        let first = begin + commit * ROWS;
        append_seconds(&mut journal, id, first..first + ROWS);
        let mut output = std::io::stdout().lock();
        writeln!(output, "acknowledged {}", first + ROWS).unwrap();
        output.flush().unwrap();
    }
}
