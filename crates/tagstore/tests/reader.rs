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

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::SeqCst};

use common::{append, append_seconds, at, batch, historian, open, sample, seal, seconds_of, stream};
use tagstore::{Commit, Error, Order, Reader, Sample, SealOptions, StreamId, StreamQuery, Timestamp, Value};

fn seconds(data: &std::path::Path, query: &StreamQuery) -> Vec<i64> {
    let samples = Reader::open(data).unwrap().query(query).unwrap();
    samples.iter().map(|sample| (sample.time().ticks() - at(0).ticks()) / 10_000_000).collect()
}

#[test]
fn without_a_journal_there_is_nothing_to_read() {
    let data = tempfile::tempdir().unwrap();
    let refused = Reader::open(data.path());
    assert!(matches!(refused, Err(Error::NoJournal { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0, "reading makes no file");
}

#[test]
fn files_and_journal_are_read_as_one_in_time_order_from_either_end() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    // late samples: the second file reaches back into the first, and the tail into both
    for range in [0..20, 10..30, 5..8] {
        append_seconds(&mut journal, ids[1], 0..3);
        append(&mut journal, &batch(range.map(|s| sample(ids[0], s, Value::Double(s as f64)))), 40);
        if seal(data.path(), &mut journal, 1, 50).is_none() {
            panic!("nothing sealed");
        }
    }
    let mut expected: Vec<i64> = (0..20).chain(10..30).chain(5..8).collect();
    expected.sort_unstable();
    expected.dedup();
    let all = StreamQuery::new(ids[0], 1000);
    assert_eq!(seconds(data.path(), &all), expected);
    for limit in [1, 2, 7, 12, 30, 31] {
        let oldest = StreamQuery { limit, ..all };
        assert_eq!(seconds(data.path(), &oldest), expected[..limit.min(30)]);
        let newest = StreamQuery { order: Order::NewestFirst, ..oldest };
        let backwards: Vec<i64> = expected.iter().rev().take(limit).copied().collect();
        assert_eq!(seconds(data.path(), &newest), backwards);
    }
    let some = StreamQuery { from: Some(at(6)), to: Some(at(12)), ..all };
    assert_eq!(seconds(data.path(), &some), vec![6, 7, 8, 9, 10, 11]);
    assert_eq!(
        seconds(data.path(), &StreamQuery { from: Some(at(12)), to: Some(at(12)), ..all }),
        Vec::<i64>::new()
    );
    assert_eq!(seconds(data.path(), &StreamQuery { limit: 0, ..all }), Vec::<i64>::new());
    assert_eq!(seconds(data.path(), &StreamQuery::new(StreamId::new(77), 9)), Vec::<i64>::new());
}

#[test]
fn a_repetition_is_shown_once_but_a_value_that_comes_back_is_not_taken_for_one() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let on = sample(id, 1, Value::Bool(true));
    let off = sample(id, 1, Value::Bool(false));
    let again = Sample { receive_time: at(9), ..on };
    append(&mut journal, &batch([on, again, off]), 2);
    seal(data.path(), &mut journal, 100, 3);
    append(&mut journal, &batch([off, on]), 4);
    let values = |order| -> Vec<String> {
        let query = StreamQuery { order, ..StreamQuery::new(id, 100) };
        let samples = Reader::open(data.path()).unwrap().query(&query).unwrap();
        samples.iter().map(|sample| format!("{} {}", sample.value, sample.receive_time == at(9))).collect()
    };
    assert_eq!(values(Order::OldestFirst), ["true false", "false false", "true false"]);
    assert_eq!(values(Order::NewestFirst), ["true false", "false false", "true false"]);
}

#[test]
fn samples_without_a_source_time_are_found_by_the_next_best() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let no_source =
        Sample { source_time: Timestamp::ABSENT, server_time: at(20), ..sample(id, 1, Value::Int(1)) };
    let neither = Sample { server_time: Timestamp::ABSENT, receive_time: at(10), ..no_source };
    append(&mut journal, &batch([no_source, neither, neither, sample(id, 15, Value::Int(1))]), 2);
    let query = StreamQuery { from: Some(at(9)), to: Some(at(21)), ..StreamQuery::new(id, 100) };
    assert_eq!(seconds(data.path(), &query), vec![10, 10, 15, 20]);
    seal(data.path(), &mut journal, 100, 3);
    assert_eq!(seconds(data.path(), &query), vec![10, 10, 15, 20]);
}

#[test]
fn a_stream_is_found_by_name_key_or_unique_ending() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let names = ["line1.Tank1.Level", "line1.Tank2.Level", "line1.Pump", "Pump"];
    let ids = journal.register_streams(&names.map(stream)).unwrap();
    let reader = Reader::open(data.path()).unwrap();
    assert_eq!(reader.find_stream("line1.Tank1.Level").unwrap().id, ids[0]);
    assert_eq!(reader.find_stream("Tank2.Level").unwrap().id, ids[1]);
    assert_eq!(reader.find_stream("Pump").unwrap().id, ids[3], "the whole name wins");
    assert_eq!(reader.find_stream("key of line1.Pump").unwrap().id, ids[2]);
    let Err(Error::AmbiguousStream { candidates, .. }) = reader.find_stream("Level") else { panic!() };
    assert_eq!(candidates, &names[..2]);
    assert!(matches!(reader.find_stream("evel"), Err(Error::NoSuchStream { .. })));
}

#[test]
fn the_summary_counts_files_and_journal() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let reader = Reader::open(data.path()).unwrap();
    assert_eq!(reader.summary().unwrap().times, None);
    journal.advance("mqtt", tagstore::Seq::ZERO).unwrap();
    append_seconds(&mut journal, id, 0..10);
    seal(data.path(), &mut journal, 100, 3);
    append_seconds(&mut journal, id, 10..15);
    let summary = reader.summary().unwrap();
    assert_eq!(
        (summary.streams, summary.sealed_rows, summary.sealed_files, summary.unsealed_rows),
        (1, 10, 1, 5)
    );
    assert_eq!((summary.journal.rows, summary.journal.oldest), (15, Some(at(10))));
    assert_eq!(summary.times, Some((at(0), at(14))));
}

#[test]
fn a_missing_or_damaged_file_is_named() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    let sealed = seal(data.path(), &mut journal, 100, 3).unwrap();
    let file = data.path().join("historian").join(&sealed.path);
    let good = std::fs::read(&file).unwrap();
    let query = || Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100));
    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    let damaged = query();
    assert!(matches!(&damaged, Err(Error::FileDamaged { path, .. }) if *path == file), "{damaged:?}");
    std::fs::remove_file(&file).unwrap();
    let missing = query();
    assert!(matches!(&missing, Err(Error::FileMissing { path }) if *path == file), "{missing:?}");
    std::fs::write(&file, &good).unwrap();
    assert_eq!(query().unwrap().len(), 10);
}

#[test]
fn files_that_cannot_hold_what_is_asked_for_are_not_opened() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    for (id, range) in [(ids[0], 0..10), (ids[0], 10..20), (ids[0], 20..30), (ids[1], 0..30)] {
        append_seconds(&mut journal, id, range);
        seal(data.path(), &mut journal, 1, 40).unwrap();
    }
    let files = common::files(data.path());
    // opening one of these would be an error
    std::fs::write(&files[0], "").unwrap();
    std::fs::remove_file(&files[3]).unwrap();
    let all = StreamQuery::new(ids[0], 100);
    assert!(Reader::open(data.path()).unwrap().query(&all).is_err());
    let late = StreamQuery { from: Some(at(10)), ..all };
    assert_eq!(seconds(data.path(), &late), (10..30).collect::<Vec<_>>());
    let newest = StreamQuery { limit: 10, order: Order::NewestFirst, ..all };
    assert_eq!(seconds(data.path(), &newest), (20..30).rev().collect::<Vec<_>>());
    std::fs::copy(&files[1], &files[0]).unwrap();
    std::fs::write(&files[2], "").unwrap();
    let oldest = StreamQuery { limit: 9, from: Some(at(10)), ..all };
    assert_eq!(seconds(data.path(), &oldest), (10..19).collect::<Vec<_>>());
}

#[test]
fn a_reader_beside_a_busy_writer_sees_every_value_exactly_once() {
    const ROWS: i64 = 20;
    const COMMITS: std::ops::Range<i64> = 0..10_000;
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let mut sealer = journal.another().unwrap();
    let [appended, files, queries] = [const { AtomicI64::new(0) }; 3];
    let writing = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for commit in COMMITS {
                append_seconds(&mut journal, id, commit * ROWS..(commit + 1) * ROWS);
                appended.store((commit + 1) * ROWS, SeqCst);
                if commit > 100 && files.load(SeqCst) > 10 && queries.load(SeqCst) > 50 {
                    break;
                }
            }
            writing.store(false, SeqCst);
        });
        scope.spawn(|| {
            let folder = historian(data.path());
            let mut options = SealOptions::default();
            options.max_rows = 100;
            while writing.load(SeqCst) {
                files.fetch_add(
                    i64::from(folder.seal(&mut sealer, &options, at(0)).unwrap().is_some()),
                    SeqCst,
                );
            }
        });
        let reader = Reader::open(data.path()).unwrap();
        while !writer.is_finished() {
            let at_least = appended.load(SeqCst);
            let samples = reader.query(&StreamQuery::new(id, usize::MAX)).unwrap();
            let values: Vec<i64> = samples
                .iter()
                .map(|sample| (sample.source_time.ticks() - at(0).ticks()) / 10_000_000)
                .collect();
            let expected: Vec<i64> = (0..i64::try_from(values.len()).unwrap()).collect();
            assert_eq!(values, expected);
            assert!(expected.len() as i64 >= at_least, "{} of {at_least}", expected.len());
            queries.fetch_add(1, SeqCst);
        }
    });
    let [queries, files] = [queries, files].map(AtomicI64::into_inner);
    assert!(queries > 50 && files > 10, "{queries} queries beside {files} seals");
    assert_eq!(seconds_of(data.path(), id), (0..appended.into_inner()).collect::<Vec<_>>());
}

#[test]
fn a_reader_keeps_reading_after_the_writer_has_gone() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let empty = Commit { now: at(0), ..Commit::default() };
    journal.append(&empty).unwrap();
    let reader = Reader::open(data.path()).unwrap();
    append_seconds(&mut journal, id, 0..10);
    drop(journal);
    assert_eq!(reader.query(&StreamQuery::new(id, 100)).unwrap().len(), 10);
    drop(reader);
    assert_eq!(seconds_of(data.path(), id).len(), 10);
}
