//! Journal and historian as one, read-only, also from another process.

use std::path::{Path, PathBuf};

use crate::{Depth, Error, Gap, GapFilter, OwnedSample, Seq, SourceStatus, StreamId, StreamInfo, Timestamp};

/// Reads a data directory while another process writes it.
#[derive(Debug)]
pub struct Reader {
    data: PathBuf,
}

/// Oldest or newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// In time order.
    #[default]
    OldestFirst,
    /// Against time order.
    NewestFirst,
}

/// Which samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamQuery {
    /// Of this stream.
    pub stream: StreamId,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// At most so many.
    pub limit: usize,
    /// From which end.
    pub order: Order,
}

impl StreamQuery {
    /// Everything of a stream, oldest first, up to a limit.
    #[must_use]
    pub const fn new(stream: StreamId, limit: usize) -> Self {
        Self { stream, from: None, to: None, limit, order: Order::OldestFirst }
    }
}

/// The store at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Known streams.
    pub streams: u64,
    /// Samples in sealed files.
    pub sealed_rows: u64,
    /// Sealed files.
    pub sealed_files: u64,
    /// Bytes of sealed files.
    pub sealed_bytes: u64,
    /// Samples that are only in the journal yet.
    pub unsealed_rows: u64,
    /// The journal.
    pub journal: Depth,
    /// How far the historian has come.
    pub sealed_to: Seq,
    /// Entries in the gap ledger.
    pub gaps: u64,
    /// Smallest and largest sample time.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Reader {
    /// Opens a data directory.
    ///
    /// # Errors
    /// [`Error::NoJournal`].
    pub fn open(data: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self { data: data.as_ref().to_owned() })
    }

    /// The samples of a stream, in time order.
    ///
    /// # Errors
    /// [`Error::RowDamaged`], [`Error::FileDamaged`], [`Error::FileMissing`].
    pub fn query(&self, _query: &StreamQuery) -> Result<Vec<OwnedSample>, Error> {
        Err(self.unfinished())
    }

    /// All streams, by name.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        Err(self.unfinished())
    }

    /// The stream with this name, or the only one whose name ends in it.
    ///
    /// # Errors
    /// [`Error::NoSuchStream`], [`Error::AmbiguousStream`].
    pub fn find_stream(&self, _name: &str) -> Result<StreamInfo, Error> {
        Err(self.unfinished())
    }

    /// The gap ledger.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn gaps(&self, _filter: &GapFilter) -> Result<Vec<Gap>, Error> {
        Err(self.unfinished())
    }

    /// What every source last said about itself.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn source_statuses(&self) -> Result<Vec<SourceStatus>, Error> {
        Err(self.unfinished())
    }

    /// The store at a glance.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn summary(&self) -> Result<Summary, Error> {
        Err(self.unfinished())
    }

    fn unfinished(&self) -> Error {
        Error::Database(format!("not built yet: {}", self.data.display()))
    }
}
