//! The security policies that lockgate's channel speaks (Part 7, §6.6). What they ask of certificates is in
//! [`CertificateRules`](crate::CertificateRules), together with policies that we only judge for.

use crate::signature::{EncryptionScheme, SignatureScheme};

/// A security policy. Ordered by strength, weakest first.
///
/// `Basic128Rsa15` and `Basic256` are not here: the first needs PKCS#1 v1.5 decryption, which is unsafe with a
/// peer we have not authenticated, and both sign with SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityPolicy {
    /// No security at all: discovery only.
    None,
    /// AES-256-CBC, HMAC-SHA-256, RSA-OAEP-SHA1, RSA-PKCS1-SHA256.
    Basic256Sha256,
    /// AES-128-CBC, HMAC-SHA-256, RSA-OAEP-SHA1, RSA-PKCS1-SHA256.
    Aes128Sha256RsaOaep,
    /// AES-256-CBC, HMAC-SHA-256, RSA-OAEP-SHA256, RSA-PSS-SHA256: the strongest RSA policy.
    Aes256Sha256RsaPss,
}

impl SecurityPolicy {
    /// Every policy we know, weakest first.
    pub const ALL: [Self; 4] =
        [Self::None, Self::Basic256Sha256, Self::Aes128Sha256RsaOaep, Self::Aes256Sha256RsaPss];

    /// The short name as in the fragment of the URI, and as written in our configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Basic256Sha256 => "Basic256Sha256",
            Self::Aes128Sha256RsaOaep => "Aes128_Sha256_RsaOaep",
            Self::Aes256Sha256RsaPss => "Aes256_Sha256_RsaPss",
        }
    }

    /// The policy URI as sent on the wire.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::None => "http://opcfoundation.org/UA/SecurityPolicy#None",
            Self::Basic256Sha256 => "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256",
            Self::Aes128Sha256RsaOaep => "http://opcfoundation.org/UA/SecurityPolicy#Aes128_Sha256_RsaOaep",
            Self::Aes256Sha256RsaPss => "http://opcfoundation.org/UA/SecurityPolicy#Aes256_Sha256_RsaPss",
        }
    }

    /// The policy of this URI; `None` when we do not speak it.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.uri() == uri)
    }

    /// The policy of this short name, also without underscores.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('_', "");
        Self::ALL.into_iter().find(|policy| plain(policy.name()) == plain(name))
    }

    /// How messages are signed with the private key; `None` for the policy `None`.
    #[must_use]
    pub fn signature_scheme(self) -> Option<SignatureScheme> {
        match self {
            Self::None => None,
            Self::Basic256Sha256 | Self::Aes128Sha256RsaOaep => Some(SignatureScheme::RsaPkcs1Sha256),
            Self::Aes256Sha256RsaPss => Some(SignatureScheme::RsaPssSha256),
        }
    }

    /// How messages are encrypted with the public key; `None` for the policy `None`.
    #[must_use]
    pub fn encryption_scheme(self) -> Option<EncryptionScheme> {
        match self {
            Self::None => None,
            Self::Basic256Sha256 | Self::Aes128Sha256RsaOaep => Some(EncryptionScheme::OaepSha1),
            Self::Aes256Sha256RsaPss => Some(EncryptionScheme::OaepSha256),
        }
    }
}

impl std::fmt::Display for SecurityPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
