//! Journal and historian as one, read-only, also from another process while the writer works.
//!
//! A query takes the historian's cursor, the list of sealed files and the unsealed rows in **one** read transaction;
//! whatever is sealed or trimmed meanwhile, no sample is seen twice and none is missed: each is either in a listed file
//! or in a row after the cursor.

mod backup;
mod buckets;
mod each;
mod filling;
mod lttb;
mod places;
mod plot;
mod query;
mod repetition;
mod scan;

pub use backup::Copied;
pub use buckets::{Bucket, BucketQuery, Buckets, Every, Point};
pub(crate) use buckets::{as_double, is_good};
pub use plot::{Break, Plot, PlotPoint, PlotQuery};

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};

use crate::journal::{self, HISTORIAN_SINK, read};
use crate::{
    Depth, Error, Gap, GapFilter, HISTORIAN_DIR, JOURNAL_FILE, Seq, SinkLoss, SourceStatus, StreamId,
    StreamInfo, Timestamp,
};

/// Reads a data directory while another process writes it.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    historian: PathBuf,
    connection: Connection,
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
    /// At most so many; bounds the memory.
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

/// From a time on, until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Included.
    pub from: Timestamp,
    /// Not included; [`Timestamp::MAX`] means no end.
    pub to: Timestamp,
}

impl Interval {
    /// All times.
    pub const ALL: Self = Self { from: Timestamp::MIN, to: Timestamp::MAX };

    fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// Whether a time lies in it.
    #[must_use]
    pub fn contains(self, time: Timestamp) -> bool {
        let (first, last) = self.ends();
        (first..=last).contains(&time)
    }

    /// The first and the last time that lie in it.
    fn ends(self) -> (Timestamp, Timestamp) {
        let last =
            if self.to == Timestamp::MAX { self.to.ticks() } else { self.to.ticks().saturating_sub(1) };
        (self.from, Timestamp::from_ticks(last))
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
    /// What the journal holds, sealed or not.
    pub journal: Depth,
    /// Bytes of its file that are in use; what is beyond is given back or used again.
    pub journal_used: u64,
    /// How far the historian has come.
    pub sealed_to: Seq,
    /// Entries in the gap ledger.
    pub gaps: u64,
    /// Journal rows that turned out to be damaged.
    pub damaged: u64,
    /// Smallest and largest sample time.
    pub times: Option<(Timestamp, Timestamp)>,
}

impl Reader {
    /// Opens a data directory.
    ///
    /// # Errors
    /// [`Error::NoJournal`]; [`Error::NewerFormat`]; [`Error::NotOurs`]; [`Error::Disk`].
    pub fn open(data: impl AsRef<Path>) -> Result<Self, Error> {
        let data = data.as_ref();
        let path = data.join(JOURNAL_FILE);
        let connection = journal::open_for_reading(&path)?;
        Ok(Self { path, historian: data.join(HISTORIAN_DIR), connection })
    }

    /// All streams, by name.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn streams(&self) -> Result<Vec<StreamInfo>, Error> {
        let mut streams = self.check(read::streams(&self.connection))?;
        streams.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
        Ok(streams)
    }

    /// The stream with this name or key, else the only one whose name ends in it (`Level` finds `line1.Tank.Level`).
    ///
    /// # Errors
    /// [`Error::NoSuchStream`], [`Error::AmbiguousStream`].
    pub fn find_stream(&self, name: &str) -> Result<StreamInfo, Error> {
        let streams = self.streams()?;
        let fits: [&dyn Fn(&StreamInfo) -> bool; 3] =
            [&|stream| stream.name == name, &|stream| stream.key == name, &|stream| {
                stream.name.strip_suffix(name).is_some_and(|rest| rest.ends_with(['.', '/']))
            }];
        for fits in fits {
            let mut found = streams.iter().filter(|stream| fits(stream));
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(only), None) => return Ok(only.clone()),
                (Some(first), Some(second)) => {
                    let all = [first, second].into_iter().chain(found);
                    let candidates = all.take(10).map(|stream| stream.name.clone()).collect();
                    return Err(Error::AmbiguousStream { name: name.to_owned(), candidates });
                }
            }
        }
        Err(Error::NoSuchStream { name: name.to_owned() })
    }

    /// Entries of the gap ledger, the earliest interval first.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn gaps(&self, filter: &GapFilter) -> Result<Vec<Gap>, Error> {
        self.check(read::gaps(&self.connection, filter))
    }

    /// What every source last said about itself.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn source_statuses(&self) -> Result<Vec<SourceStatus>, Error> {
        self.check(read::source_statuses(&self.connection))
    }

    /// Whether a living process writes this store now. Answers at once when the writer was killed.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn is_written(&self) -> Result<bool, Error> {
        journal::is_written(&self.path)
    }

    /// When the process that writes this store, or wrote it last, opened it; as far as the disk took that down.
    #[must_use]
    pub fn written_since(&self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::try_from(journal::written_since(&self.path)?).ok()
    }

    /// What waits for each sink, by its name: the samples behind its cursor, and when the oldest of them was committed.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn waiting(&self) -> Result<Vec<(String, Depth)>, Error> {
        let waiting = || {
            let snapshot = self.connection.unchecked_transaction()?;
            let cursors = read::cursors(&snapshot)?;
            cursors.into_iter().map(|(sink, seq)| Ok((sink, read::depth(&snapshot, seq)?))).collect()
        };
        self.check(waiting())
    }

    /// What a collector keeps under this key; opaque here.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let select = "SELECT blob FROM state WHERE key = ?1";
        self.check(self.connection.query_row(select, [key], |row| row.get(0)).optional())
    }

    /// What was let go before a sink beside the historian had taken it, the oldest first.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn sink_losses(&self) -> Result<Vec<SinkLoss>, Error> {
        self.check(journal::quota::losses(&self.connection))
    }

    /// The store at a glance, all numbers of the same instant.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn summary(&self) -> Result<Summary, Error> {
        self.check(self.connection.unchecked_transaction().and_then(|snapshot| summary(&snapshot)))
    }

    fn check<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|e| Error::sqlite(&self.path, &e))
    }
}

fn summary(snapshot: &Connection) -> rusqlite::Result<Summary> {
    let count = |sql: &str| snapshot.query_row(sql, [], |row| read::unsigned(row, 0));
    let sealed_to = read::cursor(snapshot, HISTORIAN_SINK)?.unwrap_or_default();
    let times = snapshot.query_row(
        "SELECT min(first_time), max(last_time) FROM (
             SELECT first_time, last_time FROM sealed_file WHERE rows > 0
             UNION ALL SELECT first_time, last_time FROM batch)",
        [],
        |row| {
            let [first, last] = [row.get::<_, Option<i64>>(0)?, row.get(1)?];
            Ok(first
                .zip(last)
                .map(|(first, last)| (Timestamp::from_ticks(first), Timestamp::from_ticks(last))))
        },
    )?;
    Ok(Summary {
        streams: count("SELECT count(*) FROM stream")?,
        sealed_rows: count("SELECT coalesce(sum(rows), 0) FROM sealed_file")?,
        sealed_files: count("SELECT count(*) FROM sealed_file")?,
        sealed_bytes: count("SELECT coalesce(sum(bytes), 0) FROM sealed_file")?,
        unsealed_rows: read::depth(snapshot, sealed_to)?.rows,
        journal: read::depth(snapshot, Seq::ZERO)?,
        journal_used: journal::used_bytes(snapshot)?,
        sealed_to,
        gaps: count("SELECT count(*) FROM gap")?,
        damaged: count("SELECT count(*) FROM damaged")?,
        times,
    })
}
