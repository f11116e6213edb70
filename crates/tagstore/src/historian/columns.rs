//! Samples as Arrow columns, and back. The columns are documented in the historian's module.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int16Array,
    Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::sample::sample_time;
use crate::{OwnedSample, OwnedValue, Sample, Seq, StreamId, Timestamp, Value, ValueKind};

pub(super) const STREAM: &str = "stream";
/// The columns that say when, of this format and of the one before.
pub(super) const TIMES: [&str; 9] = [
    "source_time",
    "server_time",
    "receive_time",
    "source_nanos",
    "server_nanos",
    "receive_nanos",
    "source_ticks",
    "server_ticks",
    "receive_ticks",
];

pub(super) fn schema() -> SchemaRef {
    let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let kind = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let optional = |name, data_type| Field::new(name, data_type, true);
    let required = |name, data_type| Field::new(name, data_type, false);
    Arc::new(Schema::new(vec![
        required(STREAM, DataType::UInt32),
        optional("source_time", time()),
        optional("server_time", time()),
        optional("receive_time", time()),
        required("status", DataType::UInt32),
        required("type", kind),
        optional("value_double", DataType::Float64),
        optional("value_int", DataType::Int64),
        optional("value_uint", DataType::UInt64),
        optional("value_bool", DataType::Boolean),
        optional("value_text", DataType::Utf8),
        optional("value_bytes", DataType::Binary),
        optional("source_nanos", DataType::Int16),
        optional("server_nanos", DataType::Int16),
        optional("receive_nanos", DataType::Int16),
        required("seq", DataType::Int64),
    ]))
}

/// The samples as one record batch.
pub(super) fn to_arrow(rows: &[(Sample<'_>, Seq)]) -> Result<RecordBatch, ArrowError> {
    let times = |pick: fn(&Sample<'_>) -> Timestamp| -> [ArrayRef; 2] {
        let split = || rows.iter().map(|(sample, _)| present(pick(sample)).map(Timestamp::unix_micros));
        let micros: TimestampMicrosecondArray = match split().all(|time| time.is_some()) {
            true => TimestampMicrosecondArray::from_iter_values(split().flatten().map(|(micros, _)| micros)),
            false => split().map(|time| time.map(|(micros, _)| micros)).collect(),
        };
        let whole = split().flatten().all(|(_, rest)| rest == 0);
        let rest: Int16Array = match whole {
            true => Int16Array::new_null(rows.len()),
            false => split()
                .map(|time| time.map(|(_, rest)| i16::from(rest) * 100).filter(|rest| *rest > 0))
                .collect(),
        };
        [Arc::new(micros.with_timezone("UTC")), Arc::new(rest)]
    };
    let [source_time, source_rest] = times(|sample| sample.source_time);
    let [server_time, server_rest] = times(|sample| sample.server_time);
    let [receive_time, receive_rest] = times(|sample| sample.receive_time);
    let values = || rows.iter().map(|(sample, _)| sample.value);
    let kinds_there = values().fold(0_u16, |there, value| there | 1 << value.kind().number());
    let has = |kind: ValueKind| kinds_there & (1 << kind.number()) != 0;
    let doubles: Float64Array = match has(ValueKind::Double) || has(ValueKind::Float) {
        true => values().map(double).collect(),
        false => Float64Array::new_null(rows.len()),
    };
    let ints: Int64Array = match has(ValueKind::Int) {
        true => values().map(|v| if let Value::Int(v) = v { Some(v) } else { None }).collect(),
        false => Int64Array::new_null(rows.len()),
    };
    let uints: UInt64Array = match has(ValueKind::UInt) {
        true => values().map(|v| if let Value::UInt(v) = v { Some(v) } else { None }).collect(),
        false => UInt64Array::new_null(rows.len()),
    };
    let bools: BooleanArray = match has(ValueKind::Bool) {
        true => values().map(|v| if let Value::Bool(v) = v { Some(v) } else { None }).collect(),
        false => BooleanArray::new_null(rows.len()),
    };
    let texts: StringArray = match has(ValueKind::Text) || has(ValueKind::Event) {
        true => values().map(text).collect(),
        false => StringArray::new_null(rows.len()),
    };
    let bytes: BinaryArray = match has(ValueKind::Bytes) {
        true => values().map(|v| if let Value::Bytes(v) = v { Some(v) } else { None }).collect(),
        false => BinaryArray::new_null(rows.len()),
    };
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(sample, _)| sample.stream.get()))),
            source_time,
            server_time,
            receive_time,
            Arc::new(UInt32Array::from_iter_values(rows.iter().map(|(sample, _)| sample.status))),
            kinds(values().map(|value| value.kind()))?,
            Arc::new(doubles),
            Arc::new(ints),
            Arc::new(uints),
            Arc::new(bools),
            Arc::new(texts),
            Arc::new(bytes),
            source_rest,
            server_rest,
            receive_rest,
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, seq)| seq.get()))),
        ],
    )
}

fn double(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Float(v) => Some(f64::from(v)),
        Value::Double(v) => Some(v),
        _ => None,
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(v) | Value::Event(v) => Some(v),
        _ => None,
    }
}

fn present(time: Timestamp) -> Option<Timestamp> {
    (!time.is_absent()).then_some(time)
}

fn kinds(kinds: impl Iterator<Item = ValueKind>) -> Result<ArrayRef, ArrowError> {
    let keys = Int8Array::from_iter_values(kinds.map(|kind| kind.number().cast_signed()));
    let names: StringArray = ValueKind::ALL.iter().map(|kind| Some(kind.as_str())).collect();
    Ok(Arc::new(DictionaryArray::<Int8Type>::try_new(keys, Arc::new(names))?))
}

/// The times of a record batch that holds (at least) [`TIMES`].
pub(super) struct Times<'a> {
    source: Time<'a>,
    server: Time<'a>,
    receive: Time<'a>,
}

/// A time in its two columns.
enum Time<'a> {
    /// Whole µs, and the nanoseconds that are left.
    Micros(&'a TimestampMicrosecondArray, &'a Int16Array),
    /// Format 1: nanoseconds, and ticks where those do not reach.
    Nanos(&'a TimestampNanosecondArray, &'a Int64Array),
}

impl<'a> Times<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let time = |name, rest, ticks| -> Result<Time<'a>, ArrowError> {
            if let Ok(micros) = column(batch, name) {
                return Ok(Time::Micros(micros, column(batch, rest)?));
            }
            Ok(Time::Nanos(column(batch, name)?, column(batch, ticks)?))
        };
        Ok(Self {
            source: time("source_time", "source_nanos", "source_ticks")?,
            server: time("server_time", "server_nanos", "server_ticks")?,
            receive: time("receive_time", "receive_nanos", "receive_ticks")?,
        })
    }

    /// Of a row that exists.
    pub(super) fn time(&self, row: usize) -> Timestamp {
        sample_time(self.source.get(row), self.server.get(row), self.receive.get(row))
    }
}

impl Time<'_> {
    fn get(&self, row: usize) -> Timestamp {
        match self {
            Self::Micros(micros, rest) if micros.is_valid(row) => {
                let rest = if rest.is_valid(row) { rest.value(row) / 100 } else { 0 };
                Timestamp::from_unix_micros(micros.value(row), u8::try_from(rest).unwrap_or(0))
            }
            Self::Nanos(nanos, _) if nanos.is_valid(row) => Timestamp::from_unix_nanos(nanos.value(row)),
            Self::Nanos(_, ticks) if ticks.is_valid(row) => Timestamp::from_ticks(ticks.value(row)),
            _ => Timestamp::ABSENT,
        }
    }
}

/// A record batch as samples.
pub(super) struct Rows<'a> {
    streams: &'a UInt32Array,
    times: Times<'a>,
    statuses: &'a UInt32Array,
    kinds: Vec<ValueKind>,
    doubles: &'a Float64Array,
    ints: &'a Int64Array,
    uints: &'a UInt64Array,
    bools: &'a BooleanArray,
    texts: &'a StringArray,
    bytes: &'a BinaryArray,
    seqs: &'a Int64Array,
}

impl<'a> Rows<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        Ok(Self {
            streams: column(batch, STREAM)?,
            times: Times::of(batch)?,
            statuses: column(batch, "status")?,
            kinds: kinds_of(column(batch, "type")?)?,
            doubles: column(batch, "value_double")?,
            ints: column(batch, "value_int")?,
            uints: column(batch, "value_uint")?,
            bools: column(batch, "value_bool")?,
            texts: column(batch, "value_text")?,
            bytes: column(batch, "value_bytes")?,
            seqs: column(batch, "seq")?,
        })
    }

    /// Of a row that exists.
    pub(super) fn get(&self, row: usize) -> Option<(OwnedSample, Seq)> {
        let value = match self.kinds.get(row)? {
            ValueKind::Null => OwnedValue::Null,
            ValueKind::Bool => OwnedValue::Bool(self.bools.value(row)),
            ValueKind::Int => OwnedValue::Int(self.ints.value(row)),
            ValueKind::UInt => OwnedValue::UInt(self.uints.value(row)),
            ValueKind::Float => OwnedValue::Float(narrow(self.doubles.value(row))),
            ValueKind::Double => OwnedValue::Double(self.doubles.value(row)),
            ValueKind::Text => OwnedValue::Text(self.texts.value(row).to_owned()),
            ValueKind::Bytes => OwnedValue::Bytes(self.bytes.value(row).to_owned()),
            ValueKind::Event => OwnedValue::Event(self.texts.value(row).to_owned()),
        };
        let sample = OwnedSample {
            stream: StreamId::new(self.streams.value(row)),
            source_time: self.times.source.get(row),
            server_time: self.times.server.get(row),
            receive_time: self.times.receive.get(row),
            status: self.statuses.value(row),
            value,
        };
        Some((sample, Seq::new(self.seqs.value(row))))
    }
}

pub(super) fn column<'a, T: 'static>(batch: &'a RecordBatch, name: &str) -> Result<&'a T, ArrowError> {
    let column =
        batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
    let wrong = || ArrowError::SchemaError(format!("column {name} is {}", column.data_type()));
    column.as_any().downcast_ref::<T>().ok_or_else(wrong)
}

fn kinds_of(column: &DictionaryArray<Int8Type>) -> Result<Vec<ValueKind>, ArrowError> {
    let unknown = || ArrowError::SchemaError("unknown type of value".to_owned());
    let names = column.values().as_any().downcast_ref::<StringArray>().ok_or_else(unknown)?;
    let known: Vec<Option<ValueKind>> = names
        .iter()
        .map(|name| ValueKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == name))
        .collect();
    let kind = |key: Option<i8>| usize::try_from(key?).ok().and_then(|key| *known.get(key)?);
    column.keys().iter().map(|key| kind(key).ok_or_else(unknown)).collect()
}

#[expect(clippy::as_conversions, reason = "the double was widened from a float: this is exact")]
#[expect(clippy::cast_possible_truncation, reason = "as above")]
fn narrow(widened: f64) -> f32 {
    widened as f32
}
