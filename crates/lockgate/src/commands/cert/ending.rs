//! The warning that our certificate ends soon, for those who look at something else.

use jiff::{SignedDuration, Timestamp};

/// When the warning was last given by a process that runs for months.
#[derive(Debug, Default)]
pub(in crate::commands) struct Reminder {
    told: Option<Timestamp>,
}

impl Reminder {
    /// Whether it is time to give it: at once, and then once a day. A clock that was set back does not silence it.
    pub(in crate::commands) fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.told.is_none_or(|told| now.duration_since(told).abs() >= DAY);
        if due {
            self.told = Some(now);
        }
        due
    }
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_given_at_once_and_then_once_a_day() {
        let start: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        let mut reminder = Reminder::default();
        let minutes = (0..3 * 24 * 60).map(|minute| start + SignedDuration::from_mins(minute));
        let told: Vec<Timestamp> = minutes.filter(|now| reminder.is_due(*now)).collect();
        assert_eq!(told, [start, start + DAY, start + 2 * DAY]);
        assert!(reminder.is_due(start - DAY), "the clock was set back");
    }
}
