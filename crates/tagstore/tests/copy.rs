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

use common::{append_seconds, at, files, historian, open, seal, seconds_of, stream};
use tagstore::{CompactOptions, Reader, SealOptions};

#[test]
fn a_copy_goes_on_where_the_original_was() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("mqtt", tagstore::Seq::ZERO).unwrap();
    append_seconds(&mut journal, id, 0..10);
    seal(data.path(), &mut journal, 1, 20).unwrap();
    append_seconds(&mut journal, id, 10..20);
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("data");
    let copied = Reader::open(data.path()).unwrap().copy_to(&target).unwrap();
    assert_eq!((copied.files, copied.missing), (1, Vec::new()));
    // what happens to the original does not concern the copy
    append_seconds(&mut journal, id, 20..30);
    seal(data.path(), &mut journal, 1, 40).unwrap();
    assert_eq!(seconds_of(&target, id), (0..20).collect::<Vec<_>>());
    let mut copy = open(&target);
    assert_eq!(copy.id().unwrap(), journal.id().unwrap());
    assert_eq!(copy.cursors().unwrap().len(), 2);
    assert_eq!(copy.register_streams(&[stream("a"), stream("b")]).unwrap()[0], id);
    let seq = append_seconds(&mut copy, id, 20..25);
    assert_eq!(seq.get(), 3, "numbers go on");
    seal(&target, &mut copy, 1, 50).unwrap();
    assert_eq!(seconds_of(&target, id), (0..25).collect::<Vec<_>>());
    assert_eq!(seconds_of(data.path(), id), (0..30).collect::<Vec<_>>());
    let again = Reader::open(data.path()).unwrap().copy_to(&target);
    assert!(again.is_err(), "a copy is never overwritten");
}

#[test]
fn a_copy_of_a_store_with_a_lost_file_names_it() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for range in [0..10, 10..20] {
        append_seconds(&mut journal, id, range);
        seal(data.path(), &mut journal, 1, 20).unwrap();
    }
    std::fs::remove_file(&files(data.path())[0]).unwrap();
    let place = tempfile::tempdir().unwrap();
    let copied = Reader::open(data.path()).unwrap().copy_to(place.path()).unwrap();
    assert_eq!(copied.missing, ["date=2026-11-23/part-1-1.parquet"]);
    assert_eq!(copied.files, 1);
}

#[test]
fn a_copy_beside_a_busy_writer_is_of_one_instant() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..1);
    let mut sealer = journal.another().unwrap();
    let (copying, appended) = (AtomicBool::new(true), AtomicI64::new(1));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while copying.load(SeqCst) {
                let next = appended.load(SeqCst);
                append_seconds(&mut journal, id, next..next + 5);
                appended.store(next + 5, SeqCst);
            }
        });
        scope.spawn(|| {
            let folder = historian(data.path());
            let mut options = SealOptions::default();
            options.max_rows = 50;
            let mut hour = 1;
            while copying.load(SeqCst) {
                folder.seal(&mut sealer, &options, at(hour * 3600)).unwrap();
                hour += 1;
                folder.compact(&mut sealer, &CompactOptions::default(), at(hour * 3600 + 90_000)).unwrap();
            }
        });
        let reader = Reader::open(data.path()).unwrap();
        for _ in 0..10 {
            let place = tempfile::tempdir().unwrap();
            let before = appended.load(SeqCst);
            let copied = reader.copy_to(place.path()).unwrap();
            assert_eq!(copied.missing, Vec::<String>::new());
            let seconds = seconds_of(place.path(), id);
            assert!(i64::try_from(seconds.len()).unwrap() >= before);
            assert!(
                seconds.iter().zip(0..).all(|(found, expected)| *found == expected),
                "none missing, none twice"
            );
        }
        copying.store(false, SeqCst);
    });
}
