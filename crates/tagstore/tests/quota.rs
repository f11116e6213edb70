//! A journal that has reached its limit: what goes, and who is told.
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
use std::time::Duration;

use common::{append, append_seconds, at, batch, files, historian, noise, sample, seconds_of, stream};
use proptest::prelude::*;
use tagstore::{
    CompactOptions, DiskTrouble, Error, GapFilter, GapReason, JOURNAL_FILE, Journal, JournalOptions,
    LossReason, NewStream, OwnedValue, Reader, SealOptions, Seq, SinkLoss, StreamId, Value, WhenFull,
};

const LIMIT: u64 = 400_000;
const SPARE: Duration = Duration::from_secs(100);

fn dropping() -> JournalOptions {
    let mut options = JournalOptions::default();
    options.max_bytes = Some(LIMIT);
    options.when_full = WhenFull::DropOldest { spare_unsealed: SPARE };
    options
}

fn open(data: &Path, options: JournalOptions) -> Journal {
    Journal::open(data.join(JOURNAL_FILE), options).unwrap()
}

fn try_append(journal: &mut Journal, id: StreamId, second: i64) -> Result<Seq, Error> {
    let bytes = noise(10_000);
    let batch = batch([sample(id, second, Value::Bytes(&bytes))]);
    journal.append(&tagstore::Commit { batches: &[&batch], now: at(second), ..tagstore::Commit::default() })
}

fn seal_all(data: &Path, journal: &mut Journal, second: i64) {
    while historian(data).seal(journal, &SealOptions::default(), at(second)).unwrap().is_some() {}
}

fn second_of(time: tagstore::Timestamp) -> i64 {
    (time.ticks() - at(0).ticks()) / 10_000_000
}

#[test]
fn what_the_historian_has_is_let_go_and_missing_at_the_slow_sink_alone() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path(), dropping());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    for second in 0..200 {
        try_append(&mut journal, id, second).unwrap();
        if second % 10 == 9 {
            seal_all(data.path(), &mut journal, second);
        }
    }
    assert!(std::fs::metadata(data.path().join(JOURNAL_FILE)).unwrap().len() <= LIMIT + 64 * 4096);
    assert_eq!(seconds_of(data.path(), id), (0..200).collect::<Vec<_>>(), "the historian has every value");
    assert_eq!(journal.gaps(&GapFilter::default()).unwrap(), [], "and there is no gap");
    let rows = journal.read_after(journal.cursor("pi").unwrap(), usize::MAX).unwrap();
    let first = 200 - i64::try_from(rows.len()).unwrap();
    assert!((10..100).contains(&rows.len()), "{}", rows.len());
    let expected = SinkLoss {
        sink: "pi".to_owned(),
        source: "line1".to_owned(),
        from: at(0),
        to: at(first - 1),
        values: u64::try_from(first).unwrap(),
        in_historian: true,
        reason: LossReason::Full,
        recorded_at: at(199),
    };
    let losses = Reader::open(data.path()).unwrap().sink_losses().unwrap();
    assert_eq!(losses.len(), 1);
    assert_eq!(SinkLoss { recorded_at: at(199), ..losses[0].clone() }, expected);
    let dropped = journal.take_dropped();
    assert_eq!((dropped.values, dropped.lost), (expected.values, 0));
    assert_eq!(dropped.sinks.into_iter().collect::<Vec<_>>(), ["pi"]);

    // after a delivery it is another episode, another line
    journal.advance("pi", rows[0].0).unwrap();
    for second in 200..260 {
        try_append(&mut journal, id, second).unwrap();
        seal_all(data.path(), &mut journal, second);
    }
    let losses = journal.sink_losses().unwrap();
    assert_eq!(losses.len(), 2);
    assert_eq!(losses[1].from, at(first + 1), "what was delivered is not among the lost");
    journal.remove_sink("pi").unwrap();
    assert_eq!(journal.sink_losses().unwrap(), []);
}

#[test]
fn what_the_historian_has_not_sealed_goes_last_and_is_a_gap() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path(), dropping());
    let other = NewStream { key: "b".to_owned(), source: "line2".to_owned(), ..stream("b") };
    let ids = journal.register_streams(&[stream("a"), other]).unwrap();
    journal.advance("pi", Seq::ZERO).unwrap();
    // the historian has begun with a file, and the disk does not let it go on
    for second in 0..5 {
        try_append(&mut journal, ids[0], second).unwrap();
    }
    let folder = historian(data.path());
    let plan = folder.plan(&mut journal, &SealOptions::default(), at(5)).unwrap().unwrap();
    let written = folder.write(&journal, &plan).unwrap();
    let published = folder.publish(written).unwrap();
    let mut second = 5;
    let error = loop {
        match try_append(&mut journal, ids[usize::from(second % 3 == 0)], second) {
            Ok(_) => second += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Disk { trouble: DiskTrouble::Limit, .. }), "{error:?}");
    assert!(second < 60, "what is not sealed is spared for a while, so nothing is taken in");
    let begin = 200;
    for second in begin..begin + 20 {
        try_append(&mut journal, ids[0], second).unwrap();
    }
    let dropped = journal.take_dropped();
    assert_eq!(dropped.values, dropped.lost);
    let gaps = journal.gaps(&GapFilter::default()).unwrap();
    let lost: Vec<_> =
        gaps.iter().map(|gap| (gap.source.as_str(), gap.from, gap.stream, gap.reason)).collect();
    assert_eq!(
        lost,
        [("line1", at(0), None, GapReason::Quota), ("line2", at(6), None, GapReason::Quota)],
        "one for each source, prolonged"
    );
    let mut all = seconds_of(data.path(), ids[0]);
    all.extend(seconds_of(data.path(), ids[1]));
    all.sort_unstable();
    let first = all[0];
    assert!(gaps.iter().all(|gap| second_of(gap.to) < first));
    let kept: Vec<i64> = (first..second).chain(begin..begin + 20).collect();
    assert_eq!(all, kept);
    assert_eq!(dropped.lost, u64::try_from(first).unwrap());
    let losses = journal.sink_losses().unwrap();
    assert_eq!(losses.iter().map(|loss| loss.values).sum::<u64>(), dropped.lost);
    assert!(losses.iter().all(|loss| loss.sink == "pi" && !loss.in_historian), "{losses:?}");

    // the file that was under way holds what is lost by the ledger: it does not count, and goes
    let refused = folder.record(&mut journal, published, at(221));
    assert!(matches!(refused, Err(Error::PlanGivenUp)), "{refused:?}");
    folder.compact(&mut journal, &CompactOptions::default(), at(221)).unwrap();
    assert_eq!(files(data.path()), Vec::<std::path::PathBuf>::new());
    seal_all(data.path(), &mut journal, 222);
    let mut all = seconds_of(data.path(), ids[0]);
    all.extend(seconds_of(data.path(), ids[1]));
    all.sort_unstable();
    assert_eq!(all, kept);
}

#[test]
fn what_every_sink_has_taken_goes_first() {
    let data = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::default();
    options.max_bytes = Some(LIMIT);
    let mut journal = open(data.path(), options);
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    for second in 0..15 {
        try_append(&mut journal, id, second).unwrap();
    }
    seal_all(data.path(), &mut journal, 15);
    let last = journal.read_after(Seq::ZERO, usize::MAX).unwrap().last().unwrap().0;
    journal.advance("pi", last).unwrap();
    // nobody has trimmed since
    for second in 15..30 {
        try_append(&mut journal, id, second).unwrap();
    }
    assert_eq!(journal.take_dropped(), tagstore::Dropped::default());
}

#[test]
fn a_sink_that_was_just_sending_what_was_let_go_goes_on_behind_it() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path(), dropping());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    let first = try_append(&mut journal, id, 0).unwrap();
    for second in 1..100 {
        try_append(&mut journal, id, second).unwrap();
        seal_all(data.path(), &mut journal, second);
    }
    let cursor = journal.cursor("pi").unwrap();
    assert!(cursor > first);
    journal.advance("pi", first).unwrap();
    assert_eq!(journal.cursor("pi").unwrap(), cursor, "but not back");
}

#[test]
fn what_waits_too_long_is_let_go_an_hour_at_a_time_and_never_before_it_is_sealed() {
    let data = tempfile::tempdir().unwrap();
    let mut options = JournalOptions::default();
    options.max_age = Some(Duration::from_secs(86_400));
    let mut journal = open(data.path(), options);
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    for hour in 0..30 {
        append_seconds(&mut journal, id, hour * 3600..hour * 3600 + 5);
    }
    let (hour, mut hours) = (3600, Vec::new());
    assert!(!journal.drop_expired(at(60 * hour)).unwrap(), "the historian has nothing yet");
    seal_all(data.path(), &mut journal, 30 * hour);
    assert!(!journal.drop_expired(at(20 * hour)).unwrap());
    for _ in 0..3 {
        assert!(journal.drop_expired(at(60 * hour)).unwrap());
        hours.push(journal.read_after(Seq::ZERO, usize::MAX).unwrap().len());
    }
    assert_eq!(hours, [29, 28, 27]);
    // as it is called every minute
    while journal.drop_expired(at(29 * hour)).unwrap() {}
    assert_eq!(journal.read_after(Seq::ZERO, usize::MAX).unwrap().len(), 24 + 1);
    let losses = journal.sink_losses().unwrap();
    assert_eq!((losses.len(), losses[0].values, losses[0].reason), (1, 5 * 5, LossReason::Age));
    assert_eq!((losses[0].from, losses[0].to), (at(0), at(4 * hour + 4)));
    assert_eq!(seconds_of(data.path(), id).len(), 30 * 5);
}

#[test]
fn the_space_of_a_long_outage_is_given_back_when_the_sink_has_caught_up() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path(), JournalOptions::default());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    journal.advance("pi", Seq::ZERO).unwrap();
    let large = noise(1_000_000);
    let mut last = Seq::ZERO;
    for second in 0..150 {
        last = append(&mut journal, &batch([sample(id, second, Value::Bytes(&large))]), second);
    }
    seal_all(data.path(), &mut journal, 150);
    let size = || std::fs::metadata(data.path().join(JOURNAL_FILE)).unwrap().len();
    let most = size();
    assert!(most > 150_000_000, "{most}");
    journal.advance("pi", last).unwrap();
    journal.trim().unwrap();
    append_seconds(&mut journal, id, 200..201);
    journal.trim().unwrap();
    assert!(size() < 80_000_000, "{} of {most} bytes are left", size());
    assert!(Reader::open(data.path()).unwrap().summary().unwrap().journal_used < 1_000_000);
}

#[derive(Debug, Clone)]
enum Action {
    Append(u8),
    Seal,
    /// A sink takes so many rows.
    Take(usize, usize),
    /// Lets so many seconds pass.
    Wait(i64),
    Crash,
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1..20_u8).prop_map(Action::Append),
        2 => Just(Action::Seal),
        2 => (0..2_usize, 1..20_usize).prop_map(|(sink, rows)| Action::Take(sink, rows)),
        1 => (1..150_i64).prop_map(Action::Wait),
        1 => Just(Action::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_was_taken_in_is_with_each_sink_or_on_its_list_and_in_the_historian_or_on_the_ledger(
        actions in prop::collection::vec(any_action(), 1..60),
    ) {
        let data = tempfile::tempdir().unwrap();
        let mut journal = open(data.path(), dropping());
        let id = journal.register_streams(&[stream("a")]).unwrap()[0];
        let sinks = ["mqtt", "pi"];
        for sink in sinks {
            journal.advance(sink, Seq::ZERO).unwrap();
        }
        let (mut now, mut kept, mut taken) = (0, Vec::new(), [0_u64; 2]);
        for action in actions {
            match action {
                Action::Append(rows) => for _ in 0..rows {
                    now += 1;
                    match try_append(&mut journal, id, now) {
                        Ok(_) => kept.push(now),
                        Err(error) => prop_assert!(error.is_disk(), "{}", error),
                    }
                },
                Action::Seal => seal_all(data.path(), &mut journal, now),
                Action::Take(sink, rows) => {
                    let rows = journal.read_after(journal.cursor(sinks[sink]).unwrap(), rows).unwrap();
                    if let Some((last, _)) = rows.last() {
                        taken[sink] += u64::try_from(rows.len()).unwrap();
                        journal.advance(sinks[sink], *last).unwrap();
                    }
                }
                Action::Wait(seconds) => now += seconds,
                Action::Crash => {
                    drop(journal);
                    journal = open(data.path(), dropping());
                }
            }
        }
        let appended = u64::try_from(kept.len()).unwrap();
        let losses = journal.sink_losses().unwrap();
        for (sink, taken) in sinks.into_iter().zip(taken) {
            let waiting = journal.read_after(journal.cursor(sink).unwrap(), usize::MAX).unwrap().len();
            let lost: u64 = losses.iter().filter(|loss| loss.sink == sink).map(|loss| loss.values).sum();
            prop_assert_eq!(taken + lost + u64::try_from(waiting).unwrap(), appended, "{}: {:?}", sink, losses);
        }
        let gaps = journal.gaps(&GapFilter::default()).unwrap();
        let seen = seconds_of(data.path(), id);
        let expected = OwnedValue::Bytes(noise(10_000));
        let query = tagstore::StreamQuery::new(id, usize::MAX);
        let samples = Reader::open(data.path()).unwrap().query(&query).unwrap();
        prop_assert!(samples.iter().all(|sample| sample.value == expected));
        let in_gap = |second: i64| gaps.iter().any(|gap| gap.from <= at(second) && at(second) <= gap.to);
        let missing: Vec<i64> = kept.iter().copied().filter(|second| !seen.contains(second)).collect();
        prop_assert!(missing.iter().all(|second| in_gap(*second)), "{:?} of {:?}", missing, gaps);
        prop_assert!(seen.iter().all(|second| !in_gap(*second)), "{:?} of {:?}", seen, gaps);
        prop_assert_eq!(seen.len() + missing.len(), kept.len());
    }
}
