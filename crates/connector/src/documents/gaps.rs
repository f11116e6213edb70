//! `lockgate/gaps/1`: the intervals in which values are known to be missing, and why.

use std::collections::HashMap;

use serde::Serialize;
use tagstore::{GapFilter, Reader, SinkLoss, Timestamp};

/// `lockgate/gaps/1`.
#[derive(Debug, Serialize)]
pub struct Gaps {
    /// There are older ones than the limit allowed.
    pub truncated: bool,
    pub gaps: Vec<GapView>,
    /// What went before a sink had taken it. What the historian has of it is no gap.
    pub sinks: Vec<SinkGapView>,
}

/// What went before a sink had taken it.
#[derive(Debug, Serialize)]
pub struct SinkGapView {
    pub sink: String,
    pub source: String,
    pub from: String,
    pub to: String,
    pub values: u64,
    pub in_historian: bool,
    pub reason: &'static str,
    pub recorded_at: String,
}

/// An interval in which values are known to be missing.
#[derive(Debug, Serialize)]
pub struct GapView {
    pub source: String,
    /// `null` means every stream of the source.
    pub stream: Option<String>,
    pub from: String,
    pub to: String,
    pub reason: &'static str,
    pub detail: String,
    pub recorded_at: String,
    /// What the server's history made of it.
    pub state: &'static str,
    /// Why it is not filled, or which of its streams have no history.
    pub cause: Option<String>,
    /// When it is tried again.
    pub retry_at: Option<String>,
    pub streams: u64,
    pub streams_complete: u64,
    pub streams_without_history: u64,
    pub streams_failed: u64,
    /// One of the streams without history, or that failed, and why.
    pub example: Option<String>,
    pub samples_added: u64,
}

/// Which gaps are asked for.
#[derive(Debug, Clone, Default)]
pub struct GapsAsked {
    /// Only those of this source.
    pub source: Option<String>,
    /// Only those that reach beyond this.
    pub from: Option<Timestamp>,
    /// Only those that begin before this.
    pub to: Option<Timestamp>,
    /// At most so many, the newest.
    pub limit: usize,
}

impl Gaps {
    /// What is on the ledger.
    ///
    /// # Errors
    /// That of reading.
    pub fn find(reader: &Reader, asked: &GapsAsked) -> Result<Self, tagstore::Error> {
        // one more than asked for, to know whether there is more
        let limit = Some(asked.limit.saturating_add(1));
        let filter = GapFilter {
            source: asked.source.clone(),
            from: asked.from,
            to: asked.to,
            limit,
            ..GapFilter::default()
        };
        let names: HashMap<_, _> =
            reader.streams()?.into_iter().map(|stream| (stream.id, stream.name)).collect();
        let name = |id| names.get(&id).cloned().unwrap_or_else(|| format!("stream {id}"));
        let found = reader.gaps(&filter)?;
        let surplus = found.len().saturating_sub(asked.limit);
        let gaps = found.into_iter().skip(surplus).map(|gap| GapView {
            source: gap.source,
            stream: gap.stream.map(name),
            from: gap.from.to_string(),
            to: gap.to.to_string(),
            reason: gap.reason.as_str(),
            detail: gap.detail,
            recorded_at: gap.recorded_at.to_string(),
            state: gap.repair.state.as_str(),
            cause: gap.repair.cause,
            retry_at: gap.repair.retry_at.map(|time| time.to_string()),
            streams: gap.repair.tally.streams,
            streams_complete: gap.repair.tally.complete,
            streams_without_history: gap.repair.tally.without_history,
            streams_failed: gap.repair.tally.failed,
            example: gap.repair.tally.example,
            samples_added: gap.repair.tally.added,
        });
        let within = |loss: &SinkLoss| {
            asked.source.as_ref().is_none_or(|source| *source == loss.source)
                && asked.from.is_none_or(|from| loss.to > from)
                && asked.to.is_none_or(|to| loss.from < to)
        };
        let losses = reader.sink_losses()?;
        let sinks = losses.iter().filter(|loss| within(loss)).map(SinkGapView::of).collect();
        Ok(Self { truncated: surplus > 0, gaps: gaps.collect(), sinks })
    }
}

impl SinkGapView {
    fn of(loss: &SinkLoss) -> Self {
        Self {
            sink: loss.sink.clone(),
            source: loss.source.clone(),
            from: loss.from.to_string(),
            to: loss.to.to_string(),
            values: loss.values,
            in_historian: loss.in_historian,
            reason: loss.reason.as_str(),
            recorded_at: loss.recorded_at.to_string(),
        }
    }
}
