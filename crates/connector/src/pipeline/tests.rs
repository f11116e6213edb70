use std::path::Path;
use std::time::Duration;

use tagstore::{Journal, JournalOptions, NewStream, Sample, Seq, StreamId, Timestamp, Value, WhenFull};
use tokio::sync::broadcast;

use super::{Entry, Writer, WriterThread};
use crate::event::{Event, EventKind, Events};
use crate::watchdog::{Part, Watchdog};

const PATIENCE: Duration = Duration::from_secs(20);

fn start(dir: &Path, options: JournalOptions) -> (Writer, WriterThread, broadcast::Receiver<Event>) {
    let (sender, events) = broadcast::channel(64);
    let journal = Journal::open(dir.join(tagstore::JOURNAL_FILE), options).unwrap();
    let (writer, thread) =
        Writer::start(journal, Events(sender), Watchdog::new().life(Part::Writer)).unwrap();
    (writer, thread, events)
}

async fn register(writer: &Writer) -> StreamId {
    let stream = NewStream {
        key: "urn:s|nsu=urn:p;s=a".to_owned(),
        name: "plc.a".to_owned(),
        source: "plc".to_owned(),
        ..NewStream::default()
    };
    writer.register(vec![stream]).await.unwrap()[0]
}

fn entry(stream: StreamId, rows: i64, state: &str) -> Entry {
    let mut entry = Entry::default();
    for row in 0..rows {
        entry.batch.push(Sample {
            stream,
            source_time: Timestamp::from_ticks(1 + row),
            server_time: Timestamp::ABSENT,
            receive_time: Timestamp::from_ticks(1),
            status: 0,
            value: Value::Int(row),
        });
    }
    entry.states.push(("progress".to_owned(), state.as_bytes().to_vec()));
    entry
}

#[tokio::test]
async fn entry_is_on_the_disk_with_its_state_when_it_is_called_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, thread, _events) = start(dir.path(), JournalOptions::default());
    let stream = register(&writer).await;
    let first = writer.append(entry(stream, 3, "one")).await.unwrap();
    let second = writer.append(entry(stream, 2, "two")).await.unwrap();
    tokio::time::timeout(PATIENCE, second).await.unwrap().unwrap();
    assert!(first.await.is_ok(), "what was handed over before is durable before");
    // as after a kill: nothing is flushed at the end
    drop((writer, thread));
    let journal = Journal::open(dir.path().join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let rows: usize = journal.read_after(Seq::ZERO, 100).unwrap().iter().map(|(_, batch)| batch.len()).sum();
    assert_eq!(rows, 5);
    assert_eq!(journal.state("progress").unwrap().as_deref(), Some(b"two".as_slice()));
}

#[tokio::test]
async fn nothing_is_called_durable_while_the_disk_refuses() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::default();
    options.max_bytes = Some(256 * 1024);
    let (writer, thread, mut events) = start(dir.path(), options);
    let stream = register(&writer).await;
    let mut confirmed = 0;
    let refused = loop {
        let mut big = entry(stream, 0, "s");
        let text = format!("{confirmed:08}").repeat(4000);
        big.batch.push(Sample {
            stream,
            source_time: Timestamp::from_ticks(1),
            server_time: Timestamp::ABSENT,
            receive_time: Timestamp::from_ticks(1),
            status: 0,
            value: Value::Bytes(&noise(text.as_bytes())),
        });
        let mut done = writer.append(big).await.unwrap();
        tokio::select! {
            durable = &mut done => { durable.unwrap(); confirmed += 1; }
            event = events.recv() => match event.unwrap().kind {
                EventKind::StorageFailed { .. } => break done,
                other => panic!("{other:?}"),
            }
        }
        assert!(confirmed < 1000, "the journal never filled up");
    };
    assert!(writer.trouble().unwrap().detail.contains("limit of"), "{:?}", writer.trouble());
    drop((writer, thread));
    assert!(refused.await.is_err(), "given up, not confirmed");
}

#[tokio::test]
async fn what_waits_for_the_disk_is_bounded_in_bytes_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::default();
    options.max_bytes = Some(256 * 1024);
    let (writer, thread, mut events) = start(dir.path(), options);
    let stream = register(&writer).await;
    let large = vec![7; 1 << 20];
    let entry_of = |value: &[u8]| {
        let mut large = entry(stream, 0, "s");
        let (time, value) = (Timestamp::from_ticks(1), Value::Bytes(value));
        let server_time = Timestamp::ABSENT;
        large.batch.push(Sample {
            stream,
            source_time: time,
            server_time,
            receive_time: time,
            status: 0,
            value,
        });
        large
    };
    // what does not fit holds up all that follows
    let mut waiting = vec![writer.append(entry_of(&noise(&large))).await.unwrap()];
    let failed = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    assert!(matches!(failed.kind, EventKind::StorageFailed { .. }), "{failed:?}");
    loop {
        tokio::select! {
            biased;
            durable = writer.append(entry_of(&large)) => waiting.push(durable.unwrap()),
            () = std::future::ready(()) => break,
        }
        assert!(waiting.len() < 100, "a hundred megabytes are taken in");
    }
    assert!(waiting.len() > 30, "{} entries of a megabyte are taken in", waiting.len());
    assert!(writer.is_behind());
    drop((writer, thread));
}

#[tokio::test]
async fn what_a_full_journal_lets_go_is_told_and_history_waits_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::default();
    options.max_bytes = Some(400_000);
    options.when_full = WhenFull::DropOldest { spare_unsealed: Duration::ZERO };
    let (writer, thread, mut events) = start(dir.path(), options);
    let stream = register(&writer).await;
    assert!(!writer.is_behind());
    for second in 0..40 {
        let (time, bytes) =
            (Timestamp::from_ticks(second + 1), noise(&[u8::try_from(second).unwrap(); 20_000]));
        let (server_time, value) = (Timestamp::ABSENT, Value::Bytes(&bytes));
        let mut large = Entry::default();
        large.batch.push(Sample {
            stream,
            source_time: time,
            server_time,
            receive_time: time,
            status: 0,
            value,
        });
        writer.append(large).await.unwrap().await.unwrap();
    }
    let dropped = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
    let EventKind::Dropped { values, lost, sinks } = dropped.kind else { panic!("{dropped:?}") };
    assert!(values > 0 && values == lost && sinks.is_empty(), "{values} {lost} {sinks:?}");
    assert_eq!(writer.trouble(), None);
    assert!(writer.is_behind(), "what history would fill now would push out others");
    drop((writer, thread));
}

/// Bytes that do not compress, so that the journal really grows.
fn noise(seed: &[u8]) -> Vec<u8> {
    let mut state =
        seed.iter().fold(1_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    (0..seed.len())
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .collect()
}
