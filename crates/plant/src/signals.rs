//! Values as functions of time.

use std::{sync::Arc, time::Duration};

use opcua_types::{QualifiedName, StatusCode, Variant};
use ua_server::{Event, Sample, Slot, Ticks, Toward, Value, ValueSource};

use crate::control::{Setpoint, set_speed};
use crate::events::{Events, batch_number};
use crate::specimens::Specimen;

/// How a signal behaves. `k` is the number of periods since the start.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Shape {
    /// `k` itself, as Int64: ground truth for "nothing is missing".
    Counter,
    /// `mean + amplitude * sin(2 pi k / steps)`.
    Sine {
        /// Middle.
        mean: f64,
        /// Largest distance from the middle.
        amplitude: f64,
        /// Periods in a full turn.
        steps: i64,
    },
    /// From `low` up to `high` in `steps` periods, then from `low` again.
    Ramp {
        /// Lowest value.
        low: f64,
        /// Value that is not quite reached.
        high: f64,
        /// Periods in one ramp.
        steps: i64,
    },
    /// Uniform around `mean`; the same seed and `k` give the same value.
    Noise {
        /// Middle.
        mean: f64,
        /// Largest distance from the middle.
        spread: f64,
        /// Tells noisy signals apart.
        seed: u64,
    },
    /// One level after the other.
    Step(Vec<f64>),
    /// A sensor that froze at the start: neither value nor timestamp ever moves.
    Stuck(f64),
    /// A sensor that fails every other period.
    Failing(f64),
    /// A number whose source timestamps are ahead of the server's time.
    Skewed {
        /// What it shows.
        shape: Box<Self>,
        /// So far ahead.
        by: Ticks,
    },
    /// One text after the other.
    Text(Vec<Arc<str>>),
    /// On in odd periods.
    Toggle,
    /// `k` modulo the number of states, as UInt32.
    State(u32),
    /// The instant of the start.
    StartTime,
    /// What somebody wrote last.
    Setpoint(Setpoint),
    /// Something rare.
    Specimen {
        /// What it is.
        kind: Specimen,
        /// Index of the plant's namespace.
        namespace: u16,
    },
}

/// All signals of a plant, one array for each property, numbered by slot.
#[derive(Debug, Clone)]
pub struct Signals {
    start: Ticks,
    periods: Vec<Ticks>,
    shapes: Vec<Shape>,
    /// `None` where nothing happens.
    events: Option<Events>,
    /// The method that sets a speed, and the speed.
    method: Option<(Slot, Slot)>,
}

impl Signals {
    /// No signals yet; time is counted from `start`.
    #[must_use]
    pub const fn new(start: Ticks) -> Self {
        Self { start, periods: Vec::new(), shapes: Vec::new(), events: None, method: None }
    }

    /// Adds a signal that has something new every `period` ticks (at least 1). `None` when there is no number left for it.
    pub fn add(&mut self, shape: Shape, period: Ticks) -> Option<Slot> {
        let slot = Slot(u32::try_from(self.shapes.len()).ok()?);
        self.shapes.push(shape);
        self.periods.push(period.max(1));
        Some(slot)
    }

    /// The instant from which periods are counted.
    #[must_use]
    pub const fn start(&self) -> Ticks {
        self.start
    }

    /// Lets things happen too: one event every [`EVENT_PERIOD`](crate::EVENT_PERIOD), about nodes in a namespace.
    pub(crate) fn with_events(&mut self, namespace: u16) {
        self.events = Some(Events { start: self.start, namespace });
    }

    /// Lets a method set a speed.
    pub(crate) const fn with_method(&mut self, method: Slot, speed: Slot) {
        self.method = Some((method, speed));
    }

    pub(crate) fn first_setpoint(&self) -> Option<Slot> {
        let place = self.shapes.iter().position(|shape| matches!(shape, Shape::Setpoint(_)))?;
        u32::try_from(place).ok().map(Slot)
    }

    fn setpoint(&self, slot: Slot) -> Option<&Setpoint> {
        match self.facts(slot)?.0 {
            Shape::Setpoint(setpoint) => Some(setpoint),
            _ => None,
        }
    }

    /// Event `k`, which happens `k` periods after the start; `None` where nothing happens.
    #[must_use]
    pub fn event(&self, k: i64) -> Option<Event> {
        self.events.as_ref().filter(|_| k > 0).map(|events| events.at(k))
    }

    fn facts(&self, slot: Slot) -> Option<(&Shape, Ticks)> {
        let index = usize::try_from(slot.0).ok()?;
        Some((self.shapes.get(index)?, *self.periods.get(index)?))
    }

    /// Value, quality and source timestamp of a signal at an instant. Before the start there is none.
    #[must_use]
    pub fn at(&self, slot: Slot, at: Ticks) -> Sample {
        let index = usize::try_from(slot.0).unwrap_or(usize::MAX);
        let (Some(shape), Some(period)) = (self.shapes.get(index), self.periods.get(index)) else {
            return Sample::bad(StatusCode::BadNodeIdUnknown, 0);
        };
        let k = at.saturating_sub(self.start).div_euclid(*period);
        if k < 0 {
            return Sample::bad(StatusCode::BadWaitingForInitialData, 0);
        }
        shape.sample(k, self.start, self.start.saturating_add(k.saturating_mul(*period)))
    }
}

impl Shape {
    fn sample(&self, k: i64, start: Ticks, time: Ticks) -> Sample {
        let value = match self {
            Self::Counter => Value::Int64(k),
            Self::Sine { mean, amplitude, steps } => {
                let turn = real(k.rem_euclid((*steps).max(1))) / real((*steps).max(1));
                Value::Double(mean + amplitude * (std::f64::consts::TAU * turn).sin())
            }
            Self::Ramp { low, high, steps } => Value::Double(
                low + (high - low) * real(k.rem_euclid((*steps).max(1))) / real((*steps).max(1)),
            ),
            Self::Noise { mean, spread, seed } => Value::Double(mean + spread * noise(*seed, k)),
            Self::Step(levels) => Value::Double(pick(levels, k).copied().unwrap_or_default()),
            Self::Stuck(value) => return Sample::good(Value::Double(*value), start),
            Self::Failing(_) if k.rem_euclid(2) == 1 => {
                return Sample::bad(StatusCode::BadSensorFailure, time);
            }
            Self::Failing(value) => Value::Double(*value),
            Self::Skewed { shape, by } => {
                let sample = shape.sample(k, start, time);
                return Sample { source_time: sample.source_time.saturating_add(*by), ..sample };
            }
            Self::Text(texts) => pick(texts, k).map_or(Value::Null, |text| Value::Text(Arc::clone(text))),
            Self::Toggle => Value::Boolean(k.rem_euclid(2) == 1),
            Self::State(states) => {
                Value::UInt32(u32::try_from(k.rem_euclid(i64::from((*states).max(1)))).unwrap_or_default())
            }
            Self::StartTime => return Sample::good(Value::DateTime(start), start),
            Self::Setpoint(setpoint) => return setpoint.get(),
            Self::Specimen { kind, namespace } => kind.value(k, *namespace),
        };
        Sample::good(value, time)
    }
}

impl ValueSource for Signals {
    fn sample(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample)) {
        for (index, slot) in slots.iter().enumerate() {
            visit(index, self.at(*slot, at));
        }
    }

    fn has_events(&self) -> bool {
        self.events.is_some()
    }

    fn event_fields(&self) -> Vec<QualifiedName> {
        self.events.iter().map(|events| batch_number(events.namespace)).collect()
    }

    fn events(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event)) {
        if let Some(events) = &self.events {
            events.visit(after, until, visit);
        }
    }

    fn is_recorded(&self, slot: Slot) -> bool {
        self.facts(slot).is_some() && self.setpoint(slot).is_none()
    }

    fn is_writable(&self, slot: Slot) -> bool {
        self.setpoint(slot).is_some()
    }

    fn write(&self, slot: Slot, value: Value, at: Ticks) -> Result<(), StatusCode> {
        self.setpoint(slot).ok_or(StatusCode::BadNotWritable)?.set(value, at)
    }

    fn call(&self, method: Slot, inputs: &[Variant], at: Ticks) -> Result<Vec<Variant>, StatusCode> {
        let speed =
            self.method.filter(|(known, _)| *known == method).and_then(|(_, speed)| self.setpoint(speed));
        set_speed(speed.ok_or(StatusCode::BadMethodInvalid)?, inputs, at)
    }

    fn recorded(&self, slot: Slot, at: Ticks, toward: Toward, now: Ticks) -> Option<Sample> {
        let (shape, period) = self.facts(slot)?;
        let ahead = if let Shape::Skewed { by, .. } = shape { *by } else { 0 };
        let since = at.checked_sub(self.start)?.checked_sub(ahead)?;
        let newest = now.checked_sub(self.start)?.div_euclid(period);
        let (oldest, newest) = match shape {
            Shape::Stuck(_) | Shape::StartTime => (0, newest.min(0)),
            Shape::Counter => (0, newest),
            _ => (ticks(PAST).checked_neg()?.div_euclid(period), newest),
        };
        let k = match toward {
            Toward::Past => since.div_euclid(period).min(newest),
            // the first step at or behind the instant
            Toward::Future => since.checked_neg()?.div_euclid(period).checked_neg()?.max(oldest),
        };
        if k < oldest || k > newest {
            return None;
        }
        Some(shape.sample(k, self.start, self.start.checked_add(k.checked_mul(period)?)?))
    }
}

/// So much history was there before the plant started: it costs nothing, and somebody who tries a trend wants to see one. Counters
/// begin at the start.
const PAST: Duration = Duration::from_secs(30 * 86_400);

/// A duration in ticks.
pub(crate) fn ticks(duration: Duration) -> Ticks {
    Ticks::try_from(duration.as_nanos() / 100).unwrap_or(Ticks::MAX)
}

fn pick<T>(from: &[T], k: i64) -> Option<&T> {
    let count = i64::try_from(from.len()).ok()?;
    from.get(usize::try_from(k.checked_rem_euclid(count)?).ok()?)
}

/// A number in [-1, 1) that depends on seed and `k` alone (SplitMix64).
fn noise(seed: u64, k: i64) -> f64 {
    let mut z = seed ^ k.unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    let upper = i64::try_from(z >> 11).unwrap_or_default();
    real(upper) / real(1 << 52) - 1.0
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "periods and 53 bit fractions fit an f64"
)]
pub(crate) const fn real(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_sampled_at_its_own_pace_from_anywhere_shows_every_number_once() {
        let mut signals = Signals::new(1_000_003);
        let slot = signals.add(Shape::Counter, 100).unwrap();
        // a grid of multiples of 100 that is not the counter's own
        let seen: Vec<_> = (10_001..10_101).map(|step| signals.at(slot, step * 100)).collect();
        for (index, sample) in seen.iter().enumerate() {
            let k = i64::try_from(index).unwrap();
            assert!(sample.value.same_as(&Value::Int64(k)), "{index}: {sample:?}");
            assert_eq!(sample.source_time, 1_000_003 + k * 100);
        }
    }

    #[test]
    fn noise_stays_within_its_spread_and_is_the_same_when_computed_again() {
        for k in 0..10_000 {
            assert!((-1.0..1.0).contains(&noise(42, k)));
            assert_eq!(noise(42, k).to_bits(), noise(42, k).to_bits());
        }
        assert_ne!(noise(42, 1).to_bits(), noise(42, 2).to_bits());
    }

    #[test]
    fn a_stuck_sensor_shows_neither_a_new_value_nor_a_new_time() {
        let mut signals = Signals::new(50);
        let slot = signals.add(Shape::Stuck(7.0), 10).unwrap();
        let (early, late) = (signals.at(slot, 60), signals.at(slot, 60_000));
        assert!(early.value.same_as(&late.value));
        assert_eq!((early.source_time, late.source_time), (50, 50));
    }

    #[test]
    fn before_the_start_there_is_no_value() {
        let mut signals = Signals::new(50);
        let slot = signals.add(Shape::Counter, 10).unwrap();
        assert_eq!(signals.at(slot, 49).status, StatusCode::BadWaitingForInitialData.bits());
    }
}
