//! The historian's upkeep while the connector runs: files are merged, missed, and deleted when they are old enough.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use connector::{Config, Runtime, identity};
use tagstore::{
    Commit, GapFilter, GapReason, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, JournalOptions, NewStream,
    Reader, Sample, SampleBatch, SealOptions, StreamId, StreamQuery, Timestamp, Value,
};
use ua_pki::Store;

const HOUR: i64 = 36_000_000_000;

/// A configured connector without a source, and a store with ten samples for each entry, sealed so many hours ago.
fn site(settings: &str, hours_ago: &[i64]) -> (tempfile::TempDir, Config, StreamId) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lockgate.toml");
    Config::create(&path, "lockgate", "urn:localhost:lockgate").unwrap();
    let text =
        std::fs::read_to_string(&path).unwrap().replace("[storage]", &format!("[storage]\n{settings}"));
    let config = Config::parse(&text, &path).unwrap();
    let store = Store::open(&config.pki).unwrap();
    let start = "2026-01-01T00:00:00Z".parse().unwrap();
    identity::ensure(&config, &store, vec!["localhost".to_owned()], vec![], start).unwrap();
    let data = &config.storage.data;
    let mut journal = Journal::open(data.join(JOURNAL_FILE), JournalOptions::default()).unwrap();
    let historian = Historian::open(data.join(HISTORIAN_DIR)).unwrap();
    let stream = NewStream {
        key: "key".to_owned(),
        name: "line1.Level".to_owned(),
        source: "line1".to_owned(),
        data_type: None,
        unit: None,
        ..NewStream::default()
    };
    let id = journal.register_streams(&[stream]).unwrap()[0];
    #[expect(clippy::disallowed_methods, reason = "the connector will ask the same clock")]
    let now = Timestamp::from(jiff::Timestamp::now()).ticks();
    for (file, hours) in (0..).zip(hours_ago) {
        let sealed = Timestamp::from_ticks(now - hours * HOUR);
        let mut batch = SampleBatch::new();
        for value in file * 10..file * 10 + 10 {
            batch.push(Sample {
                stream: id,
                source_time: sealed,
                server_time: Timestamp::from_ticks(sealed.ticks() + value),
                receive_time: sealed,
                status: 0,
                value: Value::Int(value),
            });
        }
        journal.append(&Commit { batches: &[&batch], now: sealed, ..Commit::default() }).unwrap();
        historian.seal(&mut journal, &SealOptions::default(), sealed).unwrap().unwrap();
    }
    (dir, config, id)
}

fn files(data: &Path) -> Vec<PathBuf> {
    let days = std::fs::read_dir(data.join(HISTORIAN_DIR)).unwrap().map(|day| day.unwrap().path());
    let mut files: Vec<_> = days
        .filter(|day| day.is_dir())
        .flat_map(|day| std::fs::read_dir(day).unwrap().map(|file| file.unwrap().path()))
        .collect();
    files.sort();
    files
}

fn values(data: &Path, id: StreamId) -> usize {
    Reader::open(data).unwrap().query(&StreamQuery::new(id, 9999)).unwrap().len()
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test]
async fn the_files_of_earlier_days_become_fewer_while_the_connector_runs_and_nothing_is_lost() {
    let (_dir, config, id) = site("", &[80, 80, 80, 79, 78]);
    let data = config.storage.data.clone();
    assert_eq!(files(&data).len(), 5);
    let handle = Runtime::start(config).await.unwrap();
    // 80 hours ago and 78 hours ago may be two days
    until("merged", || files(&data).len() <= 2).await;
    handle.stop().await.unwrap();
    assert_eq!(values(&data, id), 50);
}

#[tokio::test]
async fn a_file_that_was_deleted_by_hand_is_on_the_gap_ledger_soon_after_the_start() {
    let (_dir, config, id) = site("", &[1, 1, 1]);
    let data = config.storage.data.clone();
    std::fs::remove_file(&files(&data)[1]).unwrap();
    let handle = Runtime::start(config).await.unwrap();
    let gaps = || Reader::open(&data).unwrap().gaps(&GapFilter::default()).unwrap();
    until("on the ledger", || gaps().iter().any(|gap| gap.reason == GapReason::HistorianDamaged)).await;
    handle.stop().await.unwrap();
    assert_eq!(gaps()[0].source, "line1");
    assert_eq!(values(&data, id), 20, "the rest can be asked for");
}

#[tokio::test]
async fn samples_that_were_kept_long_enough_go_and_younger_ones_stay() {
    let (_dir, config, id) = site("keep_days = 2", &[72, 1]);
    let data = config.storage.data.clone();
    let handle = Runtime::start(config).await.unwrap();
    until("deleted", || files(&data).len() == 1).await;
    handle.stop().await.unwrap();
    assert_eq!(values(&data, id), 10);
}
