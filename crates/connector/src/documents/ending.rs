//! How long our certificate lasts, for those who look at something else.

use jiff::Timestamp;
use serde::Serialize;
use ua_pki::{OwnRole, Store};

use super::{Spell, line};
use crate::config::Config;
use crate::identity::ends_soon;

/// Our certificate in use, as far as it is of interest to who looks after the plant.
#[derive(Debug, Serialize)]
pub struct Ending {
    pub thumbprint: String,
    pub not_after: String,
    /// Whole days until it ends; negative when it has ended.
    pub days_left: i64,
    /// What has to be done about it; `null` when nothing.
    pub needs: Option<String>,
}

impl Ending {
    /// How long our certificate lasts; `None` when there is none, which other commands explain.
    pub fn of(spell: &dyn Spell, config: &Config, now: Timestamp) -> Option<Self> {
        let store = Store::as_it_is(&config.pki);
        let certificate = store.own_pair(OwnRole::Active).ok()??.certificate;
        let days_left = certificate.not_after().duration_since(now).as_hours().div_euclid(24);
        let waits = store.own_pair(OwnRole::Next).ok().flatten().is_some();
        let needs = ends_soon(&certificate, now).map(|left| {
            let how = match (waits, left.is_negative()) {
                (true, _) => {
                    "use the next one, when every server trusts it: ".to_owned()
                        + &line(spell, &["cert", "use", "next"])
                }
                (false, true) => {
                    "make and use another: ".to_owned() + &line(spell, &["cert", "renew", "--use-now"])
                }
                (false, false) => "make the next one: ".to_owned() + &line(spell, &["cert", "renew"]),
            };
            let when =
                if left.is_negative() { "has ended".to_owned() } else { format!("ends in {days_left} days") };
            format!("our certificate {when}; {how}")
        });
        Some(Self {
            thumbprint: certificate.thumbprint().grouped(),
            not_after: certificate.not_after().to_string(),
            days_left,
            needs,
        })
    }

    /// The warning, when it is time for one.
    pub fn warning(&self) -> Option<&str> {
        self.needs.as_deref()
    }
}
