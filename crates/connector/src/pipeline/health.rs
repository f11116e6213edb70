//! How the journal goes: why a commit is refused, and what went for want of room.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tagstore::{DiskTrouble, Dropped, Journal, Timestamp};

use crate::clock;
use crate::event::{EventKind, Events};
use crate::next_step::NextStep;

/// Why nothing becomes durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// A lowercase fragment.
    pub(crate) detail: String,
    /// What to do.
    pub(crate) next_step: NextStep,
}

/// Shared by the writer's thread, which knows, and those who ask.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    trouble: Option<Trouble>,
    /// When values were last lost for want of room.
    lost_at: Option<Instant>,
}

impl Health {
    pub(super) fn is_failing(&self) -> bool {
        self.state().trouble.is_some()
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.state().trouble.clone()
    }

    /// Whether values were lost a short while ago: what history would fill now would push out others.
    pub(super) fn loses(&self, now: Instant) -> bool {
        self.state().lost_at.is_some_and(|at| now.saturating_duration_since(at) < QUIET)
    }

    /// A commit was refused; says whether that is new.
    pub(super) fn fails(&self, error: &tagstore::Error) -> bool {
        let trouble = Trouble { detail: error.to_string(), next_step: disk_step(error) };
        self.state().trouble.replace(trouble).is_none()
    }

    /// A commit was taken; says whether the one before was refused.
    pub(super) fn works(&self) -> bool {
        self.state().trouble.take().is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What to do where the disk does not take what it is given.
pub(crate) fn disk_step(error: &tagstore::Error) -> NextStep {
    match error {
        tagstore::Error::Disk { trouble: DiskTrouble::Limit, .. } => NextStep::say(
            "see which sink is behind and why: ",
        )
        .then_run(&["status"])
        .then_say("; or raise journal_max_mib, or write journal_full = \"drop-oldest\" in [storage], and start it again"),
        tagstore::Error::Disk { trouble: DiskTrouble::Full, path, .. } => {
            format!("make room on the disk that holds {}", path.display()).into()
        }
        tagstore::Error::Disk { trouble: DiskTrouble::ReadOnly | DiskTrouble::Permission, path, .. } => {
            format!("make {} writable for lockgate", path.display()).into()
        }
        _ => "see what the system says about this disk; what was not written stays on the servers".into(),
    }
}

/// What the writer's thread does beside writing: lets go what waited too long, and tells what went.
#[derive(Debug, Default)]
pub(super) struct Upkeep {
    looked: Option<Instant>,
    told: Option<Instant>,
    dropped: Dropped,
}

impl Upkeep {
    pub(super) fn turn(&mut self, journal: &mut Journal, health: &Health, events: &Events) {
        let now = clock::instant();
        if is_due(&mut self.looked, now)
            && let Err(error) = journal.drop_expired(Timestamp::from(clock::now()))
        {
            tracing::warn!(%error, "what waits too long for a sink was not let go");
        }
        let dropped = journal.take_dropped();
        if dropped.lost > 0 {
            health.state().lost_at = Some(now);
        }
        self.dropped.values += dropped.values;
        self.dropped.lost += dropped.lost;
        self.dropped.sinks.extend(dropped.sinks);
        if self.dropped.values > 0 && is_due(&mut self.told, now) {
            let Dropped { values, lost, sinks, .. } = std::mem::take(&mut self.dropped);
            events.send(None, EventKind::Dropped { values, lost, sinks: sinks.into_iter().collect() });
        }
    }
}

fn is_due(last: &mut Option<Instant>, now: Instant) -> bool {
    let due = last.is_none_or(|last| now.saturating_duration_since(last) >= MINUTE);
    if due {
        *last = Some(now);
    }
    due
}

const MINUTE: Duration = Duration::from_secs(60);
const QUIET: Duration = Duration::from_secs(600);
