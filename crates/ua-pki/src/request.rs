//! Requests for a certificate (PKCS#10): how an application that keeps its key gets a certificate from an authority.

use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::alternative_names::AlternativeNames;
use crate::certificate::{MAX_CERTIFICATE_BYTES, signed_part};
use crate::certificate_signature::CertificateSignature;
use crate::facts::first_common_name;
use crate::name::printable;
use crate::{ApplicationProfile, Error, PublicKey};

/// A request whose signature proves that the applicant has the private key. Who the applicant is, it does not prove.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    subject: String,
    common_name: Option<String>,
    names: AlternativeNames,
    key: PublicKey,
}

impl CertificateRequest {
    /// Parses a request in PEM or DER, and checks its signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
            let block = pem::parse(bytes).map_err(|error| Error::Malformed(error.to_string()))?;
            return Self::from_der(block.contents());
        }
        Self::from_der(bytes)
    }

    /// The subject as text.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The application URI it asks for.
    #[must_use]
    pub fn application_uri(&self) -> Option<&str> {
        self.names.uris.first().map(String::as_str)
    }

    /// The host names it asks for.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.names.dns_names
    }

    /// The addresses it asks for.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.names.ip_addresses
    }

    /// The key to certify.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// What it asks for, as a profile for [`Authority::issue`](crate::issue::Authority::issue), which decides what
    /// the certificate may be used for. Fails when a name is missing that an application must have.
    pub fn profile(&self, valid_from: Timestamp, days: u32) -> Result<ApplicationProfile, Error> {
        let missing = |what: &str| Error::Issue(format!("the request of {} has no {what}", self.subject));
        Ok(ApplicationProfile {
            common_name: self.common_name.clone().ok_or_else(|| missing("common name"))?,
            organization: None,
            application_uri: self.application_uri().ok_or_else(|| missing("application URI"))?.to_owned(),
            dns_names: self.names.dns_names.clone(),
            ip_addresses: self.names.ip_addresses.clone(),
            key: self.key.kind(),
            valid_from,
            days,
        })
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |why: String| Error::Malformed(format!("no certificate request: {why}"));
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Error::LimitExceeded {
                what: "certificate request size in bytes",
                actual: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let (rest, request) =
            X509CertificationRequest::from_der(der).map_err(|error| malformed(error.to_string()))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} stray bytes after it", rest.len())));
        }
        let info = &request.certification_request_info;
        let key = PublicKey::from_spki(&info.subject_pki);
        let algorithm = CertificateSignature::from_algorithm(&request.signature_algorithm);
        if !key.verifies(algorithm, signed_part(der)?, &request.signature_value.data) {
            return Err(Error::BadSignature);
        }
        let mut names = AlternativeNames::default();
        for extension in request.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(requested) = extension {
                names = AlternativeNames::read(&requested.general_names)?;
            }
        }
        if let Some(defect) = names.defects.first() {
            return Err(malformed(defect.clone()));
        }
        let subject = printable(&info.subject);
        Ok(Self { subject, common_name: first_common_name(&info.subject), names, key })
    }
}
