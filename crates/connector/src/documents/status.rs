//! `lockgate/status/1`: every source by the state and the age of its data.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tagstore::GapCounts;

use super::{Ending, SinkView, Spell};
use crate::config::Config;
use crate::overview::{Overview, SourceOverview, Summary};
use crate::sink_status::{SinkState, SinkStatus};
use crate::status::{SourceState, SourceStatus};

/// `lockgate/status/1`.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Whether a collector has this data folder open.
    pub running: bool,
    pub sources: Vec<SourceStateView>,
    /// Those beside the historian.
    pub sinks: Vec<SinkView>,
    pub storage: Option<StorageView>,
    /// Our certificate in use; `null` when there is none.
    pub certificate: Option<Ending>,
}

/// A source as its state and the age of its data tell.
#[derive(Debug, Serialize)]
pub struct SourceStateView {
    pub source: String,
    pub url: String,
    pub state: String,
    /// Seconds since the newest value was true at its source.
    pub data_age_seconds: Option<i64>,
    /// Seconds since the server last said anything, value or keep-alive.
    pub message_age_seconds: Option<i64>,
    /// What to do about its trouble, as one line; `null` when nothing.
    pub next_step: Option<String>,
    /// What the collector wrote; `null` if this source has never been collected.
    pub last: Option<SourceStatus>,
}

/// What is stored.
#[derive(Debug, Serialize)]
pub struct StorageView {
    pub streams: u64,
    pub sealed_files: u64,
    pub sealed_rows: u64,
    pub sealed_bytes: u64,
    pub unsealed_rows: u64,
    pub journal_bytes: u64,
    /// What of the journal's file is in use, which its limit counts.
    pub journal_used_bytes: u64,
    /// `null`: as far as the disk goes.
    pub journal_limit_bytes: Option<u64>,
    pub gaps: u64,
    pub gaps_open: u64,
    pub gaps_filled: u64,
    pub gaps_partly: u64,
    pub gaps_unfillable: u64,
    /// Why nothing becomes durable, as it looks from outside; `null` when the collector writes.
    pub trouble: Option<TroubleView>,
    /// Why nothing is sealed into the historian; `null` when it is.
    pub historian_trouble: Option<TroubleView>,
    pub oldest: Option<String>,
    pub newest: Option<String>,
}

/// What is wrong with the disk.
#[derive(Debug, Serialize)]
pub struct TroubleView {
    pub detail: String,
    /// What to do, as one line.
    pub next_step: String,
}

impl Status {
    /// What is seen in the data folder of a configuration.
    ///
    /// # Errors
    /// As [`Overview::look`].
    pub fn look(spell: &dyn Spell, config: &Config, now: Timestamp) -> Result<Self, tagstore::Error> {
        Ok(Self::of(spell, config, Overview::look(config, now)?))
    }

    /// The document of what was seen.
    pub fn of(spell: &dyn Spell, config: &Config, seen: Overview) -> Self {
        let now = seen.at;
        Self {
            running: seen.running,
            sources: seen.sources.into_iter().map(|source| SourceStateView::of(spell, source, now)).collect(),
            sinks: seen.sinks.into_iter().map(|sink| SinkView::of(spell, sink, now)).collect(),
            storage: seen.storage.map(|summary| StorageView {
                journal_limit_bytes: config.storage.journal_limit,
                trouble: seen.silent.map(|silent| TroubleView::silent(silent, &config.storage.data)),
                historian_trouble: seen
                    .historian
                    .filter(|_| seen.running)
                    .and_then(|historian| TroubleView::of_historian(spell, &historian)),
                ..StorageView::of(summary, seen.gaps)
            }),
            certificate: Ending::of(spell, config, now),
        }
    }
}

impl SourceStateView {
    fn of(spell: &dyn Spell, source: SourceOverview, now: Timestamp) -> Self {
        let SourceOverview { name, url, state, last } = source;
        let age = |at: Option<Timestamp>| at.map(|at| now.duration_since(at).as_secs().max(0));
        Self {
            source: name,
            url,
            state: state.map_or("not collected yet", SourceState::words).to_owned(),
            data_age_seconds: age(last.as_ref().and_then(|last| last.last_sample_time)),
            message_age_seconds: age(last.as_ref().and_then(|last| last.last_message_time)),
            next_step: last
                .as_ref()
                .and_then(|last| Some(last.next_step.as_ref()?.text(|words| spell.spell(words)))),
            last,
        }
    }
}

impl TroubleView {
    fn silent(silent: SignedDuration, data: &Path) -> Self {
        let data = data.display();
        let age = match silent.as_secs() {
            seconds @ ..120 => format!("{seconds} s"),
            seconds => format!("{} min", seconds / 60),
        };
        Self {
            detail: format!(
                "a lockgate runs and has been unable to write anything for {age}; nothing is acknowledged"
            ),
            next_step: format!(
                "make room on the disk that holds {data} and make it writable for lockgate; the log of lockgate run says what the disk answers"
            ),
        }
    }

    fn of_historian(spell: &dyn Spell, historian: &SinkStatus) -> Option<Self> {
        let detail = historian.detail.as_ref().filter(|_| historian.state == SinkState::Failing)?;
        let next_step = historian.next_step.as_ref().map(|step| step.text(|words| spell.spell(words)));
        let detail = format!("{detail}; what is collected waits in the journal");
        Some(Self { detail, next_step: next_step.unwrap_or_default() })
    }
}

impl StorageView {
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
            trouble: None,
            historian_trouble: None,
            oldest: summary.times.map(|(oldest, _)| oldest.to_string()),
            newest: summary.times.map(|(_, newest)| newest.to_string()),
            gaps_open: gaps.open,
            gaps_filled: gaps.filled,
            gaps_partly: gaps.partly,
            gaps_unfillable: gaps.unfillable,
        }
    }
}
