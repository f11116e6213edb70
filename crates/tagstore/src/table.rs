//! Answers as Parquet files for others: one table, streams by their names, nothing that only we understand.
//!
//! The columns are those of the view `samples` of the historian, so that what is written for one sample reads the same
//! on both ways. Times are timestamp(ns, UTC), null where absent or beyond 1677 … 2262.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray, UInt32Array,
    UInt64Array,
};
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;

use crate::historian::parquet_file::{common, writing};
use crate::reader::{as_double, is_good};
use crate::{Bucket, Error, OwnedSample, OwnedValue, PlotPoint, Point, StreamInfo, Timestamp};

/// What a table can be made of: [`OwnedSample`], [`Bucket`] or [`PlotPoint`].
pub trait TableRow: Sized {
    /// The columns behind those that name the stream, and what rows have in them.
    #[doc(hidden)]
    fn columns(rows: &[(usize, Self)]) -> Vec<(&'static str, ArrayRef)>;
}

/// A Parquet file in the making. It is complete after [`finish`](Self::finish), and only then readable.
#[derive(Debug)]
pub struct ParquetTable<T: TableRow> {
    path: PathBuf,
    arrow: ArrowWriter<File>,
    streams: Vec<StreamInfo>,
    without: Vec<String>,
    rows: Vec<(usize, T)>,
    written: u64,
}

impl<T: TableRow> ParquetTable<T> {
    /// Begins a table in an empty file; `path` is what errors call it. Rows will be of these streams; the columns of
    /// `without` are left out.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn new(file: File, path: &Path, streams: Vec<StreamInfo>, without: &[&str]) -> Result<Self, Error> {
        let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
        let empty = batch::<T>(&streams, &[], &without).map_err(|e| writing(path, e.into()))?;
        let properties: WriterProperties = common().set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        let arrow =
            ArrowWriter::try_new(file, empty.schema(), Some(properties)).map_err(|e| writing(path, e))?;
        let rows = Vec::with_capacity(CHUNK_ROWS);
        Ok(Self { path: path.to_owned(), arrow, streams, without, rows, written: 0 })
    }

    /// Adds a row of the stream with this number in the list; rows of a number beyond it have no name.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn push(&mut self, stream: usize, row: T) -> Result<(), Error> {
        self.rows.push((stream, row));
        if self.rows.len() >= CHUNK_ROWS { self.write() } else { Ok(()) }
    }

    /// Ends the file, fsynced; tells how many rows it has.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn finish(mut self) -> Result<u64, Error> {
        self.write()?;
        let file = self.arrow.into_inner().map_err(|e| writing(&self.path, e))?;
        file.sync_all().map_err(|e| Error::io(&self.path, &e))?;
        Ok(self.written)
    }

    fn write(&mut self) -> Result<(), Error> {
        let rows = batch(&self.streams, &self.rows, &self.without);
        let rows = rows.map_err(|e| writing(&self.path, e.into()))?;
        self.arrow.write(&rows).map_err(|e| writing(&self.path, e))?;
        self.written += u64::try_from(self.rows.len()).unwrap_or(0);
        self.rows.clear();
        Ok(())
    }
}

fn batch<T: TableRow>(
    streams: &[StreamInfo],
    rows: &[(usize, T)],
    without: &[String],
) -> Result<RecordBatch, ArrowError> {
    let of_stream = |pick: fn(&StreamInfo) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(|(stream, _)| pick(streams.get(*stream)?)).collect::<StringArray>())
    };
    let names: [Column; 3] = [
        ("name", of_stream(|stream| Some(&stream.name))),
        ("source", of_stream(|stream| Some(&stream.source))),
        ("unit", of_stream(|stream| stream.unit.as_deref())),
    ];
    let columns = names.into_iter().chain(T::columns(rows));
    let columns = columns.filter(|(name, _)| !without.iter().any(|out| out == name));
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true)))
}

type Column = (&'static str, ArrayRef);

impl TableRow for OwnedSample {
    fn columns(rows: &[(usize, Self)]) -> Vec<Column> {
        let rows = || rows.iter().map(|(_, sample)| sample);
        let present = |time: Timestamp| (!time.is_absent()).then_some(time);
        let kind = |sample: &Self| sample.value.as_value().kind().as_str();
        vec![
            ("time", times(rows().map(|sample| Some(sample.time())))),
            ("value", doubles(rows().map(|sample| as_double(&sample.value)))),
            ("text", texts(rows().map(|sample| text(&sample.value)))),
            ("status", Arc::new(rows().map(|sample| Some(sample.status)).collect::<UInt32Array>())),
            ("good", Arc::new(rows().map(|sample| Some(is_good(sample.status))).collect::<BooleanArray>())),
            ("type", Arc::new(rows().map(|sample| Some(kind(sample))).collect::<StringArray>())),
            ("source_time", times(rows().map(|sample| present(sample.source_time)))),
            ("server_time", times(rows().map(|sample| present(sample.server_time)))),
            ("receive_time", times(rows().map(|sample| present(sample.receive_time)))),
        ]
    }
}

impl TableRow for Bucket {
    fn columns(rows: &[(usize, Self)]) -> Vec<Column> {
        let rows = || rows.iter().map(|(_, bucket)| bucket);
        let counts = |pick: fn(&Self) -> u64| -> ArrayRef {
            Arc::new(rows().map(|b| Some(pick(b))).collect::<UInt64Array>())
        };
        let value =
            |pick: fn(&Self) -> &Option<Point>| doubles(rows().map(|b| as_double(&pick(b).as_ref()?.value)));
        let time = |pick: fn(&Self) -> &Option<Point>| times(rows().map(|b| Some(pick(b).as_ref()?.time)));
        let words = |pick: fn(&Self) -> &Option<Point>| texts(rows().map(|b| text(&pick(b).as_ref()?.value)));
        vec![
            ("time", times(rows().map(|bucket| Some(bucket.start)))),
            ("count", counts(Self::count)),
            ("good", counts(|bucket| bucket.good)),
            ("uncertain", counts(|bucket| bucket.uncertain)),
            ("bad", counts(|bucket| bucket.bad)),
            ("min", value(|bucket| &bucket.min)),
            ("min_time", time(|bucket| &bucket.min)),
            ("max", value(|bucket| &bucket.max)),
            ("max_time", time(|bucket| &bucket.max)),
            ("avg", doubles(rows().map(|bucket| bucket.mean))),
            ("first", value(|bucket| &bucket.first)),
            ("first_text", words(|bucket| &bucket.first)),
            ("first_time", time(|bucket| &bucket.first)),
            ("last", value(|bucket| &bucket.last)),
            ("last_text", words(|bucket| &bucket.last)),
            ("last_time", time(|bucket| &bucket.last)),
            ("gap", Arc::new(rows().map(|bucket| Some(bucket.gap)).collect::<BooleanArray>())),
        ]
    }
}

impl TableRow for PlotPoint {
    fn columns(rows: &[(usize, Self)]) -> Vec<Column> {
        let rows = || rows.iter().map(|(_, point)| point);
        let why = |point: &Self| match point {
            Self::Break { why, .. } => Some(why.as_str()),
            Self::Value { .. } => None,
        };
        vec![
            ("time", times(rows().map(|point| Some(point.time())))),
            ("value", doubles(rows().map(Self::value))),
            ("break", Arc::new(rows().map(why).collect::<StringArray>())),
        ]
    }
}

fn times(times: impl Iterator<Item = Option<Timestamp>>) -> ArrayRef {
    let times: TimestampNanosecondArray = times.map(|time| time?.unix_nanos()).collect();
    Arc::new(times.with_timezone("UTC"))
}

fn doubles(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn text(value: &OwnedValue) -> Option<String> {
    (*value != OwnedValue::Null).then(|| value.to_string())
}

const CHUNK_ROWS: usize = 8192;
const GROUP_ROWS: usize = 250_000;
