//! `lockgate status` for sources in every kind of trouble: state, age of data, what is wrong, what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking; the age of a status is measured by the clock"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use common::Lab;
use connector::SourceStatus;
use jiff::{SignedDuration, Timestamp};
use tagstore::{Commit, Journal, JournalOptions, NewStream, Sample, SampleBatch, Seq, Value};

/// A status as the collector writes it, that old, with `changes` on top.
fn status(name: &str, state: &str, age: SignedDuration, changes: serde_json::Value) -> SourceStatus {
    let updated = Timestamp::now() - age;
    let mut json = serde_json::json!({
        "schema": SourceStatus::SCHEMA,
        "source": name,
        "url": format!("opc.tcp://{name}:4840"),
        "state": state,
        "since": updated,
        "updated": updated,
        "policy": "Basic256Sha256",
        "mode": "SignAndEncrypt",
        "user": "reader",
        "streams": 1204,
        "streams_refused": 0,
        "values_total": 100_000,
        "values_per_second": 340.25,
        "last_sample_time": updated - SignedDuration::from_mins(5),
        "last_message_time": updated,
        "acknowledged": [],
        "gaps_found": 0,
        "gaps_open": 2,
        "reconnects": 0,
        "danger": [],
    });
    json.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

/// A lab whose collector has left these statuses and is gone.
fn lab_with(statuses: &[SourceStatus]) -> Lab {
    running_lab_with(statuses).0
}

/// A lab whose collector has written these statuses and is at work as long as the journal lives.
fn running_lab_with(statuses: &[SourceStatus]) -> (Lab, Journal) {
    let lab = Lab::initialised();
    let data = lab.path().join("data");
    std::fs::create_dir_all(&data).unwrap();
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let mut config = std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap();
    for status in statuses {
        let (name, url) = (&status.source, &status.url);
        config.push_str(&format!(
            "\n[[source]]\nname = \"{name}\"\nurl = \"{url}\"\npolicy = \"Basic256Sha256\"\nmode = \"SignAndEncrypt\"\n"
        ));
        journal.set_source_status(name, &status.to_json(), status.updated.into()).unwrap();
    }
    std::fs::write(lab.path().join("lockgate.toml"), config).unwrap();
    (lab, journal)
}

const NOW: SignedDuration = SignedDuration::ZERO;

#[test]
fn a_healthy_source_is_shown_by_the_age_of_its_data() {
    let (lab, _collector) = running_lab_with(&[status("line1", "flowing", NOW, serde_json::json!({}))]);
    let shown = lab.run(&["--json", "status"]).json();
    assert_eq!(shown["running"], true);
    assert_eq!(shown["sources"][0]["state"], "flowing");
    let age = shown["sources"][0]["data_age_seconds"].as_i64().unwrap();
    assert!((300..310).contains(&age), "{age}");
    assert_page!(lab.run(&["status"]));
}

#[test]
fn trouble_is_told_with_its_code_and_the_next_step() {
    let waiting = serde_json::json!({
        "detail": "the server closed the connection right after our certificate",
        "error_code": "trust.server_does_not_trust_us",
        "next_step": [{ "say": "on the server: trust our certificate (see: " }, { "run": ["cert", "show"] }, { "say": "); we keep trying" }],
        "user": null,
        "last_sample_time": null,
    });
    let refused =
        serde_json::json!({ "streams_refused": 3, "refused_example": "line2.A.B: BadUserAccessDenied" });
    let danger = serde_json::json!({ "danger": ["danger_suppress BadCertificateTimeInvalid"] });
    let (lab, _collector) = running_lab_with(&[
        status("line1", "waiting-for-server-trust", NOW, waiting),
        status("line2", "flowing", NOW, refused),
        status("line3", "quiet", NOW, danger),
    ]);
    assert_page!(lab.run(&["status"]));
}

#[test]
fn a_sink_is_shown_by_what_waits_for_it_and_a_failing_one_with_its_reason() {
    let (lab, mut journal) = running_lab_with(&[status("line1", "flowing", NOW, serde_json::json!({}))]);
    let mut config = std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap();
    config.push_str(
        "\n[[sink]]\nname = \"pi\"\nkind = \"omf\"\ntarget = \"pi-web-api\"\nurl = \"https://pi1/piwebapi/omf\"\n\
         \n[[sink]]\nname = \"pipe\"\nkind = \"stdout\"\n",
    );
    std::fs::write(lab.path().join("lockgate.toml"), config).unwrap();
    let stream = NewStream { key: "k".to_owned(), name: "line1.A".to_owned(), ..NewStream::default() };
    let stream = journal.register_streams(&[stream]).unwrap()[0];
    let now = Timestamp::now();
    let mut batch = SampleBatch::new();
    for n in 0..3 {
        let (source_time, server_time) = (now.into(), tagstore::Timestamp::ABSENT);
        let value = Value::Int(n);
        batch.push(Sample { stream, source_time, server_time, receive_time: source_time, status: 0, value });
    }
    let then = (now - SignedDuration::from_hours(3)).into();
    journal.append(&Commit { batches: &[&batch], now: then, ..Commit::default() }).unwrap();
    journal.advance("pi", Seq::ZERO).unwrap();
    let failing = serde_json::json!({
        "schema": "lockgate/sink-status/1", "sink": "pi", "kind": "omf", "target": "https://pi1/piwebapi/omf",
        "state": "failing", "since": now, "updated": now,
        "detail": "cannot reach https://pi1/piwebapi/omf: Connection refused", "error_code": "sink.unreachable",
        "next_step": [{ "say": "check `url` of the sink, the network and that the server is running" }],
        "delivered_total": 1200, "quarantine_folder": "data/quarantine/pi", "quarantine_files": 2,
        "quarantined_values": 2, "danger": [],
    });
    journal.set_source_status("sink:pi", &failing.to_string(), now.into()).unwrap();
    let shown = lab.run(&["--json", "status"]).json();
    assert_eq!(shown["sinks"][0]["waiting_values"], 3);
    assert!((10_800..10_900).contains(&shown["sinks"][0]["waiting_seconds"].as_i64().unwrap()), "{shown}");
    assert_page!(lab.run(&["status"]));
}

#[test]
fn a_sink_that_misses_values_is_told_by_what_it_misses_and_where_that_can_be_had() {
    let (lab, journal) = running_lab_with(&[]);
    drop(journal);
    let mut config = std::fs::read_to_string(lab.path().join("lockgate.toml")).unwrap();
    config.push_str("\n[[sink]]\nname = \"pipe\"\nkind = \"stdout\"\n");
    let config =
        config.replace("# journal_max_mib = 4096", "journal_max_mib = 16\njournal_full = \"drop-oldest\"");
    std::fs::write(lab.path().join("lockgate.toml"), config).unwrap();
    let mut options = JournalOptions::default();
    options.max_bytes = Some(400_000);
    options.when_full =
        tagstore::WhenFull::DropOldest { spare_unsealed: std::time::Duration::from_secs(3600) };
    let data = lab.path().join("data");
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), options).unwrap();
    let stream =
        NewStream { key: "a".into(), name: "line1.A".into(), source: "line1".into(), ..NewStream::default() };
    let stream = journal.register_streams(&[stream]).unwrap()[0];
    journal.advance("pipe", Seq::ZERO).unwrap();
    let historian = tagstore::Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
    let begin: Timestamp = "2026-08-27T06:00:00Z".parse().unwrap();
    for second in 0..150 {
        let text =
            (0..2000).map(|n| format!("{:x}", (second * 7919 + n) * 48_271 % 65_521)).collect::<String>();
        let time = (begin + SignedDuration::from_secs(second)).into();
        let value = Value::Text(&text);
        let mut batch = SampleBatch::new();
        batch.push(Sample {
            stream,
            source_time: time,
            server_time: time,
            receive_time: time,
            status: 0,
            value,
        });
        let now = (Timestamp::now() - SignedDuration::from_hours(3)).into();
        journal.append(&Commit { batches: &[&batch], now, ..Commit::default() }).unwrap();
        historian.seal(&mut journal, &tagstore::SealOptions::default(), now).unwrap();
    }
    let status = lab.run(&["--json", "status"]).json();
    let missed = &status["sinks"][0]["missed"];
    assert_eq!(missed[0]["source"], "line1");
    assert_eq!(missed[0]["from"], "2026-08-27T06:00:00Z");
    let values = missed[0]["values"].as_u64().unwrap();
    assert_eq!(values + status["sinks"][0]["waiting_values"].as_u64().unwrap(), 150);
    assert_eq!(status["storage"]["gaps"], 0);
    assert_eq!(status["storage"]["journal_limit_bytes"], 16 << 20);
    let gaps = lab.run(&["--json", "gaps"]).json();
    assert_eq!(
        (gaps["gaps"].as_array().unwrap().len(), &gaps["sinks"][0]["values"]),
        (0, &missed[0]["values"])
    );
    assert_page!(lab.run(&["status"]));
    assert_page!(lab.run(&["gaps"]));
}

#[test]
fn a_source_whose_collector_was_killed_this_second_is_shown_as_stopped() {
    let (lab, collector) = running_lab_with(&[status("line1", "flowing", NOW, serde_json::json!({}))]);
    assert_eq!(lab.run(&["--json", "status"]).json()["sources"][0]["state"], "flowing");
    drop(collector);
    let shown = lab.run(&["--json", "status"]).json();
    assert_eq!(shown["running"], false);
    assert_eq!(shown["sources"][0]["state"], "stopped");
}

#[test]
fn a_source_that_a_running_collector_does_not_renew_is_shown_as_stopped() {
    let hours = SignedDuration::from_hours(3);
    let (lab, _collector) = running_lab_with(&[status("line1", "flowing", hours, serde_json::json!({}))]);
    let shown = lab.run(&["--json", "status"]).json();
    assert_eq!(shown["running"], true);
    assert_eq!(shown["sources"][0]["state"], "stopped");
}

#[test]
fn a_status_of_a_collector_that_ended_long_ago_is_shown_as_stopped() {
    let lab = lab_with(&[status("line1", "flowing", SignedDuration::from_hours(3), serde_json::json!({}))]);
    let shown = lab.run(&["--json", "status"]).json();
    assert_eq!(shown["running"], false);
    assert_eq!(shown["sources"][0]["state"], "stopped");
    assert_page!(lab.run(&["status"]));
}

#[test]
fn what_a_server_wrote_into_a_status_cannot_act_on_the_terminal() {
    let hostile = serde_json::json!({ "streams_refused": 1, "refused_example": "a\u{1b}]0;x\u{7}\u{202E}b" });
    let shown = lab_with(&[status("line1", "flowing", NOW, hostile)]).run(&["status"]);
    assert!(shown.stdout.contains("a\\u{1b}]0;x\\u{7}\\u{202e}b"), "{}", shown.stdout);
}

#[test]
fn watching_without_a_terminal_prints_one_object_per_line() {
    let lab = lab_with(&[status("line1", "flowing", NOW, serde_json::json!({}))]);
    let mut watching = Command::new(assert_cmd::cargo::cargo_bin!("lockgate"))
        .current_dir(lab.path())
        .env_remove("LOCKGATE_CONFIG")
        .args(["--json", "status", "--watch"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(watching.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    watching.kill().unwrap();
    watching.wait().unwrap();
    let shown: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(shown["schema"], "lockgate/status/1");
}

#[test]
fn users_and_tokens_are_made_listed_and_removed_without_showing_a_secret_again() {
    let lab = Lab::initialised();
    let added = lab
        .run_with_input(&["user", "add", "anna", "--role", "admin", "--password-stdin"], "correct horse\n");
    assert_eq!((added.code, added.stdout.as_str()), (0, "anna added\n"), "{}", added.page());
    let short = lab.run_with_input(&["user", "add", "bob", "--password-stdin"], "short\n");
    assert_eq!(short.code, 2, "{}", short.page());
    assert!(short.stderr.contains("at least 10 characters"), "{}", short.page());
    let twice = lab.run_with_input(&["user", "add", "anna", "--password-stdin"], "correct horse\n");
    assert!(twice.code == 2 && twice.stderr.contains("lockgate user list"), "{}", twice.page());
    let made = lab.run(&["token", "add", "grafana", "--json"]).json();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("lgt_"), "{made}");
    let (users, tokens) = (lab.run(&["user", "list"]), lab.run(&["token", "list"]));
    assert!(users.stdout.contains("anna") && users.stdout.contains("admin"), "{}", users.page());
    assert!(tokens.stdout.contains("viewer") && !tokens.stdout.contains(token), "{}", tokens.page());
    assert_eq!(lab.run(&["token", "remove", "grafana"]).code, 0);
    assert_eq!(lab.run(&["user", "remove", "anna"]).code, 0);
    assert_eq!(lab.run(&["user", "remove", "anna"]).code, 2);
}
