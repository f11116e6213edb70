//! Health and metrics as a probe and as Prometheus ask for them: over a real socket, of a real data folder.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{CONFIG, journal};
use connector::status::SourceState;
use connector::{Config, SourceStatus, SystemClock};
use connector_web::{Served, Web};
use tagstore::{Commit, NewStream, Sample, SampleBatch, Timestamp, Value};
use tokio::sync::watch;

/// The face, as a probe sees it.
struct Face(common::Face);

impl Face {
    async fn new() -> Self {
        Self(common::Face::new().await)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.0.get(path).await;
        (answer.status, format!("{}\r\n\r\n{}", answer.head, answer.body))
    }

    async fn ask(&self, request: &str) -> (u16, String) {
        let answer = self.0.ask(request).await;
        (answer.status, format!("{}\r\n\r\n{}", answer.head, answer.body))
    }

    fn data(&self) -> std::path::PathBuf {
        self.0.data()
    }
}

fn status(state: SourceState, detail: Option<&str>) -> SourceStatus {
    let now = jiff::Timestamp::now();
    serde_json::from_value(serde_json::json!({
        "schema": SourceStatus::SCHEMA, "source": "line1", "url": "opc.tcp://localhost:4840",
        "state": state, "since": now, "updated": now, "detail": detail, "error_code": null, "status_code": null,
        "next_step": null, "retry_at": null, "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "user": null,
        "server_application_uri": null, "server_thumbprint": null,
        "server_certificate_not_after": "2030-01-01T00:00:00Z", "own_thumbprint": null,
        "own_certificate_not_after": null, "streams": 3, "streams_refused": 1, "refused_example": null,
        "values_total": 4711, "values_per_second": 2.5, "last_sample_time": "2026-11-23T05:00:00.5Z",
        "last_message_time": null, "acknowledged": [], "gaps_found": 2, "gaps_open": 1, "reconnects": 5, "danger": []
    }))
    .unwrap()
}

#[tokio::test]
async fn a_connector_that_nobody_started_is_alive_and_not_ready() {
    let face = Face::new().await;
    assert_eq!(face.get("/livez").await.0, 200);
    let (code, answer) = face.get("/readyz").await;
    assert_eq!(code, 503);
    assert!(answer.contains("[-]writer failed: nobody has the journal open"), "{answer}");
}

#[tokio::test]
async fn it_is_ready_while_the_journal_is_held_whatever_the_server_does() {
    let face = Face::new().await;
    let mut journal = journal(&face.data());
    let gone = status(SourceState::Unreachable, Some("connection refused")).to_json();
    journal.set_source_status("line1", &gone, jiff::Timestamp::now().into()).unwrap();
    let (code, answer) = face.get("/readyz").await;
    assert_eq!(code, 200, "{answer}");
    assert!(answer.ends_with("ok\n"), "{answer}");
    let (_, listed) = face.get("/readyz?verbose").await;
    assert!(listed.contains("[+]storage ok\n[+]writer ok\n[+]disk ok\nreadyz check passed\n"), "{listed}");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_makes_it_unready_and_says_why() {
    let face = Face::new().await;
    let mut journal = journal(&face.data());
    let full = status(SourceState::StorageFailed, Some("the disk is full\u{1b}[2J")).to_json();
    journal.set_source_status("line1", &full, jiff::Timestamp::now().into()).unwrap();
    let (code, answer) = face.get("/readyz").await;
    assert_eq!(code, 503);
    assert!(answer.contains("[-]disk failed: the disk is full_[2J\n"), "{answer}");
}

#[tokio::test]
async fn metrics_carry_the_numbers_of_each_source_and_of_the_storage() {
    let face = Face::new().await;
    let mut journal = journal(&face.data());
    let level =
        NewStream { key: "urn:plant|s=Level".into(), name: "line1.Level".into(), ..NewStream::default() };
    let stream = journal.register_streams(&[level]).unwrap()[0];
    let now: Timestamp = jiff::Timestamp::now().into();
    // the sink has begun: what comes from here on waits for it
    journal.advance("files", tagstore::Seq::ZERO).unwrap();
    let mut batch = SampleBatch::new();
    for value in [1.0, 2.0] {
        let value = Value::Double(value);
        batch.push(Sample {
            stream,
            source_time: now,
            server_time: now,
            receive_time: now,
            status: 0,
            value,
        });
    }
    journal.append(&Commit { batches: &[&batch], now, ..Commit::default() }).unwrap();
    journal.set_source_status("line1", &status(SourceState::Flowing, None).to_json(), now).unwrap();
    let (code, text) = face.get("/metrics").await;
    assert_eq!(code, 200);
    assert!(
        text.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
        "{text}"
    );
    for line in [
        "lockgate_build_info{version=\"0.1.0\"} 1",
        "lockgate_source_state{source=\"line1\",state=\"flowing\"} 1",
        "lockgate_source_state{source=\"line1\",state=\"stale\"} 0",
        "lockgate_samples_received_total{source=\"line1\"} 4711",
        "lockgate_publish_gaps_total{source=\"line1\"} 2",
        "lockgate_reconnects_total{source=\"line1\"} 5",
        "lockgate_source_last_sample_timestamp_seconds{source=\"line1\"} 1795410000.5",
        "lockgate_certificate_expiry_timestamp_seconds{role=\"server\",source=\"line1\"} 1893456000.0",
        "lockgate_certificate_suppressions{source=\"line1\"} 1",
        "lockgate_buffer_samples 2",
        "lockgate_ledger_gaps{state=\"open\"} 0",
        "lockgate_backfilled_samples_total{source=\"line1\"} 0",
        "lockgate_sink_failing{sink=\"files\"} 0",
        "lockgate_sink_samples_waiting{sink=\"files\"} 2",
        "# EOF",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_page_under_another_name_is_turned_away() {
    let face = Face::new().await;
    let (code, answer) =
        face.ask("GET /metrics HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").await;
    assert_eq!(code, 421);
    assert!(answer.contains("application/problem+json") && answer.contains("localhost only"), "{answer}");
}

#[tokio::test]
async fn unknown_pages_and_other_methods_are_answered_in_words() {
    let face = Face::new().await;
    let (code, answer) = face.get("/assets/nothing.js").await;
    assert_eq!((code, answer.contains("there is nothing at this address")), (404, true), "{answer}");
    let host = face.0.address;
    let (code, _) =
        face.ask(&format!("DELETE /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
    assert_eq!(code, 405);
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(CONFIG, &folder.path().join("lockgate.toml")).unwrap();
    #[derive(Debug)]
    struct Silent;
    impl connector::documents::Spell for Silent {
        fn spell(&self, _: &[String]) -> String {
            String::new()
        }
    }
    let config = watch::Sender::new(Arc::new(config));
    let served = Served::new(config.subscribe(), Arc::new(SystemClock), Arc::new(Silent));
    let error = Web::bind("0.0.0.0:0".parse().unwrap(), served).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    let text = format!("{CONFIG}\n[web]\nlisten = \"10.0.0.1:8480\"\n");
    let error = Config::parse(&text, Path::new("lockgate.toml")).unwrap_err().to_string();
    assert!(error.contains("10.0.0.1 is not a loopback address"), "{error}");
}
