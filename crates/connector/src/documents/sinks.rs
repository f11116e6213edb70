//! The part of `lockgate/status/1` about sinks: what waits for each, and what each missed.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Spell;
use crate::overview::{SinkLoss, SinkOverview};
use crate::sink_status::{SinkState, SinkStatus};

/// One sink beside the historian.
#[derive(Debug, Serialize)]
pub struct SinkView {
    pub sink: String,
    pub kind: &'static str,
    /// `starting`, `delivering`, `failing`, `hanging`, `stopped`, or that it has not run yet.
    pub state: String,
    /// Values behind its cursor.
    pub waiting_values: u64,
    /// Seconds since the oldest of them became durable here; `null` when nothing waits.
    pub waiting_seconds: Option<i64>,
    /// What went before it had taken it.
    pub missed: Vec<MissedView>,
    /// What to do about its trouble, as one line; `null` when nothing.
    pub next_step: Option<String>,
    /// Seconds since it last said anything, where it should have.
    #[serde(skip)]
    pub hangs_for: Option<i64>,
    /// What it last wrote; `null` if it has never run.
    pub last: Option<SinkStatus>,
}

/// What went before a sink had taken it: of one source, without a delivery in between.
#[derive(Debug, Serialize)]
pub struct MissedView {
    pub source: String,
    pub from: String,
    pub to: String,
    pub values: u64,
    pub in_historian: bool,
    pub reason: &'static str,
    pub recorded_at: String,
    /// The first time behind it.
    #[serde(skip)]
    pub end: String,
    /// Whether it is shown without being asked for.
    #[serde(skip)]
    pub recent: bool,
}

impl SinkView {
    /// The view of one sink.
    pub fn of(spell: &dyn Spell, sink: SinkOverview, now: Timestamp) -> Self {
        let state = match (&sink.state, &sink.last) {
            (_, None) => "not run yet",
            (None, Some(_)) => "stopped",
            (Some(state), Some(_)) => state.words(),
        };
        let hangs = sink.state == Some(SinkState::Hanging);
        let next_step = |last: &SinkStatus| match hangs {
            true => Some(unhang(sink.kind, &last.target)),
            false => Some(last.next_step.as_ref()?.text(|words| spell.spell(words))),
        };
        Self {
            state: state.to_owned(),
            waiting_values: sink.waiting,
            waiting_seconds: sink.oldest.map(|oldest| now.duration_since(oldest).as_secs().max(0)),
            missed: sink.missed.iter().map(|loss| MissedView::of(loss, now)).collect(),
            next_step: sink.last.as_ref().and_then(next_step),
            hangs_for: sink
                .last
                .as_ref()
                .filter(|_| hangs)
                .map(|last| now.duration_since(last.updated).as_secs()),
            sink: sink.name,
            kind: sink.kind,
            last: sink.last,
        }
    }
}

/// What to do about a sink whose delivery does not end.
fn unhang(kind: &str, target: &str) -> String {
    match kind {
        "stdout" => {
            "whoever reads the standard output of lockgate run does not read on; end or mend that one"
                .to_owned()
        }
        "file" => format!("see why {target} does not take what is written"),
        _ => format!("see why {target} takes the connection and does not answer"),
    }
}

impl MissedView {
    fn of(loss: &SinkLoss, now: Timestamp) -> Self {
        let recorded = loss.recorded_at.to_jiff().unwrap_or_default();
        Self {
            source: loss.source.clone(),
            from: loss.from.to_string(),
            to: loss.to.to_string(),
            end: tagstore::Timestamp::from_ticks(loss.to.ticks().saturating_add(1)).to_string(),
            values: loss.values,
            in_historian: loss.in_historian,
            reason: loss.reason.as_str(),
            recorded_at: loss.recorded_at.to_string(),
            recent: now.duration_since(recorded) < NEWS,
        }
    }
}

/// As long as this it is news.
const NEWS: SignedDuration = SignedDuration::from_hours(30 * 24);
