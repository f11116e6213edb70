//! The only file of this crate that asks for the time.

use std::time::Instant;

/// Monotonic time, for deadlines. tokio's clock, so that tests can drive it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Wall time, for the timestamps of requests. Nothing is decided by it.
#[expect(clippy::disallowed_methods, reason = "the edge of the crate: request headers carry the wall time")]
pub(crate) fn wall() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Wall time as OPC UA writes it.
pub(crate) fn ua_time() -> opcua_types::DateTime {
    opcua_types::DateTime::now()
}
