//! What people want to see of a certificate or revocation list and no decision of ours depends on.

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::facts::{timestamp, without_leading_zeros};
use crate::thumbprint::upper_hex;
use crate::{Certificate, Crl};

/// The extensions of a certificate in words, and how it is signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Key usages by their names in RFC 5280 §4.2.1.3 (`digitalSignature`); `None` without the extension.
    pub key_usages: Option<Vec<&'static str>>,
    /// Extended key usages by name, or by object identifier; `None` without the extension.
    pub extended_key_usages: Option<Vec<String>>,
    /// Whether it is an authority (cA = TRUE); `None` without basic constraints.
    pub authority: Option<bool>,
    /// How many authorities may stand below it; `None` is no limit.
    pub path_length: Option<u32>,
    /// Subject key identifier in upper-case hex.
    pub subject_key_id: Option<String>,
    /// Authority key identifier in upper-case hex.
    pub authority_key_id: Option<String>,
    /// How it is signed, as in "RSA with SHA-256".
    pub signature: &'static str,
}

impl Certificate {
    /// Reads the certificate again for what people want to see of it.
    #[must_use]
    pub fn details(&self) -> CertificateDetails {
        let facts = self.facts();
        let mut details = CertificateDetails {
            authority: facts.basic_constraints.map(|constraints| constraints.ca),
            path_length: facts.basic_constraints.and_then(|constraints| constraints.path_length),
            subject_key_id: facts.subject_key_id.as_deref().map(upper_hex),
            authority_key_id: facts.authority_key_id.as_deref().map(upper_hex),
            signature: facts.signature_algorithm.describe(),
            ..CertificateDetails::default()
        };
        let Ok((_, x509)) = X509Certificate::from_der(self.der()) else { return details };
        for extension in x509.tbs_certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::KeyUsage(usage) => details.key_usages = Some(key_usages(*usage)),
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    details.extended_key_usages = Some(extended_key_usages(usage));
                }
                _ => {}
            }
        }
        details
    }
}

/// One line of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlEntry {
    /// Serial number in upper-case hex, as [`Certificate::serial_hex`].
    pub serial: String,
    /// Since when it is revoked.
    pub at: Timestamp,
}

impl Crl {
    /// The first entries, in the order of the list.
    #[must_use]
    pub fn entries(&self, most: usize) -> Vec<CrlEntry> {
        let Ok((_, list)) = CertificateRevocationList::from_der(self.der()) else { return Vec::new() };
        let entry = |entry: &x509_parser::revocation_list::RevokedCertificate<'_>| CrlEntry {
            serial: upper_hex(without_leading_zeros(entry.raw_serial())),
            at: timestamp(entry.revocation_date),
        };
        list.iter_revoked_certificates().take(most).map(entry).collect()
    }
}

fn key_usages(usage: KeyUsage) -> Vec<&'static str> {
    let all = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    all.into_iter().filter_map(|(has, name)| has.then_some(name)).collect()
}

fn extended_key_usages(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "anyExtendedKeyUsage"),
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(has, _)| *has).map(|(_, name)| name.to_owned());
    known.chain(usage.other.iter().map(|oid| oid.to_id_string())).collect()
}
