//! How many publish requests to keep at the server (Part 4 §5.14.1.2: enough that it always has one to answer).
//!
//! A request that is answered takes a round trip to be replaced. So as many must be under way as answers come within
//! one round trip, and one more. When too few are, the answers come as slowly as the requests, the quotient is the
//! number itself, and it grows by one; so it finds what a long or slow line needs without being told.

use std::time::{Duration, Instant};

/// Most that the round trip asks for by itself: servers offer a handful each session.
const MOST_BY_ROUND_TRIP: usize = 10;
/// Publish requests at the server at most, whoever asks.
const MOST: usize = 100;

/// The number of publish requests wanted.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// What the owner of the session asked for.
    least: usize,
    /// What the server bears.
    ceiling: usize,
    last: Option<Instant>,
    /// Between two answers, smoothed.
    between: Option<Duration>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { least: 1, ceiling: MOST, last: None, between: None }
    }
}

impl Pipeline {
    /// Keeps at least so many, as far as the server bears it.
    pub(crate) fn at_least(&mut self, least: usize) {
        self.least = least.clamp(1, MOST);
        self.ceiling = MOST;
    }

    /// How many are wanted when a round trip takes so long.
    pub(crate) fn wanted(&self, round_trip: Option<Duration>) -> usize {
        let by_round_trip = match (round_trip, self.between) {
            (Some(round_trip), Some(between)) => {
                let answers = round_trip.as_nanos().div_ceil(between.as_nanos().max(1));
                usize::try_from(answers).unwrap_or(usize::MAX).saturating_add(1).min(MOST_BY_ROUND_TRIP)
            }
            _ => 1,
        };
        self.least.max(by_round_trip).min(self.ceiling)
    }

    /// An answer came.
    pub(crate) fn answered(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            let between = now.saturating_duration_since(last);
            self.between = Some(smoothed(self.between, between));
        }
    }

    /// The server had enough of them with so many left.
    pub(crate) fn refused(&mut self, left: usize) {
        self.ceiling = left.max(1);
    }

    /// Begins anew on another connection.
    pub(crate) fn moved(&mut self) {
        self.last = None;
    }
}

/// A quarter of what is new, three quarters of what was known.
pub(crate) fn smoothed(known: Option<Duration>, new: Duration) -> Duration {
    match known {
        None => new,
        Some(known) => (known * 3 + new) / 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers come every `between`, or as fast as a line with this round trip lets them; gives what is wanted then.
    #[expect(clippy::disallowed_methods, reason = "an instant to begin at; only differences matter")]
    fn settled(round_trip: Duration, between: Duration) -> usize {
        let mut pipeline = Pipeline::default();
        pipeline.at_least(2);
        let mut now = Instant::now();
        for _ in 0..200 {
            let under_way = u32::try_from(pipeline.wanted(Some(round_trip))).unwrap();
            now += between.max(round_trip / under_way);
            pipeline.answered(now);
        }
        pipeline.wanted(Some(round_trip))
    }

    #[test]
    fn a_short_line_needs_no_more_than_asked_for_and_a_long_one_as_many_as_come_in_a_round_trip() {
        let ms = Duration::from_millis;
        assert_eq!(settled(ms(1), ms(500)), 2);
        assert_eq!(settled(ms(600), ms(500)), 3);
        assert_eq!(settled(ms(600), ms(100)), 7);
        assert_eq!(settled(ms(3000), ms(10)), MOST_BY_ROUND_TRIP);
    }

    #[test]
    fn what_the_server_refused_is_not_asked_for_again() {
        let mut pipeline = Pipeline::default();
        pipeline.at_least(5);
        pipeline.refused(3);
        assert_eq!(pipeline.wanted(None), 3);
        pipeline.refused(0);
        assert_eq!(pipeline.wanted(Some(Duration::from_secs(9))), 1);
    }
}
