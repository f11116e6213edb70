//! Finding a stream's samples in one file without reading the rest of it.

use std::fs::File;
use std::path::Path;

use arrow_array::{BooleanArray, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;

use super::columns::{self, Rows, Times};
use super::parquet_file::{check_format, damaged};
use crate::{Error, OwnedSample, Seq, StreamId, Timestamp};

/// Hands the samples of a stream from `first` to `last` (both included) to `visit`, in time order, as long as it says
/// `true`. Row groups that cannot hold the stream are skipped by their statistics, values outside the time range are
/// not decoded.
pub(crate) fn samples_in(
    path: &Path,
    stream: StreamId,
    (first, last): (Timestamp, Timestamp),
    mut visit: impl FnMut(OwnedSample, Seq) -> bool,
) -> Result<(), Error> {
    let file = File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => Error::FileMissing { path: path.to_owned() },
        _ => Error::io(path, &e),
    })?;
    // the offsets of pages allow skipping them; the statistics of pages are not needed
    let options = ArrowReaderOptions::new().with_offset_index_policy(PageIndexPolicy::Optional);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(|e| damaged(path, e))?;
    check_format(path, builder.metadata())?;
    let groups = builder.metadata().row_groups().iter().enumerate();
    let groups: Vec<usize> = groups.filter(|(_, group)| may_hold(group, stream)).map(|(at, _)| at).collect();
    let filter = RowFilter::new(vec![
        of_stream(builder.parquet_schema(), stream),
        in_range(builder.parquet_schema(), first, last),
    ]);
    let reader = builder
        .with_row_groups(groups)
        .with_row_filter(filter)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| damaged(path, e))?;
    for batch in reader {
        let batch = batch.map_err(|e| damaged(path, e))?;
        let rows = Rows::of(&batch).map_err(|e| damaged(path, e))?;
        for row in 0..batch.num_rows() {
            let Some((sample, seq)) = rows.get(row) else { return Err(damaged(path, "row without a type")) };
            if !visit(sample, seq) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn of_stream(schema: &SchemaDescriptor, stream: StreamId) -> Box<dyn ArrowPredicate> {
    let wanted = stream.get();
    let mask = ProjectionMask::columns(schema, [columns::STREAM]);
    Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| -> Result<BooleanArray, ArrowError> {
        let streams = columns::column::<UInt32Array>(&batch, columns::STREAM)?;
        Ok(streams.values().iter().map(|&stream| Some(stream == wanted)).collect())
    }))
}

fn in_range(schema: &SchemaDescriptor, first: Timestamp, last: Timestamp) -> Box<dyn ArrowPredicate> {
    let mask = ProjectionMask::columns(schema, columns::TIMES);
    Box::new(ArrowPredicateFn::new(mask, move |batch: RecordBatch| -> Result<BooleanArray, ArrowError> {
        let times = Times::of(&batch)?;
        Ok((0..batch.num_rows()).map(|row| Some((first..=last).contains(&times.time(row)))).collect())
    }))
}

fn may_hold(group: &RowGroupMetaData, stream: StreamId) -> bool {
    // the stream is the first column
    let statistics = group.columns().first().and_then(|column| column.statistics());
    let Some(Statistics::Int32(statistics)) = statistics else { return true };
    let (Some(min), Some(max)) = (statistics.min_opt(), statistics.max_opt()) else { return true };
    (min.cast_unsigned()..=max.cast_unsigned()).contains(&stream.get())
}

const BATCH_ROWS: usize = 8192;
