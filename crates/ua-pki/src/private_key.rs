//! Our own private key: made, kept and used here, and never shown.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey,
    PrivateDecryptingKey,
};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256};
use zeroize::Zeroizing;

use crate::store::files;
use crate::{EncryptionScheme, Error, PublicKey, SignatureScheme};

/// Most bytes a key file may have.
const MAX_KEY_FILE: u64 = 32 * 1024;

/// An RSA private key. Cheap to clone; `Debug` shows its size and nothing else.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    signing: KeyPair,
    decrypting: OaepPrivateDecryptingKey,
    /// RSAPublicKey.
    public: Vec<u8>,
}

impl PrivateKey {
    /// Makes a new RSA key of 2048, 3072 or 4096 bits with the system's random generator.
    pub fn generate_rsa(bits: usize) -> Result<Self, Error> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => {
                return Err(Error::UnsupportedKey {
                    operation: "making a key",
                    key: format!("{bits} bits (choose 2048, 3072 or 4096)"),
                });
            }
        };
        let key = PrivateDecryptingKey::generate(size).map_err(|_| Error::Crypto)?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Error::Crypto)?;
        Self::from_pkcs8_der(der.as_ref())
    }

    /// Reads a key from PEM text with a `PRIVATE KEY` block (PKCS#8, not encrypted).
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, Error> {
        let block = pem::parse(pem).map_err(|error| Error::UnusableKey(error.to_string()))?;
        let tag = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        match tag.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8_der(&der),
            "ENCRYPTED PRIVATE KEY" => Err(Error::UnusableKey("it is encrypted with a password".to_owned())),
            other => Err(Error::UnusableKey(format!("expected a PRIVATE KEY block, found {other}"))),
        }
    }

    /// Reads a key file. Refuses one that others can read ([`Error::KeyPermissions`]).
    pub fn load(path: &Path) -> Result<Self, Error> {
        let mode = files::mode_for_others(path)?;
        if mode != 0 {
            return Err(Error::KeyPermissions { path: path.to_owned(), mode });
        }
        let bytes = Zeroizing::new(files::read_limited(path, MAX_KEY_FILE)?);
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| Error::UnusableKey(format!("{} is no PEM text", path.display())))?;
        Self::from_pkcs8_pem(text)
    }

    /// Writes the key as PKCS#8 PEM for the owner alone (0600), whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        files::write_atomic(path, self.to_pkcs8_pem()?.as_bytes(), 0o600)
    }

    /// Length of the modulus in bytes.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        self.0.signing.public_modulus_len()
    }

    /// Signs a message; the signature has [`key_bytes`](Self::key_bytes) bytes.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = match scheme {
            SignatureScheme::RsaPkcs1Sha256 => &RSA_PKCS1_SHA256,
            SignatureScheme::RsaPssSha256 => &RSA_PSS_SHA256,
        };
        let mut signature = vec![0; self.key_bytes()];
        self.0
            .signing
            .sign(padding, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| Error::Crypto)?;
        Ok(signature)
    }

    /// Decrypts one block of exactly [`key_bytes`](Self::key_bytes) bytes. Fails in one way only.
    pub fn decrypt_block(&self, scheme: EncryptionScheme, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let algorithm = match scheme {
            EncryptionScheme::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            EncryptionScheme::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut plain = Zeroizing::new(vec![0; self.0.decrypting.min_output_size()]);
        let length =
            self.0.decrypting.decrypt(algorithm, block, &mut plain, None).map_err(|_| Error::Crypto)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Whether it is the private half of this public key.
    #[must_use]
    pub fn belongs_to(&self, public: &PublicKey) -> bool {
        self.0.public == public.inner_der()
    }

    /// The key as PKCS#8 PEM; wiped from memory when dropped.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Error> {
        let der: Pkcs8V1Der<'_> = self.0.signing.as_der().map_err(|_| Error::Crypto)?;
        let block = pem::Pem::new("PRIVATE KEY", der.as_ref());
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let text = Zeroizing::new(pem::encode_config(&block, config));
        drop(Zeroizing::new(block.into_contents()));
        Ok(text)
    }

    /// RSAPublicKey in DER.
    pub(crate) fn public_der(&self) -> &[u8] {
        &self.0.public
    }

    fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        let unusable = || Error::UnusableKey("no RSA key of 2048 to 8192 bits in PKCS#8".to_owned());
        let signing = KeyPair::from_pkcs8(der).map_err(|_| unusable())?;
        let decrypting = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| unusable())?;
        let decrypting = OaepPrivateDecryptingKey::new(decrypting).map_err(|_| unusable())?;
        let public = signing.public_key().as_ref().to_vec();
        Ok(Self(Arc::new(Inner { signing, decrypting, public })))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(RSA, {} bits)", self.key_bytes() * 8)
    }
}
