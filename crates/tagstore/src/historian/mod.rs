//! The historian: Parquet files that everybody can read.

pub(crate) mod files;

use std::path::{Path, PathBuf};

use crate::{Error, Journal, Seq, Timestamp};

/// The historian's folder.
#[derive(Debug)]
pub struct Historian {
    dir: PathBuf,
}

/// When to stop filling a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SealOptions {
    /// A file takes whole journal rows until it holds this many samples.
    pub max_rows: usize,
}

impl Default for SealOptions {
    fn default() -> Self {
        Self { max_rows: 1_000_000 }
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
    /// Journal rows that could not be read; kept aside in the journal and noted in the gap ledger.
    pub damaged: Vec<Seq>,
}

impl Historian {
    /// Opens the folder, making it if there is none.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(Self { dir: dir.as_ref().to_owned() })
    }

    /// Moves the oldest unsealed journal rows into one Parquet file; `None` when there are none.
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing is lost; repeat.
    pub fn seal(
        &self,
        _journal: &mut Journal,
        _options: &SealOptions,
        _now: Timestamp,
    ) -> Result<Option<SealedFile>, Error> {
        Err(Error::Database("not built yet".to_owned()))
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}
