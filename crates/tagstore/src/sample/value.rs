//! One sample: whose, when, how good, what.

use std::fmt;

use crate::Timestamp;

/// The number of a stream in one journal. Stable for the journal's life, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u32);

impl StreamId {
    /// From its number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value, borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value (typical with a bad status).
    Null,
    /// True or false.
    Bool(bool),
    /// Any signed integer.
    Int(i64),
    /// Any unsigned integer.
    UInt(u64),
    /// 32-bit floating point, kept bit for bit.
    Float(f32),
    /// 64-bit floating point, kept bit for bit.
    Double(f64),
    /// Text.
    Text(&'a str),
    /// Bytes; also what has no better form.
    Bytes(&'a [u8]),
    /// Something that happened, as a JSON object. If its first member is `event_id` and a text, that tells the event from
    /// every other of its stream and time.
    Event(&'a str),
}

/// Which kind of value a sample holds; the number is what the blob format stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ValueKind {
    /// [`Value::Null`]
    Null = 0,
    /// [`Value::Bool`]
    Bool = 1,
    /// [`Value::Int`]
    Int = 2,
    /// [`Value::UInt`]
    UInt = 3,
    /// [`Value::Float`]
    Float = 4,
    /// [`Value::Double`]
    Double = 5,
    /// [`Value::Text`]
    Text = 6,
    /// [`Value::Bytes`]
    Bytes = 7,
    /// [`Value::Event`]
    Event = 8,
}

impl ValueKind {
    /// All kinds, at the place of their number.
    pub const ALL: [Self; 9] = [
        Self::Null,
        Self::Bool,
        Self::Int,
        Self::UInt,
        Self::Float,
        Self::Double,
        Self::Text,
        Self::Bytes,
        Self::Event,
    ];

    /// The name in the historian's `type` column.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::UInt => "uint",
            Self::Float => "float",
            Self::Double => "double",
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Event => "event",
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool => 1,
            Self::Int => 2,
            Self::UInt => 3,
            Self::Float => 4,
            Self::Double => 5,
            Self::Text => 6,
            Self::Bytes => 7,
            Self::Event => 8,
        }
    }

    /// Whether its values are text or bytes in the heap of a batch.
    pub(crate) const fn is_on_heap(self) -> bool {
        matches!(self, Self::Text | Self::Bytes | Self::Event)
    }

    /// Whether its values are UTF-8.
    pub(crate) const fn is_utf8(self) -> bool {
        matches!(self, Self::Text | Self::Event)
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl Value<'_> {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> ValueKind {
        match self {
            Self::Null => ValueKind::Null,
            Self::Bool(_) => ValueKind::Bool,
            Self::Int(_) => ValueKind::Int,
            Self::UInt(_) => ValueKind::UInt,
            Self::Float(_) => ValueKind::Float,
            Self::Double(_) => ValueKind::Double,
            Self::Text(_) => ValueKind::Text,
            Self::Bytes(_) => ValueKind::Bytes,
            Self::Event(_) => ValueKind::Event,
        }
    }

    /// A copy that owns its text or bytes.
    #[must_use]
    pub fn to_owned(&self) -> OwnedValue {
        match *self {
            Self::Null => OwnedValue::Null,
            Self::Bool(v) => OwnedValue::Bool(v),
            Self::Int(v) => OwnedValue::Int(v),
            Self::UInt(v) => OwnedValue::UInt(v),
            Self::Float(v) => OwnedValue::Float(v),
            Self::Double(v) => OwnedValue::Double(v),
            Self::Text(v) => OwnedValue::Text(v.to_owned()),
            Self::Bytes(v) => OwnedValue::Bytes(v.to_owned()),
            Self::Event(v) => OwnedValue::Event(v.to_owned()),
        }
    }
}

/// A sample, borrowing its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// Whose.
    pub stream: StreamId,
    /// When the value was true, by the device; may be absent.
    pub source_time: Timestamp,
    /// When the server took it; may be absent.
    pub server_time: Timestamp,
    /// When we received it; always present.
    pub receive_time: Timestamp,
    /// OPC UA StatusCode, all 32 bits.
    pub status: u32,
    /// What.
    pub value: Value<'a>,
}

impl Sample<'_> {
    /// The time that orders samples: source, else server, else receive time.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        sample_time(self.source_time, self.server_time, self.receive_time)
    }

    /// A copy that owns its value.
    #[must_use]
    pub fn to_owned(&self) -> OwnedSample {
        OwnedSample {
            stream: self.stream,
            source_time: self.source_time,
            server_time: self.server_time,
            receive_time: self.receive_time,
            status: self.status,
            value: self.value.to_owned(),
        }
    }
}

/// A value that owns its text or bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum OwnedValue {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// Any signed integer.
    Int(i64),
    /// Any unsigned integer.
    UInt(u64),
    /// 32-bit floating point.
    Float(f32),
    /// 64-bit floating point.
    Double(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Something that happened, see [`Value::Event`].
    Event(String),
}

impl OwnedValue {
    /// Borrowed again.
    #[must_use]
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(v) => Value::Bool(*v),
            Self::Int(v) => Value::Int(*v),
            Self::UInt(v) => Value::UInt(*v),
            Self::Float(v) => Value::Float(*v),
            Self::Double(v) => Value::Double(*v),
            Self::Text(v) => Value::Text(v),
            Self::Bytes(v) => Value::Bytes(v),
            Self::Event(v) => Value::Event(v),
        }
    }
}

/// For people: `NaN`, `null`, text as it is, bytes as lower-case hex. Text may hold control characters; whoever prints
/// to a terminal must escape them.
impl fmt::Display for OwnedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(v) => v.fmt(f),
            Self::Int(v) => v.fmt(f),
            Self::UInt(v) => v.fmt(f),
            Self::Float(v) => v.fmt(f),
            Self::Double(v) => v.fmt(f),
            Self::Text(v) | Self::Event(v) => f.write_str(v),
            Self::Bytes(v) => v.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

/// A sample that owns its value.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnedSample {
    /// Whose.
    pub stream: StreamId,
    /// When the value was true, by the device; may be absent.
    pub source_time: Timestamp,
    /// When the server took it; may be absent.
    pub server_time: Timestamp,
    /// When we received it.
    pub receive_time: Timestamp,
    /// OPC UA StatusCode, all 32 bits.
    pub status: u32,
    /// What.
    pub value: OwnedValue,
}

impl OwnedSample {
    /// The time that orders samples: source, else server, else receive time.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        sample_time(self.source_time, self.server_time, self.receive_time)
    }

    /// Borrowed again.
    #[must_use]
    pub fn as_sample(&self) -> Sample<'_> {
        Sample {
            stream: self.stream,
            source_time: self.source_time,
            server_time: self.server_time,
            receive_time: self.receive_time,
            status: self.status,
            value: self.value.as_value(),
        }
    }
}

pub(crate) const fn sample_time(source: Timestamp, server: Timestamp, receive: Timestamp) -> Timestamp {
    if !source.is_absent() {
        source
    } else if !server.is_absent() {
        server
    } else {
        receive
    }
}
