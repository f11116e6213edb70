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

use common::{append, append_seconds, at, batch, damage_row, one_of_each, open, sample, stream};
use tagstore::{
    Commit, DiskTrouble, Error, GapFilter, GapReason, Journal, JournalOptions, NewGap, NewStream, Reader,
    SampleBatch, Seq, StreamId, Timestamp, Value, ValueRange, ValueState,
};

#[test]
fn what_was_appended_is_there_after_reopening() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a")]).unwrap();
    let written = one_of_each(ids[0]);
    let gap = NewGap {
        source: "line1".to_owned(),
        stream: Some(ids[0]),
        from: at(1),
        to: at(2),
        reason: GapReason::SequenceHole,
        detail: "7 to 9".to_owned(),
    };
    let commit = Commit {
        batches: &[&written],
        gaps: &[gap],
        states: &[("line1/sub", b"42")],
        now: at(5),
        ..Commit::default()
    };
    let seq = journal.append(&commit).unwrap();
    drop(journal);

    let journal = open(data.path());
    assert_eq!(journal.read_after(Seq::ZERO, 1000).unwrap(), vec![(seq, written)]);
    assert_eq!(journal.state("line1/sub").unwrap().as_deref(), Some(&b"42"[..]));
    assert_eq!(journal.state("line2/sub").unwrap(), None);
    let gaps = journal.gaps(&GapFilter::default()).unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].from, gaps[0].to, gaps[0].reason), (at(1), at(2), GapReason::SequenceHole));
    assert_eq!((gaps[0].recorded_at, gaps[0].detail.as_str()), (at(5), "7 to 9"));
}

#[test]
fn two_sources_whose_servers_are_copies_of_one_another_keep_their_streams_apart() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let of = |source: &str, name: &str| NewStream {
        source: source.to_owned(),
        name: name.to_owned(),
        ..stream("urn:plc|nsu=urn:model;s=Level")
    };
    let others = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut register = |stream: NewStream, beside: &[&str]| {
        journal.register_streams_beside(&[stream], &others(beside)).unwrap()[0]
    };
    let first = register(of("line1", "line1.Level"), &["line2"]);
    let second = register(of("line2", "line2.Level"), &["line1"]);
    assert_ne!(first, second);
    // in whichever order they come the next time, and when the first is gone
    assert_eq!(register(of("line2", "line2.Level"), &["line1"]), second);
    assert_eq!(register(of("line1", "line1.Level"), &["line2"]), first);
    assert_eq!(register(of("line2", "line2.Level"), &[]), second);
    // a source that got another name takes its streams along
    assert_eq!(register(of("press", "press.Level"), &["line2"]), first);
    let streams = journal.streams().unwrap();
    let shown: Vec<_> =
        streams.iter().map(|s| (s.source.as_str(), s.name.as_str(), s.key.as_str())).collect();
    let key = "key of urn:plc|nsu=urn:model;s=Level";
    assert_eq!(shown, [("press", "press.Level", key), ("line2", "line2.Level", &*format!("line2|{key}"))]);
}

#[test]
fn a_stream_keeps_its_number_when_it_is_renamed() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    let mut renamed = stream("a");
    renamed.name = "pump".to_owned();
    renamed.unit = Some("bar".to_owned());
    assert_eq!(journal.register_streams(&[stream("b"), renamed]).unwrap(), vec![ids[1], ids[0]]);
    let streams = journal.streams().unwrap();
    assert_eq!(streams.len(), 2);
    assert_eq!((streams[0].name.as_str(), streams[0].unit.as_deref()), ("pump", Some("bar")));
}

#[test]
fn registering_known_streams_again_uses_up_no_numbers() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    for _ in 0..50 {
        journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    }
    assert_eq!(journal.register_streams(&[stream("c")]).unwrap(), vec![StreamId::new(3)]);
}

#[test]
fn a_second_writer_is_refused_and_told_who_holds_the_journal() {
    let data = tempfile::tempdir().unwrap();
    let journal = open(data.path());
    let second = Journal::open(data.path().join(tagstore::JOURNAL_FILE), JournalOptions::default());
    let Err(Error::Locked { pid, .. }) = second else { panic!("{second:?}") };
    assert_eq!(pid, Some(std::process::id()));

    let same_process = journal.another().unwrap();
    drop(journal);
    assert!(Journal::open(data.path().join(tagstore::JOURNAL_FILE), JournalOptions::default()).is_err());
    drop(same_process);
    open(data.path());
}

#[test]
fn a_journal_of_a_newer_version_is_refused() {
    let data = tempfile::tempdir().unwrap();
    drop(open(data.path()));
    let path = data.path().join(tagstore::JOURNAL_FILE);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = Journal::open(&path, JournalOptions::default());
    assert!(matches!(refused, Err(Error::NewerFormat { found: 99, .. })), "{refused:?}");
}

#[test]
fn a_database_of_somebody_else_is_refused_and_not_changed() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(tagstore::JOURNAL_FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let refused = Journal::open(&path, JournalOptions::default());
    assert!(matches!(refused, Err(Error::NotOurs { .. })), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "this is not SQLite, but it is long enough to be looked at").unwrap();
    let refused = Journal::open(&path, JournalOptions::default());
    assert!(matches!(refused, Err(Error::NotOurs { .. })), "{refused:?}");
}

#[test]
fn a_damaged_row_is_named_and_the_others_are_read() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let seqs: Vec<Seq> = (0..3).map(|n| append_seconds(&mut journal, id, n * 100..n * 100 + 50)).collect();
    damage_row(data.path(), seqs[1]);

    let before = journal.read_after(Seq::ZERO, usize::MAX).unwrap();
    assert_eq!(before.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), vec![seqs[0]]);
    let damaged = journal.read_after(seqs[0], usize::MAX);
    assert!(matches!(damaged, Err(Error::RowDamaged { seq, .. }) if seq == seqs[1]), "{damaged:?}");
    let after = journal.read_after(seqs[1], usize::MAX).unwrap();
    assert_eq!((after.len(), after[0].1.len()), (1, 50));
}

#[test]
fn a_full_journal_says_so_keeps_nothing_of_the_commit_and_works_again_when_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(tagstore::JOURNAL_FILE);
    let mut options = JournalOptions::default();
    options.max_bytes = Some(400_000);
    let mut journal = Journal::open(&path, options).unwrap();
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let noise = common::noise(50_000);
    let large = batch([sample(id, 1, Value::Bytes(&noise))]);
    let mut stored = 0;
    let error = loop {
        let states: &[(&str, &[u8])] = &[("last", &[stored])];
        match journal.append(&Commit { batches: &[&large], states, now: at(1), ..Commit::default() }) {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
        assert!(stored < 20, "the limit was not kept");
    };
    assert!(matches!(error, Error::Disk { trouble: DiskTrouble::Limit, .. }), "{error:?}");
    assert!(error.is_disk());
    assert!(error.to_string().contains("limit of 400000 bytes"), "{error}");
    assert!(stored > 2);
    assert_eq!(journal.depth().unwrap().rows, u64::from(stored));
    assert_eq!(journal.state("last").unwrap(), Some(vec![stored - 1]));

    // sealing makes room, also from a handle with the same limit
    let sealed = common::seal(data.path(), &mut journal.another().unwrap(), 1000, 2).unwrap();
    assert_eq!(sealed.rows, u64::from(stored));
    append(&mut journal, &large, 2);
    assert_eq!(journal.depth().unwrap().rows, 1);
    assert_eq!(common::seconds_of(data.path(), id).len(), 1, "the same sample, repeated");
}

#[test]
fn reading_is_bounded_by_the_text_too() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let text = "z".repeat(9 << 20);
    for second in 0..8 {
        append(&mut journal, &batch([sample(id, second, Value::Text(&text))]), second);
    }
    let (mut seen, mut from) = (Vec::new(), Seq::ZERO);
    while let Some((last, _)) = journal.read_after(from, usize::MAX).unwrap().last() {
        seen.push(last.get() - from.get());
        from = *last;
    }
    assert_eq!(seen, [4, 4], "until 32 MiB are reached");
}

#[test]
fn nothing_is_trimmed_that_a_sink_or_the_historian_has_not_confirmed() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let seqs: Vec<Seq> = (0..3).map(|n| append_seconds(&mut journal, id, n..n + 1)).collect();
    journal.advance("mqtt", seqs[2]).unwrap();
    assert_eq!(journal.trim().unwrap(), 0, "the historian has sealed nothing");
    assert_eq!(journal.depth().unwrap().rows, 3);
}

#[test]
fn cursors_go_forward_only_and_not_beyond_the_newest_row() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let first = append_seconds(&mut journal, id, 0..1);
    let second = append_seconds(&mut journal, id, 1..2);
    assert_eq!(journal.cursor("mqtt").unwrap(), Seq::ZERO);
    journal.advance("mqtt", first).unwrap();
    journal.advance("mqtt", second).unwrap();
    for (sink, to) in [("mqtt", first), ("mqtt", Seq::new(99)), (tagstore::journal::HISTORIAN_SINK, second)] {
        let refused = journal.advance(sink, to);
        assert!(matches!(refused, Err(Error::CursorOutOfRange { .. })), "{refused:?}");
    }
    assert_eq!(journal.cursor("mqtt").unwrap(), second);
    assert_eq!(journal.read_after(second, 10).unwrap(), vec![]);
}

#[test]
fn large_commits_are_split_and_small_batches_share_a_row() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let small = batch((0..10).map(|second| sample(id, second, Value::Double(0.5))));
    let seq =
        journal.append(&Commit { batches: &[&small, &small], now: at(0), ..Commit::default() }).unwrap();
    assert_eq!(seq, Seq::new(1));
    let large = batch((0..70_000).map(|second| sample(id, second, Value::Double(0.5))));
    let seq = append(&mut journal, &large, 1);
    assert_eq!(seq, Seq::new(3));
    let rows = journal.read_after(Seq::new(1), usize::MAX).unwrap();
    let mut joined = SampleBatch::new();
    rows.iter().for_each(|(_, part)| joined.extend(part));
    assert_eq!(joined, large);
}

#[test]
fn reading_stops_after_the_row_that_reaches_the_limit() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for n in 0..5 {
        append_seconds(&mut journal, id, n * 10..n * 10 + 10);
    }
    assert_eq!(journal.read_after(Seq::ZERO, 15).unwrap().len(), 2);
    assert_eq!(journal.read_after(Seq::ZERO, 1).unwrap().len(), 1);
}

#[test]
fn gaps_of_the_whole_source_concern_each_of_its_streams() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let mut other = stream("b");
    other.source = "line2".to_owned();
    let ids = journal.register_streams(&[stream("a"), other]).unwrap();
    let gap = |source: &str, stream: Option<StreamId>, from: i64| NewGap {
        source: source.to_owned(),
        stream,
        from: at(from),
        to: at(from + 5),
        reason: GapReason::Reconnect,
        detail: String::new(),
    };
    let gaps = [gap("line1", None, 20), gap("line1", Some(ids[0]), 10), gap("line2", None, 10)];
    journal.append(&Commit { gaps: &gaps, now: at(30), ..Commit::default() }).unwrap();
    let listed =
        |filter: GapFilter| -> Vec<i64> { journal.gaps(&filter).unwrap().iter().map(|gap| gap.id).collect() };
    assert_eq!(listed(GapFilter::default()), vec![2, 3, 1]);
    assert_eq!(listed(GapFilter { stream: Some(ids[0]), ..GapFilter::default() }), vec![2, 1]);
    assert_eq!(listed(GapFilter { stream: Some(ids[1]), ..GapFilter::default() }), vec![3]);
    assert_eq!(listed(GapFilter { from: Some(at(15)), ..GapFilter::default() }), vec![1]);
    assert_eq!(listed(GapFilter { to: Some(at(20)), ..GapFilter::default() }), vec![2, 3]);
    assert_eq!(listed(GapFilter { limit: Some(1), ..GapFilter::default() }), vec![3]);
}

#[test]
fn a_stream_that_loses_values_all_the_time_is_one_line_of_the_ledger() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    let gap = |stream: Option<StreamId>, from: i64, to: i64, reason: GapReason| NewGap {
        source: "line1".to_owned(),
        stream,
        from: at(from),
        to: at(to),
        reason,
        detail: String::new(),
    };
    let (a, b, full) = (Some(ids[0]), Some(ids[1]), GapReason::QueueOverflow);
    let mut write = |gaps: &[NewGap], now: i64| {
        journal.append(&Commit { gaps, now: at(now), ..Commit::default() }).unwrap();
    };
    // of two streams by turns, within a commit and over commits; the last of them begins before the first
    write(&[gap(a, 10, 11, full), gap(b, 10, 12, full), gap(a, 11, 13, full)], 20);
    write(&[gap(a, 13, 15, full), gap(a, 9, 14, full)], 21);
    // not the same: away from the last, of another reason, of the whole source
    write(&[gap(a, 16, 17, full), gap(a, 17, 18, GapReason::Reconnect)], 22);
    write(&[gap(None, 1, 2, full), gap(None, 2, 3, full)], 23);
    // only the last gap is prolonged, also when an older one is touched
    write(&[gap(a, 15, 15, full)], 24);

    let gaps = journal.gaps(&GapFilter::default()).unwrap();
    let listed: Vec<_> = gaps.iter().map(|gap| (gap.id, gap.stream, gap.from, gap.to)).collect();
    let expected = [
        (5, None, at(1), at(2)),
        (6, None, at(2), at(3)),
        (1, a, at(9), at(15)),
        (2, b, at(10), at(12)),
        (7, a, at(15), at(15)),
        (3, a, at(16), at(17)),
        (4, a, at(17), at(18)),
    ];
    assert_eq!(listed, expected);
    assert_eq!(gaps[2].recorded_at, at(21));
    assert_eq!(journal.count_gaps("line1").unwrap(), 7);
    assert_eq!(journal.count_gaps("line2").unwrap(), 0);
}

#[test]
fn the_status_of_a_source_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    journal.set_source_status("line1", r#"{"state":"flowing"}"#, at(1)).unwrap();
    journal.set_source_status("line1", r#"{"state":"quiet"}"#, at(2)).unwrap();
    journal.set_source_status("line2", "{}", at(3)).unwrap();
    journal.remove_source_status("line2").unwrap();
    let statuses = journal.source_statuses().unwrap();
    assert_eq!(statuses.len(), 1);
    assert_eq!((statuses[0].json.as_str(), statuses[0].updated_at), (r#"{"state":"quiet"}"#, at(2)));
}

#[test]
fn a_commit_without_samples_makes_no_row() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let empty = SampleBatch::new();
    let states: &[(&str, &[u8])] = &[("k", b"v")];
    let commit = Commit { batches: &[&empty, &empty], states, now: Timestamp::ABSENT, ..Commit::default() };
    assert_eq!(journal.append(&commit).unwrap(), Seq::ZERO);
    assert_eq!(journal.state("k").unwrap(), Some(b"v".to_vec()));
    assert_eq!(journal.depth().unwrap().oldest, None);
}

#[test]
fn what_a_streams_numbers_mean_is_kept_and_can_change() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let state = |value, name: &str| ValueState { value, name: name.to_owned() };
    let mut mixer = NewStream {
        key: "urn:plant|s=Mixer".to_owned(),
        name: "Mixer".to_owned(),
        range: Some(ValueRange { low: -20.0, high: 60.5 }),
        states: vec![state(0, "aus \"rot\""), state(-1, "läuft\n")],
        ..NewStream::default()
    };
    let id = journal.register_streams(std::slice::from_ref(&mixer)).unwrap()[0];
    let kept = Reader::open(data.path()).unwrap().streams().unwrap().remove(0);
    assert_eq!((kept.range, &kept.states), (mixer.range, &mixer.states));
    mixer.range = None;
    mixer.states.clear();
    assert_eq!(journal.register_streams(&[mixer]).unwrap(), [id]);
    let kept = journal.streams().unwrap().remove(0);
    assert_eq!((kept.range, kept.states), (None, vec![]));
}
