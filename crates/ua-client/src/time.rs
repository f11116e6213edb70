//! Instants as OPC UA counts them: 100 ns ticks since 1601-01-01 UTC (Part 6 §5.2.2.5).

use jiff::Timestamp;

/// 1601-01-01 is so many seconds before 1970-01-01.
const EPOCH_SECONDS: i64 = 11_644_473_600;
/// Ticks in a second.
const TICKS: i64 = 10_000_000;

/// An instant in ticks; what is finer than 100 ns is cut off.
#[must_use]
pub fn ticks(at: Timestamp) -> i64 {
    let whole = at.as_second().saturating_add(EPOCH_SECONDS).saturating_mul(TICKS);
    // before 1970 the nanoseconds count down from the second
    whole.saturating_add(i64::from(at.subsec_nanosecond()).div_euclid(100))
}

/// The instant of a number of ticks, exactly. `None` for 0, which means "not known", and for what lies outside the
/// years that can be written.
#[must_use]
pub fn timestamp(ticks: i64) -> Option<Timestamp> {
    if ticks <= 0 {
        return None;
    }
    let seconds = ticks.div_euclid(TICKS).checked_sub(EPOCH_SECONDS)?;
    let nanoseconds = i32::try_from(ticks.rem_euclid(TICKS).checked_mul(100)?).ok()?;
    Timestamp::new(seconds, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_and_timestamps_lead_to_each_other_exactly() {
        for text in ["2026-08-21T12:34:56.1234567Z", "1970-01-01T00:00:00Z", "1650-02-03T04:05:06.7Z"] {
            let at: Timestamp = text.parse().unwrap();
            assert_eq!(timestamp(ticks(at)), Some(at), "{text}");
        }
        assert_eq!(ticks(Timestamp::UNIX_EPOCH), 116_444_736_000_000_000);
        assert_eq!((timestamp(0), timestamp(i64::MAX)), (None, None));
    }
}
