//! A journal with values in it and a connector that delivers them, without any source.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use connector::{Config, Handle, Runtime, SinkState, SinkStatus, identity};
use serde_json::{Value, json};
use tagstore::{
    Commit, JOURNAL_FILE, Journal, JournalOptions, NewStream, OwnedSample, OwnedValue, Reader, SampleBatch,
    Timestamp,
};
use tempfile::TempDir;
use ua_pki::Store;

use super::double::{Double, Point};

pub const SINK: &str = "pi";
const PATIENCE: Duration = Duration::from_secs(90);
const START: Timestamp = Timestamp::from_ticks(134_116_992_000_000_000);

pub struct Desk {
    dir: TempDir,
    expected: RefCell<HashMap<String, Vec<Point>>>,
}

impl Desk {
    /// A configuration with an OMF sink towards the server; `more` is what else its section says.
    pub fn new(server: &Double, more: &str) -> Self {
        Self::with_sink(&format!(
            "kind = \"omf\"\nurl = \"{}\"\n{}every = \"1s\"\n{more}\n",
            server.url(),
            if more.contains("target") { "" } else { "target = \"pi-web-api\"\n" },
        ))
    }

    pub fn with_sink(section: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lockgate.toml");
        let config = Config::create(&path, "lockgate", "urn:localhost:lockgate").unwrap();
        let store = Store::open(&config.pki).unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        identity::ensure(&config, &store, vec!["localhost".to_owned()], vec![], now).unwrap();
        config.save().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}\n[[sink]]\nname = \"{SINK}\"\n{section}")).unwrap();
        Self { dir, expected: RefCell::default() }
    }

    pub fn config(&self) -> Config {
        Config::load(&self.dir.path().join("lockgate.toml")).unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.config().storage.data
    }

    /// A secret beside the configuration.
    pub fn secret(&self, name: &str, text: &str) {
        connector::secrets::write(&self.dir.path().join(name), text).unwrap();
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// Values of a stream, a millisecond apart, in journal rows of a hundred.
    pub fn fill(&self, stream: &str, data_type: &str, values: impl IntoIterator<Item = OwnedValue>) {
        let new = NewStream { data_type: Some(data_type.to_owned()), ..NewStream::default() };
        self.fill_stream(stream, new, values);
    }

    /// Values of a stream, all of the same time.
    pub fn fill_at_once(&self, name: &str, data_type: &str, values: impl IntoIterator<Item = OwnedValue>) {
        let mut journal = Journal::open(self.data().join(JOURNAL_FILE), JournalOptions::default()).unwrap();
        let (key, data_type) = (name.to_owned(), Some(data_type.to_owned()));
        let stream = NewStream {
            name: key.clone(),
            key,
            source: "line1".to_owned(),
            data_type,
            ..NewStream::default()
        };
        let stream = journal.register_streams(&[stream]).unwrap()[0];
        let mut batch = SampleBatch::new();
        let (source_time, server_time, receive_time) = (START, START, START);
        for value in values {
            let sample = OwnedSample { stream, source_time, server_time, receive_time, status: 0, value };
            batch.push(sample.as_sample());
        }
        journal.append(&Commit { batches: &[&batch], now: START, ..Commit::default() }).unwrap();
    }

    pub fn fill_stream(&self, name: &str, stream: NewStream, values: impl IntoIterator<Item = OwnedValue>) {
        let mut journal = Journal::open(self.data().join(JOURNAL_FILE), JournalOptions::default()).unwrap();
        let source = name.split('.').next().unwrap().to_owned();
        let stream = NewStream { key: name.to_owned(), name: name.to_owned(), source, ..stream };
        let id = journal.register_streams(&[stream]).unwrap()[0];
        let mut expected = self.expected.borrow_mut();
        let expected = expected.entry(name.to_owned()).or_default();
        let values: Vec<OwnedValue> = values.into_iter().collect();
        for values in values.chunks(100) {
            let mut batch = SampleBatch::new();
            for value in values {
                let number = i64::try_from(expected.len()).unwrap();
                let time = START.saturating_add_millis(number);
                let status = if number % 10 == 3 { 0x4000_0000 } else { 0 };
                let sample = OwnedSample {
                    stream: id,
                    source_time: time,
                    server_time: Timestamp::ABSENT,
                    receive_time: START,
                    status,
                    value: value.clone(),
                };
                batch.push(sample.as_sample());
                expected.push(Point {
                    time: time.to_string(),
                    value: json_values(value),
                    status: status.into(),
                });
            }
            journal.append(&Commit { batches: &[&batch], now: START, ..Commit::default() }).unwrap();
        }
    }

    /// What a server should have of a stream that was filled.
    pub fn expected(&self, stream: &str) -> Vec<Point> {
        self.expected.borrow().get(stream).cloned().unwrap_or_default()
    }

    pub async fn start(&self) -> Handle {
        Runtime::start(self.config()).await.unwrap()
    }

    /// What the sink last said about itself.
    pub fn status(&self) -> Option<SinkStatus> {
        let reader = Reader::open(self.data()).unwrap();
        SinkStatus::find(SINK, &reader.source_statuses().unwrap())
    }

    /// Waits until nothing waits for the sink.
    pub async fn until_empty(&self) {
        let journal = Reader::open(self.data()).unwrap();
        self.until("everything is delivered", || {
            let waiting = journal.waiting().unwrap();
            waiting.iter().any(|(sink, waiting)| sink == SINK && waiting.rows == 0)
        })
        .await;
    }

    /// Waits until the sink fails with this code.
    pub async fn until_failing(&self, code: &str) -> SinkStatus {
        self.until(&format!("the sink fails with {code}"), || {
            self.status().is_some_and(|status| {
                status.state == SinkState::Failing && status.error_code.as_deref() == Some(code)
            })
        })
        .await;
        self.status().unwrap()
    }

    pub async fn until(&self, what: &str, mut done: impl FnMut() -> bool) {
        let waiting = async {
            while !done() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(waited.is_ok(), "waited in vain until {what}: {:?}", self.status());
    }

    /// The documents in the quarantine.
    pub fn quarantine(&self) -> Vec<Value> {
        let folder = self.data().join("quarantine").join(SINK);
        let mut files: Vec<_> =
            std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
            .iter()
            .map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
            .collect()
    }
}

/// A value as it should arrive, told apart from how the sink writes it.
pub fn json_values(value: &OwnedValue) -> Value {
    match value {
        OwnedValue::Null => Value::Null,
        OwnedValue::Bool(v) => json!(v),
        OwnedValue::Int(v) => json!(v),
        OwnedValue::UInt(v) => json!(v),
        // as people write it: 0.1, not what it is as a double
        OwnedValue::Float(v) => v.to_string().parse().unwrap_or(Value::Null),
        OwnedValue::Double(v) => json!(v),
        OwnedValue::Text(v) => json!(v),
        OwnedValue::Event(v) => json!(v),
        OwnedValue::Bytes(v) => json!(v.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}
