//! A security policy is one row of data; the functions of this folder read the row.

use ua_pki::{EncryptionScheme, SecurityPolicy, SignatureScheme};

/// How messages of a channel are protected (Part 4 §7.20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageSecurityMode {
    /// Neither signed nor encrypted.
    None,
    /// Signed.
    Sign,
    /// Signed and encrypted.
    SignAndEncrypt,
}

impl MessageSecurityMode {
    /// The mode for a number on the wire; `None` for 0 (Invalid) and everything unknown.
    #[must_use]
    pub fn from_u32(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::None),
            2 => Some(Self::Sign),
            3 => Some(Self::SignAndEncrypt),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub fn to_u32(self) -> u32 {
        match self {
            Self::None => 1,
            Self::Sign => 2,
            Self::SignAndEncrypt => 3,
        }
    }

    /// The name as in the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Sign => "Sign",
            Self::SignAndEncrypt => "SignAndEncrypt",
        }
    }
}

/// What a policy with keys is made of (Part 7, profile of each policy).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PolicyRow {
    pub(crate) signature: SignatureScheme,
    pub(crate) signature_uri: &'static str,
    pub(crate) encryption: EncryptionScheme,
    pub(crate) encryption_uri: &'static str,
    /// Bytes that OAEP takes from each RSA block.
    pub(crate) encryption_overhead: usize,
    pub(crate) cipher: Cipher,
    pub(crate) nonce_len: usize,
}

/// Symmetric cipher, always CBC without padding of its own; the MAC is HMAC-SHA256 in all rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cipher {
    Aes128,
    Aes256,
}

impl Cipher {
    pub(crate) fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }
}

/// The row of a policy; `None` for [`SecurityPolicy::None`].
pub(crate) fn row(policy: SecurityPolicy) -> Option<&'static PolicyRow> {
    match policy {
        SecurityPolicy::Basic256Sha256 => Some(&BASIC256_SHA256),
        SecurityPolicy::Aes128Sha256RsaOaep => Some(&AES128_SHA256_RSA_OAEP),
        SecurityPolicy::Aes256Sha256RsaPss => Some(&AES256_SHA256_RSA_PSS),
        _ => None,
    }
}

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_PSS_SHA256: &str = "http://opcfoundation.org/UA/security/rsa-pss-sha2-256";
const RSA_OAEP_SHA1: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep";
const RSA_OAEP_SHA256: &str = "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256";

const BASIC256_SHA256: PolicyRow = PolicyRow {
    signature: SignatureScheme::RsaPkcs1Sha256,
    signature_uri: RSA_SHA256,
    encryption: EncryptionScheme::OaepSha1,
    encryption_uri: RSA_OAEP_SHA1,
    encryption_overhead: 42,
    cipher: Cipher::Aes256,
    nonce_len: 32,
};

const AES128_SHA256_RSA_OAEP: PolicyRow = PolicyRow { cipher: Cipher::Aes128, ..BASIC256_SHA256 };

const AES256_SHA256_RSA_PSS: PolicyRow = PolicyRow {
    signature: SignatureScheme::RsaPssSha256,
    signature_uri: RSA_PSS_SHA256,
    encryption: EncryptionScheme::OaepSha256,
    encryption_uri: RSA_OAEP_SHA256,
    encryption_overhead: 66,
    ..BASIC256_SHA256
};

/// Length of the HMAC-SHA256 signing key and of the MAC, bytes.
pub(crate) const MAC_LEN: usize = 32;
/// AES block and initialisation vector, bytes.
pub(crate) const BLOCK_LEN: usize = 16;
