//! Samples as Arrow columns, and back. The columns are documented in the historian's module.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int16Array,
    Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::sample::{Columns, sample_time};
use crate::{OwnedSample, OwnedValue, SampleBatch, Seq, StreamId, Timestamp, Value, ValueKind};

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

/// The samples as one record batch; `seqs` is the journal row of each.
pub(super) fn to_arrow(samples: &SampleBatch, seqs: &[Seq]) -> Result<RecordBatch, ArrowError> {
    let Columns { streams, source_times, server_times, receive_times, statuses, kinds, words } =
        samples.columns();
    let rows = samples.len();
    let [source_time, source_rest] = times(source_times);
    let [server_time, server_rest] = times(server_times);
    let [receive_time, receive_rest] = times(receive_times);
    let there = kinds.iter().fold(0_u16, |there, kind| there | bit(*kind));
    let has = |kind: ValueKind| there & bit(kind) != 0;
    let all = |kind: ValueKind| there == bit(kind);
    let words_of = |wanted: ValueKind| {
        kinds.iter().zip(words).map(move |(kind, word)| (*kind == wanted).then_some(*word))
    };
    let doubles: Float64Array = if all(ValueKind::Double) {
        Float64Array::from_iter_values(words.iter().copied().map(f64::from_bits))
    } else if has(ValueKind::Double) || has(ValueKind::Float) {
        kinds.iter().zip(words).map(|(kind, word)| double(*kind, *word)).collect()
    } else {
        Float64Array::new_null(rows)
    };
    let ints: Int64Array = match has(ValueKind::Int) {
        true => words_of(ValueKind::Int).map(|word| word.map(u64::cast_signed)).collect(),
        false => Int64Array::new_null(rows),
    };
    let uints: UInt64Array = match has(ValueKind::UInt) {
        true => words_of(ValueKind::UInt).collect(),
        false => UInt64Array::new_null(rows),
    };
    let bools: BooleanArray = match has(ValueKind::Bool) {
        true => words_of(ValueKind::Bool).map(|word| word.map(|word| word != 0)).collect(),
        false => BooleanArray::new_null(rows),
    };
    let texts: StringArray = match has(ValueKind::Text) || has(ValueKind::Event) {
        true => samples.iter().map(|sample| text(sample.value)).collect(),
        false => StringArray::new_null(rows),
    };
    let binaries: BinaryArray = match has(ValueKind::Bytes) {
        true => samples.iter().map(|sample| bytes(sample.value)).collect(),
        false => BinaryArray::new_null(rows),
    };
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(UInt32Array::from(streams.to_vec())),
            source_time,
            server_time,
            receive_time,
            Arc::new(UInt32Array::from(statuses.to_vec())),
            names_of(kinds)?,
            Arc::new(doubles),
            Arc::new(ints),
            Arc::new(uints),
            Arc::new(bools),
            Arc::new(texts),
            Arc::new(binaries),
            source_rest,
            server_rest,
            receive_rest,
            Arc::new(Int64Array::from_iter_values(seqs.iter().map(|seq| seq.get()))),
        ],
    )
}

/// Whole microseconds, and the nanoseconds that are left.
fn times(ticks: &[i64]) -> [ArrayRef; 2] {
    let (mut micros, mut rests) = (Vec::with_capacity(ticks.len()), Vec::with_capacity(ticks.len()));
    let (mut all_present, mut all_whole) = (true, true);
    for ticks in ticks {
        let time = Timestamp::from_ticks(*ticks);
        let (whole, rest) = time.unix_micros();
        all_present &= !time.is_absent();
        all_whole &= rest == 0;
        micros.push(whole);
        rests.push(i16::from(rest) * 100);
    }
    let present = |row: usize| ticks.get(row).is_some_and(|ticks| !Timestamp::from_ticks(*ticks).is_absent());
    let micros: TimestampMicrosecondArray = match all_present {
        true => micros.into(),
        false => micros.into_iter().enumerate().map(|(row, micros)| present(row).then_some(micros)).collect(),
    };
    let rests: Int16Array = match all_whole {
        true => Int16Array::new_null(ticks.len()),
        false => {
            let rests = rests.into_iter().enumerate();
            rests.map(|(row, rest)| (rest > 0 && present(row)).then_some(rest)).collect()
        }
    };
    [Arc::new(micros.with_timezone("UTC")), Arc::new(rests)]
}

const fn bit(kind: ValueKind) -> u16 {
    1 << kind.number()
}

fn double(kind: ValueKind, word: u64) -> Option<f64> {
    match kind {
        // the word of a float was made from 32 bits
        ValueKind::Float => Some(f64::from(f32::from_bits(u32::try_from(word).unwrap_or_default()))),
        ValueKind::Double => Some(f64::from_bits(word)),
        _ => None,
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Text(v) | Value::Event(v) => Some(v),
        _ => None,
    }
}

const fn bytes(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Bytes(v) => Some(v),
        _ => None,
    }
}

fn names_of(kinds: &[ValueKind]) -> Result<ArrayRef, ArrowError> {
    let keys = Int8Array::from_iter_values(kinds.iter().map(|kind| kind.number().cast_signed()));
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
