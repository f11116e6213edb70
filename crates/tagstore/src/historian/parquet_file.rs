//! How a `part` file is encoded. The only place that knows the Parquet writer's settings.

use std::fs::File;
use std::io;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, ParquetMetaData, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::columns;
use crate::journal::SealPlan;
use crate::{DiskTrouble, Error};

/// The version of the columns; a file with a higher one is refused.
pub(super) const FORMAT: u32 = 2;
const FORMAT_KEY: &str = "lockgate.format";

/// What matters more: a seal is merged into the file of its hour soon, and that one stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pack {
    Quickly,
    Tightly,
}

pub(super) struct Writer<'a> {
    arrow: ArrowWriter<&'a mut File>,
    path: &'a Path,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        file: &'a mut File,
        path: &'a Path,
        plan: &SealPlan,
        owner: &str,
        pack: Pack,
    ) -> Result<Self, Error> {
        let facts = [
            (FORMAT_KEY, FORMAT.to_string()),
            ("lockgate.journal", owner.to_owned()),
            ("lockgate.first_seq", plan.first.to_string()),
            ("lockgate.last_seq", plan.last.to_string()),
        ];
        let facts = facts.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec();
        let sorting = SortingColumn { column_idx: 0, descending: false, nulls_first: false };
        let properties = encodings(common(), pack)
            .set_key_value_metadata(Some(facts))
            .set_sorting_columns(Some(vec![sorting]))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_write_batch_size(WRITE_BATCH_ROWS)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_statistics_enabled(ColumnPath::from(columns::STREAM), EnabledStatistics::Page)
            .build();
        let arrow =
            ArrowWriter::try_new(file, columns::schema(), Some(properties)).map_err(|e| writing(path, e))?;
        Ok(Self { arrow, path })
    }

    pub(super) fn write(&mut self, rows: &Result<RecordBatch, ArrowError>) -> Result<(), Error> {
        match rows {
            Ok(rows) => self.arrow.write(rows).map_err(|e| writing(self.path, e)),
            Err(error) => Err(disk(self.path, error.to_string())),
        }
    }

    /// Ends the file; returns its size. `rows` is how many it must hold.
    pub(super) fn finish(mut self, rows: u64) -> Result<u64, Error> {
        let metadata = self.arrow.finish().map_err(|e| writing(self.path, e))?;
        let written = metadata.file_metadata().num_rows();
        if u64::try_from(written).is_ok_and(|written| written == rows) {
            Ok(u64::try_from(self.arrow.bytes_written()).unwrap_or(u64::MAX))
        } else {
            Err(disk(self.path, format!("{written} of {rows} samples were written")))
        }
    }
}

/// What all our Parquet files share.
pub(crate) fn common() -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by(concat!("lockgate ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
}

/// Refuses what a newer version wrote.
pub(super) fn check_format(path: &Path, metadata: &ParquetMetaData) -> Result<(), Error> {
    let facts = metadata.file_metadata().key_value_metadata();
    let fact = facts.and_then(|facts| facts.iter().find(|fact| fact.key == FORMAT_KEY));
    match fact.and_then(|fact| fact.value.as_deref()?.parse::<u32>().ok()) {
        Some(1..=FORMAT) => Ok(()),
        Some(found) if found > FORMAT => {
            Err(Error::NewerFormat { what: "historian file", found, known: FORMAT })
        }
        _ => Err(damaged(path, "it does not say that it is ours")),
    }
}

pub(crate) fn writing(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(error) if error.is::<io::Error>() => {
            error.downcast::<io::Error>().map_or_else(|e| disk(path, e.to_string()), |e| Error::io(path, &e))
        }
        error => disk(path, error.to_string()),
    }
}

pub(super) fn damaged(path: &Path, detail: impl ToString) -> Error {
    Error::FileDamaged { path: path.to_owned(), detail: detail.to_string() }
}

fn disk(path: &Path, detail: String) -> Error {
    Error::Disk { trouble: DiskTrouble::Io, path: path.to_owned(), detail }
}

/// Measured on plant data (see docs): times and counters as differences, doubles with their bytes regrouped, what
/// repeats as a dictionary (the default).
fn encodings(mut builder: WriterPropertiesBuilder, pack: Pack) -> WriterPropertiesBuilder {
    let differences = ["stream", "source_time", "server_time", "value_int", "value_uint", "seq"];
    let differences = differences.map(|name| (name, Encoding::DELTA_BINARY_PACKED));
    // differences are packed already: what compression still gets out of them is a twentieth of the file
    if pack == Pack::Quickly {
        for name in ["source_time", "server_time"] {
            builder = builder.set_column_compression(ColumnPath::from(name), Compression::UNCOMPRESSED);
        }
    }
    // nobody skips by these
    for name in
        ["server_time", "seq", "value_text", "value_bytes", "source_nanos", "server_nanos", "receive_nanos"]
    {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    for (name, encoding) in differences.into_iter().chain([("value_double", Encoding::BYTE_STREAM_SPLIT)]) {
        builder = builder
            .set_column_encoding(ColumnPath::from(name), encoding)
            .set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    builder
}

const ROW_GROUP_ROWS: usize = 250_000;
const PAGE_ROWS: usize = 20_000;
const WRITE_BATCH_ROWS: usize = 4096;
