//! The journal: where a sample is safe.

mod types;

pub use types::*;

use std::path::{Path, PathBuf};

use crate::{Error, SampleBatch, StreamId, Timestamp};

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// Opens the journal, making it if there is none.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process has it.
    pub fn open(path: impl AsRef<Path>, _options: JournalOptions) -> Result<Self, Error> {
        Ok(Self { path: path.as_ref().to_owned() })
    }

    /// A second handle on the same journal, for another thread of this process (the historian's).
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn another(&self) -> Result<Self, Error> {
        Ok(Self { path: self.path.clone() })
    }

    /// Registers streams, idempotent by key; a changed name or description is taken over.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn register_streams(&mut self, _streams: &[NewStream]) -> Result<Vec<StreamId>, Error> {
        Err(unfinished())
    }

    /// All streams.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        Err(unfinished())
    }

    /// Makes samples, gaps and states durable in one transaction.
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing was kept; do not acknowledge.
    pub fn append(&mut self, _commit: &Commit<'_>) -> Result<Seq, Error> {
        Err(unfinished())
    }

    /// A state blob.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn state(&self, _key: &str) -> Result<Option<Vec<u8>>, Error> {
        Err(unfinished())
    }

    /// Replaces the status text of a source. Not fsynced.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn set_source_status(&mut self, _source: &str, _json: &str, _now: Timestamp) -> Result<(), Error> {
        Err(unfinished())
    }

    /// The status texts of all sources.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn source_statuses(&self) -> Result<Vec<SourceStatus>, Error> {
        Err(unfinished())
    }

    /// The gap ledger.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn gaps(&self, _filter: &GapFilter) -> Result<Vec<Gap>, Error> {
        Err(unfinished())
    }

    /// How far a sink has come; 0 when it is new.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn cursor(&self, _sink: &str) -> Result<Seq, Error> {
        Err(unfinished())
    }

    /// Moves a sink's cursor forward.
    ///
    /// # Errors
    /// [`Error::CursorOutOfRange`].
    pub fn advance(&mut self, _sink: &str, _to: Seq) -> Result<(), Error> {
        Err(unfinished())
    }

    /// The rows after `seq`, whole rows until `max_rows` samples are reached (at least one row).
    ///
    /// # Errors
    /// [`Error::RowDamaged`] names the row; go on after it.
    pub fn read_after(&self, _seq: Seq, _max_rows: usize) -> Result<Vec<(Seq, SampleBatch)>, Error> {
        Err(unfinished())
    }

    /// Removes the rows that every sink has confirmed. Returns how many rows went.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn trim(&mut self) -> Result<u64, Error> {
        Err(unfinished())
    }

    /// How much the journal holds.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn depth(&self) -> Result<Depth, Error> {
        Err(unfinished())
    }

    /// The journal's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn unfinished() -> Error {
    Error::Database("not built yet".to_owned())
}
