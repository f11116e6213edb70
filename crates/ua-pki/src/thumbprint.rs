//! Fingerprints of certificates, as people read and type them.

use std::fmt;
use std::str::FromStr;

use crate::{Certificate, Error};

/// SHA-1 over the DER of a certificate: how OPC UA names a certificate (Part 6 §6.2).
///
/// `Display` gives 40 upper-case hex digits; parsing takes any case, colons and spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// The thumbprint of these bytes.
    pub(crate) fn of(der: &[u8]) -> Self {
        use aws_lc_rs::digest;
        let mut bytes = [0; 20];
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der);
        for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        Self(bytes)
    }

    /// The 20 bytes, as sent in `ReceiverCertificateThumbprint`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// With colons between the bytes, to be compared by eye with what another tool shows.
    #[must_use]
    pub fn grouped(&self) -> String {
        grouped_hex(&self.0)
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&upper_hex(&self.0))
    }
}

impl FromStr for Thumbprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match ThumbprintQuery::from_str(text)? {
            ThumbprintQuery::Sha1(thumbprint) => Ok(thumbprint),
            ThumbprintQuery::Sha256(_) => Err(Error::NoThumbprint(text.to_owned())),
        }
    }
}

/// A thumbprint as an administrator may give it: SHA-1 or SHA-256, told apart by length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThumbprintQuery {
    /// The SHA-1 thumbprint.
    Sha1(Thumbprint),
    /// SHA-256 over the DER.
    Sha256([u8; 32]),
}

impl ThumbprintQuery {
    /// Whether it names this certificate.
    #[must_use]
    pub fn matches(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Sha1(thumbprint) => certificate.thumbprint() == *thumbprint,
            Self::Sha256(hash) => certificate.sha256() == *hash,
        }
    }
}

impl fmt::Display for ThumbprintQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha1(thumbprint) => thumbprint.fmt(f),
            Self::Sha256(hash) => f.write_str(&upper_hex(hash)),
        }
    }
}

impl FromStr for ThumbprintQuery {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || Error::NoThumbprint(text.to_owned());
        let mut bytes = Vec::with_capacity(32);
        let mut half: Option<u8> = None;
        for character in text.chars().filter(|c| !matches!(c, ':' | ' ' | '-')) {
            let digit =
                character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(refuse)?;
            half = match half {
                None => Some(digit),
                Some(high) => {
                    bytes.push(high << 4 | digit);
                    None
                }
            };
        }
        if half.is_some() {
            return Err(refuse());
        }
        if let Ok(sha1) = <[u8; 20]>::try_from(bytes.as_slice()) {
            return Ok(Self::Sha1(Thumbprint(sha1)));
        }
        <[u8; 32]>::try_from(bytes.as_slice()).map(Self::Sha256).map_err(|_| refuse())
    }
}

pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn grouped_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}
