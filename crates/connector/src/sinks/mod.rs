//! Where samples go after the journal. Every sink has the same shape: a folder here, and in it a type that implements
//! [`Sink`].
//!
//! - A sink reads the journal behind its own cursor, on its own thread with its own handle, at its own pace. It never
//!   holds up another sink or the collection (invariant 6).
//! - [`Sink::deliver`] moves what is there and only then its cursor; a crash between the two delivers again, so a sink
//!   is idempotent or says in its folder why it cannot be (invariant 7).
//! - [`Sink::tidy`] is upkeep: it runs when nothing waits, and stops when it is told to.
//! - The worker in [`worker`] does what is common: the pace, the pause after a failure, the end.
//! - What it says [about](Sink::about) itself and how its last delivery went is what `lockgate status` shows of it.
//!
//! To add one: a folder `sinks/<name>/`, an `impl Sink`, a section in the configuration, a line in `open.rs`.

pub(crate) mod file;
pub(crate) mod historian;
mod lines;
pub(crate) mod omf;
mod open;
mod report;
pub(crate) mod stdout;
mod worker;

use std::path::{Path, PathBuf};

use tagstore::{READ_BYTES, SampleBatch, Seq};

use crate::config::{SinkConfig, SinkKind};
use crate::error::Error;

pub(crate) use open::{forget, open_sink, open_sinks};
pub(crate) use report::{Report, status_key};
pub(crate) use worker::{About, Delivered, Quarantined, Sink, Tidied, Worker};

impl SinkConfig {
    /// Whether everything that the sink needs of this machine is there: secrets, certificates to trust.
    ///
    /// # Errors
    /// What is missing, and what to do about it.
    pub fn check(&self) -> Result<(), Error> {
        match &self.kind {
            SinkKind::File { .. } | SinkKind::Stdout => Ok(()),
            SinkKind::Omf(omf) => Ok(omf::check(omf)?),
        }
    }
}

/// Whether reading so many samples at most left some behind for want of memory.
pub(crate) fn were_most(rows: &[(Seq, SampleBatch)], samples: usize) -> bool {
    rows.iter().map(|(_, batch)| batch.len()).sum::<usize>() >= samples
        || rows.iter().map(|(_, batch)| batch.heap_bytes()).sum::<usize>() >= READ_BYTES
}

/// Where a sink keeps what its other side refused.
pub(crate) fn quarantine_folder(data: &Path, sink: &str) -> PathBuf {
    data.join("quarantine").join(sink)
}
