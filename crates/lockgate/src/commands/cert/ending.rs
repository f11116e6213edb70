//! The warning that our certificate ends soon, for those who look at something else.

use connector::{Config, identity::ends_soon};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use ua_pki::{OwnRole, Store};

use crate::context::Context;

/// Our certificate in use, as far as it is of interest to who looks after the plant.
#[derive(Debug, Serialize)]
pub(in crate::commands) struct Ending {
    thumbprint: String,
    not_after: String,
    /// Whole days until it ends; negative when it has ended.
    days_left: i64,
    /// What has to be done about it; `null` when nothing.
    needs: Option<String>,
}

/// How long our certificate lasts; `None` when there is none, which other commands explain.
pub(in crate::commands) fn ending(context: &Context, config: &Config, now: Timestamp) -> Option<Ending> {
    let store = Store::as_it_is(&config.pki);
    let certificate = store.own_pair(OwnRole::Active).ok()??.certificate;
    let days_left = certificate.not_after().duration_since(now).as_hours().div_euclid(24);
    let waits = store.own_pair(OwnRole::Next).ok().flatten().is_some();
    let needs = ends_soon(&certificate, now).map(|left| {
        let how = match (waits, left.is_negative()) {
            (true, _) => {
                "use the next one, when every server trusts it: ".to_owned()
                    + &context.line(&["cert", "use", "next"])
            }
            (false, true) => {
                "make and use another: ".to_owned() + &context.line(&["cert", "renew", "--use-now"])
            }
            (false, false) => "make the next one: ".to_owned() + &context.line(&["cert", "renew"]),
        };
        let when =
            if left.is_negative() { "has ended".to_owned() } else { format!("ends in {days_left} days") };
        format!("our certificate {when}; {how}")
    });
    Some(Ending {
        thumbprint: certificate.thumbprint().grouped(),
        not_after: certificate.not_after().to_string(),
        days_left,
        needs,
    })
}

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

impl Ending {
    /// The warning, when it is time for one.
    pub(in crate::commands) fn warning(&self) -> Option<&str> {
        self.needs.as_deref()
    }
}

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
