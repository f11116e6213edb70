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
//!
//! ```
//! use tagstore::{Commit, Historian, Journal, JournalOptions, NewStream, Reader, Sample, SampleBatch, SealOptions};
//! use tagstore::{HISTORIAN_DIR, JOURNAL_FILE, OwnedValue, StreamQuery, Timestamp, Value};
//!
//! # let folder = tempfile::tempdir()?;
//! # let data = folder.path();
//! let mut journal = Journal::open(data.join(JOURNAL_FILE), JournalOptions::default())?;
//! let level = NewStream { key: "urn:plant|ns=2;s=Level".into(), name: "line1.Level".into(), ..NewStream::default() };
//! let stream = journal.register_streams(&[level])?[0];
//!
//! let now: Timestamp = "2026-11-23T05:00:00Z".parse::<jiff::Timestamp>()?.into();
//! let mut batch = SampleBatch::new();
//! let value = Value::Double(42.5);
//! batch.push(Sample { stream, source_time: now, server_time: now, receive_time: now, status: 0, value });
//! journal.append(&Commit { batches: &[&batch], now, ..Commit::default() })?;
//! // on the disk: acknowledge now
//!
//! Historian::open(data.join(HISTORIAN_DIR))?.seal(&mut journal, &SealOptions::default(), now)?;
//!
//! let reader = Reader::open(data)?; // also from another process
//! let stream = reader.find_stream("Level")?.id;
//! let samples = reader.query(&StreamQuery::new(stream, 100))?;
//! assert_eq!(samples[0].value, OwnedValue::Double(42.5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
pub mod historian;
pub mod journal;
pub mod reader;
pub mod sample;
pub mod table;

pub use error::{DiskTrouble, Error};
pub use historian::{CompactOptions, Historian, Retired, SealOptions, SealedFile};
pub use journal::{
    Commit, Depth, Dropped, EVENTS, FillOf, FillState, FillUpdate, Gap, GapCounts, GapFilter, GapReason,
    GapRepair, HISTORIAN_SINK, Job, JobState, Journal, JournalOptions, LossReason, NewGap, NewJob, NewStream,
    OpenGap, Orders, READ_BYTES, Seq, SinkLoss, SourceStatus, StreamInfo, Tally, ValueRange, ValueState,
    WhenFull,
};
pub use reader::{
    Break, Bucket, BucketQuery, Buckets, Copied, Every, Interval, Order, Plot, PlotPoint, PlotQuery, Point,
    Reader, StreamQuery, Summary,
};
pub use sample::{OwnedSample, OwnedValue, Sample, SampleBatch, StreamId, Timestamp, Value, ValueKind};
pub use table::{ParquetTable, TableRow};

/// The journal's file inside a data directory.
pub const JOURNAL_FILE: &str = "journal.sqlite";
/// The historian's folder inside a data directory.
pub const HISTORIAN_DIR: &str = "historian";
