//! Where values come from: the one seam between the server and what it shows.
//!
//! A [`ValueSource`] answers for numbered [`Slot`]s. The sampler asks for many slots at once and for one instant, so a source with
//! 100,000 signals is a loop over arrays: no task, no timer and no lock per item.

use std::sync::{Arc, PoisonError, RwLock};

use crate::events::Event;
use opcua_types::{DateTime, QualifiedName, StatusCode, UAString, Variant};

/// Points in time as OPC UA counts them: 100 ns steps since 1601-01-01 UTC.
pub type Ticks = i64;

/// 100 ns steps in a millisecond.
pub const TICKS_PER_MS: Ticks = 10_000;

/// The number under which a source knows one of its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A value in the form the hot path carries: scalars in place, text and everything rarer shared.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the variants are OPC UA's built-in types (Part 6 §5.1.2)")]
pub enum Value {
    #[default]
    Null,
    Boolean(bool),
    Byte(u8),
    Int16(i16),
    UInt16(u16),
    Int32(i32),
    UInt32(u32),
    Int64(i64),
    UInt64(u64),
    Float(f32),
    Double(f64),
    DateTime(Ticks),
    Text(Arc<str>),
    /// Arrays, structures and the built-in types that have no variant of their own here.
    Other(Arc<Variant>),
}

impl Value {
    /// Bit-for-bit equality: a NaN is the same as the same NaN, so that a stuck NaN is no change.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Boolean(a), Self::Boolean(b)) => a == b,
            (Self::Byte(a), Self::Byte(b)) => a == b,
            (Self::Int16(a), Self::Int16(b)) => a == b,
            (Self::UInt16(a), Self::UInt16(b)) => a == b,
            (Self::Int32(a), Self::Int32(b)) => a == b,
            (Self::UInt32(a), Self::UInt32(b)) => a == b,
            (Self::Int64(a), Self::Int64(b)) | (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::UInt64(a), Self::UInt64(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Other(a), Self::Other(b)) => a == b,
            _ => false,
        }
    }

    /// The number behind the value, for dead bands. `None` where there is none.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        #[expect(
            clippy::as_conversions,
            reason = "a dead band compares magnitudes; rounding above 2^53 is what f64 offers"
        )]
        match *self {
            Self::Byte(v) => Some(v.into()),
            Self::Int16(v) => Some(v.into()),
            Self::UInt16(v) => Some(v.into()),
            Self::Int32(v) => Some(v.into()),
            Self::UInt32(v) => Some(v.into()),
            Self::Int64(v) => Some(v as f64),
            Self::UInt64(v) => Some(v as f64),
            Self::Float(v) => Some(v.into()),
            Self::Double(v) => Some(v),
            _ => None,
        }
    }

    /// The same value as the wire library's own type.
    #[must_use]
    pub fn to_variant(&self) -> Variant {
        match self {
            Self::Null => Variant::Empty,
            Self::Boolean(v) => Variant::Boolean(*v),
            Self::Byte(v) => Variant::Byte(*v),
            Self::Int16(v) => Variant::Int16(*v),
            Self::UInt16(v) => Variant::UInt16(*v),
            Self::Int32(v) => Variant::Int32(*v),
            Self::UInt32(v) => Variant::UInt32(*v),
            Self::Int64(v) => Variant::Int64(*v),
            Self::UInt64(v) => Variant::UInt64(*v),
            Self::Float(v) => Variant::Float(*v),
            Self::Double(v) => Variant::Double(*v),
            Self::DateTime(v) => Variant::DateTime(Box::new(DateTime::from(*v))),
            Self::Text(v) => Variant::String(UAString::from(v.as_ref())),
            Self::Other(v) => Variant::clone(v),
        }
    }
}

impl From<Variant> for Value {
    fn from(variant: Variant) -> Self {
        match variant {
            Variant::Empty => Self::Null,
            Variant::Boolean(v) => Self::Boolean(v),
            Variant::Byte(v) => Self::Byte(v),
            Variant::Int16(v) => Self::Int16(v),
            Variant::UInt16(v) => Self::UInt16(v),
            Variant::Int32(v) => Self::Int32(v),
            Variant::UInt32(v) => Self::UInt32(v),
            Variant::Int64(v) => Self::Int64(v),
            Variant::UInt64(v) => Self::UInt64(v),
            Variant::Float(v) => Self::Float(v),
            Variant::Double(v) => Self::Double(v),
            other => Self::Other(Arc::new(other)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }
}

/// What a source says about one slot at one instant.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// The value; `Null` where the quality leaves none.
    pub value: Value,
    /// OPC UA status code, 0 is Good.
    pub status: u32,
    /// When the source says the value came about; 0 is "not said".
    pub source_time: Ticks,
}

impl Sample {
    /// A good value.
    #[must_use]
    pub const fn good(value: Value, source_time: Ticks) -> Self {
        Self { value, status: 0, source_time }
    }

    /// No value, and why.
    #[must_use]
    pub fn bad(status: StatusCode, source_time: Ticks) -> Self {
        Self { value: Value::Null, status: status.bits(), source_time }
    }
}

/// Which way to look from an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toward {
    /// At it or before it.
    Past,
    /// At it or after it.
    Future,
}

/// Something that has values.
pub trait ValueSource: Send + Sync + 'static {
    /// Says what each of `slots` was at the instant `at`, by calling `visit` once per slot with its index in `slots`.
    ///
    /// The server asks for instants that are past or present, in rising order per sampler, but several samplers ask side by side.
    /// A source that computes its values answers for exactly `at`; one that is fed answers with the newest value it has.
    /// A slot it does not know is answered with `Bad_NodeIdUnknown`. It is called under the sampler's lock: it must not block.
    fn sample(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample));

    /// Whether the past of a slot can be read. A source without history need not answer for it.
    fn is_recorded(&self, slot: Slot) -> bool {
        let _ = slot;
        false
    }

    /// The recorded value next to `at`, not later than `now`; its source time says when it was. `None` when there is none.
    ///
    /// Asked for one value after the other, so it must be cheap.
    fn recorded(&self, slot: Slot, at: Ticks, toward: Toward, now: Ticks) -> Option<Sample> {
        let (_, _, _, _) = (slot, at, toward, now);
        None
    }

    /// Whether the value of a slot can be written.
    fn is_writable(&self, slot: Slot) -> bool {
        let _ = slot;
        false
    }

    /// Takes a value that somebody who may do so has written. It has the data type of the variable.
    ///
    /// # Errors
    /// `Bad_OutOfRange` and the like, when this value cannot be taken.
    fn write(&self, slot: Slot, value: Value, at: Ticks) -> Result<(), StatusCode> {
        let (_, _, _) = (slot, value, at);
        Err(StatusCode::BadNotWritable)
    }

    /// Does what a method does and gives what it gives.
    ///
    /// # Errors
    /// `Bad_ArgumentsMissing`, `Bad_InvalidArgument` and the like.
    fn call(&self, method: Slot, inputs: &[Variant], at: Ticks) -> Result<Vec<Variant>, StatusCode> {
        let (_, _, _) = (method, inputs, at);
        Err(StatusCode::BadMethodInvalid)
    }

    /// Whether anything ever happens.
    fn has_events(&self) -> bool {
        false
    }

    /// The fields that its events have beside those of BaseEventType.
    fn event_fields(&self) -> Vec<QualifiedName> {
        Vec::new()
    }

    /// What happened after one instant and up to another, in the order of time.
    fn events(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event)) {
        let (_, _, _) = (after, until, visit);
    }
}

/// A source that is fed: each slot holds the newest value somebody pushed.
#[derive(Debug)]
pub struct PushedValues {
    latest: RwLock<Vec<Sample>>,
}

impl PushedValues {
    /// `slots` variables, all `Bad_WaitingForInitialData` until fed.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        Self { latest: RwLock::new(vec![Sample::bad(StatusCode::BadWaitingForInitialData, 0); slots]) }
    }

    /// Replaces the value of a slot. Returns false when there is no such slot.
    pub fn push(&self, slot: Slot, sample: Sample) -> bool {
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        match usize::try_from(slot.0).ok().and_then(|index| latest.get_mut(index)) {
            Some(place) => {
                *place = sample;
                true
            }
            None => false,
        }
    }
}

impl ValueSource for PushedValues {
    fn sample(&self, slots: &[Slot], _at: Ticks, visit: &mut dyn FnMut(usize, Sample)) {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        for (index, slot) in slots.iter().enumerate() {
            let known = usize::try_from(slot.0).ok().and_then(|place| latest.get(place)).cloned();
            visit(index, known.unwrap_or_else(|| Sample::bad(StatusCode::BadNodeIdUnknown, 0)));
        }
    }
}
