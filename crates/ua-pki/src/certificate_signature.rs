//! How certificates, revocation lists and requests are signed, and which of these signatures we can check.

use aws_lc_rs::signature::{self, VerificationAlgorithm};
use x509_parser::oid_registry as oid;
use x509_parser::x509::AlgorithmIdentifier;

use crate::KeyKind;

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
    /// Reads the algorithm; what we do not know is `Unsupported`.
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

    /// In words, to go after "is signed by".
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

    /// How to verify it with such a key; `None` when they do not fit or we cannot.
    pub(crate) fn verification(self, key: KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
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
