//! How fast history is read.

use std::time::{Duration, Instant};

use crate::clock;
use crate::pipeline::Writer;

/// Keeps to so many values per second, and gives way to live values.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: u32,
    next: Instant,
}

impl Pace {
    pub(super) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1), next: clock::instant() }
    }

    /// Waits for the next turn.
    pub(super) async fn wait(&self, writer: &Writer) {
        tokio::time::sleep_until(self.next.into()).await;
        while writer.is_behind() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Takes note of values that were read.
    pub(super) fn spent(&mut self, values: u64) {
        self.next = after(self.next, clock::instant(), values, self.per_second);
    }
}

/// When the next turn is due. What was not used before now is gone.
fn after(next: Instant, now: Instant, values: u64, per_second: u32) -> Instant {
    let micros = values.saturating_mul(1_000_000) / u64::from(per_second);
    next.max(now) + Duration::from_micros(micros)
}

const LOOK_AGAIN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_its_time_and_idleness_earns_nothing() {
        let begin = clock::instant();
        let one = after(begin, begin, 500, 1000);
        assert_eq!(one - begin, Duration::from_millis(500));
        let late = begin + Duration::from_secs(9);
        assert_eq!(after(one, late, 1000, 1000) - late, Duration::from_secs(1));
    }
}
