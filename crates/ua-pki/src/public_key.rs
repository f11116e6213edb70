//! The public key of a certificate: what kind it is, and what can be done with it.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::oid_registry as oid;
use x509_parser::public_key::{PublicKey as ParsedKey, RSAPublicKey};
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::certificate_signature::CertificateSignature;
use crate::facts::without_leading_zeros;
use crate::{EncryptionScheme, Error, SignatureScheme};

/// Largest RSA modulus we do arithmetic with: what the crypto library takes, and a bound on the work.
const MAX_RSA_BITS: usize = 8192;

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of this many bits.
    Rsa {
        /// Length of the modulus.
        bits: usize,
    },
    /// Elliptic curve NIST P-256.
    EcP256,
    /// Elliptic curve NIST P-384.
    EcP384,
    /// Anything else; no policy of ours can use it.
    Other,
}

impl KeyKind {
    /// Signatures by such a key are not even verified: anybody can make them.
    pub(crate) fn is_too_small_to_prove(self) -> bool {
        matches!(self, Self::Rsa { bits } if bits < 1024)
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "an RSA key of {bits} bits"),
            Self::EcP256 => f.write_str("an elliptic curve key (P-256)"),
            Self::EcP384 => f.write_str("an elliptic curve key (P-384)"),
            Self::Other => f.write_str("a key of an unknown kind"),
        }
    }
}

/// A public key taken from a certificate.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    /// SubjectPublicKeyInfo.
    spki: Vec<u8>,
    /// The inner key: RSAPublicKey, or the uncompressed point.
    inner: Vec<u8>,
    defect: Option<&'static str>,
}

impl PublicKey {
    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// Length of the RSA modulus in bytes, which is the length of a signature and of an encrypted block; 0 when
    /// the key is not RSA.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        match self.kind {
            KeyKind::Rsa { bits } => bits.div_ceil(8),
            KeyKind::EcP256 | KeyKind::EcP384 | KeyKind::Other => 0,
        }
    }

    /// The key as DER (SubjectPublicKeyInfo).
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies the signature of a message. Takes RSA keys of 2048 to 8192 bits.
    pub fn verify(&self, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if !matches!(self.kind, KeyKind::Rsa { .. }) || self.defect.is_some() {
            return Err(self.unsupported("verifying an RSA signature"));
        }
        let algorithm: &dyn VerificationAlgorithm = match scheme {
            SignatureScheme::RsaPkcs1Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            SignatureScheme::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        };
        verify_with(algorithm, &self.inner, message, signature)
    }

    /// Encrypts one block of at most [`EncryptionScheme::plain_block`] bytes; the result has
    /// [`key_bytes`](Self::key_bytes) bytes.
    pub fn encrypt_block(&self, scheme: EncryptionScheme, plain: &[u8]) -> Result<Vec<u8>, Error> {
        if !matches!(self.kind, KeyKind::Rsa { .. }) || self.defect.is_some() {
            return Err(self.unsupported("RSA encryption"));
        }
        if plain.len() > scheme.plain_block(self.key_bytes()) {
            return Err(Error::LimitExceeded {
                what: "block to encrypt in bytes",
                actual: plain.len(),
                limit: scheme.plain_block(self.key_bytes()),
            });
        }
        let key =
            PublicEncryptingKey::from_der(&self.spki).map_err(|_| self.unsupported("RSA encryption"))?;
        let key = OaepPublicEncryptingKey::new(key).map_err(|_| Error::Crypto)?;
        let mut block = vec![0; key.ciphertext_size()];
        let algorithm = match scheme {
            EncryptionScheme::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            EncryptionScheme::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let written = key.encrypt(algorithm, plain, &mut block, None).map_err(|_| Error::Crypto)?.len();
        block.truncate(written);
        Ok(block)
    }

    pub(crate) fn from_spki(spki: &SubjectPublicKeyInfo<'_>) -> Self {
        let (kind, defect) = match spki.parsed() {
            Ok(ParsedKey::RSA(rsa)) => {
                let modulus = without_leading_zeros(rsa.modulus);
                (KeyKind::Rsa { bits: bit_length(modulus) }, rsa_defect(&rsa))
            }
            Ok(ParsedKey::EC(point)) => ec_kind(&spki.algorithm, point.data()),
            Ok(_) => (KeyKind::Other, None),
            Err(_) => (KeyKind::Other, Some("its public key cannot be read")),
        };
        Self { kind, spki: spki.raw.to_vec(), inner: spki.subject_public_key.data.to_vec(), defect }
    }

    /// Why this key must never be used, if so.
    pub(crate) fn defect(&self) -> Option<String> {
        self.defect.map(str::to_owned)
    }

    /// SHA-1 over the key itself: the usual key identifier (RFC 5280 §4.2.1.2, method 1).
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        use aws_lc_rs::digest;
        digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &self.inner).as_ref().to_vec()
    }

    /// The inner key: RSAPublicKey, or the point.
    pub(crate) fn inner_der(&self) -> &[u8] {
        &self.inner
    }

    /// Verifies the signature of a certificate or revocation list. Old algorithms verify here too; whether they
    /// are good enough is the business of step 4, not of step 3.
    pub(crate) fn verifies(&self, algorithm: CertificateSignature, message: &[u8], signature: &[u8]) -> bool {
        if self.defect.is_some() {
            return false;
        }
        algorithm
            .verification(self.kind)
            .is_some_and(|algorithm| verify_with(algorithm, &self.inner, message, signature).is_ok())
    }

    fn unsupported(&self, operation: &'static str) -> Error {
        Error::UnsupportedKey { operation, key: self.kind.to_string() }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn verify_with(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| Error::BadSignature)
}

fn ec_kind(algorithm: &AlgorithmIdentifier<'_>, point: &[u8]) -> (KeyKind, Option<&'static str>) {
    // a curve may only be named: explicit parameters are how CVE-2020-0601 forged roots
    let named = algorithm.parameters().filter(|parameters| parameters.tag() == Tag::Oid);
    let Some(Ok(curve)) = named.map(|parameters| parameters.clone().oid()) else {
        return (KeyKind::Other, Some("its elliptic curve is not given by name"));
    };
    let (kind, curve) = if curve == oid::OID_EC_P256 {
        (KeyKind::EcP256, &signature::ECDSA_P256_SHA256_ASN1)
    } else if curve == oid::OID_NIST_EC_P384 {
        (KeyKind::EcP384, &signature::ECDSA_P384_SHA384_ASN1)
    } else {
        return (KeyKind::Other, None);
    };
    let on_curve = ParsedPublicKey::new(curve, point).is_ok();
    (kind, (!on_curve).then_some("its public key is not a point on its curve"))
}

fn rsa_defect(key: &RSAPublicKey<'_>) -> Option<&'static str> {
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let negative = |number: &[u8]| number.first().is_some_and(|byte| *byte >= 0x80);
    if negative(key.modulus) || negative(key.exponent) {
        return Some("its RSA key has a negative number");
    }
    let (modulus, exponent) = (without_leading_zeros(key.modulus), without_leading_zeros(key.exponent));
    if bit_length(modulus) > MAX_RSA_BITS {
        Some("its RSA modulus has more than 8192 bits")
    } else if !odd(modulus) {
        Some("its RSA modulus is even")
    } else if !odd(exponent) || exponent == [1] || bit_length(exponent) > 33 {
        Some("its RSA exponent is not an odd number between 3 and 2^33")
    } else {
        None
    }
}

/// Bits of a big-endian number without leading zero bytes.
fn bit_length(number: &[u8]) -> usize {
    match number.first() {
        None => 0,
        Some(first) => {
            let leading = usize::try_from(first.leading_zeros()).unwrap_or_default();
            (number.len() * 8).saturating_sub(leading)
        }
    }
}
