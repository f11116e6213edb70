//! Everything that can go wrong on the way to the disk and back.

use std::io;
use std::path::{Path, PathBuf};

use crate::{Seq, StreamId};

/// An error of the sample store. Variants carry the facts; the text is a lowercase fragment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk did not take or give the data. Nothing of the commit was kept; the same call may be repeated once there
    /// is room again. Do not acknowledge what was to be written.
    #[error("disk: {trouble} at {}: {detail}", path.display())]
    Disk {
        /// The kind of trouble, to decide what to tell the administrator.
        trouble: DiskTrouble,
        /// The file or folder concerned.
        path: PathBuf,
        /// The words of the operating system or of SQLite.
        detail: String,
    },
    /// Another process has this journal open for writing.
    #[error("journal {} is in use by {}", path.display(), holder(*pid))]
    Locked {
        /// The journal file.
        path: PathBuf,
        /// Process id of the holder, where the lock file tells it.
        pid: Option<u32>,
    },
    /// Written by a newer version of lockgate; reading it would be a guess.
    #[error("{what} has format version {found}, this lockgate knows up to {known}: use the newer lockgate")]
    NewerFormat {
        /// What was read, e.g. "journal" or "sample blob".
        what: &'static str,
        /// The version found.
        found: u32,
        /// The newest version that this build reads.
        known: u32,
    },
    /// A file that should be ours is not.
    #[error("{} is not a lockgate {what}: {detail}", path.display())]
    NotOurs {
        /// What was expected.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What was found instead.
        detail: String,
    },
    /// The journal's database itself is damaged.
    #[error("journal {} is damaged: {detail}", path.display())]
    JournalDamaged {
        /// The journal file.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// One row of the journal cannot be decoded. All other rows are still readable.
    #[error("journal row {seq} is damaged: {detail}")]
    RowDamaged {
        /// The row.
        seq: Seq,
        /// What does not fit.
        detail: String,
    },
    /// A sample blob does not decode.
    #[error("sample blob is damaged: {0}")]
    BlobDamaged(&'static str),
    /// A sealed Parquet file does not read as it was written.
    #[error("historian file {} is damaged: {detail}", path.display())]
    FileDamaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
    /// A sealed file that the journal lists is not there.
    #[error("historian file {} is missing", path.display())]
    FileMissing {
        /// The file.
        path: PathBuf,
    },
    /// The caller had the work stopped; nothing changed.
    #[error("stopped on request")]
    Stopped,
    /// Rows that were to be sealed were let go meanwhile, because the journal was full.
    #[error("the rows to be sealed were let go meanwhile")]
    PlanGivenUp,
    /// The historian's folder belongs to another journal; its stream numbers mean something else.
    #[error("historian {} belongs to journal {found}, not to {expected}", path.display())]
    ForeignHistorian {
        /// The historian's folder.
        path: PathBuf,
        /// Identity of the journal in hand.
        expected: String,
        /// Identity found in the folder.
        found: String,
    },
    /// A single value is too large to keep.
    #[error("a value of {bytes} bytes on stream {stream} exceeds the limit of {limit} bytes")]
    ValueTooLarge {
        /// The stream.
        stream: StreamId,
        /// Size of the value.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A cursor may only go forward, and not past the newest row.
    #[error("cursor of {sink} cannot move from {from} to {to}: {why}")]
    CursorOutOfRange {
        /// The sink.
        sink: String,
        /// Where it stands.
        from: Seq,
        /// Where it was to go.
        to: Seq,
        /// Which rule forbids it.
        why: &'static str,
    },
    /// No stream has this name.
    #[error("no stream is called {name:?}")]
    NoSuchStream {
        /// What was asked for.
        name: String,
    },
    /// More than one stream ends in this name.
    #[error("{name:?} could be {} streams, e.g. {}", .candidates.len(), .candidates.join(", "))]
    AmbiguousStream {
        /// What was asked for.
        name: String,
        /// Names that fit, at most ten.
        candidates: Vec<String>,
    },
    /// There is no journal at this place.
    #[error("no journal at {}", path.display())]
    NoJournal {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// SQLite failed in a way that is neither the disk's nor the format's fault.
    #[error("journal database: {0}")]
    Database(String),
}

/// What is wrong with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DiskTrouble {
    /// No space left.
    Full,
    /// The journal's own limit is reached.
    Limit,
    /// The place cannot be written.
    ReadOnly,
    /// The process may not go there.
    Permission,
    /// Any other input or output error.
    Io,
}

impl std::fmt::Display for DiskTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Full => "no space left",
            Self::Limit => "limit reached",
            Self::ReadOnly => "read-only",
            Self::Permission => "permission denied",
            Self::Io => "input/output error",
        })
    }
}

impl Error {
    /// True when the caller should wait for the administrator and try the same again.
    #[must_use]
    pub fn is_disk(&self) -> bool {
        matches!(self, Self::Disk { .. })
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let trouble = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                DiskTrouble::Full
            }
            io::ErrorKind::ReadOnlyFilesystem => DiskTrouble::ReadOnly,
            io::ErrorKind::PermissionDenied => DiskTrouble::Permission,
            _ => DiskTrouble::Io,
        };
        Self::Disk { trouble, path: path.to_owned(), detail: error.to_string() }
    }

    pub(crate) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let disk = |trouble| Self::Disk { trouble, path: path.to_owned(), detail: error.to_string() };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => disk(DiskTrouble::Full),
            Some(ErrorCode::ReadOnly) => disk(DiskTrouble::ReadOnly),
            Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => disk(DiskTrouble::Permission),
            Some(ErrorCode::SystemIoFailure) => disk(DiskTrouble::Io),
            Some(ErrorCode::NotADatabase) => {
                Self::NotOurs { what: "journal", path: path.to_owned(), detail: error.to_string() }
            }
            Some(ErrorCode::DatabaseCorrupt) => {
                Self::JournalDamaged { path: path.to_owned(), detail: error.to_string() }
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
