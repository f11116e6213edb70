//! Finding a stream's samples in one file without reading the rest of it.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::{BooleanArray, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use super::columns::{self, Rows, Times};
use super::parquet_file::{check_format, damaged};
use crate::{Error, OwnedSample, Seq, StreamId, Timestamp};

/// The samples of one stream in one file, from `first` to `last` (both included), in time order. One row group is read
/// at a time, and of that only the pages that matter; groups that cannot hold the stream or the time are skipped by
/// their statistics. The memory it takes does not depend on the size of the file.
pub(crate) struct StreamRows {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    stream: StreamId,
    range: (Timestamp, Timestamp),
    groups: VecDeque<usize>,
    group: Option<ParquetRecordBatchReader>,
    rows: std::vec::IntoIter<(OwnedSample, Seq)>,
}

impl StreamRows {
    pub(crate) fn open(path: &Path, stream: StreamId, range: (Timestamp, Timestamp)) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::FileMissing { path: path.to_owned() },
            _ => Error::io(path, &e),
        })?;
        // the offsets of pages allow skipping them; the statistics of pages are not needed
        let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(|e| damaged(path, e))?;
        check_format(path, metadata.metadata())?;
        let groups = metadata.metadata().row_groups().iter().enumerate();
        let groups = groups.filter(|(_, group)| may_hold(group, stream, range)).map(|(at, _)| at).collect();
        let (path, rows) = (path.to_owned(), Vec::new().into_iter());
        Ok(Self { path, file, metadata, stream, range, groups, group: None, rows })
    }

    /// The next sample; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<(OwnedSample, Seq)>, Error> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            match self.group.as_mut().and_then(Iterator::next) {
                Some(batch) => {
                    let batch = batch.map_err(|e| damaged(&self.path, e))?;
                    self.rows = self.decode(&batch)?.into_iter();
                }
                None => match self.groups.pop_front() {
                    Some(group) => self.group = Some(self.read(group)?),
                    None => return Ok(None),
                },
            }
        }
    }

    fn read(&self, group: usize) -> Result<ParquetRecordBatchReader, Error> {
        let file = self.file.try_clone().map_err(|e| Error::io(&self.path, &e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let filter = RowFilter::new(vec![
            of_stream(builder.parquet_schema(), self.stream),
            in_range(builder.parquet_schema(), self.range),
        ]);
        let reader = builder.with_row_groups(vec![group]).with_row_filter(filter).with_batch_size(BATCH_ROWS);
        reader.build().map_err(|e| damaged(&self.path, e))
    }

    fn decode(&self, batch: &RecordBatch) -> Result<Vec<(OwnedSample, Seq)>, Error> {
        let rows = Rows::of(batch).map_err(|e| damaged(&self.path, e))?;
        let row = |row| rows.get(row).ok_or_else(|| damaged(&self.path, "row without a type"));
        (0..batch.num_rows()).map(row).collect()
    }
}

fn of_stream(schema: &SchemaDescriptor, stream: StreamId) -> Box<dyn ArrowPredicate> {
    let wanted = stream.get();
    let mask = ProjectionMask::columns(schema, [columns::STREAM]);
    Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| -> Result<BooleanArray, ArrowError> {
        let streams = columns::column::<UInt32Array>(&batch, columns::STREAM)?;
        Ok(streams.values().iter().map(|&stream| Some(stream == wanted)).collect())
    }))
}

fn in_range(schema: &SchemaDescriptor, (first, last): (Timestamp, Timestamp)) -> Box<dyn ArrowPredicate> {
    let mask = ProjectionMask::columns(schema, columns::TIMES);
    Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| -> Result<BooleanArray, ArrowError> {
        let times = Times::of(&batch)?;
        Ok((0..batch.num_rows()).map(|row| Some((first..=last).contains(&times.time(row)))).collect())
    }))
}

fn may_hold(group: &RowGroupMetaData, stream: StreamId, (first, last): (Timestamp, Timestamp)) -> bool {
    let statistics = |column: usize| group.columns().get(column).and_then(|column| column.statistics());
    // the stream is the first column
    if let Some(Statistics::Int32(streams)) = statistics(0)
        && let (Some(min), Some(max)) = (streams.min_opt(), streams.max_opt())
        && !(min.cast_unsigned()..=max.cast_unsigned()).contains(&stream.get())
    {
        return false;
    }
    // the source time is the second; where every row has one, it is the time of the sample
    let micros = |column: &ColumnDescriptor| matches!(column.logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::MICROS);
    if let Some(Statistics::Int64(times)) = statistics(1)
        && group.columns().get(1).is_some_and(|column| micros(column.column_descr()))
        && times.null_count_opt() == Some(0)
        && let (Some(min), Some(max)) = (times.min_opt(), times.max_opt())
        && (Timestamp::from_unix_micros(*min, 0) > last || Timestamp::from_unix_micros(*max, 9) < first)
    {
        return false;
    }
    true
}

const BATCH_ROWS: usize = 2048;
