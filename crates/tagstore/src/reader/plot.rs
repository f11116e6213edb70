//! Samples thinned out for drawing: few points that show the same curve, and where it is interrupted.
//!
//! Where samples are known to be missing (the gap ledger), where they are Bad, and where the value is no number, the
//! curve has a break; nobody must draw a line across it. The points are real samples, chosen by Largest-Triangle-Three-
//! Buckets after a first sieve that keeps first, last, smallest and largest of short stretches of time, so that the
//! memory depends on the points wanted and not on the samples there are (MinMaxLTTB, van der Donckt 2023).

use super::buckets::{Quality, number};
use super::each::AT_ONCE;
use super::lttb::{self, Dot};
use super::scan::Scan;
use super::{Interval, Reader};
use crate::{Error, OwnedSample, OwnedValue, StreamId, Timestamp};

/// Which curves.
#[derive(Debug, Clone, Copy)]
pub struct PlotQuery<'a> {
    /// Of these streams.
    pub streams: &'a [StreamId],
    /// Of the samples in it.
    pub interval: Interval,
    /// About so many points for each; every unbroken stretch has at least its two ends.
    pub points: usize,
}

/// The curve of one stream.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Plot {
    /// Whose.
    pub stream: StreamId,
    /// In time order.
    pub points: Vec<PlotPoint>,
    /// How many samples it stands for.
    pub samples: u64,
    /// How many of them hold text or bytes, which cannot be drawn.
    pub texts: u64,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlotPoint {
    /// A sample.
    Value {
        /// Its time.
        time: Timestamp,
        /// Its value as a double; true is 1 and false 0.
        value: f64,
    },
    /// No line may be drawn from the point before to the point behind.
    Break {
        /// From when on.
        time: Timestamp,
        /// Why.
        why: Break,
    },
}

impl PlotPoint {
    /// When.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        match *self {
            Self::Value { time, .. } | Self::Break { time, .. } => time,
        }
    }

    /// What; `None` at a break.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match *self {
            Self::Value { value, .. } => Some(value),
            Self::Break { .. } => None,
        }
    }
}

/// Why a curve is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// Samples are known to be missing.
    Gap,
    /// The samples are Bad.
    Bad,
    /// The samples are no numbers.
    NotANumber,
}

impl Break {
    /// In a word; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Bad => "bad",
            Self::NotANumber => "not-a-number",
        }
    }
}

impl Reader {
    /// The curve of each stream.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub fn plot(&self, query: &PlotQuery<'_>) -> Result<Vec<Plot>, Error> {
        let PlotQuery { streams, interval, points } = *query;
        let mut answers = Vec::with_capacity(streams.len());
        for some in streams.chunks(AT_ONCE) {
            let mut places = self.places(some, interval)?;
            for &stream in some {
                let gaps = places.gaps.remove(&stream).unwrap_or_default();
                let mut curve = Curve::new(gaps, points);
                if !interval.is_empty() {
                    let mut scan = Scan::new(self, &mut places, stream, interval)?;
                    while let Some(sample) = scan.next()? {
                        curve.take(&sample);
                    }
                }
                answers.push(curve.finish(stream, points));
            }
        }
        Ok(answers)
    }
}

/// A number and its time in ticks.
type Spot = (i64, f64);
type Interruption = (Timestamp, Break);

/// A curve in the making.
struct Curve {
    sieve: Sieve,
    gaps: std::iter::Peekable<std::vec::IntoIter<(Timestamp, Timestamp)>>,
    before: Option<Timestamp>,
    /// Nothing was drawn since the last break.
    broken: bool,
    samples: u64,
    texts: u64,
}

impl Curve {
    fn new(gaps: Vec<(Timestamp, Timestamp)>, points: usize) -> Self {
        let sieve = Sieve { most: points.max(64), width: 1, stretches: Vec::new() };
        Self { sieve, gaps: gaps.into_iter().peekable(), before: None, broken: true, samples: 0, texts: 0 }
    }

    fn take(&mut self, sample: &OwnedSample) {
        let time = sample.time();
        self.samples += 1;
        let is_text = |value: &OwnedValue| {
            matches!(value, OwnedValue::Text(_) | OwnedValue::Bytes(_) | OwnedValue::Event(_))
        };
        self.texts += u64::from(is_text(&sample.value));
        if let Some(from) = self.gap_until(time) {
            self.interrupt(from, Break::Gap);
        }
        self.before = Some(time);
        match number(&sample.value) {
            _ if Quality::of(sample.status) == Quality::Bad => self.interrupt(time, Break::Bad),
            None => self.interrupt(time, Break::NotANumber),
            Some(value) => {
                self.sieve.add(time.ticks(), Stretch::of((time.ticks(), value)));
                self.broken = false;
            }
        }
    }

    /// Whether samples are missing between the one before and this time, and from when on.
    fn gap_until(&mut self, time: Timestamp) -> Option<Timestamp> {
        let before = self.before?;
        while self.gaps.next_if(|gap| gap.1 <= before && gap.0 < before).is_some() {}
        let gap = self.gaps.peek().filter(|gap| gap.0 < time)?;
        Some(gap.0.max(before))
    }

    fn interrupt(&mut self, time: Timestamp, why: Break) {
        if !self.broken {
            self.sieve.add(time.ticks(), Stretch { broken: Some((time, why)), ..Stretch::default() });
            self.broken = true;
        }
    }

    fn finish(self, stream: StreamId, points: usize) -> Plot {
        let mut plot = Plot { stream, points: Vec::new(), samples: self.samples, texts: self.texts };
        let mut runs: Vec<(Vec<Spot>, Option<Interruption>)> = Vec::new();
        let mut run = Vec::new();
        for (_, stretch) in self.sieve.stretches {
            run.extend(stretch.before.spots());
            if stretch.broken.is_some() {
                runs.push((std::mem::take(&mut run), stretch.broken));
                run.extend(stretch.after.spots());
            }
        }
        runs.push((run, None));
        let all = runs.iter().map(|(run, _)| run.len()).sum::<usize>().max(1);
        for (run, end) in runs {
            let share = (points.saturating_mul(run.len()) / all).max(2);
            let start = run.first().map_or(0, |spot| spot.0);
            let dots: Vec<Dot> = run.iter().map(|&(time, y)| Dot { x: span(start, time), y }).collect();
            plot.points.extend(lttb::keep(&dots, share).into_iter().filter_map(|at| {
                let (time, value) = *run.get(at)?;
                Some(PlotPoint::Value { time: Timestamp::from_ticks(time), value })
            }));
            plot.points.extend(end.map(|(time, why)| PlotPoint::Break { time, why }));
        }
        plot
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "where a point is drawn may be rounded"
)]
fn span(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64
}

/// Short stretches of time, and what must be seen of each. As long as there are few samples each is a stretch of its own.
struct Sieve {
    most: usize,
    width: i64,
    stretches: Vec<(i64, Stretch)>,
}

impl Sieve {
    fn add(&mut self, time: i64, more: Stretch) {
        let number = time.div_euclid(self.width);
        match self.stretches.last_mut() {
            // at the smallest width each sample stays by itself, also beside others of the same time
            Some((last, stretch)) if *last == number && self.width > 1 => stretch.join(more),
            _ => self.stretches.push((number, more)),
        }
        while self.stretches.len() > self.most && self.width < i64::MAX / 2 {
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.width *= 2;
        let mut joined: Vec<(i64, Stretch)> = Vec::with_capacity(self.stretches.len());
        for (number, stretch) in self.stretches.drain(..) {
            let number = number.div_euclid(2);
            match joined.last_mut() {
                Some((last, before)) if *last == number => before.join(stretch),
                _ => joined.push((number, stretch)),
            }
        }
        self.stretches = joined;
    }
}

/// What must be seen of a stretch of time: the points before its first break, and those behind its last.
#[derive(Debug, Clone, Copy, Default)]
struct Stretch {
    before: Extremes,
    broken: Option<Interruption>,
    after: Extremes,
}

impl Stretch {
    fn of(spot: Spot) -> Self {
        Self { before: Extremes(Some([spot; 4])), ..Self::default() }
    }

    fn join(&mut self, later: Self) {
        match (self.broken, later.broken) {
            (None, _) => {
                self.before.join(later.before);
                self.broken = later.broken;
                self.after = later.after;
            }
            (Some(_), None) => self.after.join(later.before),
            // what lies between two breaks closer together than a point is wide is not seen
            (Some(_), Some(_)) => self.after = later.after,
        }
    }
}

/// First, smallest, largest and last.
#[derive(Debug, Clone, Copy, Default)]
struct Extremes(Option<[Spot; 4]>);

impl Extremes {
    fn join(&mut self, later: Self) {
        self.0 = match (self.0, later.0) {
            (Some([first, min, max, _]), Some([_, low, high, last])) => {
                let min = if low.1 < min.1 { low } else { min };
                let max = if high.1 > max.1 { high } else { max };
                Some([first, min, max, last])
            }
            (before, later) => before.or(later),
        };
    }

    /// In time order, each once.
    fn spots(self) -> impl Iterator<Item = Spot> {
        let mut spots = self.0.map_or_else(Vec::new, Vec::from);
        spots.sort_by_key(|spot| spot.0);
        spots.dedup();
        spots.into_iter()
    }
}
