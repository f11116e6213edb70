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

/// What a policy with keys is made of (Part 7, profile of each policy). What is the same in all of them is a constant
/// below: HMAC-SHA256, P_SHA256, CBC, a nonce of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyRow {
    pub(crate) signature: SignatureScheme,
    pub(crate) encryption: EncryptionScheme,
    pub(crate) cipher: Cipher,
}

/// Symmetric cipher, always CBC without padding of its own.
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
pub(crate) fn row(policy: SecurityPolicy) -> Option<PolicyRow> {
    let cipher = match policy {
        SecurityPolicy::Aes128Sha256RsaOaep => Cipher::Aes128,
        _ => Cipher::Aes256,
    };
    Some(PolicyRow { signature: policy.signature_scheme()?, encryption: policy.encryption_scheme()?, cipher })
}

/// HMAC-SHA256 key and MAC, bytes.
pub(crate) const MAC_LEN: usize = 32;
/// AES block and initialisation vector, bytes.
pub(crate) const BLOCK_LEN: usize = 16;
/// SecureChannelNonceLength, bytes.
pub(crate) const NONCE_LEN: usize = 32;
