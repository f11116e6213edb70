//! What makes the folder readable without us: the table of streams and the views; and whose folder it is.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;

use super::{Historian, files, parquet_file};
use crate::journal::states_text;
use crate::{Error, Journal, StreamInfo, ValueRange};

impl Historian {
    /// Rewrites streams.parquet and views.sql when the streams have changed since. Without a sealed file there is
    /// nothing to look at, and the views would not bind.
    pub(super) fn refresh_catalog(&self, journal: &Journal) -> Result<(), Error> {
        let version = journal.streams_version()?;
        let mut shown = self.catalog.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown == Some(version) || journal.sealed_files()? == 0 {
            return Ok(());
        }
        let streams = journal.streams()?;
        let path = self.dir.join("streams.parquet");
        files::write_temporary(&path, |file| {
            let batch = to_arrow(&streams).map_err(|e| parquet_file::writing(&path, e.into()))?;
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(parquet_file::common().build()))
                .map_err(|e| parquet_file::writing(&path, e))?;
            writer.write(&batch).and_then(|()| writer.finish()).map_err(|e| parquet_file::writing(&path, e))
        })?;
        files::publish(&path)?;
        whole(&self.dir.join("views.sql"), VIEWS)?;
        *shown = Some(version);
        Ok(())
    }

    /// Stream numbers mean nothing without their journal: a folder that another journal filled must not be mixed with
    /// ours.
    pub(super) fn check_owner(&self, journal: &Journal) -> Result<(), Error> {
        let path = self.dir.join("journal-id");
        let expected = journal.id()?;
        match std::fs::read_to_string(&path) {
            Ok(found) if found.trim() == expected => Ok(()),
            Ok(found) => {
                let found = found.trim().chars().take(64).collect();
                Err(Error::ForeignHistorian { path: self.dir.clone(), expected, found })
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => whole(&path, &format!("{expected}\n")),
            Err(e) => Err(Error::io(&path, &e)),
        }
    }
}

fn whole(path: &Path, text: &str) -> Result<(), Error> {
    files::write_temporary(path, |file| file.write_all(text.as_bytes()).map_err(|e| Error::io(path, &e)))?;
    files::publish(path)
}

fn to_arrow(streams: &[StreamInfo]) -> Result<RecordBatch, ArrowError> {
    let ids: ArrayRef = Arc::new(streams.iter().map(|stream| Some(stream.id.get())).collect::<UInt32Array>());
    let text = |pick: fn(&StreamInfo) -> Option<&str>| -> ArrayRef {
        Arc::new(streams.iter().map(pick).collect::<StringArray>())
    };
    let number = |pick: fn(&ValueRange) -> f64| -> ArrayRef {
        Arc::new(streams.iter().map(|stream| stream.range.as_ref().map(pick)).collect::<Float64Array>())
    };
    let states: ArrayRef =
        Arc::new(streams.iter().map(|stream| states_text(&stream.states)).collect::<StringArray>());
    RecordBatch::try_from_iter_with_nullable([
        ("id", ids, false),
        ("key", text(|stream| Some(&stream.key)), false),
        ("name", text(|stream| Some(&stream.name)), false),
        ("source", text(|stream| Some(&stream.source)), false),
        ("data_type", text(|stream| stream.data_type.as_deref()), true),
        ("unit", text(|stream| stream.unit.as_deref()), true),
        ("description", text(|stream| stream.description.as_deref()), true),
        ("range_low", number(|range| range.low), true),
        ("range_high", number(|range| range.high), true),
        ("states", states, true),
    ])
}

/// Fixed text: nothing that a server sent ever becomes part of it.
const VIEWS: &str = include_str!("views.sql");
