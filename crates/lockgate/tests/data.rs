//! The screens over collected data: a journal and a historian made by the store itself, read through the binary.

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

use common::Lab;
use tagstore::{
    Commit, GapReason, Historian, Journal, JournalOptions, NewGap, NewStream, Sample, SampleBatch,
    SealOptions, StreamId, Timestamp, Value,
};

/// 2026-08-27T06:00:00Z and that many seconds.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from("2026-08-27T06:00:00Z".parse::<jiff::Timestamp>().unwrap())
        .saturating_add_millis(seconds * 1000)
}

const ALL_DAY: [&str; 4] = ["--from", "2026-08-27T00:00:00Z", "--to", "2026-08-28T00:00:00Z"];

fn all_day<'a>(command: &[&'a str]) -> Vec<&'a str> {
    command.iter().copied().chain(ALL_DAY).collect()
}

fn stream(name: &str, unit: Option<&str>) -> NewStream {
    NewStream {
        key: format!("urn:plant|nsu=urn:plant:nodes;s={name}"),
        name: format!("line1.Objects.{name}"),
        source: "line1".to_owned(),
        data_type: Some("Double".to_owned()),
        unit: unit.map(str::to_owned),
        ..NewStream::default()
    }
}

fn batch(stream: StreamId, values: &[(i64, u32, Value<'_>)]) -> SampleBatch {
    let mut batch = SampleBatch::new();
    for (second, status, value) in values {
        batch.push(Sample {
            stream,
            source_time: at(*second),
            server_time: at(*second),
            receive_time: at(*second + 1),
            status: *status,
            value: *value,
        });
    }
    batch
}

/// A lab with four streams: the first half sealed into Parquet, the second half still in the journal.
fn collected() -> Lab {
    let lab = Lab::initialised();
    let data = lab.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let ids = journal
        .register_streams(&[
            stream("Temperature", Some("°C")),
            stream("Pressure", None),
            stream("Pump.State", None),
            stream("Motor.State", None),
        ])
        .unwrap();
    let sealed = batch(ids[0], &[(0, 0, Value::Double(20.5)), (1, 0, Value::Double(20.75))]);
    let commit = Commit { batches: &[&sealed], now: at(2), ..Commit::default() };
    journal.append(&commit).unwrap();
    let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
    historian.seal(&mut journal, &SealOptions::default(), at(3)).unwrap().unwrap();

    let hot = batch(ids[0], &[(2, 0x4094_0000, Value::Double(21.0)), (3, 0x8031_0000, Value::Null)]);
    let text = batch(ids[2], &[(2, 0, Value::Text("run\u{1b}[2J,\"fast\"\u{202E}"))]);
    let gap = NewGap {
        source: "line1".to_owned(),
        stream: Some(ids[1]),
        from: at(10),
        to: at(20),
        reason: GapReason::QueueOverflow,
        detail: "the server's queue of 10 values was full".to_owned(),
    };
    let commit = Commit { batches: &[&hot, &text], gaps: &[gap], now: at(4), ..Commit::default() };
    journal.append(&commit).unwrap();
    lab
}

#[test]
fn before_anything_is_collected_the_next_step_is_shown() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["query", "Temperature"]));
    assert_page!(lab.run(&["status"]));
}

#[test]
fn streams_are_listed_by_name() {
    let lab = collected();
    assert_page!(lab.run(&["streams"]));
    assert_page!(lab.run(&["streams", "Pump"]));
}

#[test]
fn query_shows_sealed_and_fresh_values_as_one_in_time_order() {
    let lab = collected();
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Temperature"])).page());
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Temperature", "--format", "csv"])).page());
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Temperature", "--json"])).page());
}

#[test]
fn the_interval_includes_its_start_and_not_its_end() {
    let lab = collected();
    let screen = lab.run(&[
        "query",
        "Temperature",
        "--json",
        "--from",
        "2026-08-27T06:00:01Z",
        "--to",
        "2026-08-27T06:00:03Z",
    ]);
    let values: Vec<_> =
        screen.json()["samples"].as_array().unwrap().iter().map(|sample| sample["value"].clone()).collect();
    assert_eq!(values, [20.75, 21.0]);
}

#[test]
fn a_limit_that_cuts_is_said() {
    let lab = collected();
    let screen = lab.run(&all_day(&["query", "Temperature", "--limit", "2", "--json"]));
    assert_eq!(screen.json()["truncated"], true);
    assert_eq!(screen.json()["samples"].as_array().unwrap().len(), 2);
    assert!(screen.stderr.contains("only the first 2 of each stream"), "{}", screen.stderr);
    let whole = lab.run(&all_day(&["query", "Temperature", "--limit", "4", "--json"]));
    assert_eq!(whole.json()["truncated"], false);
}

#[test]
fn query_condenses_values_to_a_line_for_each_while() {
    let lab = collected();
    let every = all_day(&["query", "Temperature", "--every", "2s"]);
    let with = |more: &[&'static str]| lab.run(&every.iter().chain(more).copied().collect::<Vec<_>>());
    insta::assert_snapshot!(with(&[]).page());
    insta::assert_snapshot!(with(&["--format", "csv"]).page());
    insta::assert_snapshot!(with(&["--json"]).page());
    insta::assert_snapshot!(with(&["--aggregate", "avg,max"]).page());
    insta::assert_snapshot!(with(&["--aggregate", "avg,max", "--json", "--limit", "1"]).page());
}

#[test]
fn a_line_in_which_values_are_missing_says_so() {
    let lab = collected();
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Pressure", "--every", "15s"])).page());
}

#[test]
fn query_shows_several_streams_each_by_its_name() {
    let lab = collected();
    let both = ["query", "Temperature", "Pump.State", "Temperature"];
    insta::assert_snapshot!(lab.run(&all_day(&both)).page());
    let json = lab.run(&all_day(&["--json", "query", "Temperature", "Pump.State", "--every", "1h"])).json();
    assert_eq!(json["streams"][0]["stream"], "line1.Objects.Temperature");
    assert_eq!(json["streams"][0]["buckets"][0]["bad"], 1);
    assert_eq!(json["streams"][1]["buckets"][0]["last"]["value"], "run\u{1b}[2J,\"fast\"\u{202E}");
    let csv = lab.run(&all_day(&["query", "Temperature", "Pump.State", "--format", "csv"]));
    let count = |name: &str| csv.stdout.lines().filter(|line| line.starts_with(name)).count();
    assert_eq!((count("line1.Objects.Temperature,"), count("line1.Objects.Pump.State,")), (4, 1));
}

#[test]
fn query_thins_values_out_for_drawing_and_breaks_the_curve_at_bad_ones() {
    let lab = collected();
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Temperature", "--points", "100"])).page());
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Temperature", "--points", "100", "--json"])).page());
    insta::assert_snapshot!(lab.run(&all_day(&["query", "Pump.State", "--points", "100"])).page());
}

#[test]
fn parquet_goes_to_a_new_file_and_only_there() {
    let lab = collected();
    let to_screen = lab.run(&all_day(&["query", "Temperature", "--format", "parquet"]));
    insta::assert_snapshot!(to_screen.page());
    for (name, more) in [("raw", &[][..]), ("buckets", &["--every", "1h"]), ("curve", &["--points", "9"])] {
        let file = format!("{name}.parquet");
        let mut words = all_day(&["query", "Temperature", "--format", "parquet", "--out", &file]);
        words.extend(more);
        let first = lab.run(&words);
        assert_eq!(first.code, 0, "{}", first.page());
        assert!(first.stdout.contains("rows of 1 streams in"), "{}", first.page());
        let bytes = std::fs::read(lab.path().join(&file)).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let again = lab.run(&words);
        assert_eq!(again.code, 2, "{}", again.page());
    }
    let counted =
        ["--json", "query", "Temperature", "--format", "parquet", "--out", "one.parquet", "--limit", "1"];
    let json = lab.run(&all_day(&counted));
    assert_eq!(
        (json.json()["schema"].as_str(), json.json()["rows"].as_u64()),
        (Some("lockgate/query-file/1"), Some(1))
    );
    assert!(json.stderr.contains("only the first 1 of each stream"), "{}", json.page());
    let exported = lab.run(&all_day(&["--json", "export", "--format", "parquet", "--output", "all.parquet"]));
    assert_eq!(exported.json()["samples"], 5, "{}", exported.page());
}

#[test]
fn lengths_and_aggregates_that_are_none_are_usage_errors() {
    let lab = collected();
    for words in [
        &["query", "Temperature", "--every", "0s"][..],
        &["query", "Temperature", "--every", "often"],
        &["query", "Temperature", "--every", "1m", "--points", "5"],
        &["query", "Temperature", "--aggregate", "min"],
        &["query", "Temperature", "--every", "1m", "--aggregate", "median"],
        &["query"],
    ] {
        let screen = lab.run(words);
        assert_eq!(screen.code, 2, "{}", screen.page());
    }
}

#[test]
fn a_journal_whose_database_is_damaged_is_said_to_be_so_with_what_can_be_done() {
    let lab = collected();
    let path = lab.path().join("data").join(tagstore::JOURNAL_FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..2000].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    assert_page!(lab.run(&["query", "Temperature"]));
    let backup = lab.run(&["backup", "saved"]);
    assert_eq!(backup.code, 9, "{}", backup.page());
    assert_eq!(std::fs::read_dir(lab.path().join("saved")).unwrap().count(), 0, "half a backup is none");
}

#[test]
fn text_of_a_server_cannot_act_on_the_terminal() {
    let lab = collected();
    let table = lab.run(&all_day(&["query", "Pump.State"]));
    insta::assert_snapshot!(table.page());
    let json = lab.run(&all_day(&["query", "Pump.State", "--json"]));
    assert!(!json.stdout.contains(['\u{1b}', '\u{202E}']), "{}", json.stdout);
    assert_eq!(json.json()["samples"][0]["value"], "run\u{1b}[2J,\"fast\"\u{202E}");
}

#[test]
fn a_stream_that_is_not_there_or_not_clear_is_a_usage_error() {
    let lab = collected();
    assert_page!(lab.run(&["query", "Level"]));
    assert_page!(lab.run(&["query", "State"]));
}

#[test]
fn an_interval_that_ends_before_it_begins_is_a_usage_error() {
    assert_page!(collected().run(&["query", "Temperature", "--from", "2026-08-28", "--to", "2026-08-27"]));
}

#[test]
fn gaps_say_which_stream_when_and_why() {
    let lab = collected();
    insta::assert_snapshot!(lab.run(&["gaps"]).page());
    let none = lab.run(&["gaps", "--limit", "0", "--json"]);
    assert_eq!(none.json()["truncated"], true);
    assert!(none.stderr.contains("only the newest 0 gaps"), "{}", none.stderr);
    let later = lab.run(&["gaps", "--from", "2026-08-27T06:00:30Z", "--json"]);
    assert_eq!(later.json()["gaps"].as_array().unwrap().len(), 0);
}

#[test]
fn status_says_what_is_stored_and_that_nobody_collects() {
    let lab = collected();
    assert_page!(lab.run(&["status"]));
}

#[test]
fn export_writes_every_value_once_and_never_overwrites() {
    let lab = collected();
    let screen = lab.run(&all_day(&["export", "--output", "all.csv"]));
    insta::assert_snapshot!(screen.page());
    let text = std::fs::read_to_string(lab.path().join("all.csv")).unwrap();
    let lines: Vec<String> = text.lines().map(|line| line.escape_debug().to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"));
    let again = lab.run(&all_day(&["export", "--output", "all.csv"]));
    assert_page!(again);
    let left: Vec<_> = std::fs::read_dir(lab.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn export_as_json_lines_is_one_object_per_value() {
    let lab = collected();
    let command =
        all_day(&["export", "Temperature", "Pump.State", "--format", "jsonl", "--output", "two.jsonl"]);
    assert_eq!(lab.run(&command).code, 0);
    let text = std::fs::read_to_string(lab.path().join("two.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["stream"], "line1.Objects.Temperature");
    assert_eq!(lines[0]["value"], 20.5);
    assert_eq!(lines[4]["value"], "run\u{1b}[2J,\"fast\"\u{202E}");
}

#[test]
fn export_cuts_its_pages_between_times_and_loses_nothing() {
    let lab = Lab::initialised();
    let data = lab.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let ids = journal.register_streams(&[stream("Counter", None)]).unwrap();
    let count: i64 = 60_000;
    let values: Vec<_> = (0..count).map(|n| (n / 3, 0, Value::Int(n))).collect();
    let batch = batch(ids[0], &values);
    journal.append(&Commit { batches: &[&batch], now: at(count), ..Commit::default() }).unwrap();
    drop(journal);
    let screen =
        lab.run(&["export", "--from", "2026-08-27", "--to", "2027-01-01", "--output", "all.csv", "--json"]);
    assert_eq!(screen.json()["samples"], count, "{}", screen.stderr);
    let text = std::fs::read_to_string(lab.path().join("all.csv")).unwrap();
    let exported: Vec<i64> =
        text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
    assert_eq!(exported, (0..count).collect::<Vec<_>>());
}

#[test]
fn a_job_that_fetches_the_past_waits_for_a_collector_and_says_so() {
    let lab = collected();
    let interval = ["--from", "2026-08-27T00:00:00Z", "--to", "2026-08-28T00:00:00Z"];
    let order = [["backfill", "Temperature"].as_slice(), &interval].concat();
    let unknown = lab.run(&[["backfill", "Nothing"].as_slice(), &interval].concat());
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    // its source is not in the configuration
    let screen = lab.run(&order);
    assert_eq!((screen.code, screen.stderr.contains("no longer configured")), (3, true), "{}", screen.stderr);
    let path = lab.path().join("lockgate.toml");
    let source = "\n[[source]]\nname = \"line1\"\nurl = \"opc.tcp://plc1:4840\"\npolicy = \"Basic256Sha256\"\nmode = \"SignAndEncrypt\"\n";
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + source).unwrap();
    assert_page!(lab.run(&order));
    assert_page!(lab.run(&[["backfill", "line1", "--only", "Pump/*"].as_slice(), &interval].concat()));
    assert_eq!(lab.run(&["backfill", "pause", "1", "--json"]).json()["job"]["state"], "paused");
    let list = lab.run(&["backfill", "list", "--json"]).json();
    assert_eq!(
        (list["jobs"][0]["only"].as_str(), list["jobs"][1]["stream"].as_str()),
        (Some("Pump/*"), Some("line1.Objects.Temperature"))
    );
    assert_eq!(lab.run(&["backfill", "resume", "1", "--json"]).json()["job"]["state"], "waiting");
    assert_eq!(lab.run(&["backfill", "cancel", "1"]).code, 0);
    assert_page!(lab.run(&["backfill", "resume", "1"]));
    assert_page!(lab.run(&["backfill", "cancel", "7"]));
    assert_eq!(lab.run(&["backfill"]).code, 2);
    assert_eq!(lab.run(&["backfill", "line1", "--only", ""]).code, 2);
}
