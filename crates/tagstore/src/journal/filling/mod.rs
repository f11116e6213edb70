//! Filling gaps and fetching the past on demand: what is under way, how far it came, and how it ended.
//!
//! Two tables, one kind of progress. `gap_fill` says of an entry of the gap ledger what the server's history made of
//! it; without a row nothing was tried yet. `backfill` are jobs that somebody ordered. How far one came is written in
//! the transaction of the samples that were fetched, so that the end of a process neither repeats nor loses any.
//!
//! A gap that is prolonged after it was filled is open again: its row says which interval it is about.

mod look;
mod orders;
mod update;

use std::fmt;

use crate::{Gap, StreamId, Timestamp};

pub(crate) use look::{HAS_FILLS, REPAIR_COLUMNS, gap_counts, job, jobs, next_gap, next_job, state_of_gap};
pub use orders::Orders;
pub(super) use update::{insert_job, write};

/// What the server's history made of a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FillState {
    /// The interval is still missing: nothing was tried yet, it is under way, or it will be tried again.
    #[default]
    Open,
    /// History was read and committed over the whole interval, of every stream that has one.
    Filled,
    /// Some of it was.
    Partly,
    /// There is nothing to be had.
    Unfillable,
}

impl FillState {
    const ALL: [Self; 4] = [Self::Open, Self::Filled, Self::Partly, Self::Unfillable];

    /// The word in the ledger; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Partly => "partly",
            Self::Unfillable => "unfillable",
        }
    }

    /// The state of a word in the ledger; open for one that a newer version wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or_default()
    }
}

impl fmt::Display for FillState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How it stands with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum JobState {
    /// Nobody has begun with it.
    #[default]
    Waiting,
    /// Under way; goes on where it was when the connector is started again.
    Running,
    /// Stopped by hand, to be resumed.
    Paused,
    /// Every stream was read to the end of the interval, or has no history.
    Done,
    /// Something could not be read; the cause says what.
    Failed,
    /// Given up by hand.
    Cancelled,
}

impl JobState {
    const ALL: [Self; 6] =
        [Self::Waiting, Self::Running, Self::Paused, Self::Done, Self::Failed, Self::Cancelled];

    /// Its word; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a word; failed for one that a newer version wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Failed)
    }

    /// Whether nothing more will come of it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Streams that it is about; 0 until that is known.
    pub streams: u64,
    /// Streams whose history was read to the end of the interval.
    pub complete: u64,
    /// Streams of which the server keeps no history.
    pub without_history: u64,
    /// Streams whose history could not be read, or begins inside the interval.
    pub failed: u64,
    /// Samples that the server had.
    pub read: u64,
    /// Those among them that were missing here.
    pub added: u64,
    /// One of the streams that are without history or failed, and why.
    pub example: Option<String>,
}

/// The repair of a gap, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapRepair {
    /// How it stands.
    pub state: FillState,
    /// Why it is not filled, or not yet.
    pub cause: Option<String>,
    /// What was done.
    pub tally: Tally,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
}

/// A gap that waits to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenGap {
    /// The gap.
    pub gap: Gap,
    /// The interval that was dealt with already, when the gap was prolonged since; with how that ended.
    pub before: Option<(Timestamp, Timestamp, FillState)>,
    /// Where it goes on, in the words of whoever fills; `None` at the begin.
    pub checkpoint: Option<Vec<u8>>,
}

/// A job to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// Of this source.
    pub source: String,
    /// Of this stream only.
    pub stream: Option<StreamId>,
    /// Of the streams whose name fits this pattern only.
    pub pattern: Option<String>,
    /// From this time on.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
    /// Who ordered it, in a word: `command`, `rule`.
    pub origin: &'static str,
    /// Where it begins, in the words of whoever fills.
    pub checkpoint: Option<Vec<u8>>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Of this source.
    pub source: String,
    /// Of this stream only.
    pub stream: Option<StreamId>,
    /// Of the streams whose name fits this pattern only.
    pub pattern: Option<String>,
    /// From this time on.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
    /// Who ordered it.
    pub origin: String,
    /// How it stands.
    pub state: JobState,
    /// Why it failed.
    pub cause: Option<String>,
    /// What was done.
    pub tally: Tally,
    /// Where it goes on, in the words of whoever fills.
    pub checkpoint: Option<Vec<u8>>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When anything of it changed last.
    pub updated_at: Timestamp,
}

/// Progress, to be written with the samples that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillUpdate {
    /// Of what.
    pub of: FillOf,
    /// Why it is not as it should be.
    pub cause: Option<String>,
    /// What was done, in all.
    pub tally: Tally,
    /// Where it goes on; `None` when it is over.
    pub checkpoint: Option<Vec<u8>>,
}

/// What the progress is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FillOf {
    /// A gap.
    Gap {
        /// Its number in the ledger.
        id: i64,
        /// How it stands now.
        state: FillState,
        /// Begin of the interval that this is about.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
        /// How often it was tried in vain.
        tries: u32,
        /// When it is to be tried again.
        retry_at: Option<Timestamp>,
    },
    /// A job. One that was paused or cancelled meanwhile stays so.
    Job {
        /// Its number.
        id: i64,
        /// How it stands now.
        state: JobState,
    },
}

/// How many gaps there are of each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GapCounts {
    /// Still missing.
    pub open: u64,
    /// Filled from history.
    pub filled: u64,
    /// Filled in part.
    pub partly: u64,
    /// For good.
    pub unfillable: u64,
}

/// Layout 4. Whoever makes tables by hand made them already, so they may be there.
pub(in crate::journal) const LAYOUT: &str = "
CREATE TABLE IF NOT EXISTS gap_fill (
    gap INTEGER PRIMARY KEY REFERENCES gap (id),
    state TEXT NOT NULL,
    cause TEXT,
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    streams INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    without_history INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    samples_read INTEGER NOT NULL,
    samples_added INTEGER NOT NULL,
    example TEXT,
    checkpoint BLOB,
    tries INTEGER NOT NULL,
    retry_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS backfill (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    stream INTEGER REFERENCES stream (id),
    pattern TEXT,
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT,
    streams INTEGER NOT NULL DEFAULT 0,
    complete INTEGER NOT NULL DEFAULT 0,
    without_history INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    samples_read INTEGER NOT NULL DEFAULT 0,
    samples_added INTEGER NOT NULL DEFAULT 0,
    example TEXT,
    checkpoint BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS backfill_of ON backfill (source, state);
";
