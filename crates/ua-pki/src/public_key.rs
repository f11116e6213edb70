//! The public key of a certificate: what kind it is, and what can be done with it.

use std::fmt;

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::der_parser::asn1_rs::Tag;
use x509_parser::oid_registry as oid;
use x509_parser::public_key::PublicKey as ParsedKey;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

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
                (KeyKind::Rsa { bits: bit_length(modulus) }, rsa_defect(modulus, rsa.exponent))
            }
            Ok(ParsedKey::EC(_)) => ec_kind(&spki.algorithm),
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

/// How a certificate or a revocation list is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateSignature {
    RsaSha1,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    RsaPssSha256,
    RsaPssSha384,
    RsaPssSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    /// MD5, DSA, curves we do not have, and whatever else there is.
    Unsupported,
}

impl CertificateSignature {
    pub(crate) fn from_algorithm(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        let id = &algorithm.algorithm;
        let known = [
            (oid::OID_PKCS1_SHA1WITHRSA, Self::RsaSha1),
            (oid::OID_PKCS1_SHA256WITHRSA, Self::RsaSha256),
            (oid::OID_PKCS1_SHA384WITHRSA, Self::RsaSha384),
            (oid::OID_PKCS1_SHA512WITHRSA, Self::RsaSha512),
            (oid::OID_SIG_ECDSA_WITH_SHA256, Self::EcdsaSha256),
            (oid::OID_SIG_ECDSA_WITH_SHA384, Self::EcdsaSha384),
            (oid::OID_SIG_ECDSA_WITH_SHA512, Self::EcdsaSha512),
        ];
        if *id == oid::OID_PKCS1_RSASSAPSS {
            return Self::from_pss_parameters(algorithm);
        }
        known.into_iter().find(|(known, _)| known == id).map_or(Self::Unsupported, |(_, found)| found)
    }

    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::RsaSha1 => "RSA with SHA-1",
            Self::RsaSha256 => "RSA with SHA-256",
            Self::RsaSha384 => "RSA with SHA-384",
            Self::RsaSha512 => "RSA with SHA-512",
            Self::RsaPssSha256 => "RSA-PSS with SHA-256",
            Self::RsaPssSha384 => "RSA-PSS with SHA-384",
            Self::RsaPssSha512 => "RSA-PSS with SHA-512",
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::EcdsaSha512 => "ECDSA with SHA-512",
            Self::Unsupported => "an unsupported algorithm",
        }
    }

    fn from_pss_parameters(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        use x509_parser::signature_algorithm::RsaSsaPssParams;
        let Some(Ok(parameters)) = algorithm.parameters().map(RsaSsaPssParams::try_from) else {
            return Self::Unsupported;
        };
        let hash = parameters.hash_algorithm_oid();
        let same_mask = parameters.mask_gen_algorithm().is_ok_and(|mask| mask.hash == *hash);
        let known = [
            (oid::OID_NIST_HASH_SHA256, 32, Self::RsaPssSha256),
            (oid::OID_NIST_HASH_SHA384, 48, Self::RsaPssSha384),
            (oid::OID_NIST_HASH_SHA512, 64, Self::RsaPssSha512),
        ];
        known
            .into_iter()
            .find(|(id, salt, _)| same_mask && id == hash && parameters.salt_length() == *salt)
            .map_or(Self::Unsupported, |(_, _, found)| found)
    }

    fn verification(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        match (key, self) {
            (KeyKind::Rsa { .. }, Self::RsaSha1) => {
                Some(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
            }
            (KeyKind::Rsa { .. }, Self::RsaSha256) => {
                Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
            }
            (KeyKind::Rsa { .. }, Self::RsaSha384) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            (KeyKind::Rsa { .. }, Self::RsaSha512) => {
                Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
            }
            (KeyKind::Rsa { .. }, Self::RsaPssSha256) => Some(&signature::RSA_PSS_2048_8192_SHA256),
            (KeyKind::Rsa { .. }, Self::RsaPssSha384) => Some(&signature::RSA_PSS_2048_8192_SHA384),
            (KeyKind::Rsa { .. }, Self::RsaPssSha512) => Some(&signature::RSA_PSS_2048_8192_SHA512),
            (KeyKind::EcP256, Self::EcdsaSha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            (KeyKind::EcP256, Self::EcdsaSha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            (KeyKind::EcP256, Self::EcdsaSha512) => Some(&signature::ECDSA_P256_SHA512_ASN1),
            (KeyKind::EcP384, Self::EcdsaSha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            (KeyKind::EcP384, Self::EcdsaSha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            (KeyKind::EcP384, Self::EcdsaSha512) => Some(&signature::ECDSA_P384_SHA512_ASN1),
            _ => None,
        }
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

fn ec_kind(algorithm: &AlgorithmIdentifier<'_>) -> (KeyKind, Option<&'static str>) {
    // a curve may only be named: explicit parameters are how CVE-2020-0601 forged roots
    let named = algorithm.parameters().filter(|parameters| parameters.tag() == Tag::Oid);
    let Some(Ok(curve)) = named.map(|parameters| parameters.clone().oid()) else {
        return (KeyKind::Other, Some("its elliptic curve is not given by name"));
    };
    if curve == oid::OID_EC_P256 {
        (KeyKind::EcP256, None)
    } else if curve == oid::OID_NIST_EC_P384 {
        (KeyKind::EcP384, None)
    } else {
        (KeyKind::Other, None)
    }
}

fn rsa_defect(modulus: &[u8], exponent: &[u8]) -> Option<&'static str> {
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let exponent = without_leading_zeros(exponent);
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
