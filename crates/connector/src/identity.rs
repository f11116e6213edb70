//! Our own certificate: made once, checked at every start.

use std::net::IpAddr;

use jiff::Timestamp;
use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind, Store};

use crate::config::Config;
use crate::error::Error;

/// The identity kept in the store, checked against configuration and time (RF-11).
///
/// # Errors
/// [`Error::NoIdentity`], [`Error::IdentityUri`], [`Error::IdentityTime`], [`Error::Pki`].
pub fn load(config: &Config, store: &Store, now: Timestamp) -> Result<ApplicationIdentity, Error> {
    let identity = store.own()?.ok_or_else(|| Error::NoIdentity { store: store.root().to_owned() })?;
    if identity.application_uri() != config.application.uri {
        return Err(Error::IdentityUri {
            certificate: identity.application_uri().to_owned(),
            configured: config.application.uri.clone(),
        });
    }
    in_time(&identity, now)?;
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
        valid_from: now,
        days: VALID_DAYS,
    })?;
    store.save_own(&identity)?;
    Ok((identity, true))
}

/// The most that all three policies and every server we know accept without delay.
pub const KEY_BITS: usize = 2048;
/// Five years: long enough for a plant, short enough that the renewal is still remembered.
pub const VALID_DAYS: u32 = 5 * 365;
