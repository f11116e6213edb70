//! The part of `lockgate status` about sinks: what waits for each, and why one does not deliver.

use connector::SinkState;
use connector::documents::{MissedView, SinkView};

use super::status::age;
use crate::context::Context;
use crate::output::{Table, safe};

/// The table, and below it what is wrong; empty without sinks.
pub(super) fn text(context: &Context, sinks: &[SinkView]) -> String {
    if sinks.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["SINK", "KIND", "STATE", "WAITING", "OLDEST", "DELIVERED", "TO"]);
    for sink in sinks {
        let last = sink.last.as_ref();
        table.row([
            sink.sink.clone(),
            sink.kind.to_owned(),
            sink.state.clone(),
            sink.waiting_values.to_string(),
            sink.waiting_seconds.map_or_else(|| "-".to_owned(), age),
            last.map_or_else(|| "0".to_owned(), |last| last.delivered_total.to_string()),
            last.map(|last| safe(&last.target)).unwrap_or_default(),
        ]);
    }
    let mut out = format!("\n{table}");
    for trouble in sinks.iter().filter_map(|sink| sink.trouble(context)) {
        out.push_str(&format!("\n{trouble}\n"));
    }
    out
}

/// What is shown of a sink.
trait SinkText {
    fn trouble(&self, context: &Context) -> Option<String>;
    fn missed(&self, context: &Context) -> Vec<String>;
}

impl SinkText for SinkView {
    fn trouble(&self, context: &Context) -> Option<String> {
        let mut lines = self.missed(context);
        let Some(last) = self.last.as_ref() else {
            return (!lines.is_empty()).then(|| lines.join("\n"));
        };
        if let Some(hangs_for) = self.hangs_for {
            let name = safe(&self.sink);
            lines.push(format!(
                "{name}: a delivery does not end, for {} by now; the others go on",
                age(hangs_for)
            ));
            lines.extend(self.next_step.as_ref().map(|next| format!("  next: {}", safe(next))));
        } else if last.state == SinkState::Failing
            && let Some(detail) = &last.detail
        {
            let code = last.error_code.as_deref().map(|code| format!(" [{code}]")).unwrap_or_default();
            lines.push(format!("{}{}: {}", safe(&self.sink), safe(&code), safe(detail)));
            lines.extend(self.next_step.as_ref().map(|next| format!("  next: {}", safe(next))));
        }
        if let Some(folder) = last.quarantine_folder.as_ref().filter(|_| last.quarantine_files > 0) {
            let files = last.quarantine_files;
            lines.push(format!(
                "{}: refused by the other side and kept with the reason: {files} {} in {}",
                safe(&self.sink),
                if files == 1 { "file" } else { "files" },
                safe(folder)
            ));
            lines.push(format!("  next: run: {}", context.line(&["sink", "quarantine", "list", &self.sink])));
        }
        for danger in &last.danger {
            lines.push(format!("{}: DANGER, security is lowered: {}", safe(&self.sink), safe(danger)));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// What it misses, as long as that is news, and where it can be had.
    fn missed(&self, context: &Context) -> Vec<String> {
        let recent: Vec<&MissedView> = self.missed.iter().rev().filter(|missed| missed.recent).collect();
        let name = safe(&self.sink);
        let mut lines: Vec<String> =
            recent.iter().take(SHOWN).map(|missed| format!("{name}: misses {}", missed.text())).collect();
        if recent.len() > SHOWN {
            let run = context.line(&["gaps"]);
            lines.push(format!("{name}: and {} more times; see them all: {run}", recent.len() - SHOWN));
        }
        if let Some(newest) = recent.iter().find(|missed| missed.in_historian) {
            let file = format!("{}-missed.csv", self.sink);
            let (from, to) = (newest.from.as_str(), newest.end.as_str());
            let run = context.line(&["export", "--from", from, "--to", to, "--output", &file]);
            lines.push(format!("  next: what the historian has can be handed on as a file: {run}"));
        }
        lines
    }
}

/// What is shown of a loss.
trait MissedText {
    fn text(&self) -> String;
}

impl MissedText for MissedView {
    fn text(&self) -> String {
        let Self { source, from, to, values, in_historian, reason, .. } = self;
        let why = match *reason {
            "journal-full" => "the journal was full",
            "too-old" => "they waited longer than journal_max_days",
            other => other,
        };
        let where_else = if *in_historian { "the historian has them" } else { "they are lost, see gaps" };
        format!("{values} values of {} from {from} to {to}: {why}; {where_else}", safe(source))
    }
}

/// Lines of what a sink misses.
const SHOWN: usize = 3;
