//! The one place where this crate asks for the time.

use jiff::Timestamp;

/// Wall time now.
#[expect(clippy::disallowed_methods, reason = "the binary is the edge: time enters here and is passed on")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Monotonic time now.
#[expect(clippy::disallowed_methods, reason = "the binary is the edge: time enters here and is passed on")]
pub(crate) fn instant() -> std::time::Instant {
    std::time::Instant::now()
}
