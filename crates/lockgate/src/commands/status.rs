//! `lockgate status`: every source by the state and the age of its data, never just "connected".
//!
//! It reads what the collector last wrote into the data folder, so it works while `lockgate run` runs and when it
//! does not. Whether one runs is told by the lock that it holds, so a killed one is seen at once; a source whose
//! status the running collector has not renewed for a while is shown as stopped too.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use connector::overview::{Overview, SourceOverview, Summary};
use connector::status::SourceState;
use connector::{Config, SourceStatus};
use jiff::Timestamp;
use serde::Serialize;
use tagstore::GapCounts;

use super::cert::{Ending, ending};
use super::status_sinks::{self, SinkView};
use super::{config, data};
use crate::advice::Outcome;
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, document, json, print, safe};

const WATCH_EVERY: Duration = Duration::from_secs(1);

#[derive(Serialize)]
struct Status {
    /// Whether a collector has this data folder open.
    running: bool,
    sources: Vec<SourceView>,
    /// Those beside the historian.
    sinks: Vec<SinkView>,
    storage: Option<Storage>,
    /// Our certificate in use; `null` when there is none.
    certificate: Option<Ending>,
}

#[derive(Serialize)]
struct SourceView {
    source: String,
    url: String,
    state: String,
    /// Seconds since the newest value was true at its source.
    data_age_seconds: Option<i64>,
    /// Seconds since the server last said anything, value or keep-alive.
    message_age_seconds: Option<i64>,
    /// What to do about its trouble, as one line; `null` when nothing.
    next_step: Option<String>,
    /// What the collector wrote; `null` if this source has never been collected.
    last: Option<SourceStatus>,
}

#[derive(Serialize)]
struct Storage {
    streams: u64,
    sealed_files: u64,
    sealed_rows: u64,
    sealed_bytes: u64,
    unsealed_rows: u64,
    journal_bytes: u64,
    /// What of the journal's file is in use, which its limit counts.
    journal_used_bytes: u64,
    /// `null`: as far as the disk goes.
    journal_limit_bytes: Option<u64>,
    gaps: u64,
    gaps_open: u64,
    gaps_filled: u64,
    gaps_partly: u64,
    gaps_unfillable: u64,
    oldest: Option<String>,
    newest: Option<String>,
}

pub(super) fn run(context: &Context, args: &cli::Status) -> Outcome {
    let config = config::load(context)?;
    if !args.watch {
        let status = look(context, &config)?;
        context.answer("status", &status, || status.text(context))?;
        return Ok(Exit::Ok);
    }
    let refresh = io::stdout().is_terminal() && !context.json;
    let mut shown = String::new();
    loop {
        let status = look(context, &config)?;
        let text = if context.json { one_line(&status)? } else { status.text(context) };
        if refresh {
            // home, clear to the end: the picture changes in place
            print(&format!("\x1b[H\x1b[2J{text}"))?;
        } else if text != shown {
            print(&text)?;
        }
        shown = text;
        std::thread::sleep(WATCH_EVERY);
    }
}

fn one_line(status: &Status) -> Outcome<String> {
    let value: serde_json::Value = serde_json::from_str(&document("status", status)?)?;
    Ok(format!("{}\n", json::line(&value)?))
}

fn look(context: &Context, config: &Config) -> Outcome<Status> {
    let now = clock::now();
    let seen = Overview::look(config, now).map_err(|error| data::failed(&error))?;
    Ok(Status {
        running: seen.running,
        sources: seen.sources.into_iter().map(|source| SourceView::of(context, source, now)).collect(),
        sinks: seen.sinks.into_iter().map(|sink| SinkView::of(context, sink, now)).collect(),
        storage: seen.storage.map(|summary| Storage {
            journal_limit_bytes: config.storage.journal_limit,
            ..Storage::of(summary, seen.gaps)
        }),
        certificate: ending(context, config, now),
    })
}

impl SourceView {
    fn of(context: &Context, source: SourceOverview, now: Timestamp) -> Self {
        let SourceOverview { name, url, state, last } = source;
        let age = |at: Option<Timestamp>| at.map(|at| now.duration_since(at).as_secs().max(0));
        Self {
            source: name,
            url,
            state: state.map_or("not collected yet", SourceState::words).to_owned(),
            data_age_seconds: age(last.as_ref().and_then(|last| last.last_sample_time)),
            message_age_seconds: age(last.as_ref().and_then(|last| last.last_message_time)),
            next_step: last.as_ref().and_then(|last| Some(context.next_step(last.next_step.as_ref()?))),
            last,
        }
    }

    fn stopped(&self) -> bool {
        self.state == SourceState::Stopped.words()
    }

    /// What is wrong and what to do, for a source that is not well.
    fn trouble(&self, context: &Context) -> Option<String> {
        let last = self.last.as_ref()?;
        let mut lines = Vec::new();
        if !last.state.is_healthy()
            && let Some(detail) = &last.detail
        {
            let code = last.error_code.as_deref().map(|code| format!(" [{code}]")).unwrap_or_default();
            lines.push(format!("{}{}: {}", safe(&self.source), safe(&code), safe(detail)));
            lines.extend(self.next_step.as_ref().map(|next| format!("  next: {}", safe(next))));
        }
        if last.streams_polled > 0 {
            lines.push(format!(
                "{}: {} of {} streams are polled, not subscribed to",
                safe(&self.source),
                last.streams_polled,
                last.streams
            ));
        }
        if last.streams_refused > 0 {
            let example = last.refused_example.as_deref().unwrap_or("");
            lines.push(format!(
                "{}: {} nodes refused by the server, e.g. {}",
                safe(&self.source),
                last.streams_refused,
                safe(example)
            ));
        }
        if last.nodes_waiting > 0 {
            lines.push(format!(
                "{}: {} nodes of the server came, went or changed, which waits for you",
                safe(&self.source),
                last.nodes_waiting
            ));
            lines.push(format!("  next: {}", context.line(&["diff", &self.source])));
        }
        for danger in &last.danger {
            lines.push(format!("{}: DANGER, security is lowered: {}", safe(&self.source), safe(danger)));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

impl Storage {
    fn of(summary: Summary, gaps: GapCounts) -> Self {
        Self {
            streams: summary.streams,
            sealed_files: summary.sealed_files,
            sealed_rows: summary.sealed_rows,
            sealed_bytes: summary.sealed_bytes,
            unsealed_rows: summary.unsealed_rows,
            journal_bytes: summary.journal.bytes,
            journal_used_bytes: summary.journal_used,
            journal_limit_bytes: None,
            gaps: summary.gaps,
            oldest: summary.times.map(|(oldest, _)| oldest.to_string()),
            newest: summary.times.map(|(_, newest)| newest.to_string()),
            gaps_open: gaps.open,
            gaps_filled: gaps.filled,
            gaps_partly: gaps.partly,
            gaps_unfillable: gaps.unfillable,
        }
    }
}

impl Status {
    fn text(&self, context: &Context) -> String {
        let mut table =
            Table::new(&["SOURCE", "STATE", "DATA AGE", "VALUES/S", "STREAMS", "GAPS", "SECURITY", "USER"]);
        for source in &self.sources {
            let last = source.last.as_ref();
            let text = |field: &dyn Fn(&SourceStatus) -> String| last.map(field).unwrap_or_default();
            table.row([
                source.source.clone(),
                source.state.clone(),
                source.data_age_seconds.map_or_else(|| "-".to_owned(), age),
                text(&|last| format!("{:.1}", if source.stopped() { 0.0 } else { last.values_per_second })),
                text(&|last| last.streams.to_string()),
                text(&|last| last.gaps_open.to_string()),
                text(&|last| format!("{} {}", last.policy, last.mode)),
                text(&|last| last.user.clone().unwrap_or_else(|| "(anonymous)".to_owned())),
            ]);
        }
        let mut out = if self.sources.is_empty() { "no source yet\n".to_owned() } else { table.to_string() };
        for trouble in self.sources.iter().filter_map(|source| source.trouble(context)) {
            out.push_str(&format!("\n{trouble}\n"));
        }
        out.push_str(&status_sinks::text(context, &self.sinks));
        if let Some(storage) = &self.storage {
            out.push('\n');
            out.push_str(&storage.text());
        }
        if let Some(warning) = self.certificate.as_ref().and_then(Ending::warning) {
            out.push_str(&format!("certificate  {}\n", safe(warning)));
        }
        if !self.running {
            out.push_str(&format!("collector    not running; start it: {}\n", context.line(&["run"])));
        }
        out
    }
}

impl Storage {
    fn text(&self) -> String {
        let span = match (&self.oldest, &self.newest) {
            (Some(oldest), Some(newest)) => format!(", {oldest} to {newest}"),
            _ => String::new(),
        };
        format!(
            "{:<12} {}{span}\n{:<12} {} values in {} files, {} bytes\n{:<12} {} values{}\n{:<12} {}\n",
            "streams",
            self.streams,
            "Parquet",
            self.sealed_rows,
            self.sealed_files,
            self.sealed_bytes,
            "journal",
            self.unsealed_rows,
            self.journal_in_words(),
            "gaps",
            self.gaps_in_words()
        )
    }

    /// How full it is, where it has a limit.
    fn journal_in_words(&self) -> String {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        self.journal_limit_bytes.map_or_else(String::new, |limit| {
            format!(", {} of {} MiB in use", mib(self.journal_used_bytes), mib(limit))
        })
    }

    /// Those that are still missing first.
    fn gaps_in_words(&self) -> String {
        let mut words = format!("{} open", self.gaps_open);
        let others = [
            (self.gaps_filled, "filled"),
            (self.gaps_partly, "partly filled"),
            (self.gaps_unfillable, "that cannot be filled"),
        ];
        for (count, state) in others.into_iter().filter(|(count, _)| *count > 0) {
            words.push_str(&format!(", {count} {state}"));
        }
        words
    }
}

/// An age as people read it at a glance.
pub(super) fn age(seconds: i64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_read_at_a_glance() {
        assert_eq!([0, 119, 120, 7200, 200_000].map(age), ["0 s", "119 s", "2 min", "2 h", "2 d"]);
    }
}
