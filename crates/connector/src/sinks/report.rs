//! How a sink goes, written down after each delivery for `lockgate status`, and told once when it changes.

use std::time::{Duration, Instant};

use tagstore::Journal;

use super::{About, Delivered};
use crate::clock;
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::next_step::NextStep;
use crate::pipeline::disk_step;
use crate::sink_status::{SinkState, SinkStatus};

/// Where one sink writes how it goes.
pub(crate) struct Report {
    journal: Journal,
    status: SinkStatus,
    written: Option<Instant>,
}

/// Under which name the journal keeps the status of a sink, beside those of the sources, whose names have no colon.
pub(crate) fn status_key(sink: &str) -> String {
    format!("{KEY_PREFIX}{sink}")
}

impl Report {
    pub(crate) fn new(sink: &str, journal: Journal) -> Self {
        Self { journal, status: SinkStatus::new(sink, clock::now()), written: None }
    }

    /// Writes down that the sink begins: one that hangs in its first delivery is known by that.
    pub(crate) fn begins(&mut self, about: &About) {
        self.describe(about);
        self.write(true);
    }

    /// Takes note of how a delivery went.
    pub(crate) fn after(&mut self, about: &About, outcome: &Result<Delivered, Error>, events: &Events) {
        let before = (self.status.state, self.status.detail.clone(), self.status.quarantined_values);
        self.note(about, outcome);
        let sink = || self.status.sink.clone();
        match (before.0, self.status.state) {
            (SinkState::Delivering | SinkState::Starting, SinkState::Failing) => {
                let detail = self.status.detail.clone().unwrap_or_default();
                let next_step = self.status.next_step.clone();
                events.send(None, EventKind::SinkFailed { sink: sink(), detail, next_step });
            }
            (SinkState::Failing, SinkState::Delivering) => {
                events.send(None, EventKind::SinkRecovered { sink: sink() });
            }
            _ => {}
        }
        let more = self.status.quarantined_values.saturating_sub(before.2);
        if let Some(quarantined) = about.quarantined.as_ref().filter(|_| more > 0) {
            let folder = quarantined.folder.clone();
            events.send(None, EventKind::Quarantined { sink: sink(), values: more, folder });
        }
        let changed = before.0 != self.status.state || before.1 != self.status.detail || more > 0;
        let caught_up = outcome.as_ref().is_ok_and(|delivered| !delivered.more);
        self.write(changed || caught_up);
    }

    fn note(&mut self, about: &About, outcome: &Result<Delivered, Error>) {
        self.describe(about);
        let now = clock::now();
        let status = &mut self.status;
        let state = if outcome.is_ok() { SinkState::Delivering } else { SinkState::Failing };
        if status.state != state {
            status.since = now;
        }
        (status.state, status.updated) = (state, now);
        match outcome {
            Ok(delivered) => {
                status.delivered_total = status.delivered_total.saturating_add(delivered.rows);
                if delivered.rows > 0 {
                    status.last_delivery = Some(now);
                }
                (status.detail, status.error_code, status.next_step) = (None, None, None);
            }
            Err(error) => {
                status.detail = Some(error.to_string());
                status.error_code = Some(error.code().to_owned());
                status.next_step = next_step(error);
            }
        }
    }

    fn describe(&mut self, about: &About) {
        let status = &mut self.status;
        about.kind.clone_into(&mut status.kind);
        status.target.clone_from(&about.target);
        status.danger.clone_from(&about.danger);
        if let Some(quarantined) = &about.quarantined {
            status.quarantine_folder = Some(quarantined.folder.clone());
            status.quarantine_files = quarantined.files;
            status.quarantined_values = quarantined.values;
        }
    }

    /// About once a second while it catches up, and at once when it has or something changed.
    fn write(&mut self, changed: bool) {
        let now = clock::instant();
        if !changed && self.written.is_some_and(|written| now.duration_since(written) < PACE) {
            return;
        }
        self.written = Some(now);
        let key = status_key(&self.status.sink);
        let at = tagstore::Timestamp::from(self.status.updated);
        if let Err(error) = self.journal.set_source_status(&key, &self.status.to_json(), at) {
            tracing::debug!(%error, "the status of a sink was not written");
        }
    }
}

fn next_step(error: &Error) -> Option<NextStep> {
    match error {
        Error::SinkFolder { path, .. } => {
            Some(format!("make {} writable for lockgate", path.display()).into())
        }
        Error::SinkStdout { .. } => {
            Some("whoever read the standard output of lockgate run is gone; start both again".into())
        }
        Error::Storage(error) => Some(disk_step(error)),
        other => other.next_step(""),
    }
}

const KEY_PREFIX: &str = "sink:";
const PACE: Duration = Duration::from_secs(1);
