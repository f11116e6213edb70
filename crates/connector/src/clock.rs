//! The one place of this crate that asks the clock.

use std::time::Instant;

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
