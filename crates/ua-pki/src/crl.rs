//! Certificate revocation lists (RFC 5280 §5).

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use x509_parser::extensions::ParsedExtension;
use x509_parser::oid_registry as oid;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::signed_part;
use crate::certificate_signature::CertificateSignature;
use crate::damage::why;
use crate::facts::{timestamp, without_leading_zeros};
use crate::name::{normalised, printable};
use crate::pem_text::fault;
use crate::serials::Serials;
use crate::thumbprint::upper_hex;
use crate::{Certificate, Error};

/// Most bytes a revocation list may have: about a million entries.
pub(crate) const MAX_CRL_BYTES: usize = 48 * 1024 * 1024;

/// Most issuers for which the outcome of the signature check is remembered.
const MAX_REMEMBERED: usize = 8;

/// A revocation list. Parsed once, cheap to clone. Nothing in it counts until its signature verified.
#[derive(Clone)]
pub struct Crl(Arc<Inner>);

struct Inner {
    issuer: String,
    issuer_key: Vec<u8>,
    authority_key_id: Option<Vec<u8>>,
    number: Option<Vec<u8>>,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    revoked: Serials,
    signature_algorithm: CertificateSignature,
    signature: Vec<u8>,
    /// Why it can never count, as a fragment to go after "it".
    unusable: Option<&'static str>,
    der: Vec<u8>,
    /// By SHA-256 of the issuer's certificate: hashing a large list for every validation would be dear.
    verified: Mutex<Vec<([u8; 32], bool)>>,
}

impl Crl {
    /// Parses one list in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_CRL_BYTES {
            return Err(Error::LimitExceeded {
                what: "revocation list size in bytes",
                actual: der.len(),
                limit: MAX_CRL_BYTES,
            });
        }
        let (rest, list) = CertificateRevocationList::from_der(der)
            .map_err(|error| Error::MalformedCrl(why(der, "revocation list", &error.to_string())))?;
        if !rest.is_empty() {
            return Err(Error::MalformedCrl(format!(
                "{} bytes follow the list that do not belong to it",
                rest.len()
            )));
        }
        let tbs = &list.tbs_cert_list;
        let signature_algorithm = CertificateSignature::from_algorithm(&list.signature_algorithm);
        let mut unusable = match signature_algorithm {
            _ if tbs.signature != list.signature_algorithm => {
                Some("names two different signature algorithms")
            }
            // whoever can make two inputs with one SHA-1 hash can have a list signed that says something else
            CertificateSignature::RsaSha1 => Some("is signed with SHA-1"),
            CertificateSignature::Unsupported => Some("is signed with an algorithm that is not supported"),
            _ => None,
        };
        let (mut authority_key_id, mut number) = (None, None);
        for extension in tbs.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority_key_id = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::CRLNumber(value) => number = Some(value.to_bytes_be()),
                // these have to be critical (RFC 5280 §5.2.4, §5.2.5); a delta is none the more complete when it is not
                _ if extension.oid == oid::OID_X509_EXT_DELTA_CRL_INDICATOR => {
                    unusable = unusable.or(Some("is a delta list, which has the changes only"));
                }
                _ if extension.critical && extension.oid == oid::OID_X509_EXT_ISSUER_DISTRIBUTION_POINT => {
                    unusable = unusable.or(Some("is a partial or indirect list"));
                }
                _ if extension.critical => {
                    unusable = unusable.or(Some("has a critical extension that is not supported"));
                }
                _ => {}
            }
        }
        let indirect = |entry: &x509_parser::revocation_list::RevokedCertificate<'_>| {
            entry.extensions().iter().any(|ext| ext.critical && ext.oid != oid::OID_X509_EXT_REASON_CODE)
        };
        if tbs.revoked_certificates.iter().any(indirect) {
            unusable = unusable.or(Some("has entries with a critical extension, as indirect lists have"));
        }
        let serials = list.iter_revoked_certificates().map(|entry| without_leading_zeros(entry.raw_serial()));
        let inner = Inner {
            issuer: printable(&tbs.issuer),
            issuer_key: normalised(&tbs.issuer),
            authority_key_id,
            number,
            this_update: timestamp(tbs.this_update),
            next_update: tbs.next_update.map(timestamp),
            revoked: Serials::index(der, serials)
                .ok_or_else(|| Error::MalformedCrl("it has serial numbers outside of it".to_owned()))?,
            signature_algorithm,
            signature: list.signature_value.data.to_vec(),
            unusable,
            der: der.to_vec(),
            verified: Mutex::default(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Parses what an administrator may bring: PEM or DER.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if !bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
            return Self::from_der(bytes);
        }
        let block = pem::parse(bytes).map_err(|error| Error::MalformedCrl(fault(&error).to_owned()))?;
        Self::from_der(block.contents())
    }

    /// The encoded list.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The issuer as text.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Its number (RFC 5280 §5.2.3) as text: decimal, or hex with `0x` when it is beyond 64 bits. `None` when it has none.
    #[must_use]
    pub fn number(&self) -> Option<String> {
        let digits = without_leading_zeros(self.0.number.as_deref()?);
        if digits.len() > 8 {
            return Some(format!("0x{}", upper_hex(digits)));
        }
        Some(digits.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte)).to_string())
    }

    /// How it is signed, as in "RSA with SHA-256".
    #[must_use]
    pub fn signature(&self) -> &'static str {
        self.0.signature_algorithm.describe()
    }

    /// When it was made.
    #[must_use]
    pub fn this_update(&self) -> Timestamp {
        self.0.this_update
    }

    /// Until when it may be used; `None` when it does not say, which we do not accept.
    #[must_use]
    pub fn next_update(&self) -> Option<Timestamp> {
        self.0.next_update
    }

    /// How many certificates it lists.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.revoked.len()
    }

    /// Whether it lists no certificate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.revoked.len() == 0
    }

    /// Whether it lists this certificate's serial number. Says nothing about the issuer.
    pub(crate) fn lists(&self, certificate: &Certificate) -> bool {
        self.0.revoked.contains(&self.0.der, &certificate.facts().serial)
    }

    /// Whether its date range includes this moment.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        self.0.this_update <= now && self.0.next_update.is_some_and(|next| now <= next)
    }

    /// Whether both have a CRL number and this one's is greater.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        match (&self.0.number, &other.0.number) {
            // big-endian without leading zeros: longer is greater
            (Some(ours), Some(theirs)) => (ours.len(), ours) > (theirs.len(), theirs),
            _ => false,
        }
    }

    /// Whether this is its number.
    pub(crate) fn has_number(&self, number: u64) -> bool {
        let digits = number.to_be_bytes();
        self.0.number.as_deref().map(without_leading_zeros) == Some(without_leading_zeros(&digits))
    }

    /// Whether it bears the issuer's name. Cheap.
    pub(crate) fn names_issuer(&self, issuer: &Certificate) -> bool {
        self.0.issuer_key == issuer.facts().subject_key
    }

    /// Whether it claims to be from this issuer, and is a plain, complete list. Cheap.
    pub(crate) fn claims_issuer(&self, issuer: &Certificate) -> bool {
        self.0.unusable.is_none() && self.names_issuer(issuer) && self.fits_key_of(issuer)
    }

    /// Why a list that bears the issuer's name does not count, as a fragment to go after "it"; `None` when it counts.
    pub(crate) fn why_unusable(&self, issuer: &Certificate) -> Option<&'static str> {
        if self.0.unusable.is_some() {
            return self.0.unusable;
        }
        if !self.fits_key_of(issuer) {
            return Some("is for another key of an authority of that name");
        }
        (!self.is_signed_by(issuer)).then_some("is not signed with the key of that authority")
    }

    fn fits_key_of(&self, issuer: &Certificate) -> bool {
        match (&self.0.authority_key_id, &issuer.facts().subject_key_id) {
            (Some(authority), Some(subject)) => authority == subject,
            _ => true,
        }
    }

    /// Whether its signature verifies with the issuer's key. Remembered for the first few issuers.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        let mut verified = self.0.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = verified.iter().find(|(id, _)| *id == issuer.sha256()) {
            return *known;
        }
        let good = signed_part(self.der()).is_ok_and(|tbs| {
            issuer.public_key().verifies(self.0.signature_algorithm, tbs, &self.0.signature)
        });
        if verified.len() < MAX_REMEMBERED {
            verified.push((issuer.sha256(), good));
        }
        good
    }
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.0.issuer)
            .field("revoked", &self.len())
            .finish_non_exhaustive()
    }
}
