//! Samples as Arrow columns, and back. The columns are documented in the historian's module.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int64Array,
    RecordBatch, StringArray, TimestampNanosecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::sample::sample_time;
use crate::{OwnedSample, OwnedValue, Sample, Seq, StreamId, Timestamp, Value, ValueKind};

pub(super) const STREAM: &str = "stream";
/// The columns that say when.
pub(super) const TIMES: [&str; 6] =
    ["source_time", "server_time", "receive_time", "source_ticks", "server_ticks", "receive_ticks"];

pub(super) fn schema() -> SchemaRef {
    let time = || DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
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
        optional("source_ticks", DataType::Int64),
        optional("server_ticks", DataType::Int64),
        optional("receive_ticks", DataType::Int64),
        required("seq", DataType::Int64),
    ]))
}

/// The samples as one record batch.
pub(super) fn to_arrow(rows: &[(Sample<'_>, Seq)]) -> Result<RecordBatch, ArrowError> {
    let times = |pick: fn(&Sample<'_>) -> Timestamp| -> [ArrayRef; 2] {
        let nanos = rows.iter().map(|(sample, _)| present(pick(sample))?.unix_nanos());
        let ticks = rows.iter().map(|(sample, _)| {
            let time = present(pick(sample))?;
            time.unix_nanos().is_none().then_some(time.ticks())
        });
        let nanos: TimestampNanosecondArray = nanos.collect();
        [Arc::new(nanos.with_timezone("UTC")), Arc::new(ticks.collect::<Int64Array>())]
    };
    let [source_time, source_ticks] = times(|sample| sample.source_time);
    let [server_time, server_ticks] = times(|sample| sample.server_time);
    let [receive_time, receive_ticks] = times(|sample| sample.receive_time);
    let values = || rows.iter().map(|(sample, _)| sample.value);
    let doubles: Float64Array = values()
        .map(|value| match value {
            Value::Float(v) => Some(f64::from(v)),
            Value::Double(v) => Some(v),
            _ => None,
        })
        .collect();
    let ints: Int64Array = values().map(|v| if let Value::Int(v) = v { Some(v) } else { None }).collect();
    let uints: UInt64Array = values().map(|v| if let Value::UInt(v) = v { Some(v) } else { None }).collect();
    let bools: BooleanArray = values().map(|v| if let Value::Bool(v) = v { Some(v) } else { None }).collect();
    let texts: StringArray = values().map(|v| if let Value::Text(v) = v { Some(v) } else { None }).collect();
    let bytes: BinaryArray = values().map(|v| if let Value::Bytes(v) = v { Some(v) } else { None }).collect();
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(rows.iter().map(|(sample, _)| Some(sample.stream.get())).collect::<UInt32Array>()),
            source_time,
            server_time,
            receive_time,
            Arc::new(rows.iter().map(|(sample, _)| Some(sample.status)).collect::<UInt32Array>()),
            kinds(values().map(|value| value.kind()))?,
            Arc::new(doubles),
            Arc::new(ints),
            Arc::new(uints),
            Arc::new(bools),
            Arc::new(texts),
            Arc::new(bytes),
            source_ticks,
            server_ticks,
            receive_ticks,
            Arc::new(rows.iter().map(|(_, seq)| Some(seq.get())).collect::<Int64Array>()),
        ],
    )
}

fn present(time: Timestamp) -> Option<Timestamp> {
    (!time.is_absent()).then_some(time)
}

fn kinds(kinds: impl Iterator<Item = ValueKind>) -> Result<ArrayRef, ArrowError> {
    let keys: Int8Array = kinds.map(|kind| Some(kind.number().cast_signed())).collect();
    let names: StringArray = ValueKind::ALL.iter().map(|kind| Some(kind.as_str())).collect();
    Ok(Arc::new(DictionaryArray::<Int8Type>::try_new(keys, Arc::new(names))?))
}

/// The times of a record batch that holds (at least) [`TIMES`].
pub(super) struct Times<'a> {
    source: Time<'a>,
    server: Time<'a>,
    receive: Time<'a>,
}

struct Time<'a> {
    nanos: &'a TimestampNanosecondArray,
    ticks: &'a Int64Array,
}

impl<'a> Times<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let time = |nanos, ticks| -> Result<Time<'a>, ArrowError> {
            Ok(Time { nanos: column(batch, nanos)?, ticks: column(batch, ticks)? })
        };
        Ok(Self {
            source: time("source_time", "source_ticks")?,
            server: time("server_time", "server_ticks")?,
            receive: time("receive_time", "receive_ticks")?,
        })
    }

    /// Of a row that exists.
    pub(super) fn time(&self, row: usize) -> Timestamp {
        sample_time(self.source.get(row), self.server.get(row), self.receive.get(row))
    }
}

impl Time<'_> {
    fn get(&self, row: usize) -> Timestamp {
        if self.nanos.is_valid(row) {
            Timestamp::from_unix_nanos(self.nanos.value(row))
        } else if self.ticks.is_valid(row) {
            Timestamp::from_ticks(self.ticks.value(row))
        } else {
            Timestamp::ABSENT
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
