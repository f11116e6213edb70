//! A certificate for people and scripts.

use serde::Serialize;
use ua_pki::{Certificate, KeyKind};

use crate::output::safe;

/// What an administrator compares and checks on a certificate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CertificateView {
    /// SHA-1 over the DER, as OPC UA and the tools of servers show it.
    pub(crate) thumbprint: String,
    /// SHA-256 over the DER.
    pub(crate) sha256: String,
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) self_signed: bool,
    pub(crate) application_uri: Option<String>,
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<String>,
    pub(crate) key: String,
    pub(crate) serial: String,
    pub(crate) not_before: String,
    pub(crate) not_after: String,
    /// Whether it may issue certificates (cA); null without basic constraints.
    pub(crate) authority: Option<bool>,
    /// How many authorities may stand below it; null is no limit.
    pub(crate) path_length: Option<u32>,
    /// Names of RFC 5280; null without the extension.
    pub(crate) key_usages: Option<Vec<&'static str>>,
    pub(crate) extended_key_usages: Option<Vec<String>>,
    pub(crate) subject_key_id: Option<String>,
    pub(crate) authority_key_id: Option<String>,
    pub(crate) signature: &'static str,
}

impl CertificateView {
    /// The view of one certificate.
    pub(crate) fn of(certificate: &Certificate) -> Self {
        let details = certificate.details();
        Self {
            thumbprint: certificate.thumbprint().grouped(),
            sha256: hex(&certificate.sha256()),
            subject: certificate.subject().to_owned(),
            issuer: certificate.issuer().to_owned(),
            self_signed: certificate.is_self_signed(),
            application_uri: certificate.application_uri().map(str::to_owned),
            dns_names: certificate.dns_names().to_vec(),
            ip_addresses: certificate.ip_addresses().iter().map(ToString::to_string).collect(),
            key: key(certificate.public_key().kind()),
            serial: certificate.serial_hex(),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
            authority: details.authority,
            path_length: details.path_length,
            key_usages: details.key_usages,
            extended_key_usages: details.extended_key_usages,
            subject_key_id: details.subject_key_id,
            authority_key_id: details.authority_key_id,
            signature: details.signature,
        }
    }

    /// [`text`](Self::text), and below it what the certificate may be used for and how it is signed.
    pub(crate) fn full_text(&self) -> String {
        const NONE: &str = "(not said)";
        let authority = match (self.authority, self.path_length) {
            (None, _) => NONE.to_owned(),
            (Some(false), _) => "no".to_owned(),
            (Some(true), None) => "yes".to_owned(),
            (Some(true), Some(0)) => "yes, for applications only".to_owned(),
            (Some(true), Some(most)) => format!("yes, with up to {most} authorities below it"),
        };
        let usages = self.key_usages.as_ref().map_or_else(|| NONE.to_owned(), |list| list.join(", "));
        let purposes =
            self.extended_key_usages.as_ref().map_or_else(|| NONE.to_owned(), |list| list.join(", "));
        let lines = [
            ("authority", authority.as_str()),
            ("key usages", &usages),
            ("purposes", &purposes),
            ("signed with", self.signature),
            ("key id", self.subject_key_id.as_deref().unwrap_or(NONE)),
            ("issuer's id", self.authority_key_id.as_deref().unwrap_or(NONE)),
        ];
        let more: String =
            lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect();
        self.text() + &more
    }

    /// One fact per line, labels in a column.
    pub(crate) fn text(&self) -> String {
        let issuer = if self.self_signed { "itself (self-signed)" } else { &self.issuer };
        let mut names = self.dns_names.clone();
        names.extend(self.ip_addresses.iter().cloned());
        let hosts = if names.is_empty() { "(none)".to_owned() } else { names.join(", ") };
        let lines = [
            ("thumbprint", self.thumbprint.as_str()),
            ("sha256", &self.sha256),
            ("subject", &self.subject),
            ("issued by", issuer),
            ("application", self.application_uri.as_deref().unwrap_or("(no application URI)")),
            ("hosts", &hosts),
            ("key", &self.key),
            ("serial", &self.serial),
            ("valid from", &self.not_before),
            ("valid until", &self.not_after),
        ];
        // an authority is no application, and runs on no host
        let of_an_application = |label: &str| matches!(label, "application" | "hosts");
        let bare = self.authority == Some(true) && self.application_uri.is_none() && names.is_empty();
        lines
            .iter()
            .filter(|(label, _)| !(bare && of_an_application(label)))
            .map(|(label, value)| format!("{label:<12} {}\n", safe(value)))
            .collect()
    }
}

/// The kind of a key, as short as it can be said.
pub(crate) fn key(kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits } => format!("RSA {bits}"),
        KeyKind::EcP256 => "EC P-256".to_owned(),
        KeyKind::EcP384 => "EC P-384".to_owned(),
        _ => "other".to_owned(),
    }
}

/// Upper-case hex without separators.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
