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

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use common::{
    append, append_seconds, at, batch, file_names, historian, open, sample, seal, seconds_of, stream,
};
use tagstore::{CompactOptions, Error, Journal, Reader, SealedFile, StreamId, StreamQuery, Value};

const HOUR: i64 = 3600;

/// One seal per entry, made at that hour of the day, of ten samples each.
fn store(data: &Path, hours: &[i64]) -> (Journal, StreamId) {
    let mut journal = open(data);
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for (n, hour) in (0..).zip(hours) {
        let samples = batch((n * 10..n * 10 + 10).map(|second| sample(id, second, Value::Int(second))));
        append(&mut journal, &samples, hour * HOUR);
        seal(data, &mut journal, 1, hour * HOUR + n).unwrap();
    }
    (journal, id)
}

fn compact(data: &Path, journal: &mut Journal, hour: i64) -> Option<SealedFile> {
    historian(data).compact(journal, &CompactOptions::default(), at(hour * HOUR)).unwrap()
}

#[test]
fn the_seals_of_a_finished_hour_become_one_file() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1, 2, 2]);
    let merged = compact(data.path(), &mut journal, 2).unwrap();
    assert_eq!((merged.first.get(), merged.last.get(), merged.rows), (1, 3, 30));
    assert_eq!(compact(data.path(), &mut journal, 2), None, "hour 2 is not over");
    assert_eq!(file_names(data.path()), ["part-1-3.parquet", "part-4-4.parquet", "part-5-5.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (0..50).collect::<Vec<_>>());
    let summary = Reader::open(data.path()).unwrap().summary().unwrap();
    assert_eq!((summary.sealed_files, summary.sealed_rows, summary.times), (3, 50, Some((at(0), at(49)))));
}

#[test]
fn the_files_of_a_finished_day_become_one_and_days_stay_apart() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 5, 23, 25, 26]);
    while compact(data.path(), &mut journal, 30).is_some() {}
    assert_eq!(file_names(data.path()), ["part-1-4.parquet", "part-5-5.parquet", "part-6-6.parquet"]);
    while compact(data.path(), &mut journal, 50).is_some() {}
    assert_eq!(file_names(data.path()), ["part-1-4.parquet", "part-5-6.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (0..60).collect::<Vec<_>>());
}

#[test]
fn files_are_not_merged_beyond_the_limit() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1, 1, 1]);
    let mut options = CompactOptions::default();
    options.max_rows = 25;
    while historian(data.path()).compact(&mut journal, &options, at(90 * HOUR)).unwrap().is_some() {}
    assert_eq!(file_names(data.path()), ["part-1-2.parquet", "part-3-4.parquet", "part-5-5.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (0..50).collect::<Vec<_>>());
}

#[test]
fn merging_keeps_the_order_of_streams_times_and_arrival() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    for n in 0..4 {
        // both streams, late samples, and several values at one time
        let values = [(ids[1], 5, n), (ids[0], 20 - n, n), (ids[0], 7, 10 + n), (ids[0], 7, 20 + n)];
        append(&mut journal, &batch(values.map(|(id, second, v)| sample(id, second, Value::Int(v)))), 1);
        seal(data.path(), &mut journal, 1, 1).unwrap();
    }
    let all =
        || ids.iter().map(|id| Reader::open(data.path()).unwrap().query(&StreamQuery::new(*id, 99)).unwrap());
    let before: Vec<_> = all().collect();
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [12, 4]);
    compact(data.path(), &mut journal, 1).unwrap();
    assert_eq!(all().collect::<Vec<_>>(), before);
    assert_eq!(file_names(data.path()).len(), 1);
}

#[test]
fn a_crash_after_any_step_of_a_merge_neither_loses_nor_doubles_a_sample() {
    for last_step in 1..=4 {
        let data = tempfile::tempdir().unwrap();
        let (mut journal, id) = store(data.path(), &[1, 1, 1]);
        let folder = historian(data.path());
        let options = CompactOptions::default();
        let plan = folder.plan_merge(&mut journal, &options, at(2 * HOUR)).unwrap().unwrap();
        if last_step >= 2 {
            let written = folder.write_merge(&journal, &plan).unwrap();
            if last_step >= 3 {
                let published = folder.publish(written).unwrap();
                if last_step >= 4 {
                    folder.record_merge(&mut journal, &plan, published, at(2 * HOUR)).unwrap();
                }
            }
        }
        drop((journal, folder));
        assert_eq!(seconds_of(data.path(), id), (0..30).collect::<Vec<_>>(), "after step {last_step}");

        let mut journal = open(data.path());
        append_seconds(&mut journal, id, 30..40);
        seal(data.path(), &mut journal, 1, HOUR).unwrap();
        let merged = compact(data.path(), &mut journal, 2);
        assert_eq!(merged.is_some(), last_step < 4, "after step {last_step}");
        assert_eq!(seconds_of(data.path(), id), (0..40).collect::<Vec<_>>(), "after step {last_step}");
        assert_eq!(
            file_names(data.path()),
            ["part-1-3.parquet", "part-4-4.parquet"],
            "after step {last_step}"
        );
    }
}

#[test]
fn a_damaged_file_stops_the_merge_and_nothing_is_deleted() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = store(data.path(), &[1, 1, 1]);
    let broken = common::files(data.path()).remove(1);
    std::fs::write(&broken, "PAR1").unwrap();
    let refused = historian(data.path()).compact(&mut journal, &CompactOptions::default(), at(2 * HOUR));
    assert!(matches!(&refused, Err(Error::FileDamaged { path, .. }) if *path == broken), "{refused:?}");
    assert_eq!(file_names(data.path()).len(), 3);
}

#[test]
fn a_reader_beside_compaction_sees_every_value_exactly_once() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9]);
    let done = AtomicBool::new(false);
    let mut queries = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut merges = 0;
            while compact(data.path(), &mut journal, 48).is_some() {
                merges += 1;
            }
            done.store(true, SeqCst);
            assert_eq!(merges, 10, "nine hours and the day");
        });
        let reader = Reader::open(data.path()).unwrap();
        while !done.load(SeqCst) && queries < 10_000 {
            let samples = reader.query(&StreamQuery::new(id, usize::MAX)).unwrap();
            let values: Vec<_> = samples.iter().map(|sample| sample.value.to_string()).collect();
            assert_eq!(values, (0..180).map(|value| value.to_string()).collect::<Vec<_>>());
            queries += 1;
        }
    });
    assert!(queries > 0);
    assert_eq!(file_names(data.path()), ["part-1-18.parquet"]);
}

#[test]
fn a_store_of_the_first_layout_is_brought_up_to_date_and_read() {
    let data = tempfile::tempdir().unwrap();
    let (journal, id) = store(data.path(), &[1, 1]);
    drop(journal);
    let database = rusqlite::Connection::open(data.path().join(tagstore::JOURNAL_FILE)).unwrap();
    database
        .execute_batch(
            "DROP TABLE merge_plan; DROP TABLE obsolete_file; ALTER TABLE sealed_file DROP COLUMN level;
             PRAGMA user_version=1",
        )
        .unwrap();
    drop(database);
    assert_eq!(seconds_of(data.path(), id), (0..20).collect::<Vec<_>>());
    let mut journal = open(data.path());
    assert_eq!(compact(data.path(), &mut journal, 2).unwrap().rows, 20);
    assert_eq!(seconds_of(data.path(), id), (0..20).collect::<Vec<_>>());
}
