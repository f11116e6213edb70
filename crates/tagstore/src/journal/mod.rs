//! The journal: where a sample is safe.
//!
//! One SQLite database in WAL mode with `synchronous=FULL`: a commit is on the disk, fsynced, when it returns. Samples
//! lie in it as blobs (one row of `batch` for up to 65,536 samples, see [`SampleBatch::encode`](crate::SampleBatch)),
//! beside what must change in the same instant: gap ledger, state of the collectors, cursors, list of sealed files.
//!
//! ```text
//! meta          key, value                      'id': identity of this journal; 'streams_version'
//! stream        id, key, name, source, …        id is never used twice
//! batch         seq, committed_at, rows, first_time, last_time, first_stream, last_stream, blob
//! state         key, blob
//! gap           id, source, stream, from_time, to_time, reason, detail, recorded_at
//! gap_fill      gap, state, cause, …               what history made of a gap
//! backfill      id, source, stream, …              jobs that fetch the past; another process may order them
//! source_status source, json, updated_at
//! cursor        sink, seq                       rows up to the lowest cursor may be trimmed
//! seal_plan     the one seal in progress: first_seq, last_seq, date
//! sealed_file   first_seq, last_seq, path, rows, bytes, the extent of times and streams, level
//! merge_plan    the one compaction in progress: first_seq, last_seq, level
//! obsolete_file path                            replaced by compaction, too old or given up, to be deleted
//! sink_loss     sink, episode, source, …        what was let go before a sink had taken it
//! damaged       rows of batch that could not be decoded, kept aside for a later rescue
//! ```
//!
//! Times are 100 ns ticks since 1601. `application_id` is `LGJ1`, `user_version` the version of this layout; a higher
//! one is refused. One process writes (`flock` on `journal.sqlite.lock`), any number may read, and order jobs ([`Orders`]).

mod append;
mod cursor;
mod database;
pub(crate) mod filling;
mod ledger;
mod lock;
pub(crate) mod merging;
pub(crate) mod quota;
pub(crate) mod read;
pub(crate) mod sealing;
mod streams;
mod types;
pub(crate) mod upkeep;

pub use cursor::READ_BYTES;
pub use filling::{
    FillOf, FillState, FillUpdate, GapCounts, GapRepair, Job, JobState, NewJob, OpenGap, Orders, Tally,
};
pub use merging::MergePlan;
pub use sealing::SealPlan;
pub use types::{
    Commit, Depth, Dropped, EVENTS, Gap, GapFilter, GapReason, JournalOptions, LossReason, NewGap, NewStream,
    Seq, SinkLoss, SourceStatus, StreamInfo, ValueRange, ValueState, WhenFull,
};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::{DiskTrouble, Error};
use lock::WriterLock;
pub(crate) use lock::{is_written, written_since};
pub(crate) use streams::states_text;

pub(crate) use database::{open_for_reading, used_bytes};

/// The sink name of our own historian; its cursor exists from the start and only sealing moves it.
pub const HISTORIAN_SINK: &str = "historian";

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    options: JournalOptions,
    /// Every commit is fsynced.
    durable: Connection,
    /// For what may be lost with the power, but not with the process: the status texts.
    relaxed: Connection,
    lock: Arc<WriterLock>,
    /// What was let go by this handle and nobody asked for yet.
    dropped: Dropped,
}

impl Journal {
    /// Opens the journal, making it (and its folder) if there is none.
    ///
    /// # Errors
    /// [`Error::Locked`] when another process, or another handle not made by [`another`](Self::another), has it;
    /// [`Error::NewerFormat`], [`Error::NotOurs`], [`Error::Disk`].
    pub fn open(path: impl AsRef<Path>, options: JournalOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
        }
        let lock = Arc::new(WriterLock::acquire(path)?);
        Self::with_lock(path.to_owned(), options, lock)
    }

    /// A second handle on the same journal, for another thread of this process (the historian's, a sink's).
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn another(&self) -> Result<Self, Error> {
        Self::with_lock(self.path.clone(), self.options.clone(), Arc::clone(&self.lock))
    }

    /// The journal's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal's identity: a random number in hex, made when the journal was made.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn id(&self) -> Result<String, Error> {
        self.check(read::id(&self.durable))
    }

    fn with_lock(path: PathBuf, options: JournalOptions, lock: Arc<WriterLock>) -> Result<Self, Error> {
        let durable = database::open_for_writing(&path, database::Sync::Full)?;
        let relaxed = database::open_for_writing(&path, database::Sync::Normal)?;
        Ok(Self { path, options, durable, relaxed, lock, dropped: Dropped::default() })
    }

    fn check<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|e| self.with_reason(Error::sqlite(&self.path, &e)))
    }

    /// SQLite has one word for whatever the system says when it writes. What it says when we write beside the journal is
    /// what an administrator can do something about.
    fn with_reason(&self, error: Error) -> Error {
        if !matches!(error, Error::Disk { trouble: DiskTrouble::Io, .. }) {
            return error;
        }
        match lock::try_writing(&self.path) {
            Err(reason @ Error::Disk { trouble, .. }) if trouble != DiskTrouble::Io => reason,
            _ => error,
        }
    }
}
