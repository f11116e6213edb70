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
use tagstore::{
    CompactOptions, Error, GapFilter, GapReason, Journal, Reader, SealedFile, StreamId, StreamQuery,
    Timestamp, Value,
};

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
            let written = folder.write_merge(&journal, &plan, &mut || true).unwrap();
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

/// Reason and interval of every gap, in seconds.
fn gaps(data: &Path) -> Vec<(GapReason, Timestamp, Timestamp)> {
    let gaps = Reader::open(data).unwrap().gaps(&GapFilter::default()).unwrap();
    gaps.iter().map(|gap| (gap.reason, gap.from, gap.to)).collect()
}

#[test]
fn a_damaged_file_is_put_on_the_ledger_and_neither_deleted_nor_in_the_way_of_the_others() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1, 1, 1]);
    let broken = common::files(data.path()).remove(2);
    let whole = std::fs::metadata(&broken).unwrap().len();
    std::fs::write(&broken, vec![b'P'; usize::try_from(whole).unwrap()]).unwrap();
    assert_eq!(historian(data.path()).check(&mut journal, at(2 * HOUR)).unwrap(), [] as [&Path; 0]);
    let query = || Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 999));
    assert!(matches!(query(), Err(Error::FileDamaged { .. })));

    let refused = historian(data.path()).compact(&mut journal, &CompactOptions::default(), at(2 * HOUR));
    assert!(matches!(&refused, Err(Error::FileDamaged { path, .. }) if *path == broken), "{refused:?}");
    assert_eq!(file_names(data.path()).len(), 5);
    assert_eq!(gaps(data.path()), [(GapReason::HistorianDamaged, at(20), at(29))]);
    while compact(data.path(), &mut journal, 2).is_some() {}
    assert_eq!(file_names(data.path()), ["part-1-2.parquet", "part-3-3.parquet", "part-4-5.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (0..20).chain(30..50).collect::<Vec<_>>());
    assert_eq!(gaps(data.path()).len(), 1, "once");
}

#[test]
fn a_file_that_somebody_deleted_or_cut_is_found_and_its_time_is_on_the_ledger() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1]);
    let files = common::files(data.path());
    std::fs::remove_file(&files[0]).unwrap();
    std::fs::File::options().write(true).open(&files[2]).unwrap().set_len(100).unwrap();
    let folder = historian(data.path());
    assert_eq!(folder.check(&mut journal, at(9)).unwrap(), [files[0].clone(), files[2].clone()]);
    assert_eq!(folder.check(&mut journal, at(9)).unwrap(), [] as [&Path; 0], "known already");
    let damaged = GapReason::HistorianDamaged;
    assert_eq!(gaps(data.path()), [(damaged, at(0), at(9)), (damaged, at(20), at(29))]);
    assert_eq!(seconds_of(data.path(), id), (10..20).collect::<Vec<_>>());
}

#[test]
fn a_folder_that_is_away_as_a_whole_condemns_no_file() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = store(data.path(), &[1]);
    let folder = historian(data.path());
    std::fs::rename(folder.dir(), data.path().join("elsewhere")).unwrap();
    assert!(matches!(folder.check(&mut journal, at(9)), Err(Error::Disk { .. })));
    std::fs::rename(data.path().join("elsewhere"), folder.dir()).unwrap();
    assert_eq!(folder.check(&mut journal, at(9)).unwrap(), [] as [&Path; 0]);
    assert_eq!(gaps(data.path()), []);
}

#[test]
fn a_merge_that_is_stopped_leaves_everything_as_it_was_and_is_done_later() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1]);
    let before = file_names(data.path());
    let options = CompactOptions::default();
    let stopped = historian(data.path()).compact_while(&mut journal, &options, at(2 * HOUR), &mut || false);
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert_eq!(file_names(data.path()), before);
    let rest = std::fs::read_dir(before_folder(data.path())).unwrap().count();
    assert_eq!(rest, 3, "no temporary file");
    assert_eq!(compact(data.path(), &mut journal, 2).unwrap().rows, 30);
    assert_eq!(seconds_of(data.path(), id), (0..30).collect::<Vec<_>>());
}

/// The folder of the first day.
fn before_folder(data: &Path) -> std::path::PathBuf {
    common::files(data).remove(0).parent().unwrap().to_owned()
}

#[test]
fn no_more_files_are_open_at_a_time_than_allowed() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 1, 1, 1, 1]);
    let mut options = CompactOptions::default();
    options.max_files = 3;
    while historian(data.path()).compact(&mut journal, &options, at(2 * HOUR)).unwrap().is_some() {}
    assert_eq!(file_names(data.path()), ["part-1-3.parquet", "part-4-5.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (0..50).collect::<Vec<_>>());
}

#[test]
fn files_that_were_received_too_long_ago_go_one_day_at_a_time() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, id) = store(data.path(), &[1, 2, 25, 26, 49]);
    let folder = historian(data.path());
    assert_eq!(folder.retire(&mut journal, at(HOUR)).unwrap(), None);
    let first = folder.retire(&mut journal, at(26 * HOUR)).unwrap().unwrap();
    assert_eq!((first.files, first.rows), (2, 20));
    let second = folder.retire(&mut journal, at(26 * HOUR)).unwrap().unwrap();
    assert_eq!((second.files, second.rows), (1, 10));
    assert_eq!(folder.retire(&mut journal, at(26 * HOUR)).unwrap(), None);
    assert_eq!(file_names(data.path()), ["part-4-4.parquet", "part-5-5.parquet"]);
    assert_eq!(seconds_of(data.path(), id), (30..50).collect::<Vec<_>>());
    assert_eq!(gaps(data.path()), [], "the administrator wanted it");
}

#[test]
fn a_file_that_a_merge_in_progress_needs_does_not_go_before_it_is_done() {
    let data = tempfile::tempdir().unwrap();
    let (mut journal, _) = store(data.path(), &[1, 1]);
    let folder = historian(data.path());
    folder.plan_merge(&mut journal, &CompactOptions::default(), at(2 * HOUR)).unwrap().unwrap();
    assert_eq!(folder.retire(&mut journal, at(90 * HOUR)).unwrap(), None);
    compact(data.path(), &mut journal, 2).unwrap();
    assert_eq!(folder.retire(&mut journal, at(90 * HOUR)).unwrap().unwrap().files, 1);
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
            "DROP TABLE sink_loss; DROP TABLE merge_plan; DROP TABLE obsolete_file; ALTER TABLE sealed_file DROP COLUMN level;
             ALTER TABLE stream DROP COLUMN range_low; ALTER TABLE stream DROP COLUMN range_high;
             ALTER TABLE stream DROP COLUMN states; PRAGMA user_version=1",
        )
        .unwrap();
    drop(database);
    assert_eq!(seconds_of(data.path(), id), (0..20).collect::<Vec<_>>());
    let mut journal = open(data.path());
    assert_eq!(compact(data.path(), &mut journal, 2).unwrap().rows, 20);
    assert_eq!(seconds_of(data.path(), id), (0..20).collect::<Vec<_>>());
}
