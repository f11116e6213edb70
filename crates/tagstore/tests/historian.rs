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

use std::path::PathBuf;

use common::{
    append, append_seconds, at, batch, damage_row, files, historian, one_of_each, open, sample, seal,
    seconds_of, stream,
};
use tagstore::{
    Error, GapFilter, GapReason, Historian, Journal, OwnedSample, Reader, Sample, SampleBatch, SealOptions,
    Seq, StreamQuery, Timestamp, Value,
};

fn bits(samples: &[OwnedSample]) -> Vec<String> {
    let value = |sample: &OwnedSample| match sample.value.as_value() {
        Value::Float(v) => format!("f32 {:08x}", v.to_bits()),
        Value::Double(v) => format!("f64 {:016x}", v.to_bits()),
        other => format!("{other:?}"),
    };
    samples
        .iter()
        .map(|s| {
            let times = [s.source_time, s.server_time, s.receive_time].map(Timestamp::ticks);
            format!("{} {times:?} {:08x} {}", s.stream, s.status, value(s))
        })
        .collect()
}

#[test]
fn a_sample_of_every_kind_comes_back_from_parquet_bit_for_bit() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let written = one_of_each(id);
    append(&mut journal, &written, 20);
    let from_journal = Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100)).unwrap();
    assert_eq!(from_journal.len(), written.len());

    let sealed = seal(data.path(), &mut journal, 1000, 21).unwrap();
    assert_eq!(sealed.path, PathBuf::from("date=2026-11-23/part-1-1.parquet"));
    assert_eq!((sealed.first, sealed.last, sealed.rows), (Seq::new(1), Seq::new(1), 14));
    assert_eq!(journal.depth().unwrap().rows, 0, "the journal was trimmed");
    let from_file = Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100)).unwrap();
    assert_eq!(bits(&from_file), bits(&from_journal));
}

#[test]
fn absent_and_impossible_times_survive_sealing() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let end_of_time: jiff::Timestamp = "9999-12-30T21:59:59Z".parse().unwrap();
    let times = [Timestamp::ABSENT, end_of_time.into(), Timestamp::MIN, Timestamp::MAX, at(5)];
    let mut written = SampleBatch::new();
    for source_time in times {
        for server_time in times {
            // each another value: what differs in its server time alone is the same sample, told again
            let number = i64::try_from(written.len()).unwrap();
            written.push(Sample { source_time, server_time, ..sample(id, 1, Value::Int(number)) });
        }
    }
    append(&mut journal, &written, 20);
    let before = Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100)).unwrap();
    assert_eq!(before.len(), 25);
    seal(data.path(), &mut journal, 1000, 21).unwrap();
    let after = Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100)).unwrap();
    assert_eq!(bits(&after), bits(&before));
    let without_either =
        after.iter().find(|sample| sample.source_time.is_absent() && sample.server_time.is_absent()).unwrap();
    assert_eq!(without_either.time(), without_either.receive_time);
}

/// What a crash leaves: everything on the disk, nothing in memory.
fn crash(journal: Journal, historian: Historian) {
    drop((journal, historian));
}

#[test]
fn a_crash_after_any_step_of_a_seal_neither_loses_nor_doubles_a_sample() {
    for last_step in 1..=4 {
        let data = tempfile::tempdir().unwrap();
        let mut journal = open(data.path());
        let id = journal.register_streams(&[stream("a")]).unwrap()[0];
        for n in 0..4 {
            append_seconds(&mut journal, id, n * 10..n * 10 + 10);
        }
        let mut options = SealOptions::default();
        options.max_rows = 20;

        let folder = historian(data.path());
        let plan = folder.plan(&mut journal, &options, at(50)).unwrap().unwrap();
        if last_step >= 2 {
            let written = folder.write(&journal, &plan).unwrap();
            if last_step >= 3 {
                let published = folder.publish(written).unwrap();
                if last_step >= 4 {
                    folder.record(&mut journal, published, at(50)).unwrap();
                }
            }
        }
        crash(journal, folder);
        assert_eq!(seconds_of(data.path(), id), (0..40).collect::<Vec<_>>(), "after step {last_step}");

        // more has come meanwhile, and another limit is configured: the plan stays what it was
        let mut journal = open(data.path());
        append_seconds(&mut journal, id, 40..50);
        let sealed = seal(data.path(), &mut journal, 1_000_000, 60).unwrap();
        let expected = if last_step == 4 { (Seq::new(3), Seq::new(5)) } else { (Seq::new(1), Seq::new(2)) };
        assert_eq!((sealed.first, sealed.last), expected, "after step {last_step}");
        assert_eq!(seconds_of(data.path(), id), (0..50).collect::<Vec<_>>(), "after step {last_step}");
        while seal(data.path(), &mut journal, 1_000_000, 60).is_some() {}
        assert_eq!(seconds_of(data.path(), id), (0..50).collect::<Vec<_>>(), "after step {last_step}");
        let names: Vec<_> =
            files(data.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["part-1-2.parquet", "part-3-5.parquet"], "after step {last_step}");
    }
}

#[test]
fn a_seal_is_bounded_by_what_its_rows_take_in_memory_and_says_that_more_is_waiting() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    // compresses to next to nothing
    let text = "z".repeat(100_000);
    for second in 0..4 {
        let mut batch = SampleBatch::new();
        batch.push(Sample { value: Value::Text(&text), ..sample(id, second, Value::Null) });
        append(&mut journal, &batch, second);
    }
    let mut options = SealOptions::default();
    options.max_bytes = 150_000;
    let folder = historian(data.path());
    let mut seal = |now: i64| {
        let sealed = folder.seal(&mut journal, &options, at(now)).unwrap().unwrap();
        (sealed.rows, sealed.more)
    };
    // the third and fourth row are newer than the first seal: what comes in all the time does not make it seal
    // again and again
    assert_eq!(seal(1), (2, false));
    append_seconds(&mut journal, id, 10..11);
    let mut seal = |now: i64| {
        let sealed = folder.seal(&mut journal, &options, at(now)).unwrap().unwrap();
        (sealed.rows, sealed.more)
    };
    assert_eq!(seal(20), (2, true));
    assert_eq!(seal(20), (1, false));
}

#[test]
fn a_file_torn_while_it_was_written_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    let folder = historian(data.path());
    let plan = folder.plan(&mut journal, &SealOptions::default(), at(11)).unwrap().unwrap();
    folder.write(&journal, &plan).unwrap();
    let torn = files(data.path()).remove(0);
    assert!(torn.to_string_lossy().ends_with(".parquet.tmp"), "{torn:?}");
    std::fs::write(&torn, "PAR1 and then the power went").unwrap();
    crash(journal, folder);

    let mut journal = open(data.path());
    seal(data.path(), &mut journal, 100, 12).unwrap();
    assert_eq!(seconds_of(data.path(), id), (0..10).collect::<Vec<_>>());
    assert_eq!(files(data.path()).len(), 1);
}

#[test]
fn a_damaged_row_is_set_aside_and_entered_into_the_ledger_while_the_others_are_sealed() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for n in 0..3 {
        append_seconds(&mut journal, id, n * 10..n * 10 + 10);
    }
    damage_row(data.path(), Seq::new(2));
    let refused = Reader::open(data.path()).unwrap().query(&StreamQuery::new(id, 100));
    assert!(matches!(refused, Err(Error::RowDamaged { seq, .. }) if seq == Seq::new(2)), "{refused:?}");

    let sealed = seal(data.path(), &mut journal, 1000, 40).unwrap();
    assert_eq!((sealed.rows, sealed.damaged), (20, vec![Seq::new(2)]));
    assert_eq!(seconds_of(data.path(), id), (0..10).chain(20..30).collect::<Vec<_>>());
    assert_eq!(journal.damaged().unwrap()[0].0, Seq::new(2));
    let gaps = journal.gaps(&GapFilter { stream: Some(id), ..GapFilter::default() }).unwrap();
    assert_eq!((gaps[0].from, gaps[0].to, gaps[0].reason), (at(10), at(19), GapReason::JournalDamaged));
    assert_eq!(Reader::open(data.path()).unwrap().summary().unwrap().damaged, 1);
}

#[test]
fn a_journal_with_nothing_but_damage_is_sealed_too() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let seq = append_seconds(&mut journal, id, 0..10);
    damage_row(data.path(), seq);
    let sealed = seal(data.path(), &mut journal, 1000, 40).unwrap();
    assert_eq!((sealed.rows, sealed.damaged), (0, vec![seq]));
    assert_eq!(seconds_of(data.path(), id), Vec::<i64>::new());
}

#[test]
fn a_folder_that_another_journal_filled_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    seal(data.path(), &mut journal, 1000, 40).unwrap();
    drop(journal);
    for name in std::fs::read_dir(data.path()).unwrap() {
        let path = name.unwrap().path();
        if path.is_file() {
            std::fs::remove_file(path).unwrap();
        }
    }
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("b")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    let before = files(data.path());
    let refused = historian(data.path()).seal(&mut journal, &SealOptions::default(), at(50));
    assert!(matches!(refused, Err(Error::ForeignHistorian { .. })), "{refused:?}");
    assert_eq!(files(data.path()), before);
    assert_eq!(journal.depth().unwrap().rows, 10, "nothing was lost");
}

#[test]
fn a_row_that_a_newer_version_wrote_stops_the_seal_instead_of_being_dropped() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    let database = rusqlite::Connection::open(data.path().join(tagstore::JOURNAL_FILE)).unwrap();
    let mut blob: Vec<u8> = database.query_row("SELECT blob FROM batch", [], |row| row.get(0)).unwrap();
    blob[4] = 2;
    database.execute("UPDATE batch SET blob = ?1", [blob]).unwrap();
    let refused = historian(data.path()).seal(&mut journal, &SealOptions::default(), at(50));
    assert!(matches!(refused, Err(Error::NewerFormat { found: 2, known: 1, .. })), "{refused:?}");
    assert_eq!(journal.depth().unwrap().rows, 10);
}

#[test]
fn a_file_is_filled_to_the_limit_so_that_a_full_one_is_known_by_its_rows() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for n in 0..5 {
        append_seconds(&mut journal, id, n * 15..n * 15 + 15);
    }
    let rows: Vec<u64> = std::iter::from_fn(|| Some(seal(data.path(), &mut journal, 20, 99)?.rows)).collect();
    assert_eq!(rows, [30, 30, 15]);
}

#[test]
fn rows_go_to_the_day_on_which_they_were_received() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append(&mut journal, &batch([sample(id, 5, Value::Int(5))]), 86_400 + 5);
    let sealed = seal(data.path(), &mut journal, 1000, 90_000).unwrap();
    assert_eq!(sealed.path, PathBuf::from("date=2026-11-24/part-1-1.parquet"));
}

#[test]
fn a_sink_that_is_behind_keeps_its_rows_after_they_are_sealed() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("mqtt", Seq::ZERO).unwrap();
    let first = append_seconds(&mut journal, id, 0..10);
    append_seconds(&mut journal, id, 10..20);
    journal.advance("mqtt", first).unwrap();
    seal(data.path(), &mut journal, 1000, 40).unwrap();
    let left = journal.read_after(Seq::ZERO, 1000).unwrap();
    assert_eq!(left.iter().map(|(seq, _)| seq.get()).collect::<Vec<_>>(), vec![2]);
    assert_eq!(seconds_of(data.path(), id), (0..20).collect::<Vec<_>>(), "what is in both is seen once");
    journal.remove_sink("mqtt").unwrap();
    assert_eq!(journal.trim().unwrap(), 1);
}

#[test]
fn an_unwritable_folder_is_a_disk_error_and_the_next_seal_goes_through() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    let folder = historian(data.path());
    // a file where the folder of the day should be: works for root, too, whom permissions do not stop
    let obstacle = data.path().join("historian/date=2026-11-23");
    std::fs::write(&obstacle, "").unwrap();
    let failed = folder.seal(&mut journal, &SealOptions::default(), at(50));
    assert!(matches!(&failed, Err(error) if error.is_disk()), "{failed:?}");
    assert_eq!(seconds_of(data.path(), id), (0..10).collect::<Vec<_>>());
    std::fs::remove_file(&obstacle).unwrap();
    assert_eq!(folder.seal(&mut journal, &SealOptions::default(), at(51)).unwrap().unwrap().rows, 10);
    assert_eq!(seconds_of(data.path(), id), (0..10).collect::<Vec<_>>());
}

#[test]
fn hostile_names_stay_data() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let name = "../../x'); DROP TABLE stream; --\n$(reboot)";
    let id = journal.register_streams(&[stream(name)]).unwrap()[0];
    append_seconds(&mut journal, id, 0..3);
    seal(data.path(), &mut journal, 1000, 40).unwrap();
    let mut names: Vec<String> = std::fs::read_dir(data.path().join("historian"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["date=2026-11-23", "journal-id", "streams.parquet", "views.sql"]);
    assert!(!std::fs::read_to_string(data.path().join("historian/views.sql")).unwrap().contains("reboot"));
    assert_eq!(Reader::open(data.path()).unwrap().find_stream(name).unwrap().id, id);
}
