//! What a signal shows, in words that whoever collects can compute with.

use std::fmt;

use crate::signals::Shape;
use crate::specimens::Specimen;

const TICKS_PER_SECOND: i64 = 10_000_000;

/// `k` is the number of periods since the start, as in [`Shape`]; `noise` is told in docs/plant.md.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counter => f.write_str("k"),
            Self::Sine { mean, amplitude, steps } => write!(f, "{mean} + {amplitude} sin(2 pi k / {steps})"),
            Self::Ramp { low, high, steps } => write!(f, "{low} + {} (k mod {steps}) / {steps}", high - low),
            Self::Noise { mean, spread, seed } => write!(f, "{mean} + {spread} noise({seed}, k)"),
            Self::Step(levels) => in_turn(f, levels),
            Self::Stuck(value) => write!(f, "always {value}, since the start"),
            Self::Failing(value) => write!(f, "{value}; Bad_SensorFailure when k is odd"),
            Self::Skewed { shape, by } => {
                write!(f, "{shape}; its clock is {} s ahead", by / TICKS_PER_SECOND)
            }
            Self::Text(texts) => in_turn(f, texts),
            Self::Toggle => f.write_str("on when k is odd"),
            Self::State(states) => write!(f, "k mod {states}"),
            Self::StartTime => f.write_str("the instant of the start"),
            Self::Setpoint(_) => f.write_str("what was written last"),
            Self::Specimen { kind, .. } => f.write_str(match kind {
                Specimen::Report => "Number k, Mode k mod 3, Weights k and k + 0.5, a Remark when k is even",
                Specimen::Mode => "k mod 3",
                Specimen::Profile => "k, k + 1, k + 2, k + 3",
                Specimen::Grid => "k to k + 5 in two rows",
            }),
        }
    }
}

/// The first when `k` is 0, the next when it is 1.
fn in_turn<T: fmt::Display>(f: &mut fmt::Formatter<'_>, all: &[T]) -> fmt::Result {
    for (place, one) in all.iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        write!(f, "{comma}{one}")?;
    }
    f.write_str(" in turn")
}
