//! Requests for a certificate (PKCS#10): how an application that keeps its key gets a certificate from an authority.

use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::alternative_names::AlternativeNames;
use crate::certificate::{MAX_CERTIFICATE_BYTES, signed_part};
use crate::certificate_signature::CertificateSignature;
use crate::damage::why;
use crate::facts::first_common_name;
use crate::name::{harmless, printable};
use crate::pem_text::fault;
use crate::{ApplicationProfile, Error, KeyKind, PublicKey};

/// What a request asks for, as it was read.
#[derive(Debug, Clone)]
struct Claims {
    subject: String,
    common_name: Option<String>,
    organization: Option<String>,
    names: AlternativeNames,
    authority: bool,
    key: PublicKey,
}

/// A request as it was read: its signature may hold or not. Good for looking at, not for issuing.
#[derive(Debug, Clone)]
pub struct UnprovenRequest {
    claims: Claims,
    signed: bool,
}

/// A request whose signature proves that the applicant has the private key. Who the applicant is, it does not prove.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    claims: Claims,
}

impl UnprovenRequest {
    /// Parses a request in PEM or DER.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
            let block = pem::parse(bytes).map_err(|error| Error::Malformed(fault(&error).to_owned()))?;
            return Self::from_der(block.contents());
        }
        Self::from_der(bytes)
    }

    /// Whether the applicant has shown to have the private key: the request is signed with it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// The request for issuing; fails when its signature does not hold.
    pub fn prove(self) -> Result<CertificateRequest, Error> {
        if self.signed { Ok(CertificateRequest { claims: self.claims }) } else { Err(Error::BadSignature) }
    }

    /// The subject as text.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.claims.subject
    }

    /// Every URI it asks for; an application has exactly one.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.claims.names.uris
    }

    /// The host names it asks for.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.claims.names.dns_names
    }

    /// The addresses it asks for.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.claims.names.ip_addresses
    }

    /// The key to certify.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.claims.key
    }

    /// Whether it asks to become an authority (cA = TRUE).
    #[must_use]
    pub fn asks_for_authority(&self) -> bool {
        self.claims.authority
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |text: String| Error::Malformed(format!("no certificate request: {text}"));
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Error::LimitExceeded {
                what: "certificate request size in bytes",
                actual: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let (rest, request) = X509CertificationRequest::from_der(der)
            .map_err(|error| malformed(why(der, "certificate request", &error.to_string())))?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes follow it that do not belong to it", rest.len())));
        }
        let info = &request.certification_request_info;
        let key = PublicKey::from_spki(&info.subject_pki);
        let algorithm = CertificateSignature::from_algorithm(&request.signature_algorithm);
        let signed = key.verifies(algorithm, signed_part(der)?, &request.signature_value.data);
        let (mut names, mut authority) = (AlternativeNames::default(), false);
        for extension in request.requested_extensions().into_iter().flatten() {
            match extension {
                ParsedExtension::SubjectAlternativeName(requested) => {
                    names = AlternativeNames::read(&requested.general_names)?;
                }
                ParsedExtension::BasicConstraints(constraints) => authority = constraints.ca,
                _ => {}
            }
        }
        if let Some(defect) = names.defects.first() {
            return Err(malformed(defect.clone()));
        }
        let claims = Claims {
            subject: printable(&info.subject),
            common_name: first_common_name(&info.subject),
            organization: first_organization(&info.subject),
            names,
            authority,
            key,
        };
        Ok(Self { claims, signed })
    }
}

impl CertificateRequest {
    /// Parses a request in PEM or DER, and checks its signature.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        UnprovenRequest::from_bytes(bytes)?.prove()
    }

    /// The subject as text.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.claims.subject
    }

    /// The application URI it asks for.
    #[must_use]
    pub fn application_uri(&self) -> Option<&str> {
        self.claims.names.uris.first().map(String::as_str)
    }

    /// The host names it asks for.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.claims.names.dns_names
    }

    /// The addresses it asks for.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.claims.names.ip_addresses
    }

    /// The key to certify.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.claims.key
    }

    /// What it asks for, as a profile for [`Authority::issue`](crate::issue::Authority::issue), which decides what
    /// the certificate may be used for. Fails when Part 6 §6.2.2 does not allow such an application certificate: no
    /// common name, not exactly one application URI, a host name with a wildcard, a key of a kind or size that no
    /// security policy uses, or an authority.
    pub fn profile(&self, valid_from: Timestamp, days: u32) -> Result<ApplicationProfile, Error> {
        let refuse = |why: &str| Error::Issue(format!("the request of {} {why}", self.claims.subject));
        let names = &self.claims.names;
        if self.claims.authority {
            return Err(refuse("asks to become an authority, which no application may be"));
        }
        let application_uri = match names.uris.as_slice() {
            [one] => one.clone(),
            [] => return Err(refuse("has no application URI")),
            _ => return Err(refuse("has several URIs, where an application has exactly one")),
        };
        if names.dns_names.iter().any(|name| name.contains('*')) {
            return Err(refuse("has a host name with a wildcard, which names no machine"));
        }
        match self.claims.key.kind() {
            KeyKind::Rsa { bits: 2048..=4096 } | KeyKind::EcP256 | KeyKind::EcP384 => {}
            other => {
                let wanted = "RSA of 2048 to 4096 bits, or elliptic curve P-256 or P-384, is needed";
                return Err(refuse(&format!("has {other}; {wanted}")));
            }
        }
        Ok(ApplicationProfile {
            common_name: self.claims.common_name.clone().ok_or_else(|| refuse("has no common name"))?,
            organization: self.claims.organization.clone(),
            application_uri,
            dns_names: names.dns_names.clone(),
            ip_addresses: names.ip_addresses.clone(),
            key: self.claims.key.kind(),
            valid_from,
            days,
        })
    }
}

fn first_organization(name: &X509Name<'_>) -> Option<String> {
    name.iter_organization().next().and_then(|attribute| attribute.as_str().ok()).map(harmless)
}
