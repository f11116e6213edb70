//! The two ways to sign and the two ways to encrypt that our policies know.

/// How a message is signed with an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes.
    RsaPssSha256,
}

impl SignatureScheme {
    /// The algorithm URI as in `SignatureData.algorithm`.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaPssSha256 => "http://opcfoundation.org/UA/security/rsa-pss-sha2-256",
        }
    }
}

/// How a block is encrypted with an RSA key. There is no PKCS#1 v1.5 here, and there must never be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncryptionScheme {
    /// RSAES-OAEP with SHA-1 and MGF1-SHA-1.
    OaepSha1,
    /// RSAES-OAEP with SHA-256 and MGF1-SHA-256.
    OaepSha256,
}

impl EncryptionScheme {
    /// The algorithm URI as in `EncryptedData` and user identity tokens.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::OaepSha1 => "http://www.w3.org/2001/04/xmlenc#rsa-oaep",
            Self::OaepSha256 => "http://opcfoundation.org/UA/security/rsa-oaep-sha2-256",
        }
    }

    /// Bytes of plain text that fit into one block of a key of `key_bytes`; 0 when the key is too small.
    #[must_use]
    pub fn plain_block(self, key_bytes: usize) -> usize {
        let overhead = match self {
            Self::OaepSha1 => 2 * 20 + 2,
            Self::OaepSha256 => 2 * 32 + 2,
        };
        key_bytes.saturating_sub(overhead)
    }
}
