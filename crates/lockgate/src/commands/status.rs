//! `lockgate status`: every source by the state and the age of its data, never just "connected".
//!
//! It reads what the collector last wrote into the data folder, so it works while `lockgate run` runs and when it
//! does not. Whether one runs is told by the lock that it holds, so a killed one is seen at once; a source whose
//! status the running collector has not renewed for a while is shown as stopped too.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use connector::documents::{Ending, SourceStateView, Status, StorageView, TroubleView};
use connector::status::SourceState;
use connector::{Config, SourceStatus};

use super::{config, data, status_sinks};
use crate::advice::Outcome;
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, document, json, print, safe, say};

const WATCH_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context, args: &cli::Status) -> Outcome {
    let config = config::load(context)?;
    if !args.watch {
        let status = look(context, &config)?;
        context.answer("status", &status, || status.text(context))?;
        if let Some(link) = config.web.and_then(|listen| connector_web::known_setup_link(&config, listen)) {
            say(&format!("nobody can log in to the web page yet; make the first user at {link}"));
        }
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

fn look(context: &Context, config: &Config) -> Outcome<Status> {
    Status::look(context, config, clock::now()).map_err(|error| data::failed(&error))
}

fn one_line(status: &Status) -> Outcome<String> {
    let value: serde_json::Value = serde_json::from_str(&document("status", status)?)?;
    Ok(format!("{}\n", json::line(&value)?))
}

/// What is shown of a source.
trait SourceText {
    fn stopped(&self) -> bool;
    fn trouble(&self, context: &Context) -> Option<String>;
}

impl SourceText for SourceStateView {
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

/// What is shown of the whole.
trait StatusText {
    fn text(&self, context: &Context) -> String;
}

impl StatusText for Status {
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
            for (what, trouble) in [("disk", &storage.trouble), ("historian", &storage.historian_trouble)] {
                if let Some(TroubleView { detail, next_step }) = trouble {
                    out.push_str(&format!("\n{what}: {}\n  next: {}\n", safe(detail), safe(next_step)));
                }
            }
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

/// What is shown of the storage.
trait StorageText {
    fn text(&self) -> String;
    fn journal_in_words(&self) -> String;
    fn gaps_in_words(&self) -> String;
}

impl StorageText for StorageView {
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
