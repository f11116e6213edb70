//! The historian: Parquet files that everybody can read.
//!
//! # What lies in the folder
//!
//! ```text
//! historian/
//!   date=2026-11-23/part-1-600.parquet   samples of journal rows 1 to 600; the date is the UTC day of their receipt
//!   streams.parquet                      id, key, name, source, data_type, unit, description,
//!                                        range_low, range_high, states (JSON pairs of number and name)
//!   views.sql                            for `cd historian && duckdb -init views.sql`
//!   journal-id                           which journal's stream numbers these are
//! ```
//!
//! A file appears whole (written under another name, fsynced, renamed) and never changes; compaction replaces the files
//! of a finished hour or day by one. Names come from numbers and dates only. The journal lists the files that count.
//! Columns of a `part` file, sorted by (stream, time, seq):
//!
//! | column | type | |
//! |---|---|---|
//! | `stream` | uint32 | `id` in streams.parquet |
//! | `source_time` `server_time` `receive_time` | timestamp(µs, UTC), null | rounded down; null: absent |
//! | `status` | uint32 | OPC UA StatusCode, all bits |
//! | `type` | text | `null` `bool` `int` `uint` `float` `double` `text` `bytes`: which value column holds it; `event`: a JSON object in `value_text` |
//! | `value_double` | double, null | also `float`, widened, which is exact |
//! | `value_int` `value_uint` `value_bool` `value_text` `value_bytes` | int64 uint64 bool utf8 binary, null | |
//! | `source_nanos` `server_nanos` `receive_nanos` | int16, null | 100 … 900: so many ns more; null: none |
//! | `seq` | int64 | journal row; (stream, seq, order in the file) is unique |
//!
//! Format 1 had timestamp(ns, UTC) and, where that does not reach, `source_ticks` … of 100 ns since 1601 as int64; it is
//! read as it is and becomes format 2 when files are merged.
//!
//! The time of a sample is its source time, else its server time, else its receive time.
//!
//! # Exactly once
//!
//! A seal is four steps, each of which may be the last before a crash:
//! [`plan`](Historian::plan) writes into the journal which rows the next file takes; [`write`](Historian::write) makes
//! the file under a temporary name; [`publish`](Historian::publish) renames it; [`record`](Historian::record) lists it in
//! the journal, moves the cursor and forgets the plan, in one transaction. Until the last step the same plan is found
//! again and gives the same file with the same name, so a repetition replaces and never adds.

mod catalog;
mod columns;
mod compact;
pub(crate) mod files;
pub(crate) mod find;
pub(crate) mod parquet_file;
mod seal;
mod upkeep;

pub use compact::CompactOptions;
pub(crate) use seal::path_of;
pub use seal::{Published, Written};
pub use upkeep::Retired;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Journal, Seq, Timestamp};

/// The historian's folder, open for writing. Only the process that holds the journal may seal.
#[derive(Debug)]
pub struct Historian {
    dir: PathBuf,
    /// Version of the stream table that streams.parquet shows, once we know.
    catalog: std::sync::Mutex<Option<i64>>,
    /// Samples sealed since the journal was last trimmed.
    untrimmed: AtomicU64,
}

/// How much goes into one file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SealOptions {
    /// A file takes whole journal rows until it holds this many samples or more.
    /// Bounds the memory of sealing: about 100 bytes per sample and the text.
    pub max_rows: usize,
    /// … or until their blobs have this many bytes, decompressed.
    pub max_bytes: usize,
}

impl Default for SealOptions {
    fn default() -> Self {
        Self { max_rows: 240_000, max_bytes: 64 << 20 }
    }
}

/// A sealed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    /// Its path inside the historian's folder.
    pub path: PathBuf,
    /// First journal row in it.
    pub first: Seq,
    /// Last journal row in it.
    pub last: Seq,
    /// Samples.
    pub rows: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Journal rows that were there when this seal began still wait: seal again at once.
    pub more: bool,
    /// Journal rows that could not be read; kept aside in the journal and entered into the gap ledger.
    pub damaged: Vec<Seq>,
}

impl Historian {
    /// Opens the folder, making it if there is none.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, &e))?;
        if let Some(parent) = dir.parent() {
            files::sync_folder(parent)?;
        }
        Ok(Self { dir: dir.to_owned(), catalog: std::sync::Mutex::new(None), untrimmed: AtomicU64::new(0) })
    }

    /// Moves the oldest unsealed journal rows into one Parquet file, then trims the journal, while more is waiting not after
    /// each file; `None` when there is nothing to seal. Call it again at once while it says that [`more`](SealedFile::more) is waiting.
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing is lost, repeat; [`Error::ForeignHistorian`]; [`Error::NewerFormat`].
    pub fn seal(
        &self,
        journal: &mut Journal,
        options: &SealOptions,
        now: Timestamp,
    ) -> Result<Option<SealedFile>, Error> {
        let sealed = match self.plan(journal, options, now)? {
            Some(plan) => {
                let written = self.write(journal, &plan)?;
                let published = self.publish(written)?;
                match self.record(journal, published, now) {
                    Err(Error::PlanGivenUp) => None,
                    recorded => Some(recorded?),
                }
            }
            None => None,
        };
        self.refresh_catalog(journal)?;
        let (rows, more) = sealed.as_ref().map_or((0, false), |sealed| (sealed.rows, sealed.more));
        let untrimmed = self.untrimmed.fetch_add(rows, Ordering::Relaxed).saturating_add(rows);
        if !more || untrimmed >= TRIM_SAMPLES {
            journal.trim()?;
            self.untrimmed.store(0, Ordering::Relaxed);
        }
        Ok(sealed)
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// While sealing is behind, the journal gives space back after so many samples.
const TRIM_SAMPLES: u64 = 1_000_000;
