//! Samples on disk: the journal and the historian.
//!
//! **What it is for.** A [`Journal`] makes samples durable the moment they arrive; a [`Historian`] moves them, exactly
//! once, into sorted Parquet files that everybody can read; a [`Reader`] shows both as one, also from another process.
//!
//! **What it promises.** When [`Journal::append`] returns, the samples are on the disk, fsynced. No sample is stored
//! twice or lost between journal and historian, whatever the moment of a crash. What is damaged is named, and what is
//! not damaged stays readable. A format written by a newer version is refused, never guessed at.
//!
//! **What it must never do.** Know OPC UA or a network; ask for the time (it is passed in); put a string that came from
//! a server into a file name or an SQL text; drop a sample without an entry in the gap ledger.

mod error;
pub mod historian;
pub mod journal;
pub mod reader;
pub mod sample;

pub use error::{DiskTrouble, Error};
pub use historian::{CompactOptions, Historian, SealOptions, SealedFile};
pub use journal::{
    Commit, Depth, Gap, GapFilter, GapReason, Journal, JournalOptions, NewGap, NewStream, Seq, SourceStatus,
    StreamInfo,
};
pub use reader::{Order, Reader, StreamQuery, Summary};
pub use sample::{OwnedSample, OwnedValue, Sample, SampleBatch, StreamId, Timestamp, Value, ValueKind};

/// The journal's file inside a data directory.
pub const JOURNAL_FILE: &str = "journal.sqlite";
/// The historian's folder inside a data directory.
pub const HISTORIAN_DIR: &str = "historian";
