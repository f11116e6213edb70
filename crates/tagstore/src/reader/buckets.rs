//! Samples condensed: one line for each minute, hour or whatever is asked for.
//!
//! Buckets are aligned to 1970-01-01T00:00:00Z, so that the same bucket is asked for whatever the interval: hours begin
//! on the hour, days at midnight UTC. Only the samples inside the interval count, also in its first and last bucket.
//!
//! What counts: `Good` and `Uncertain` samples that hold a value give `first` and `last`; those of them that are numbers
//! (true is 1, false 0; not NaN) give `min`, `max` and `mean`. `Bad` samples are counted and never enter anything else.
//! The mean is that of the samples, each counting once, however long its value stood.

use std::cmp::Ordering;
use std::time::Duration;

use super::each::AT_ONCE;
use super::scan::Scan;
use super::{Interval, Reader};
use crate::{Error, OwnedSample, OwnedValue, StreamId, Timestamp};

/// The length of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(i64);

impl Every {
    /// At least 100 ns and at most some 29,000 years, in steps of 100 ns.
    #[must_use]
    pub fn new(length: Duration) -> Option<Self> {
        let ticks = i64::try_from(length.as_nanos() / 100).ok()?;
        (ticks > 0).then_some(Self(ticks))
    }

    /// The bucket that a time lies in.
    fn bucket_of(self, time: Timestamp) -> Timestamp {
        let epoch = Timestamp::from_unix_nanos(0).ticks();
        let into = time.ticks().saturating_sub(epoch).rem_euclid(self.0);
        Timestamp::from_ticks(time.ticks().saturating_sub(into))
    }

    fn after(self, bucket: Timestamp) -> Timestamp {
        Timestamp::from_ticks(bucket.ticks().saturating_add(self.0))
    }
}

/// Which buckets.
#[derive(Debug, Clone, Copy)]
pub struct BucketQuery<'a> {
    /// Of these streams.
    pub streams: &'a [StreamId],
    /// Of the samples in it.
    pub interval: Interval,
    /// How long each is.
    pub every: Every,
    /// At most so many of each stream; bounds the memory.
    pub limit: usize,
}

/// The buckets of one stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Buckets {
    /// Whose.
    pub stream: StreamId,
    /// In time order; those without samples are left out, unless samples are known to be missing there.
    pub buckets: Vec<Bucket>,
    /// There are more than the limit allowed.
    pub truncated: bool,
}

/// The samples of a stream in one bucket of time.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// Its begin; it ends where the next one begins.
    pub start: Timestamp,
    /// Samples with status Good.
    pub good: u64,
    /// Samples with status Uncertain.
    pub uncertain: u64,
    /// Samples with status Bad.
    pub bad: u64,
    /// The earliest value that is not Bad.
    pub first: Option<Point>,
    /// The latest value that is not Bad.
    pub last: Option<Point>,
    /// The smallest number that is not Bad, where it occurred first.
    pub min: Option<Point>,
    /// The largest number that is not Bad, where it occurred first.
    pub max: Option<Point>,
    /// The mean of the numbers that are not Bad.
    pub mean: Option<f64>,
    /// Samples are known to be missing within this bucket: it touches an entry of the gap ledger.
    pub gap: bool,
}

/// A value and its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Source, else server, else receive time.
    pub time: Timestamp,
    /// What.
    pub value: OwnedValue,
}

impl Bucket {
    /// All samples.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.good + self.uncertain + self.bad
    }
}

impl Reader {
    /// The samples of each stream condensed into buckets. Memory grows with the buckets alone.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn buckets(&self, query: &BucketQuery<'_>) -> Result<Vec<Buckets>, Error> {
        let BucketQuery { streams, interval, every, limit } = *query;
        let mut answers = Vec::with_capacity(streams.len());
        for some in streams.chunks(AT_ONCE) {
            let mut places = self.places(some, interval)?;
            for &stream in some {
                let gaps = places.gaps.remove(&stream).unwrap_or_default();
                let mut filling = Filling { every, limit, gaps, buckets: Vec::new(), open: None };
                let mut truncated = false;
                if !interval.is_empty() {
                    let mut scan = Scan::new(self, &mut places, stream, interval)?;
                    while !truncated && let Some(sample) = scan.next()? {
                        truncated = filling.take(&sample) == Room::None;
                    }
                    truncated = truncated || filling.end() == Room::None;
                }
                answers.push(Buckets { stream, buckets: filling.buckets, truncated });
            }
        }
        Ok(answers)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Some,
    None,
}

/// The buckets so far.
struct Filling {
    every: Every,
    limit: usize,
    gaps: Vec<(Timestamp, Timestamp)>,
    buckets: Vec<Bucket>,
    open: Option<Open>,
}

impl Filling {
    fn take(&mut self, sample: &OwnedSample) -> Room {
        let start = self.every.bucket_of(sample.time());
        if self.open.as_ref().is_none_or(|open| open.bucket.start != start) {
            if self.close() == Room::None || self.gaps_before(start) == Room::None {
                return Room::None;
            }
            self.open = Some(Open::new(start));
        }
        if let Some(open) = &mut self.open {
            open.take(sample);
        }
        Room::Some
    }

    fn end(&mut self) -> Room {
        if self.close() == Room::None { Room::None } else { self.gaps_before(Timestamp::MAX) }
    }

    fn close(&mut self) -> Room {
        match self.open.take() {
            Some(open) => {
                let bucket = open.close();
                self.push(bucket)
            }
            None => Room::Some,
        }
    }

    /// Adds the empty buckets before `end` that a gap touches.
    fn gaps_before(&mut self, end: Timestamp) -> Room {
        let mut from = self.buckets.last().map_or(Timestamp::MIN, |last| self.every.after(last.start));
        while let Some(gap) = self.gaps.iter().find(|gap| gap.1 > from || (gap.0 == gap.1 && gap.0 >= from)) {
            let start = self.every.bucket_of(gap.0.max(from));
            if start >= end {
                break;
            }
            if self.push(Bucket::empty(start)) == Room::None {
                return Room::None;
            }
            let next = self.every.after(start);
            if next <= from {
                break;
            }
            from = next;
        }
        Room::Some
    }

    fn push(&mut self, mut bucket: Bucket) -> Room {
        if self.buckets.len() == self.limit {
            return Room::None;
        }
        let (start, end) = (bucket.start, self.every.after(bucket.start));
        // the gaps are in order: those that end before this bucket are of no use any more
        let passed = self.gaps.partition_point(|gap| gap.1 <= start && gap.0 < start);
        self.gaps.drain(..passed);
        bucket.gap = self.gaps.first().is_some_and(|gap| gap.0 < end);
        self.buckets.push(bucket);
        Room::Some
    }
}

impl Bucket {
    const fn empty(start: Timestamp) -> Self {
        let (good, uncertain, bad) = (0, 0, 0);
        Self {
            start,
            good,
            uncertain,
            bad,
            first: None,
            last: None,
            min: None,
            max: None,
            mean: None,
            gap: false,
        }
    }
}

/// A bucket that may get more samples.
struct Open {
    bucket: Bucket,
    sum: f64,
    numbers: u64,
}

impl Open {
    const fn new(start: Timestamp) -> Self {
        Self { bucket: Bucket::empty(start), sum: 0.0, numbers: 0 }
    }

    fn take(&mut self, sample: &OwnedSample) {
        let bucket = &mut self.bucket;
        match Quality::of(sample.status) {
            Quality::Good => bucket.good += 1,
            Quality::Uncertain => bucket.uncertain += 1,
            Quality::Bad => {
                bucket.bad += 1;
                return;
            }
        }
        if sample.value == OwnedValue::Null {
            return;
        }
        let point = || Point { time: sample.time(), value: sample.value.clone() };
        bucket.first.get_or_insert_with(point);
        match &mut bucket.last {
            Some(last) => {
                last.time = sample.time();
                last.value.clone_from(&sample.value);
            }
            none => *none = Some(point()),
        }
        let Some(number) = number(&sample.value) else { return };
        self.sum += number;
        self.numbers += 1;
        let beyond = |known: &Option<Point>, wanted| {
            known.as_ref().is_none_or(|known| compare(&sample.value, &known.value) == Some(wanted))
        };
        if beyond(&bucket.min, Ordering::Less) {
            bucket.min = Some(point());
        }
        if beyond(&bucket.max, Ordering::Greater) {
            bucket.max = Some(point());
        }
    }

    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "a mean of more than 2^53 samples may be rounded"
    )]
    fn close(self) -> Bucket {
        let mean = (self.numbers > 0).then(|| self.sum / self.numbers as f64);
        Bucket { mean, ..self.bucket }
    }
}

/// The severity of a status code (Part 4 §7.39.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    Good,
    Uncertain,
    Bad,
}

impl Quality {
    pub(super) const fn of(status: u32) -> Self {
        match status >> 30 {
            0 => Self::Good,
            1 => Self::Uncertain,
            _ => Self::Bad,
        }
    }
}

/// Whether a status code is Good.
pub(crate) fn is_good(status: u32) -> bool {
    Quality::of(status) == Quality::Good
}

/// The value as a number; `None` for what is none, and for NaN.
pub(super) fn number(value: &OwnedValue) -> Option<f64> {
    as_double(value).filter(|number| !number.is_nan())
}

/// The value as a double; `None` for what is no number.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a mean is that of doubles; extremes stay exact"
)]
pub(crate) fn as_double(value: &OwnedValue) -> Option<f64> {
    match *value {
        OwnedValue::Bool(v) => Some(f64::from(u8::from(v))),
        OwnedValue::Int(v) => Some(v as f64),
        OwnedValue::UInt(v) => Some(v as f64),
        OwnedValue::Float(v) => Some(f64::from(v)),
        OwnedValue::Double(v) => Some(v),
        OwnedValue::Null | OwnedValue::Text(_) | OwnedValue::Bytes(_) | OwnedValue::Event(_) => None,
    }
}

/// Whole numbers exactly, others as doubles.
fn compare(a: &OwnedValue, b: &OwnedValue) -> Option<Ordering> {
    let whole = |value: &OwnedValue| match *value {
        OwnedValue::Int(v) => Some(i128::from(v)),
        OwnedValue::UInt(v) => Some(i128::from(v)),
        _ => None,
    };
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => number(a)?.partial_cmp(&number(b)?),
    }
}
