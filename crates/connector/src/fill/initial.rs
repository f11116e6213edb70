//! The past of streams that are collected for the first time, where a rule asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tagstore::{NewJob, StreamId, Timestamp};

use super::work::Checkpoint;
use crate::clock;
use crate::error::Error;
use crate::pipeline::{Entry, Writer};

/// Orders the past of these streams, once for each: one job for those that go back equally far. What was ordered is
/// remembered in the transaction of the order.
///
/// # Errors
/// [`Error::Storage`], [`Error::WriterGone`].
pub(crate) async fn order(
    source: &str,
    wanted: Vec<(StreamId, Duration)>,
    writer: &Writer,
) -> Result<(), Error> {
    if wanted.is_empty() {
        return Ok(());
    }
    let key = format!("source/{source}/backfilled");
    let before: Option<BTreeSet<u32>> =
        writer.state(key.clone()).await?.and_then(|blob| serde_json::from_slice(&blob).ok());
    let mut known = before.unwrap_or_default();
    let mut due: BTreeMap<Duration, BTreeSet<u32>> = BTreeMap::new();
    for (stream, back) in wanted {
        if known.insert(stream.get()) {
            due.entry(back).or_default().insert(stream.get());
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    let now = Timestamp::from(clock::now());
    let jobs = due.into_iter().map(|(back, streams)| {
        let back = i64::try_from(back.as_millis()).unwrap_or(i64::MAX);
        let from = now.saturating_add_millis(back.saturating_neg());
        tracing::info!(source, streams = streams.len(), %from, "the past is fetched by rule");
        NewJob {
            source: source.to_owned(),
            stream: None,
            pattern: None,
            from,
            to: now,
            origin: "rule",
            checkpoint: serde_json::to_vec(&Checkpoint::of_streams(from, now, streams)).ok(),
        }
    });
    let known = serde_json::to_vec(&known).unwrap_or_default();
    let entry = Entry { jobs: jobs.collect(), states: vec![(key, known)], ..Entry::default() };
    writer.append(entry).await?.await.map_err(|_| Error::WriterGone)
}
