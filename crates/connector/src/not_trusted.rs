//! A verdict that is not Good, in the words and codes of a failure.

use ua_pki::{CertificateStatus, Finding, Thumbprint, Verdict};

/// The stable code of a verdict on the certificate of a server, which was another one before where `pinned` differs.
pub fn code(verdict: &Verdict, pinned: Option<Thumbprint>, shown: Thumbprint) -> &'static str {
    if pinned.is_some_and(|pinned| pinned != shown) {
        return "trust.server_certificate_changed";
    }
    match decisive(verdict).map(|finding| finding.status) {
        Some(CertificateStatus::HostNameInvalid) => "trust.host_name_mismatch",
        Some(CertificateStatus::TimeInvalid | CertificateStatus::IssuerTimeInvalid) => {
            "trust.certificate_expired"
        }
        Some(CertificateStatus::Revoked | CertificateStatus::IssuerRevoked) => "trust.certificate_revoked",
        Some(CertificateStatus::RevocationUnknown | CertificateStatus::IssuerRevocationUnknown) => {
            "trust.revocation_unknown"
        }
        Some(CertificateStatus::UriInvalid) => "trust.application_uri_mismatch",
        Some(CertificateStatus::Untrusted | CertificateStatus::ChainIncomplete) | None => {
            "trust.server_certificate_untrusted"
        }
        Some(_) => "trust.server_certificate_unusable",
    }
}

/// The finding that the status of the verdict comes from.
pub fn decisive(verdict: &Verdict) -> Option<&Finding> {
    verdict.findings().iter().find(|finding| !finding.suppressed)
}

/// The rule that was broken, as people look it up.
pub fn rule(finding: &Finding) -> String {
    format!(
        "{}, Part 4 §6.1.3, step {} ({})",
        finding.status.name(),
        finding.step.number(),
        finding.step.name()
    )
}

/// The rule, and what was found. The rule first: what a server wrote is of any length, and cut off.
pub(crate) fn told(verdict: &Verdict) -> String {
    match decisive(verdict) {
        Some(finding) => format!("{}: {}", rule(finding), finding.message),
        None => "we do not trust the server's certificate".to_owned(),
    }
}

pub(crate) fn changed(pinned: Option<Thumbprint>, now: Thumbprint) -> String {
    match pinned {
        Some(pinned) if pinned != now => {
            format!("; the certificate changed: it was {pinned}, now {now} is shown")
        }
        _ => String::new(),
    }
}
