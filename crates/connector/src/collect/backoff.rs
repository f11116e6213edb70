//! How long to wait before the next attempt.

use std::time::Duration;

/// At once, then 1, 2, 5, 10, 30 and 60 s, each up to a fifth longer by chance, so that a plant's worth of connectors
/// does not come back in one instant.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: usize,
}

impl Backoff {
    /// The pause before the next attempt; `chance` is a random byte.
    pub(crate) fn next(&mut self, chance: u8) -> Duration {
        let step = STEPS.get(self.attempts).or(STEPS.last()).copied().unwrap_or_default();
        self.attempts = self.attempts.saturating_add(1);
        jitter(step, chance)
    }

    /// The connection was good.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// `pause` made up to a fifth longer by `chance`.
pub(crate) fn jitter(pause: Duration, chance: u8) -> Duration {
    pause + pause * u32::from(chance) / (5 * 255)
}

const STEPS: [Duration; 7] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_attempt_is_immediate_and_the_longest_pause_is_a_minute() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..9).map(|_| backoff.next(0).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 5, 10, 30, 60, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next(255), Duration::ZERO);
    }

    #[test]
    fn chance_makes_a_pause_at_most_a_fifth_longer() {
        assert_eq!(jitter(Duration::from_secs(10), 0), Duration::from_secs(10));
        assert_eq!(jitter(Duration::from_secs(10), 255), Duration::from_secs(12));
    }
}
