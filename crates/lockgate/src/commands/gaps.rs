//! `lockgate gaps`: the intervals in which values are known to be missing, and why.

use connector::documents::{GapView, Gaps, GapsAsked, SinkGapView};

use super::data;
use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

pub(super) fn run(context: &Context, args: &cli::Gaps) -> Outcome {
    let reader = data::open(context)?;
    let from = args.from.map(data::instant).transpose()?;
    let to = args.from.map(|_| data::instant(args.to)).transpose()?;
    let asked = GapsAsked { source: args.source.clone(), from, to, limit: args.limit };
    let gaps = Gaps::find(&reader, &asked).map_err(|error| data::failed(&error))?;
    context.answer("gaps", &gaps, || gaps.text())?;
    if !context.json && gaps.gaps.is_empty() {
        say("no gap is known");
    }
    if gaps.truncated {
        say(&format!("only the newest {} gaps are shown; use --limit, --source or --from", args.limit));
    }
    Ok(Exit::Ok)
}

/// What is shown of them.
trait GapsText {
    fn text(&self) -> String;
}

impl GapsText for Gaps {
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

/// What is shown of one.
trait GapText {
    fn said(&self) -> String;
}

impl GapText for GapView {
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
