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

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use common::{append, append_seconds, at, batch, open, sample, seal, stream};
use proptest::prelude::*;
use tagstore::{
    Bucket, BucketQuery, Buckets, Commit, Every, FillOf, FillState, FillUpdate, GapReason, Interval, Journal,
    NewGap, OwnedSample, OwnedValue, Reader, Sample, StreamId, Tally, Timestamp, Value,
};

const GOOD: u32 = 0;
const UNCERTAIN: u32 = 0x4094_0000;
const BAD: u32 = 0x8031_0000;

fn between(from: i64, to: i64) -> Interval {
    Interval { from: at(from), to: at(to) }
}

fn buckets_of(data: &Path, streams: &[StreamId], interval: Interval, seconds: u64) -> Vec<Buckets> {
    let every = Every::new(Duration::from_secs(seconds)).unwrap();
    Reader::open(data).unwrap().buckets(&BucketQuery { streams, interval, every, limit: 1000 }).unwrap()
}

fn one(data: &Path, id: StreamId, interval: Interval, seconds: u64) -> Vec<Bucket> {
    buckets_of(data, &[id], interval, seconds).remove(0).buckets
}

fn start(bucket: &Bucket) -> i64 {
    (bucket.start.ticks() - at(0).ticks()) / 10_000_000
}

fn gap(stream: Option<StreamId>, from: i64, to: i64) -> NewGap {
    let (source, detail) = ("line1".to_owned(), String::new());
    NewGap { source, stream, from: at(from), to: at(to), reason: GapReason::Reconnect, detail }
}

fn append_gaps(journal: &mut Journal, gaps: &[NewGap]) {
    journal.append(&Commit { gaps, now: at(0), ..Commit::default() }).unwrap();
}

#[test]
fn a_bucket_has_count_extremes_with_their_times_mean_first_and_last() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let values = [(0, 3.0), (10, 1.0), (20, 9.0), (30, 1.0), (59, 6.0), (60, 7.0)];
    append(&mut journal, &batch(values.map(|(s, v)| sample(id, s, Value::Double(v)))), 70);
    let buckets = one(data.path(), id, between(0, 120), 60);
    assert_eq!(buckets.iter().map(start).collect::<Vec<_>>(), [0, 60]);
    let first = &buckets[0];
    assert_eq!((first.count(), first.good, first.uncertain, first.bad, first.gap), (5, 5, 0, 0, false));
    let point = |point: &Option<tagstore::Point>| {
        let point = point.clone().unwrap();
        let OwnedValue::Double(value) = point.value else { panic!() };
        ((point.time.ticks() - at(0).ticks()) / 10_000_000, value)
    };
    assert_eq!(point(&first.min), (10, 1.0), "the first of equal ones");
    assert_eq!(point(&first.max), (20, 9.0));
    assert_eq!(point(&first.first), (0, 3.0));
    assert_eq!(point(&first.last), (59, 6.0));
    assert_eq!(first.mean, Some(4.0));
    assert_eq!(point(&buckets[1].min), (60, 7.0), "the end of a bucket is the begin of the next");
}

#[test]
fn bad_values_are_counted_and_enter_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let with = |seconds, status, value| Sample { status, ..sample(id, seconds, Value::Double(value)) };
    let samples = [
        with(0, BAD, -100.0),
        with(1, GOOD, 2.0),
        with(2, UNCERTAIN, 4.0),
        with(3, BAD, 100.0),
        Sample { status: BAD, ..sample(id, 60, Value::Null) },
    ];
    append(&mut journal, &batch(samples), 70);
    let buckets = one(data.path(), id, between(0, 120), 60);
    let [mixed, bad] = buckets.as_slice() else { panic!("{buckets:?}") };
    assert_eq!((mixed.good, mixed.uncertain, mixed.bad, mixed.mean), (1, 1, 2, Some(3.0)));
    let values =
        [&mixed.min, &mixed.max, &mixed.first, &mixed.last].map(|point| point.clone().unwrap().value);
    assert_eq!(values, [2.0, 4.0, 2.0, 4.0].map(OwnedValue::Double));
    assert_eq!((bad.count(), bad.bad, bad.mean), (1, 1, None));
    assert_eq!([&bad.min, &bad.max, &bad.first, &bad.last], [&None; 4]);
}

#[test]
fn text_has_first_and_last_whole_numbers_stay_exact_and_nan_is_no_extreme() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&["text", "int", "nan", "bool"].map(stream)).unwrap();
    let big = i64::MAX - 1;
    let samples = [
        sample(ids[0], 1, Value::Text("off")),
        sample(ids[0], 2, Value::Text("on")),
        sample(ids[1], 1, Value::Int(big)),
        sample(ids[1], 2, Value::Int(i64::MAX)),
        sample(ids[2], 1, Value::Float(f32::NAN)),
        sample(ids[2], 2, Value::Float(0.5)),
        sample(ids[3], 1, Value::Bool(true)),
        sample(ids[3], 2, Value::Bool(false)),
    ];
    append(&mut journal, &batch(samples), 9);
    let all = buckets_of(data.path(), &ids, between(0, 10), 10);
    let value = |n: usize, pick: fn(&Bucket) -> &Option<tagstore::Point>| {
        pick(&all[n].buckets[0]).clone().map(|point| point.value)
    };
    assert_eq!(value(0, |b| &b.last), Some(OwnedValue::Text("on".to_owned())));
    assert_eq!((value(0, |b| &b.min), all[0].buckets[0].mean), (None, None));
    assert_eq!(value(1, |b| &b.max), Some(OwnedValue::Int(i64::MAX)));
    assert_eq!(value(1, |b| &b.min), Some(OwnedValue::Int(big)));
    assert_eq!((value(2, |b| &b.min), all[2].buckets[0].mean), (Some(OwnedValue::Float(0.5)), Some(0.5)));
    assert_eq!((value(3, |b| &b.min), all[3].buckets[0].mean), (Some(OwnedValue::Bool(false)), Some(0.5)));
}

#[test]
fn a_bucket_that_touches_a_gap_says_so_also_when_it_is_empty() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("a"), stream("b")]).unwrap();
    append_seconds(&mut journal, ids[0], 0..5);
    append_seconds(&mut journal, ids[0], 95..100);
    append_gaps(
        &mut journal,
        &[gap(Some(ids[0]), 15, 35), gap(None, 50, 60), gap(Some(ids[1]), 70, 71), gap(Some(ids[0]), 97, 97)],
    );
    let seen = |id, interval| -> Vec<(i64, u64, bool)> {
        let buckets = one(data.path(), id, interval, 10);
        buckets.iter().map(|bucket| (start(bucket), bucket.count(), bucket.gap)).collect()
    };
    let all = [(0, 5, false), (10, 0, true), (20, 0, true), (30, 0, true), (50, 0, true), (90, 5, true)];
    assert_eq!(seen(ids[0], between(-1000, 1000)), all);
    assert_eq!(seen(ids[0], between(35, 95)), [(50, 0, true)], "a gap ends where the next value is");
    assert_eq!(seen(ids[1], between(0, 100)), [(50, 0, true), (70, 0, true)]);
    assert_eq!(seen(ids[1], between(55, 56)), [(50, 0, true)]);
}

#[test]
fn a_gap_that_history_has_filled_is_none_any_more() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_gaps(&mut journal, &[gap(None, 10, 20), gap(Some(id), 40, 50)]);
    let fill = |id, state, from, to| FillUpdate {
        of: FillOf::Gap { id, state, from: at(from), to: at(to), tries: 0, retry_at: None },
        cause: None,
        tally: Tally::default(),
        checkpoint: None,
    };
    let fills = [fill(1, FillState::Filled, 10, 20), fill(2, FillState::Partly, 40, 50)];
    journal.append(&Commit { fills: &fills, now: at(100), ..Commit::default() }).unwrap();
    let starts: Vec<_> = one(data.path(), id, between(0, 100), 10).iter().map(start).collect();
    assert_eq!(starts, [40]);
}

#[test]
fn an_endless_gap_in_small_buckets_stops_at_the_limit() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_gaps(&mut journal, &[gap(Some(id), 0, 3_000_000_000)]);
    let every = Every::new(Duration::from_millis(1)).unwrap();
    let query = BucketQuery { streams: &[id], interval: Interval::ALL, every, limit: 7 };
    let answer = Reader::open(data.path()).unwrap().buckets(&query).unwrap().remove(0);
    assert_eq!((answer.buckets.len(), answer.truncated), (7, true));
    let exactly =
        BucketQuery { interval: Interval { from: at(0), to: at(0).saturating_add_millis(7) }, ..query };
    let answer = Reader::open(data.path()).unwrap().buckets(&exactly).unwrap().remove(0);
    assert_eq!((answer.buckets.len(), answer.truncated), (7, false));
}

#[test]
fn what_history_brings_late_comes_in_its_place_and_what_it_brings_again_comes_once() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append_seconds(&mut journal, id, 0..10);
    seal(data.path(), &mut journal, 1, 20).unwrap();
    append_seconds(&mut journal, id, 20..30);
    seal(data.path(), &mut journal, 1, 40).unwrap();
    // as a server's history tells it: no server time, marked as historical, received later
    let told = |second| Sample {
        server_time: Timestamp::ABSENT,
        receive_time: at(500),
        status: 0x0000_0400,
        ..sample(id, second, Value::Int(second))
    };
    append(&mut journal, &batch((5..25).map(told)), 500);
    let check = || {
        let seconds: Vec<i64> = common::seconds_of(data.path(), id);
        assert_eq!(seconds, (0..30).collect::<Vec<_>>());
        let buckets = one(data.path(), id, between(0, 100), 10);
        assert_eq!(buckets.iter().map(Bucket::count).collect::<Vec<_>>(), [10, 10, 10]);
    };
    check();
    seal(data.path(), &mut journal, 1, 600).unwrap();
    check();
}

#[test]
fn a_value_that_history_knows_under_the_same_instant_as_others_comes_once() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let [one, two] = [1, 2].map(|value| sample(id, 1, Value::Int(value)));
    append(&mut journal, &batch([one, two]), 2);
    append(&mut journal, &batch([one, two].map(|s| Sample { server_time: Timestamp::ABSENT, ..s })), 3);
    append(&mut journal, &batch([two]), 4);
    let mut seen = Vec::new();
    let reader = Reader::open(data.path()).unwrap();
    let visit = &mut |sample: OwnedSample| {
        seen.push(sample.value);
        ControlFlow::Continue(())
    };
    reader.for_each(&[id], Interval::ALL, visit).unwrap();
    assert_eq!(seen, [OwnedValue::Int(1), OwnedValue::Int(2)]);
}

#[test]
fn on_a_clock_that_stands_still_a_value_that_comes_back_is_a_new_one() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let values = [true, false, true, true, false];
    for (second, on) in (10..).zip(values) {
        let sample = Sample { server_time: at(second), ..sample(id, 1, Value::Bool(on)) };
        append(&mut journal, &batch([sample]), second);
    }
    let samples = Reader::open(data.path()).unwrap().query(&tagstore::StreamQuery::new(id, 100)).unwrap();
    let seen: Vec<_> = samples.into_iter().map(|sample| sample.value).collect();
    assert_eq!(seen, [true, false, true, false].map(OwnedValue::Bool));
}

#[test]
fn each_sample_of_each_stream_is_handed_on_until_it_is_enough() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids =
        journal.register_streams(&(0..100).map(|n| stream(&n.to_string())).collect::<Vec<_>>()).unwrap();
    for &id in &ids {
        append_seconds(&mut journal, id, 0..3);
    }
    seal(data.path(), &mut journal, 100, 3).unwrap();
    for &id in &ids {
        append_seconds(&mut journal, id, 3..5);
    }
    let reader = Reader::open(data.path()).unwrap();
    let seen = |enough: usize| {
        let mut seen = Vec::new();
        let visit = &mut |sample: OwnedSample| {
            seen.push((sample.stream, (sample.time().ticks() - at(0).ticks()) / 10_000_000));
            if seen.len() == enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        reader.for_each(&ids, between(1, 5), visit).unwrap();
        seen
    };
    let all: Vec<_> = ids.iter().flat_map(|&id| (1..5).map(move |second| (id, second))).collect();
    assert_eq!(seen(usize::MAX), all);
    assert_eq!(seen(7), all[..7]);
}

/// Second, value, status, and whether a seal comes behind it.
type Step = (i64, i64, u32, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let status = prop_oneof![4 => Just(GOOD), 1 => Just(UNCERTAIN), 1 => Just(BAD)];
    prop::collection::vec((0..300_i64, -5..5_i64, status, prop::bool::weighted(0.2)), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// In whatever order samples arrive and wherever they lie, the buckets are those of the raw samples.
    #[test]
    fn buckets_are_what_the_raw_samples_make(steps in steps(), seconds in 1..90_u64, from in 0..200_i64, length in 1..200_i64) {
        let data = tempfile::tempdir().unwrap();
        let mut journal = open(data.path());
        let id = journal.register_streams(&[stream("a")]).unwrap()[0];
        for (second, value, status, sealed) in steps {
            let sample = Sample { status, ..sample(id, second, Value::Int(value)) };
            append(&mut journal, &batch([sample]), 400);
            if sealed {
                seal(data.path(), &mut journal, 2, 400);
            }
        }
        let reader = Reader::open(data.path()).unwrap();
        let query = tagstore::StreamQuery { from: Some(at(from)), to: Some(at(from + length)), ..tagstore::StreamQuery::new(id, 1000) };
        let raw = reader.query(&query).unwrap();
        let buckets = one(data.path(), id, between(from, from + length), seconds);
        let mut expected: Vec<i64> = raw.iter().map(|s| {
            let unix = s.time().unix_nanos().unwrap() / 1_000_000_000;
            unix - unix.rem_euclid(seconds as i64)
        }).collect();
        expected.dedup();
        let starts: Vec<i64> = buckets.iter().map(|b| b.start.unix_nanos().unwrap() / 1_000_000_000).collect();
        prop_assert_eq!(starts, expected);
        for bucket in buckets {
            let end = bucket.start.saturating_add_millis(seconds as i64 * 1000);
            let inside: Vec<&OwnedSample> = raw.iter().filter(|s| s.time() >= bucket.start && s.time() < end).collect();
            let of = |quality: u32| inside.iter().filter(|s| s.status == quality).count() as u64;
            prop_assert_eq!([bucket.good, bucket.uncertain, bucket.bad], [of(GOOD), of(UNCERTAIN), of(BAD)]);
            let numbers: Vec<i64> = inside.iter().filter(|s| s.status != BAD).map(|s| {
                let OwnedValue::Int(value) = s.value else { panic!() };
                value
            }).collect();
            let value = |point: Option<tagstore::Point>| point.map(|point| point.value);
            let int = |number: Option<&i64>| number.map(|&number| OwnedValue::Int(number));
            prop_assert_eq!(value(bucket.first), int(numbers.first()));
            prop_assert_eq!(value(bucket.last), int(numbers.last()));
            prop_assert_eq!(value(bucket.min), int(numbers.iter().min()));
            prop_assert_eq!(value(bucket.max), int(numbers.iter().max()));
            let mean = (!numbers.is_empty()).then(|| numbers.iter().sum::<i64>() as f64 / numbers.len() as f64);
            prop_assert_eq!(bucket.mean, mean);
        }
    }
}
