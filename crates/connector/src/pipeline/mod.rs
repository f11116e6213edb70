//! From collected samples to durable samples.
//!
//! One thread owns the journal. Sources hand it [`Entry`]s: samples, gaps and the source's own progress, which belong
//! into one transaction, because progress without its samples would be a loss and samples without their progress
//! would come twice. The thread takes what arrives within [`writer::GROUP_WINDOW`] into one commit with one fsync, then tells
//! each source that its entry is durable; only then does the source acknowledge to the server (invariant 4).
//!
//! Order is kept per source, so "this entry is durable" means "and everything before it".
//!
//! When the disk refuses, the same group is tried again until it works or the connector stops. Nothing is dropped here (what
//! a full journal lets go where the administrator wants that, it writes down):
//! the bound on what may wait ([`writer::MAX_WAITING_ROWS`]) fills up, sources stop fetching, the servers' queues fill,
//! and what they cannot keep comes back with the overflow bit, as a gap on the ledger.

mod health;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use health::disk_step;
pub(crate) use writer::{Abandoning, Entry, Writer, WriterThread};
