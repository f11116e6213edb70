//! The one place of this crate that asks the clock.

use std::fmt;
use std::time::Instant;

/// The time by which trust is decided, and by which a decision grows old.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Wall time, for the dates of certificates and revocation lists.
    fn now(&self) -> jiff::Timestamp;
    /// Monotonic time.
    fn instant(&self) -> Instant;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        now()
    }

    fn instant(&self) -> Instant {
        instant()
    }
}

/// Wall time, for people and for the ledger.
#[expect(clippy::disallowed_methods, reason = "the connector is the edge where time comes from")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Monotonic time, for intervals.
#[expect(clippy::disallowed_methods, reason = "the connector is the edge where time comes from")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}
