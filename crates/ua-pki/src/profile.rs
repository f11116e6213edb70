//! What a certificate may say: every name and number of a profile is checked before anything is made.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::issue::AuthorityProfile;
use crate::name::harmless;
use crate::{ApplicationProfile, Certificate, Error};

/// Longest common name and organisation (X.520 `ub-common-name`, `ub-organization-name`).
const MAX_NAME: usize = 64;
/// Longest application URI.
const MAX_URI: usize = 1024;
/// Most names beside the application URI: what readers of certificates take, ours among them.
const MAX_HOSTS: usize = 63;
/// A hundred years.
const MAX_DAYS: u32 = 36_525;

impl ApplicationProfile {
    /// Whether a certificate can say this; making one checks it as well, before any time is spent on a key.
    ///
    /// Fails with [`Error::Unsuitable`] or [`Error::LimitExceeded`].
    pub fn check(&self) -> Result<(), Error> {
        check_application(self)
    }

    /// What a certificate says, to be said again by the one that takes its place. What it lacks is empty.
    #[must_use]
    pub fn renewing(certificate: &Certificate, valid_from: Timestamp, days: u32) -> Self {
        let organization = X509Certificate::from_der(certificate.der())
            .ok()
            .and_then(|(_, x509)| x509.subject().iter_organization().next()?.as_str().ok().map(harmless));
        Self {
            common_name: certificate.common_name().unwrap_or_default().to_owned(),
            organization,
            application_uri: certificate.application_uri().unwrap_or_default().to_owned(),
            dns_names: certificate.dns_names().to_vec(),
            ip_addresses: certificate.ip_addresses().to_vec(),
            key: certificate.public_key().kind(),
            valid_from,
            days,
        }
    }
}

pub(crate) fn check_application(profile: &ApplicationProfile) -> Result<(), Error> {
    check_subject(&profile.common_name, profile.organization.as_deref(), profile.days)?;
    let uri = &profile.application_uri;
    if let Some(why) = uri_defect(uri) {
        return Err(refused("application URI", uri, why));
    }
    for name in &profile.dns_names {
        if let Some(why) = dns_defect(name) {
            return Err(refused("DNS name", name, why));
        }
    }
    let hosts = profile.dns_names.len().saturating_add(profile.ip_addresses.len());
    if hosts > MAX_HOSTS {
        return Err(Error::LimitExceeded {
            what: "number of DNS names and IP addresses",
            actual: hosts,
            limit: MAX_HOSTS,
        });
    }
    Ok(())
}

pub(crate) fn check_authority(profile: &AuthorityProfile) -> Result<(), Error> {
    check_subject(&profile.common_name, profile.organization.as_deref(), profile.days)
}

/// Whether the text is a DNS name that may go into a certificate; a host's own name is not always one.
#[must_use]
pub fn is_dns_name(text: &str) -> bool {
    dns_defect(text).is_none()
}

fn check_subject(common_name: &str, organization: Option<&str>, days: u32) -> Result<(), Error> {
    if let Some(why) = name_defect(common_name) {
        return Err(refused("common name", common_name, why));
    }
    if let Some(name) = organization
        && let Some(why) = name_defect(name)
    {
        return Err(refused("organisation", name, why));
    }
    match days {
        0 => Err(refused("number of days", "0", "a certificate is valid for at least one day")),
        1..=MAX_DAYS => Ok(()),
        _ => Err(refused("number of days", &days.to_string(), "more than 36525 days are a hundred years")),
    }
}

fn name_defect(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("it is empty")
    } else if name.trim() != name {
        Some("it begins or ends with a blank")
    } else if name.chars().count() > MAX_NAME {
        Some("it has more than 64 characters")
    } else if harmless(name) != name {
        Some("it has control characters")
    } else {
        None
    }
}

fn uri_defect(uri: &str) -> Option<&'static str> {
    let (scheme, rest) = uri.split_once(':').unwrap_or(("", uri));
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if uri.is_empty() {
        Some("it is empty")
    } else if uri.len() > MAX_URI {
        Some("it has more than 1024 characters")
    } else if !uri.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c)) {
        Some(
            "a URI has neither blanks nor control characters nor letters beyond ASCII (those are written %XX)",
        )
    } else if !scheme_ok || rest.is_empty() {
        Some("a URI begins with a scheme, as in urn:HOST:APPLICATION")
    } else {
        None
    }
}

fn dns_defect(name: &str) -> Option<&'static str> {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    if name.is_empty() {
        Some("it is empty")
    } else if name.parse::<std::net::IpAddr>().is_ok() {
        Some("it is an IP address")
    } else if name.len() > 253 {
        Some("it has more than 253 characters")
    } else if !name.split('.').all(label_ok) {
        Some("a host name is made of letters, digits and hyphens, in parts of 1 to 63 with dots in between")
    } else {
        None
    }
}

fn refused(what: &'static str, value: &str, why: &'static str) -> Error {
    Error::Unsuitable { what, value: value.escape_debug().to_string(), why }
}
