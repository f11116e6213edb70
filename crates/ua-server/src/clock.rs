//! The one file that asks the operating system for the time.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::values::Ticks;

/// Wall time that cannot be turned back: read once when the clock is made, then carried on by the monotonic clock.
///
/// Tokens, lifetimes and sampling instants hang on it, so an administrator (or an attacker on NTP) who sets the machine's clock
/// moves none of them. The price is that a clock set right after the start is not followed until the server is started again.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    instant: Instant,
    ticks: Ticks,
}

/// Seconds from 1601-01-01 to 1970-01-01.
const UNIX_EPOCH_SECONDS: i64 = 11_644_473_600;
const TICKS_PER_SECOND: i64 = 10_000_000;

impl Clock {
    /// A clock that starts from the machine's time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the edge where time enters the server")]
    pub fn start() -> Self {
        Self { instant: Instant::now(), ticks: ticks(Timestamp::now()) }
    }

    /// Now, for timers.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the edge where time enters the server")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Now, for timestamps and lifetimes.
    #[must_use]
    pub fn now(&self) -> Ticks {
        let passed = self.instant().saturating_duration_since(self.instant);
        self.ticks.saturating_add(duration_ticks(passed))
    }

    /// Now, for certificate validation.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        timestamp(self.now())
    }

    /// The instant at which this clock shows `at`.
    #[must_use]
    pub fn instant_at(&self, at: Ticks) -> Instant {
        let ahead = u64::try_from(at.saturating_sub(self.ticks)).unwrap_or(0);
        // timers never lie further ahead than the longest limit; an hour more than enough for them to be looked at again
        let ahead = Duration::from_micros(ahead.div_ceil(10)).min(Duration::from_secs(86_400 * 365));
        self.instant.checked_add(ahead).unwrap_or(self.instant)
    }
}

/// A duration in ticks; what is longer than 29,000 years is that long.
pub(crate) fn duration_ticks(duration: Duration) -> Ticks {
    Ticks::try_from(duration.as_nanos() / 100).unwrap_or(Ticks::MAX)
}

/// The same instant as people and files write it.
pub(crate) fn timestamp(at: Ticks) -> Timestamp {
    let unix = at.saturating_sub(UNIX_EPOCH_SECONDS * TICKS_PER_SECOND);
    let nanos = i32::try_from(unix.rem_euclid(TICKS_PER_SECOND) * 100).unwrap_or(0);
    Timestamp::new(unix.div_euclid(TICKS_PER_SECOND), nanos).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn ticks(timestamp: Timestamp) -> Ticks {
    let seconds = timestamp.as_second().saturating_add(UNIX_EPOCH_SECONDS);
    seconds.saturating_mul(TICKS_PER_SECOND).saturating_add(i64::from(timestamp.subsec_nanosecond()) / 100)
}
