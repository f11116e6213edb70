//! The words of the journal.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::filling::{FillUpdate, GapRepair, NewJob};
use crate::{SampleBatch, StreamId, Timestamp};

/// The number of a journal row; grows by one per row and is never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(i64);

impl Seq {
    /// Before the first row.
    pub const ZERO: Self = Self(0);

    /// From its number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How to open a journal.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JournalOptions {
    /// The file may not grow beyond this; [`when_full`](Self::when_full) says what then. `None`: as far as the disk goes.
    pub max_bytes: Option<u64>,
    /// What becomes of new samples when the file may not grow.
    pub when_full: WhenFull,
    /// What a sink beside the historian has not taken after this time is let go by
    /// [`Journal::drop_expired`](super::Journal::drop_expired). `None`: it is kept until it is taken.
    pub max_age: Option<Duration>,
}

/// What happens when the journal has reached its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Appending fails with [`Error::Disk`](crate::Error::Disk) ([`Limit`](crate::DiskTrouble::Limit)), until the sinks have
    /// taken some: nothing is acknowledged.
    #[default]
    Wait,
    /// The oldest rows go, and it is written down who misses them.
    DropOldest {
        /// What the historian has not sealed goes only when it was committed that long ago: by then it should have been.
        spare_unsealed: Duration,
    },
}

/// Why a sink did not get something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossReason {
    /// The journal had reached its limit.
    Full,
    /// It had waited longer than it may.
    Age,
    /// A reason that a newer version wrote.
    Unknown,
}

impl LossReason {
    /// The word in the journal; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "journal-full",
            Self::Age => "too-old",
            Self::Unknown => "unknown",
        }
    }

    /// The reason of a word in the journal; [`Unknown`](Self::Unknown) for one that a newer version wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        [Self::Full, Self::Age].into_iter().find(|reason| reason.as_str() == word).unwrap_or(Self::Unknown)
    }
}

/// What was let go before a sink beside the historian had taken it. What it lost without a delivery in between is one of
/// these for each source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkLoss {
    /// The sink.
    pub sink: String,
    /// The source.
    pub source: String,
    /// Time of the earliest sample.
    pub from: Timestamp,
    /// Time of the latest.
    pub to: Timestamp,
    /// How many samples, of all streams of the source. What the sink was just sending when they were let go is among them.
    pub values: u64,
    /// Whether the historian has them. If not, the gap ledger tells of them, too.
    pub in_historian: bool,
    /// Why.
    pub reason: LossReason,
    /// When it was written down, or last prolonged.
    pub recorded_at: Timestamp,
}

/// What was let go before every sink had taken it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dropped {
    /// Samples.
    pub values: u64,
    /// Those of them that the historian had not sealed: they are on the gap ledger.
    pub lost: u64,
    /// The sinks beside the historian that miss some.
    pub sinks: BTreeSet<String>,
}

/// What [`Journal::append`](super::Journal::append) makes durable, all or nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Commit<'a> {
    /// Samples; empty batches are skipped.
    pub batches: &'a [&'a SampleBatch],
    /// Entries for the gap ledger.
    pub gaps: &'a [NewGap],
    /// State blobs to replace, by key.
    pub states: &'a [(&'a str, &'a [u8])],
    /// How far the filling of gaps and the jobs came.
    pub fills: &'a [FillUpdate],
    /// Jobs to be done.
    pub jobs: &'a [NewJob],
    /// The wall time of this commit.
    pub now: Timestamp,
}

/// A stream to be known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewStream {
    /// Stable identity, unique in the journal.
    pub key: String,
    /// Display name.
    pub name: String,
    /// The source it comes from.
    pub source: String,
    /// Data type, as the source calls it.
    pub data_type: Option<String>,
    /// Engineering unit.
    pub unit: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Between what its numbers normally lie.
    pub range: Option<ValueRange>,
    /// What its numbers stand for, if each is the number of a state.
    pub states: Vec<ValueState>,
}

/// Lower and upper end of a stream's numbers, in its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ValueRange {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A number that stands for a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueState {
    /// The number; of a Boolean 0 or 1.
    pub value: i64,
    /// The state's name.
    pub name: String,
}

/// A known stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamInfo {
    /// Its number.
    pub id: StreamId,
    /// Stable identity.
    pub key: String,
    /// Display name.
    pub name: String,
    /// The source it comes from.
    pub source: String,
    /// Data type, as the source calls it.
    pub data_type: Option<String>,
    /// Engineering unit.
    pub unit: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Between what its numbers normally lie.
    pub range: Option<ValueRange>,
    /// What its numbers stand for, if each is the number of a state.
    pub states: Vec<ValueState>,
}

impl StreamInfo {
    /// Whether its samples are events.
    #[must_use]
    pub fn is_of_events(&self) -> bool {
        self.data_type.as_deref() == Some(EVENTS)
    }
}

/// The data type of a stream of events. No variable can have it: it is the name of a type of objects (Part 5 §6.4.2).
pub const EVENTS: &str = "BaseEventType";

/// Why samples are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GapReason {
    /// The connection was away and the server did not keep what came meanwhile.
    Reconnect,
    /// A notification was missing and could not be had again.
    SequenceHole,
    /// The server's queue for an item overflowed.
    QueueOverflow,
    /// The server was restarted.
    ServerRestart,
    /// The server dropped the subscription.
    SubscriptionLost,
    /// The server did not answer when a node that is read in turn was to be read.
    NotRead,
    /// lockgate was not running.
    ConnectorDown,
    /// Evicted because the quota was reached.
    Quota,
    /// A journal row could not be read back.
    JournalDamaged,
    /// A sealed file was deleted or damaged.
    HistorianDamaged,
    /// A reason that a newer version wrote.
    Unknown,
}

impl GapReason {
    const ALL: [Self; 10] = [
        Self::Reconnect,
        Self::SequenceHole,
        Self::QueueOverflow,
        Self::ServerRestart,
        Self::SubscriptionLost,
        Self::NotRead,
        Self::ConnectorDown,
        Self::Quota,
        Self::JournalDamaged,
        Self::HistorianDamaged,
    ];

    /// The word in the ledger; stable.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reconnect => "reconnect",
            Self::SequenceHole => "sequence-hole",
            Self::QueueOverflow => "queue-overflow",
            Self::ServerRestart => "server-restart",
            Self::SubscriptionLost => "subscription-lost",
            Self::NotRead => "not-read",
            Self::ConnectorDown => "connector-down",
            Self::Quota => "quota",
            Self::JournalDamaged => "journal-damaged",
            Self::HistorianDamaged => "historian-damaged",
            Self::Unknown => "unknown",
        }
    }

    /// The reason of a word in the ledger; [`Unknown`](Self::Unknown) for one that a newer version wrote.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word).unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An interval in which samples are known to be missing, to be written down. One that touches the last gap of the same
/// stream for the same reason prolongs that entry, which keeps its number and detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGap {
    /// The source.
    pub source: String,
    /// The stream; `None` means every stream of the source.
    pub stream: Option<StreamId>,
    /// Last time for which nothing is missing.
    pub from: Timestamp,
    /// First time from which nothing is missing again.
    pub to: Timestamp,
    /// Why.
    pub reason: GapReason,
    /// For people.
    pub detail: String,
}

/// An interval in which samples are known to be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Number in the ledger.
    pub id: i64,
    /// The source.
    pub source: String,
    /// The stream; `None` means every stream of the source.
    pub stream: Option<StreamId>,
    /// Last time for which nothing is missing.
    pub from: Timestamp,
    /// First time from which nothing is missing again.
    pub to: Timestamp,
    /// Why.
    pub reason: GapReason,
    /// For people.
    pub detail: String,
    /// When it was written down, or last prolonged.
    pub recorded_at: Timestamp,
    /// What the server's history made of it.
    pub repair: GapRepair,
}

/// Which gaps to list; the default lists all. The oldest interval comes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapFilter {
    /// Only of this source.
    pub source: Option<String>,
    /// Only those that concern this stream, also as one of its source.
    pub stream: Option<StreamId>,
    /// Only those that end after this.
    pub from: Option<Timestamp>,
    /// Only those that begin before this.
    pub to: Option<Timestamp>,
    /// At most so many, the newest in the ledger.
    pub limit: Option<usize>,
}

/// What a source last said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// The source.
    pub source: String,
    /// JSON text, as it was given.
    pub json: String,
    /// When it was given.
    pub updated_at: Timestamp,
}

/// How much the journal holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Samples not yet trimmed.
    pub rows: u64,
    /// Bytes of their blobs.
    pub bytes: u64,
    /// When the oldest of them was committed.
    pub oldest: Option<Timestamp>,
    /// The newest row ever written.
    pub last: Seq,
}
