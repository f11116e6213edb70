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

use common::{append, at, batch, open, sample, seal, stream};
use tagstore::{
    Break, Commit, GapReason, Interval, NewGap, Plot, PlotPoint, PlotQuery, Reader, Sample, StreamId, Value,
};

const BAD: u32 = 0x8031_0000;

fn plot(data: &Path, id: StreamId, points: usize) -> Plot {
    let query = PlotQuery { streams: &[id], interval: Interval::ALL, points };
    Reader::open(data).unwrap().plot(&query).unwrap().remove(0)
}

/// Seconds and values; a break is a value of `None`.
fn shape(plot: &Plot) -> Vec<(i64, Option<f64>)> {
    let seconds = |time: tagstore::Timestamp| (time.ticks() - at(0).ticks()) / 10_000_000;
    let point = |point: &PlotPoint| match *point {
        PlotPoint::Value { time, value } => (seconds(time), Some(value)),
        PlotPoint::Break { time, .. } => (seconds(time), None),
    };
    plot.points.iter().map(point).collect()
}

#[test]
fn few_samples_are_all_drawn() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    append(&mut journal, &batch((0..30).map(|s| sample(id, s, Value::Int(s * s)))), 40);
    let drawn = plot(data.path(), id, 30);
    assert_eq!(shape(&drawn), (0..30).map(|s| (s, Some((s * s) as f64))).collect::<Vec<_>>());
    assert_eq!((drawn.samples, drawn.texts), (30, 0));
}

#[test]
fn of_many_samples_the_ends_and_the_peaks_are_drawn_and_memory_is_that_of_the_points() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let value = |s: i64| match s {
        12_345 => 1000.0,
        54_321 => -1000.0,
        _ => (s as f64 / 5000.0).sin(),
    };
    for part in 0..6 {
        let samples = (part * 10_000..(part + 1) * 10_000).map(|s| sample(id, s, Value::Double(value(s))));
        append(&mut journal, &batch(samples), 70_000);
        seal(data.path(), &mut journal, 10_000, 70_000);
    }
    let drawn = plot(data.path(), id, 200);
    let shape = shape(&drawn);
    assert_eq!(shape.len(), 200);
    for peak in [(0, 0.0), (12_345, 1000.0), (54_321, -1000.0), (59_999, value(59_999))] {
        assert!(shape.contains(&(peak.0, Some(peak.1))), "{peak:?}");
    }
    assert!(shape.is_sorted_by_key(|point| point.0));
    assert!(shape.iter().all(|&(second, drawn)| drawn == Some(value(second))), "each is a sample");
    assert_eq!(drawn.samples, 60_000);
}

#[test]
fn gaps_bad_stretches_and_what_is_no_number_interrupt_the_curve_once_each() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let good = |s| sample(id, s, Value::Double(1.0));
    let bad = |s| Sample { status: BAD, ..good(s) };
    let samples = [
        bad(0),
        good(1),
        good(2),
        bad(3),
        bad(4),
        good(5),
        good(20),
        sample(id, 21, Value::Double(f64::NAN)),
        good(22),
        sample(id, 23, Value::Text("?")),
        good(24),
    ];
    append(&mut journal, &batch(samples), 30);
    let gap = NewGap {
        source: "line1".to_owned(),
        stream: None,
        from: at(5),
        to: at(20),
        reason: GapReason::ServerRestart,
        detail: String::new(),
    };
    journal.append(&Commit { gaps: &[gap], now: at(30), ..Commit::default() }).unwrap();
    let drawn = plot(data.path(), id, 100);
    let one = Some(1.0);
    let expected = [
        (1, one),
        (2, one),
        (3, None),
        (5, one),
        (5, None),
        (20, one),
        (21, None),
        (22, one),
        (23, None),
        (24, one),
    ];
    assert_eq!(shape(&drawn), expected);
    let why: Vec<Break> = drawn
        .points
        .iter()
        .filter_map(|point| if let PlotPoint::Break { why, .. } = point { Some(*why) } else { None })
        .collect();
    assert_eq!(why, [Break::Bad, Break::Gap, Break::NotANumber, Break::NotANumber]);
    assert_eq!((drawn.samples, drawn.texts), (11, 1));
}

#[test]
fn a_break_survives_however_few_points_are_wanted() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    let samples = (0..20_000).map(|s| {
        let status = if (9000..9050).contains(&s) { BAD } else { 0 };
        Sample { status, ..sample(id, s, Value::Double(s as f64)) }
    });
    append(&mut journal, &batch(samples), 20_000);
    let shape = shape(&plot(data.path(), id, 10));
    let at = shape.iter().position(|point| point.1.is_none()).unwrap();
    assert_eq!(shape[at], (9000, None));
    assert_eq!((shape[at - 1].0, shape[at + 1].0), (8999, 9050), "the curve reaches up to the break");
    assert_eq!((shape[0].0, shape[shape.len() - 1].0), (0, 19_999));
    assert!(shape.len() <= 13, "{shape:?}");
}

#[test]
fn a_clock_that_stands_still_and_a_stream_that_flickers_take_no_memory_and_end() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let ids = journal.register_streams(&[stream("still"), stream("flicker")]).unwrap();
    append(&mut journal, &batch((0..5000).map(|n| sample(ids[0], 7, Value::Int(n)))), 10);
    let flicker = |s| Sample { status: if s % 2 == 0 { 0 } else { BAD }, ..sample(ids[1], s, Value::Int(s)) };
    append(&mut journal, &batch((0..5000).map(flicker)), 6000);
    let still = plot(data.path(), ids[0], 50);
    assert!(still.points.len() <= 50, "{}", still.points.len());
    let flicker = plot(data.path(), ids[1], 50);
    assert_eq!(flicker.samples, 5000);
    assert!(flicker.points.len() <= 64 * 9, "{}", flicker.points.len());
}
