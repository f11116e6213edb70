//! Gaps that are filled from history, and jobs that fetch the past: state and progress.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::{append_seconds, at, batch, historian, open, sample, seal, seconds_of, stream};
use tagstore::{
    Commit, CompactOptions, Error, FillOf, FillState, FillUpdate, GapFilter, GapReason, JOURNAL_FILE,
    JobState, Journal, NewGap, NewJob, Orders, Reader, StreamId, Tally, Timestamp, Value,
};

fn gap(stream: Option<StreamId>, from: i64, to: i64) -> NewGap {
    NewGap {
        source: "line1".to_owned(),
        stream,
        from: at(from),
        to: at(to),
        reason: GapReason::QueueOverflow,
        detail: String::new(),
    }
}

fn write_gap(journal: &mut Journal, gap: NewGap, now: i64) {
    journal.append(&Commit { gaps: &[gap], now: at(now), ..Commit::default() }).unwrap();
}

fn filled(id: i64, state: FillState, (from, to): (i64, i64), checkpoint: Option<&str>) -> FillUpdate {
    FillUpdate {
        of: FillOf::Gap { id, state, from: at(from), to: at(to), tries: 0, retry_at: None },
        cause: None,
        tally: Tally { streams: 3, complete: 2, without_history: 1, ..Tally::default() },
        checkpoint: checkpoint.map(|text| text.as_bytes().to_vec()),
    }
}

fn write(journal: &mut Journal, update: FillUpdate) {
    journal.append(&Commit { fills: &[update], now: at(100), ..Commit::default() }).unwrap();
}

fn next(data: &std::path::Path, complete: i64, now: i64) -> Option<(i64, Option<Vec<u8>>)> {
    let reader = Reader::open(data).unwrap();
    let next = reader.next_gap("line1", at(complete), at(now - 2), at(now)).unwrap();
    next.map(|open| (open.gap.id, open.checkpoint))
}

fn states(data: &std::path::Path) -> Vec<FillState> {
    let gaps = Reader::open(data).unwrap().gaps(&GapFilter::default()).unwrap();
    gaps.into_iter().map(|gap| gap.repair.state).collect()
}

#[test]
fn the_newest_gap_that_is_over_and_settled_comes_first() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    for (from, to) in [(10, 20), (50, 60), (30, 40)] {
        write_gap(&mut journal, gap(None, from, to), 70);
    }
    assert_eq!(next(data.path(), 100, 80), Some((2, None)));
    assert_eq!(next(data.path(), 59, 80), Some((3, None)), "what comes by itself is waited for");
    assert_eq!(next(data.path(), 100, 71), None, "it may still grow");
    write(&mut journal, filled(2, FillState::Filled, (50, 60), None));
    write(&mut journal, filled(3, FillState::Open, (30, 40), Some("half way")));
    assert_eq!(next(data.path(), 100, 80), Some((3, Some(b"half way".to_vec()))));
    write(&mut journal, filled(3, FillState::Unfillable, (30, 40), None));
    assert_eq!(next(data.path(), 100, 80), Some((1, None)));
    assert_eq!(states(data.path()), [FillState::Open, FillState::Unfillable, FillState::Filled]);
    let counts = Reader::open(data.path()).unwrap().gap_counts(Some("line1")).unwrap();
    assert_eq!((counts.open, counts.filled, counts.partly, counts.unfillable), (1, 1, 0, 1));
}

#[test]
fn a_gap_that_is_prolonged_after_it_was_filled_is_open_again() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("line1.Level")]).unwrap()[0];
    write_gap(&mut journal, gap(Some(id), 10, 20), 30);
    write(&mut journal, filled(1, FillState::Filled, (10, 20), None));
    assert_eq!(states(data.path()), [FillState::Filled]);
    write_gap(&mut journal, gap(Some(id), 20, 25), 40);
    assert_eq!(states(data.path()), [FillState::Open]);
    let reader = Reader::open(data.path()).unwrap();
    let open = reader.next_gap("line1", at(100), at(90), at(92)).unwrap().unwrap();
    assert_eq!(open.before, Some((at(10), at(20), FillState::Filled)));
    assert_eq!((open.gap.from, open.gap.to), (at(10), at(25)));
}

#[test]
fn a_gap_that_was_refused_waits_for_its_next_try() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    write_gap(&mut journal, gap(None, 10, 20), 30);
    let mut update = filled(1, FillState::Open, (10, 20), None);
    if let FillOf::Gap { retry_at, .. } = &mut update.of {
        *retry_at = Some(at(200));
    }
    update.cause = Some("the server refused: BadResourceUnavailable".to_owned());
    write(&mut journal, update);
    assert_eq!((next(data.path(), 100, 199), next(data.path(), 100, 200)), (None, Some((1, None))));
    let gaps = journal.gaps(&GapFilter::default()).unwrap();
    assert_eq!(gaps[0].repair.cause.as_deref(), Some("the server refused: BadResourceUnavailable"));
    assert_eq!((gaps[0].repair.retry_at, gaps[0].repair.tally.without_history), (Some(at(200)), 1));
}

fn job(stream: Option<StreamId>) -> NewJob {
    NewJob {
        source: "line1".to_owned(),
        stream,
        pattern: None,
        from: at(0),
        to: at(50),
        origin: "command",
        checkpoint: None,
    }
}

fn progress(id: i64, state: JobState, read: u64) -> FillUpdate {
    FillUpdate {
        of: FillOf::Job { id, state },
        cause: None,
        tally: Tally { read, added: read, ..Tally::default() },
        checkpoint: Some(b"here".to_vec()),
    }
}

#[test]
fn a_job_is_ordered_beside_the_writer_and_its_progress_comes_with_its_samples() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("line1.Level")]).unwrap()[0];
    let mut orders = Orders::open(data.path().join(JOURNAL_FILE)).unwrap();
    assert_eq!(orders.order(&job(Some(id)), at(60)).unwrap(), 1);
    let reader = Reader::open(data.path()).unwrap();
    let waiting = reader.next_job("line1").unwrap().unwrap();
    assert_eq!((waiting.state, waiting.stream, waiting.created_at), (JobState::Waiting, Some(id), at(60)));
    assert_eq!(reader.next_job("line2").unwrap(), None);

    let samples = batch([sample(id, 7, Value::Int(7))]);
    let update = progress(1, JobState::Running, 1);
    let commit = Commit { batches: &[&samples], fills: &[update], now: at(61), ..Commit::default() };
    journal.append(&commit).unwrap();
    let running = reader.next_job("line1").unwrap().unwrap();
    assert_eq!((running.state, running.tally.read), (JobState::Running, 1));
    assert_eq!(running.checkpoint.as_deref(), Some(b"here".as_slice()));
    assert_eq!(seconds_of(data.path(), id), [7]);
}

#[test]
fn a_job_that_was_paused_stays_so_whatever_is_written_and_goes_on_when_resumed() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let mut orders = Orders::open(data.path().join(JOURNAL_FILE)).unwrap();
    orders.order(&job(None), at(60)).unwrap();
    write(&mut journal, progress(1, JobState::Running, 5));
    assert_eq!(orders.change(1, JobState::Paused, at(61)).unwrap().unwrap().state, JobState::Paused);
    write(&mut journal, progress(1, JobState::Running, 9));
    let reader = Reader::open(data.path()).unwrap();
    assert_eq!(reader.next_job("line1").unwrap(), None);
    let paused = &reader.jobs(10).unwrap()[0];
    assert_eq!((paused.state, paused.tally.read), (JobState::Paused, 9));
    orders.change(1, JobState::Waiting, at(62)).unwrap();
    assert_eq!(reader.next_job("line1").unwrap().unwrap().checkpoint.as_deref(), Some(b"here".as_slice()));
    write(&mut journal, progress(1, JobState::Done, 9));
    assert_eq!(orders.change(1, JobState::Cancelled, at(63)).unwrap().unwrap().state, JobState::Done);
    assert_eq!(orders.change(2, JobState::Cancelled, at(63)).unwrap(), None);
}

#[test]
fn a_journal_from_before_there_was_filling_is_read_and_brought_up_to_date() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    write_gap(&mut journal, gap(None, 10, 20), 30);
    drop(journal);
    let path = data.path().join(JOURNAL_FILE);
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "DROP TABLE sink_loss; DROP TABLE gap_fill; DROP TABLE backfill; ALTER TABLE stream DROP COLUMN range_low;
             ALTER TABLE stream DROP COLUMN range_high; ALTER TABLE stream DROP COLUMN states;
             PRAGMA user_version=3",
        )
        .unwrap();
    drop(database);
    let reader = Reader::open(data.path()).unwrap();
    assert_eq!(reader.gaps(&GapFilter::default()).unwrap()[0].repair.state, FillState::Open);
    assert_eq!(reader.gap_counts(None).unwrap().open, 1);
    assert_eq!((reader.jobs(9).unwrap(), reader.job(1).unwrap()), (vec![], None));
    let mut orders = Orders::open(&path).unwrap();
    orders.order(&job(None), Timestamp::from_ticks(1)).unwrap();
    assert_eq!(reader.jobs(9).unwrap().len(), 1);
    assert_eq!(reader.next_gap("line1", at(99), at(98), at(99)).unwrap().unwrap().gap.id, 1);
}

#[test]
fn nothing_can_be_ordered_where_nothing_was_ever_collected() {
    let data = tempfile::tempdir().unwrap();
    let refused = Orders::open(data.path().join(JOURNAL_FILE));
    assert!(matches!(refused, Err(Error::NoJournal { .. })), "{refused:?}");
}

#[test]
fn what_is_filled_into_an_hour_that_was_sealed_lies_in_its_place_in_time() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("line1.Level")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..5);
    append_seconds(&mut journal, id, 10..15);
    seal(data.path(), &mut journal, 1000, 20);
    append_seconds(&mut journal, id, 5..10);
    assert_eq!(seconds_of(data.path(), id), (0..15).collect::<Vec<_>>(), "from file and journal");
    seal(data.path(), &mut journal, 1000, 30);
    assert_eq!(seconds_of(data.path(), id), (0..15).collect::<Vec<_>>(), "from two files");
    let merged =
        historian(data.path()).compact(&mut journal, &CompactOptions::default(), at(90_000)).unwrap();
    assert_eq!(merged.unwrap().rows, 15);
    assert_eq!(seconds_of(data.path(), id), (0..15).collect::<Vec<_>>(), "from one");
}

#[test]
fn a_job_that_is_done_has_the_gaps_inside_its_interval_tried_again() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    for (from, to) in [(10, 20), (30, 40), (45, 60)] {
        write_gap(&mut journal, gap(None, from, to), 70);
    }
    write(&mut journal, filled(1, FillState::Unfillable, (10, 20), None));
    write(&mut journal, filled(2, FillState::Filled, (30, 40), None));
    write(&mut journal, filled(3, FillState::Partly, (45, 60), None));
    Orders::open(data.path().join(JOURNAL_FILE)).unwrap().order(&job(None), at(71)).unwrap();
    write(&mut journal, progress(1, JobState::Running, 1));
    assert_eq!(states(data.path()), [FillState::Unfillable, FillState::Filled, FillState::Partly]);
    write(&mut journal, progress(1, JobState::Done, 1));
    assert_eq!(states(data.path()), [FillState::Open, FillState::Filled, FillState::Partly], "0 to 50 s");
}
