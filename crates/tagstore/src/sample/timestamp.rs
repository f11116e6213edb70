//! Time as OPC UA writes it.

use std::fmt;

/// 100 ns ticks since 1601-01-01T00:00:00Z; 0 means "absent". The same number as on the wire, so nothing is converted,
/// rounded or lost on the way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// No time given.
    pub const ABSENT: Self = Self(0);
    /// Before every other time.
    pub const MIN: Self = Self(i64::MIN);
    /// After every other time.
    pub const MAX: Self = Self(i64::MAX);

    /// From raw ticks.
    #[must_use]
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// The raw ticks.
    #[must_use]
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// True for 0.
    #[must_use]
    pub const fn is_absent(self) -> bool {
        self.0 == 0
    }

    /// Nanoseconds since 1970; `None` outside 1677-09-21 … 2262-04-11, where 64 bits do not suffice.
    #[must_use]
    pub const fn unix_nanos(self) -> Option<i64> {
        let Some(ticks) = self.0.checked_sub(TICKS_TO_1970) else { return None };
        ticks.checked_mul(100)
    }

    /// From nanoseconds since 1970, rounded down to 100 ns.
    #[must_use]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        // |nanos / 100| < 1e17, far from the edge
        Self(nanos.div_euclid(100) + TICKS_TO_1970)
    }

    /// Whole microseconds since 1970, rounded down, and how many times 100 ns are left. Every time has them.
    #[must_use]
    pub fn unix_micros(self) -> (i64, u8) {
        let rest = self.0.rem_euclid(TICKS_PER_MICRO);
        // the epoch is a whole number of microseconds away, and a tenth of the range is far from its edge
        let micros = self.0.div_euclid(TICKS_PER_MICRO) - TICKS_TO_1970 / TICKS_PER_MICRO;
        (micros, u8::try_from(rest).unwrap_or(0))
    }

    /// From microseconds since 1970 and some times 100 ns more, staying within the range.
    #[must_use]
    pub fn from_unix_micros(micros: i64, rest: u8) -> Self {
        let micros = micros.saturating_add(TICKS_TO_1970 / TICKS_PER_MICRO);
        // the lowest time is not a whole microsecond: what is left must come before what may be cut off
        let ticks = i128::from(micros) * i128::from(TICKS_PER_MICRO) + i128::from(rest);
        Self(i64::try_from(ticks).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX }))
    }

    /// As wall time; `None` for "absent" and outside the years -9999 … 9999.
    #[must_use]
    pub fn to_jiff(self) -> Option<jiff::Timestamp> {
        if self.is_absent() {
            return None;
        }
        let nanos = (i128::from(self.0) - i128::from(TICKS_TO_1970)) * 100;
        jiff::Timestamp::from_nanosecond(nanos).ok()
    }

    /// This time plus some milliseconds, staying within the range.
    #[must_use]
    pub const fn saturating_add_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(10_000)))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        let ticks = time.as_nanosecond().div_euclid(100) + i128::from(TICKS_TO_1970);
        // the years -9999 … 9999 always fit
        Self(i64::try_from(ticks).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_jiff() {
            Some(time) => time.fmt(f),
            None if self.is_absent() => f.write_str("absent"),
            None => write!(f, "{} ticks", self.0),
        }
    }
}

const TICKS_PER_MICRO: i64 = 10;
/// 1970-01-01 in ticks since 1601-01-01.
const TICKS_TO_1970: i64 = 116_444_736_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unix_epoch_and_back() {
        let epoch = Timestamp::from(jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(epoch.ticks(), TICKS_TO_1970);
        assert_eq!(epoch.unix_nanos(), Some(0));
        assert_eq!(epoch.to_jiff(), Some(jiff::Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn hundred_nanoseconds_survive_before_and_after_1970() {
        for nanos in [-1_234_567_800, -100, 0, 100, 1_700_000_000_123_456_700] {
            assert_eq!(Timestamp::from_unix_nanos(nanos).unix_nanos(), Some(nanos));
        }
    }

    #[test]
    fn every_time_survives_as_microseconds_and_what_is_left() {
        for ticks in [
            i64::MIN,
            i64::MIN + 1,
            -1,
            0,
            1,
            9,
            10,
            TICKS_TO_1970 - 1,
            TICKS_TO_1970,
            i64::MAX - 7,
            i64::MAX,
        ] {
            let time = Timestamp::from_ticks(ticks);
            let (micros, rest) = time.unix_micros();
            assert_eq!(Timestamp::from_unix_micros(micros, rest), time, "{ticks}");
        }
        assert_eq!(Timestamp::from_ticks(TICKS_TO_1970 - 1).unix_micros(), (-1, 9));
    }

    #[test]
    fn times_that_do_not_fit_64_bit_nanoseconds_are_none_not_wrapped() {
        let year_9999: jiff::Timestamp = "9999-12-30T00:00:00Z".parse().unwrap();
        let time = Timestamp::from(year_9999);
        assert_eq!(time.unix_nanos(), None);
        assert_eq!(time.to_jiff(), Some(year_9999));
        assert_eq!(Timestamp::MIN.unix_nanos(), None);
        assert_eq!(Timestamp::MAX.to_jiff(), None);
    }

    #[test]
    fn absent_is_no_wall_time() {
        assert_eq!(Timestamp::ABSENT.to_jiff(), None);
        assert_eq!(Timestamp::ABSENT.to_string(), "absent");
    }
}
