//! `lockgate gaps`: the intervals in which values are known to be missing, and why.

use std::collections::HashMap;

use serde::Serialize;
use tagstore::{GapFilter, SinkLoss};

use super::data;
use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

#[derive(Serialize)]
struct Gaps {
    /// There are older ones than the limit allowed.
    truncated: bool,
    gaps: Vec<GapView>,
    /// What went before a sink had taken it. What the historian has of it is no gap.
    sinks: Vec<SinkGapView>,
}

#[derive(Serialize)]
struct SinkGapView {
    sink: String,
    source: String,
    from: String,
    to: String,
    values: u64,
    in_historian: bool,
    reason: &'static str,
    recorded_at: String,
}

#[derive(Serialize)]
struct GapView {
    source: String,
    /// `null` means every stream of the source.
    stream: Option<String>,
    from: String,
    to: String,
    reason: &'static str,
    detail: String,
    recorded_at: String,
    /// What the server's history made of it.
    state: &'static str,
    /// Why it is not filled, or which of its streams have no history.
    cause: Option<String>,
    /// When it is tried again.
    retry_at: Option<String>,
    streams: u64,
    streams_complete: u64,
    streams_without_history: u64,
    streams_failed: u64,
    /// One of the streams without history, or that failed, and why.
    example: Option<String>,
    samples_added: u64,
}

pub(super) fn run(context: &Context, args: &cli::Gaps) -> Outcome {
    let reader = data::open(context)?;
    let from = args.from.map(data::instant).transpose()?;
    let to = args.from.map(|_| data::instant(args.to)).transpose()?;
    // one more than asked for, to know whether there is more
    let limit = Some(args.limit.saturating_add(1));
    let filter = GapFilter { source: args.source.clone(), from, to, limit, ..GapFilter::default() };
    let failed = |error: tagstore::Error| data::failed(&error);
    let names: HashMap<_, _> =
        reader.streams().map_err(failed)?.into_iter().map(|stream| (stream.id, stream.name)).collect();
    let name = |id| names.get(&id).cloned().unwrap_or_else(|| format!("stream {id}"));
    let found = reader.gaps(&filter).map_err(failed)?;
    let surplus = found.len().saturating_sub(args.limit);
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
        args.source.as_ref().is_none_or(|source| *source == loss.source)
            && from.is_none_or(|from| loss.to > from)
            && to.is_none_or(|to| loss.from < to)
    };
    let losses = reader.sink_losses().map_err(failed)?;
    let sinks = losses.iter().filter(|loss| within(loss)).map(SinkGapView::of).collect();
    let gaps = Gaps { truncated: surplus > 0, gaps: gaps.collect(), sinks };
    context.answer("gaps", &gaps, || gaps.text())?;
    if !context.json && gaps.gaps.is_empty() {
        say("no gap is known");
    }
    if gaps.truncated {
        say(&format!("only the newest {} gaps are shown; use --limit, --source or --from", args.limit));
    }
    Ok(Exit::Ok)
}

impl Gaps {
    fn text(&self) -> String {
        let mut table = Table::new(&["FROM", "TO", "SOURCE", "STREAM", "REASON", "STATE", "DETAIL"]);
        for gap in &self.gaps {
            let stream = gap.stream.as_deref().unwrap_or("(all)");
            let detail = gap.said();
            table.row([gap.from.as_str(), &gap.to, &gap.source, stream, gap.reason, gap.state, &detail]);
        }
        let mut out = table.to_string();
        if !self.sinks.is_empty() {
            let mut table =
                Table::new(&["FROM", "TO", "SOURCE", "MISSING AT", "REASON", "VALUES", "HISTORIAN"]);
            for missed in &self.sinks {
                let values = missed.values.to_string();
                let historian = if missed.in_historian { "has them" } else { "lost, see above" };
                let SinkGapView { from, to, source, sink, reason, .. } = missed;
                table.row([from.as_str(), to, source, sink, reason, &values, historian]);
            }
            out.push_str(&format!("\n{table}"));
        }
        out
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

impl GapView {
    /// What happened, and what history made of it.
    fn said(&self) -> String {
        let mut said = self.detail.clone();
        if self.samples_added > 0 {
            said.push_str(&format!("; {} values from history", self.samples_added));
        }
        match (&self.cause, &self.example) {
            // the example says it, too
            (Some(cause), Some(example)) if example.ends_with(cause.as_str()) => {
                said.push_str(&format!(
                    "; {} of {} streams, e.g. {example}",
                    self.streams_failed, self.streams
                ));
            }
            (Some(cause), Some(example)) => said.push_str(&format!("; {cause}, e.g. {example}")),
            (Some(cause), None) => said.push_str(&format!("; {cause}")),
            // of what is under way
            (None, _) => {}
        }
        if let Some(retry) = &self.retry_at {
            said.push_str(&format!("; next try {retry}"));
        }
        said
    }
}
