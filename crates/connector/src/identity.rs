//! Our own certificate: made once, checked at every start.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use ua_pki::{ApplicationIdentity, ApplicationProfile, Certificate, KeyKind, Store};

use crate::config::Config;
use crate::error::Error;

/// The identity kept in the store, checked against configuration and time (RF-11).
///
/// # Errors
/// [`Error::NoIdentity`], [`Error::IdentityUri`], [`Error::IdentityTime`], [`Error::IdentityKey`], [`Error::Pki`].
pub fn load(config: &Config, store: &Store, now: Timestamp) -> Result<ApplicationIdentity, Error> {
    of(&config.application.uri, store, now)
}

/// The same for the application of that URI.
pub(crate) fn of(uri: &str, store: &Store, now: Timestamp) -> Result<ApplicationIdentity, Error> {
    let identity = store.own()?.ok_or_else(|| Error::NoIdentity { store: store.root().to_owned() })?;
    if identity.application_uri() != uri {
        return Err(Error::IdentityUri {
            certificate: identity.application_uri().to_owned(),
            configured: uri.to_owned(),
        });
    }
    in_time(&identity, now)?;
    let kind = identity.certificate().public_key().kind();
    if !matches!(kind, KeyKind::Rsa { .. }) {
        return Err(Error::IdentityKey { key: kind.to_string() });
    }
    Ok(identity)
}

/// Whether our own certificate is valid at this time.
///
/// # Errors
/// [`Error::IdentityTime`].
pub fn in_time(identity: &ApplicationIdentity, now: Timestamp) -> Result<(), Error> {
    let (not_before, not_after) = (identity.certificate().not_before(), identity.certificate().not_after());
    if now < not_before || now > not_after {
        return Err(Error::IdentityTime { not_before, not_after });
    }
    Ok(())
}

/// Makes and keeps a self-signed identity, unless there is one; the second value says whether it is new.
///
/// # Errors
/// [`Error::Pki`].
pub fn ensure(
    config: &Config,
    store: &Store,
    dns_names: Vec<String>,
    ip_addresses: Vec<IpAddr>,
    now: Timestamp,
) -> Result<(ApplicationIdentity, bool), Error> {
    if let Some(identity) = store.own()? {
        return Ok((identity, false));
    }
    let identity = ApplicationIdentity::self_signed(&ApplicationProfile {
        common_name: config.application.name.clone(),
        organization: None,
        application_uri: config.application.uri.clone(),
        dns_names,
        ip_addresses,
        key: KeyKind::Rsa { bits: KEY_BITS },
        valid_from: valid_from(now),
        days: VALID_DAYS.saturating_add(1),
    })?;
    store.save_own(&identity)?;
    Ok((identity, true))
}

/// Begin of a certificate that is made now: a day earlier, because the clocks of servers differ and one that is behind
/// would refuse it.
#[must_use]
pub fn valid_from(now: Timestamp) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24)).unwrap_or(now)
}

/// What is left of our certificate, once it is time to think of the next one: less than thirty days.
#[must_use]
pub fn ends_soon(certificate: &Certificate, now: Timestamp) -> Option<SignedDuration> {
    let left = certificate.not_after().duration_since(now);
    (left < RENEW_BEFORE).then_some(left)
}

/// Time enough to have a new certificate trusted by every server of a plant.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The most that all three policies and every server we know accept without delay.
pub const KEY_BITS: usize = 2048;
/// Five years: long enough for a plant, short enough that the renewal is still remembered.
pub const VALID_DAYS: u32 = 5 * 365;
