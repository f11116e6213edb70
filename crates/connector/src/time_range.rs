//! Times as people type them: `-1h`, `-2d12h`, `now`, `2026-08-27`, `2026-08-27T06:00:00+02:00`.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A point in time, absolute or counted from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This instant.
    At(Timestamp),
    /// This much before now.
    Ago(SignedDuration),
    /// A date or date and time without an offset: meant in the local time zone.
    Local(DateTime),
}

/// Why a time was not understood.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// Neither of the known forms.
    #[error(
        "not a time: use now, a span back from now like -1h or -2d, a date, or RFC 3339 like 2026-08-27T06:00:00Z"
    )]
    Unknown,
    /// Outside of what can be represented.
    #[error("this time is out of range")]
    OutOfRange,
}

impl When {
    /// The instant meant, seen from `now` in `zone`.
    ///
    /// # Errors
    /// [`TimeError::OutOfRange`].
    pub fn resolve(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, TimeError> {
        match self {
            Self::At(at) => Ok(at),
            Self::Ago(span) => now.checked_sub(span).map_err(|_| TimeError::OutOfRange),
            Self::Local(local) => zone.to_timestamp(local).map_err(|_| TimeError::OutOfRange),
        }
    }
}

impl FromStr for When {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let text = text.trim();
        if text == "now" {
            return Ok(Self::Ago(SignedDuration::ZERO));
        }
        if let Some(span) = text.strip_prefix('-') {
            return span_of(span).map(Self::Ago);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        if let Ok(date) = text.parse::<Date>()
            && text.len() <= "2026-08-27".len()
        {
            return Ok(Self::Local(date.to_datetime(jiff::civil::Time::midnight())));
        }
        text.parse::<DateTime>().map(Self::Local).map_err(|_| TimeError::Unknown)
    }
}

/// A length of time such as `90s`, `1h30m`, `2d`; used by `--for` too.
///
/// # Errors
/// What is wrong with the text.
pub fn duration(text: &str) -> Result<std::time::Duration, TimeError> {
    span_of(text)?.try_into().map_err(|_| TimeError::OutOfRange)
}

fn span_of(text: &str) -> Result<SignedDuration, TimeError> {
    let mut total = SignedDuration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return Err(TimeError::Unknown);
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit()).ok_or(TimeError::Unknown)?;
        let (digits, tail) = rest.split_at(unit_at);
        let number: i64 = digits.parse().map_err(|_| TimeError::Unknown)?;
        let unit_len = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        let one = match unit {
            "ms" => SignedDuration::from_millis(1),
            "s" => SignedDuration::from_secs(1),
            "m" | "min" => SignedDuration::from_mins(1),
            "h" => SignedDuration::from_hours(1),
            "d" => SignedDuration::from_hours(24),
            "w" => SignedDuration::from_hours(24 * 7),
            _ => return Err(TimeError::Unknown),
        };
        let factor = i32::try_from(number).map_err(|_| TimeError::OutOfRange)?;
        let part = one.checked_mul(factor).ok_or(TimeError::OutOfRange)?;
        total = total.checked_add(part).ok_or(TimeError::OutOfRange)?;
        rest = tail;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let now: Timestamp = "2026-08-27T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        text.parse::<When>().unwrap().resolve(now, &zone).unwrap().to_string()
    }

    #[test]
    fn a_span_counts_back_from_now() {
        assert_eq!(resolved("-1h"), "2026-08-27T11:00:00Z");
        assert_eq!(resolved("-1d12h30m"), "2026-08-25T23:30:00Z");
        assert_eq!(resolved("now"), "2026-08-27T12:00:00Z");
    }

    #[test]
    fn rfc_3339_means_what_it_says_and_a_bare_time_means_local() {
        assert_eq!(resolved("2026-08-27T06:00:00+02:00"), "2026-08-27T04:00:00Z");
        assert_eq!(resolved("2026-08-27T06:00:00"), "2026-08-27T04:00:00Z");
        assert_eq!(resolved("2026-08-27 06:00"), "2026-08-27T04:00:00Z");
        assert_eq!(resolved("2026-08-27"), "2026-08-26T22:00:00Z");
    }

    #[test]
    fn nonsense_is_refused_with_the_forms_that_work() {
        for text in ["", "yesterday", "-", "-1", "-h", "-1x", "1h", "-1h-2m"] {
            assert_eq!(text.parse::<When>(), Err(TimeError::Unknown), "{text}");
        }
        assert_eq!("-99999999999h".parse::<When>(), Err(TimeError::OutOfRange));
    }

    #[test]
    fn a_duration_is_a_span_without_a_sign() {
        assert_eq!(duration("1m30s"), Ok(std::time::Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(std::time::Duration::from_millis(500)));
        assert!(duration("-1s").is_err());
    }
}
