//! A parsed certificate: the facts that validation and people need, read once.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::damage::why;
use crate::facts::Facts;
use crate::pem_text::{fault, label};
use crate::thumbprint::upper_hex;
use crate::{Error, PublicKey, Thumbprint};

/// Most bytes one certificate may have. Part 6 §6.7.2.3 leaves `MaxSenderCertificateSize` to the transport; real
/// application certificates have about 1 500 bytes.
pub(crate) const MAX_CERTIFICATE_BYTES: usize = 8192;
/// Most certificates in one presented chain, and in a chain we build.
pub(crate) const MAX_CHAIN: usize = 10;

/// An X.509 certificate. Parsed once, owns its DER, cheap to clone. Equal when the DER is equal.
///
/// It may still be a bad one: whatever parses is kept, and [`validate`](crate::validate()) tells what is wrong.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    thumbprint: Thumbprint,
    sha256: [u8; 32],
    facts: Facts,
}

impl Certificate {
    /// Parses one certificate in DER, with nothing after it.
    ///
    /// Fails when the bytes are no X.509 certificate or pass a limit (8 KiB, 64 names).
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Error::LimitExceeded {
                what: "certificate size in bytes",
                actual: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        let facts = Facts::parse(der)?;
        let mut sha256 = [0; 32];
        for (to, from) in
            sha256.iter_mut().zip(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref())
        {
            *to = *from;
        }
        Ok(Self(Arc::new(Inner { der: der.to_vec(), thumbprint: Thumbprint::of(der), sha256, facts })))
    }

    /// Parses a chain as it comes over the wire: concatenated DER, leaf first (Part 6 §6.2.6).
    ///
    /// Fails on bytes that are no certificate anywhere in it, and on more than ten certificates.
    pub fn chain_from_der(der: &[u8]) -> Result<Vec<Self>, Error> {
        let limit = MAX_CERTIFICATE_BYTES * MAX_CHAIN;
        if der.len() > limit {
            return Err(Error::LimitExceeded {
                what: "certificate chain size in bytes",
                actual: der.len(),
                limit,
            });
        }
        let mut rest = der;
        let mut chain = Vec::new();
        while !rest.is_empty() {
            if chain.len() == MAX_CHAIN {
                return Err(Error::LimitExceeded {
                    what: "certificates in a chain",
                    actual: MAX_CHAIN + 1,
                    limit: MAX_CHAIN,
                });
            }
            let (one, after) = split_element(rest).map_err(|error| match chain.len() {
                0 => error,
                _ => Error::Malformed(format!(
                    "{} bytes follow the last certificate that are none",
                    rest.len()
                )),
            })?;
            chain.push(Self::from_der(one)?);
            rest = after;
        }
        if chain.is_empty() {
            return Err(Error::Malformed("no certificate at all".to_owned()));
        }
        Ok(chain)
    }

    /// Parses what an administrator may bring: PEM (one or several) or DER (one or several, concatenated).
    pub fn chain_from_bytes(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        if !is_pem(bytes) {
            return Self::chain_from_der(bytes);
        }
        let blocks = pem::parse_many(bytes).map_err(|error| Error::Malformed(fault(&error).to_owned()))?;
        let der: Vec<u8> = blocks
            .iter()
            .filter(|block| block.tag() == "CERTIFICATE")
            .flat_map(|block| block.contents().to_vec())
            .collect();
        if der.is_empty() {
            let why = match blocks.first() {
                None => "the PEM block is cut off: its END line is missing".to_owned(),
                Some(block) => format!("the PEM text holds no certificate, but {}", label(block.tag())),
            };
            return Err(Error::Malformed(why));
        }
        Self::chain_from_der(&der)
    }

    /// The encoded certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-1 over the DER.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.0.thumbprint
    }

    /// SHA-256 over the DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        self.0.sha256
    }

    /// The subject as text, as in `CN=plc1, O=Plant`. Control characters are escaped.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.facts.subject
    }

    /// The issuer as text.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.facts.issuer
    }

    /// The (first) common name of the subject.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.0.facts.common_name.as_deref()
    }

    /// The serial number as upper-case hex digits.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        upper_hex(&self.0.facts.serial)
    }

    /// The serial number, big-endian without leading zeros.
    #[must_use]
    pub fn serial_bytes(&self) -> &[u8] {
        &self.0.facts.serial
    }

    /// Start of the validity period.
    #[must_use]
    pub fn not_before(&self) -> Timestamp {
        self.0.facts.not_before
    }

    /// End of the validity period, inclusive. A date beyond what the time library knows is its last day.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        self.0.facts.not_after
    }

    /// The application URI: the first URI among the alternative names (Part 6 §6.2.2).
    #[must_use]
    pub fn application_uri(&self) -> Option<&str> {
        self.0.facts.names.uris.first().map(String::as_str)
    }

    /// The DNS names among the alternative names, as they are written.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.0.facts.names.dns_names
    }

    /// The IP addresses among the alternative names.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.0.facts.names.ip_addresses
    }

    /// The key of the subject.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.facts.key
    }

    /// Whether subject and issuer are the same and the signature verifies with its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.facts().names_itself_as_issuer() && self.is_signed_by(self)
    }

    /// Whether it may issue certificates according to its basic constraints (cA = TRUE).
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.facts().basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// As PEM text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode_config(
            &pem::Pem::new("CERTIFICATE", self.der()),
            pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
        )
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.0.facts
    }

    /// Whether the signature verifies with the issuer's key. Costs one public key operation.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        let facts = self.facts();
        issuer.public_key().verifies(facts.signature_algorithm, &facts.tbs, &facts.signature)
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.sha256.hash(state);
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("thumbprint", &self.thumbprint().to_string())
            .finish_non_exhaustive()
    }
}

/// Whether it is PEM, possibly with text before it as `openssl x509 -text` writes it: DER would begin with a sequence.
fn is_pem(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    bytes.first() != Some(&0x30) && bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// The signed part of a certificate, list or request: the first element inside the outer one.
pub(crate) fn signed_part(der: &[u8]) -> Result<&[u8], Error> {
    let (header, _) = sequence_header(der)?;
    split_element(der.get(header..).unwrap_or_default()).map(|(first, _)| first)
}

/// Splits the first DER element off; only its header is looked at.
pub(crate) fn split_element(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (header, content) = sequence_header(bytes)?;
    let cut = || Error::Malformed(why(bytes, "certificate", ""));
    bytes.split_at_checked(header.checked_add(content).ok_or_else(cut)?).ok_or_else(cut)
}

/// Length of the header of a SEQUENCE, and of its content.
fn sequence_header(bytes: &[u8]) -> Result<(usize, usize), Error> {
    let malformed = || Error::Malformed(why(bytes, "certificate", "its length is not one of DER"));
    let [0x30, first, rest @ ..] = bytes else { return Err(malformed()) };
    if *first < 0x80 {
        return Ok((2, usize::from(*first)));
    }
    let count = usize::from(*first & 0x7f);
    // four length bytes are 4 GiB; none at all is BER's indefinite form
    let digits = rest.get(..count).filter(|_| (1..=4).contains(&count)).ok_or_else(malformed)?;
    Ok((2 + count, digits.iter().fold(0usize, |sum, &digit| sum << 8 | usize::from(digit))))
}
