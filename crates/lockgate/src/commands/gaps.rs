//! `lockgate gaps`: the intervals in which values are known to be missing, and why.

use std::collections::HashMap;

use serde::Serialize;
use tagstore::GapFilter;

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
    });
    let gaps = Gaps { truncated: surplus > 0, gaps: gaps.collect() };
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
        let mut table = Table::new(&["FROM", "TO", "SOURCE", "STREAM", "REASON", "DETAIL"]);
        for gap in &self.gaps {
            let stream = gap.stream.as_deref().unwrap_or("(all)");
            table.row([gap.from.as_str(), &gap.to, &gap.source, stream, gap.reason, &gap.detail]);
        }
        table.to_string()
    }
}
