//! A certificate for people and scripts.

use serde::Serialize;
use ua_pki::{Certificate, KeyKind};

/// What an administrator compares and checks on a certificate.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateView {
    /// SHA-1 over the DER, as OPC UA and the tools of servers show it.
    pub thumbprint: String,
    /// SHA-256 over the DER.
    pub sha256: String,
    pub subject: String,
    pub issuer: String,
    pub self_signed: bool,
    pub application_uri: Option<String>,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub key: String,
    pub serial: String,
    pub not_before: String,
    pub not_after: String,
    /// Whether it may issue certificates (cA); null without basic constraints.
    pub authority: Option<bool>,
    /// How many authorities may stand below it; null is no limit.
    pub path_length: Option<u32>,
    /// Names of RFC 5280; null without the extension.
    pub key_usages: Option<Vec<&'static str>>,
    pub extended_key_usages: Option<Vec<String>>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub signature: &'static str,
}

impl CertificateView {
    /// The view of one certificate.
    pub fn of(certificate: &Certificate) -> Self {
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
}

/// The kind of a key, as short as it can be said.
pub fn key(kind: KeyKind) -> String {
    match kind {
        KeyKind::Rsa { bits } => format!("RSA {bits}"),
        KeyKind::EcP256 => "EC P-256".to_owned(),
        KeyKind::EcP384 => "EC P-384".to_owned(),
        _ => "other".to_owned(),
    }
}

/// Upper-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
