//! Health is the age of the data against what was promised, not whether a socket is open.

use std::time::{Duration, Instant};

use crate::status::SourceState;

/// When the source last showed signs of life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Health {
    last_message: Instant,
    last_value: Option<Instant>,
    /// The longest silence the server allows itself.
    keep_alive: Duration,
}

impl Health {
    pub(crate) fn new(now: Instant, keep_alive: Duration) -> Self {
        Self { last_message: now, last_value: None, keep_alive }
    }

    /// A publish response came, with values or as a keep-alive.
    pub(crate) fn message(&mut self, now: Instant, has_values: bool) {
        self.last_message = now;
        if has_values {
            self.last_value = Some(now);
        }
    }

    /// Flowing while values are younger than [`FLOWING`] or one keep-alive interval, quiet while the server answers
    /// in time, stale when it is silent for longer than it promised.
    pub(crate) fn state(&self, now: Instant) -> SourceState {
        let silent = now.saturating_duration_since(self.last_message);
        if silent > self.keep_alive * 5 / 4 + GRACE {
            return SourceState::Stale;
        }
        let fresh = self
            .last_value
            .is_some_and(|at| now.saturating_duration_since(at) <= self.keep_alive.max(FLOWING));
        if fresh { SourceState::Flowing } else { SourceState::Quiet }
    }
}

/// A value younger than this means that data flows.
const FLOWING: Duration = Duration::from_secs(10);
/// What network and scheduling may add to a promise.
const GRACE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const KEEP_ALIVE: Duration = Duration::from_secs(8);

    #[test]
    fn state_follows_the_age_of_values_and_messages() {
        #[expect(clippy::disallowed_methods, reason = "a starting point to count from")]
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut health = Health::new(start, KEEP_ALIVE);
        assert_eq!(health.state(at(1)), SourceState::Quiet);
        health.message(at(2), true);
        assert_eq!(health.state(at(12)), SourceState::Flowing);
        health.message(at(10), false);
        assert_eq!(health.state(at(13)), SourceState::Quiet);
        assert_eq!(health.state(at(21)), SourceState::Quiet);
        assert_eq!(health.state(at(22)), SourceState::Stale);
        health.message(at(23), false);
        assert_eq!(health.state(at(24)), SourceState::Quiet);
    }
}
