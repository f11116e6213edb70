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
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256,
};
use zeroize::Zeroizing;

use crate::pem_text::{fault, label};
use crate::store::files;
use crate::{EncryptionScheme, Error, KeyKind, PublicKey, SignatureScheme};

/// Most bytes a key file may have.
const MAX_KEY_FILE: u64 = 32 * 1024;

/// A private key: RSA of 2048 to 8192 bits, or on the curve P-256 or P-384. Cheap to clone; `Debug` shows its kind and
/// nothing else.
///
/// The security policies of this crate are RSA policies: with a key on a curve [`sign`](Self::sign) and
/// [`decrypt_block`](Self::decrypt_block) end with [`Error::UnsupportedKey`], while certificates, requests and
/// revocation lists can be signed with it.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    kind: KeyKind,
    secret: Secret,
    /// RSAPublicKey, or the uncompressed point.
    public: Vec<u8>,
}

enum Secret {
    Rsa { signing: KeyPair, decrypting: OaepPrivateDecryptingKey },
    Curve(EcdsaKeyPair),
}

impl PrivateKey {
    /// Makes a new key with the system's random generator: RSA of 2048, 3072 or 4096 bits, P-256 or P-384.
    pub fn generate(kind: KeyKind) -> Result<Self, Error> {
        let unsupported =
            |key| Error::UnsupportedKey { operation: "making a key", key: format!("{key} ({CHOICE})") };
        match kind {
            KeyKind::Rsa { bits } => {
                let size = match bits {
                    2048 => KeySize::Rsa2048,
                    3072 => KeySize::Rsa3072,
                    4096 => KeySize::Rsa4096,
                    _ => return Err(unsupported(kind.to_string())),
                };
                let key = PrivateDecryptingKey::generate(size).map_err(|_| Error::Crypto)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Error::Crypto)?;
                Self::from_pkcs8_der(der.as_ref())
            }
            KeyKind::EcP256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                .map(|pair| Self::curve(kind, pair))
                .map_err(|_| Error::Crypto),
            KeyKind::EcP384 => EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING)
                .map(|pair| Self::curve(kind, pair))
                .map_err(|_| Error::Crypto),
            KeyKind::Other => Err(unsupported(kind.to_string())),
        }
    }

    /// Makes a new RSA key of 2048, 3072 or 4096 bits with the system's random generator.
    pub fn generate_rsa(bits: usize) -> Result<Self, Error> {
        Self::generate(KeyKind::Rsa { bits })
    }

    /// Reads a key from PEM text: the first block with a private key counts. PKCS#8 (`PRIVATE KEY`) is what we write;
    /// the older `RSA PRIVATE KEY` and `EC PRIVATE KEY` are read as well. An encrypted key is refused.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, Error> {
        let blocks = pem::parse_many(pem).map_err(|error| Error::UnusableKey(fault(&error).to_owned()))?;
        let mut others = Vec::new();
        for block in blocks {
            let tag = block.tag().to_owned();
            let encrypted = block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED"));
            let der = Zeroizing::new(block.into_contents());
            if tag == "ENCRYPTED PRIVATE KEY" || encrypted {
                return Err(Error::UnusableKey(ENCRYPTED.to_owned()));
            }
            match tag.as_str() {
                "PRIVATE KEY" => return Self::from_pkcs8_der(&der),
                "RSA PRIVATE KEY" => return Self::from_rsa_der(&der),
                "EC PRIVATE KEY" => return Self::from_curve_der(&der),
                _ => others.push(tag),
            }
        }
        Err(Error::UnusableKey(match others.first() {
            Some(found) => format!("expected a PRIVATE KEY block, found {}", label(found)),
            None => "no PEM block in it".to_owned(),
        }))
    }

    /// Reads a key file, PEM or DER (PKCS#8). Refuses one that others can read ([`Error::KeyPermissions`]) and one of
    /// more than 32 KiB; what is wrong with the content is said with the name of the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = files::read_private(path, MAX_KEY_FILE)?;
        let read = match std::str::from_utf8(&bytes) {
            Ok(text) if text.contains("-----BEGIN") => Self::from_pkcs8_pem(text),
            _ => Self::from_pkcs8_der(&bytes),
        };
        read.map_err(|error| match error {
            Error::UnusableKey(why) => Error::UnusableKey(format!("{}: {why}", path.display())),
            other => other,
        })
    }

    /// Writes the key as PKCS#8 PEM for the owner alone (0600), whole or not at all.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        files::write_atomic(path, self.to_pkcs8_pem()?.as_bytes(), 0o600)
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// Length of the RSA modulus in bytes; 0 when the key is not RSA.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        match &self.0.secret {
            Secret::Rsa { signing, .. } => signing.public_modulus_len(),
            Secret::Curve(_) => 0,
        }
    }

    /// Signs a message; the signature has [`key_bytes`](Self::key_bytes) bytes. Needs an RSA key.
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let Secret::Rsa { signing, .. } = &self.0.secret else {
            return Err(self.unsupported("signing with an RSA policy"));
        };
        let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = match scheme {
            SignatureScheme::RsaPkcs1Sha256 => &RSA_PKCS1_SHA256,
            SignatureScheme::RsaPssSha256 => &RSA_PSS_SHA256,
        };
        let mut signature = vec![0; self.key_bytes()];
        signing.sign(padding, &SystemRandom::new(), message, &mut signature).map_err(|_| Error::Crypto)?;
        Ok(signature)
    }

    /// Decrypts one block of exactly [`key_bytes`](Self::key_bytes) bytes. Needs an RSA key; apart from that it fails in
    /// one way only.
    pub fn decrypt_block(&self, scheme: EncryptionScheme, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Secret::Rsa { decrypting, .. } = &self.0.secret else {
            return Err(self.unsupported("decrypting with an RSA policy"));
        };
        let algorithm = match scheme {
            EncryptionScheme::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            EncryptionScheme::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let mut plain = Zeroizing::new(vec![0; decrypting.min_output_size()]);
        let length = decrypting.decrypt(algorithm, block, &mut plain, None).map_err(|_| Error::Crypto)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Whether it is the private half of this public key.
    #[must_use]
    pub fn belongs_to(&self, public: &PublicKey) -> bool {
        self.0.kind == public.kind() && self.0.public == public.inner_der()
    }

    /// The key as PKCS#8 PEM; wiped from memory when dropped.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, Error> {
        let block = match &self.0.secret {
            Secret::Rsa { signing, .. } => {
                let der: Pkcs8V1Der<'_> = signing.as_der().map_err(|_| Error::Crypto)?;
                pem::Pem::new("PRIVATE KEY", der.as_ref())
            }
            Secret::Curve(pair) => {
                let der = pair.to_pkcs8v1().map_err(|_| Error::Crypto)?;
                pem::Pem::new("PRIVATE KEY", der.as_ref())
            }
        };
        let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        let text = Zeroizing::new(pem::encode_config(&block, config));
        drop(Zeroizing::new(block.into_contents()));
        Ok(text)
    }

    /// RSAPublicKey in DER, or the uncompressed point.
    pub(crate) fn public_der(&self) -> &[u8] {
        &self.0.public
    }

    /// Signs a certificate, a request or a revocation list: RSA with SHA-256, ECDSA with the hash of the curve.
    pub(crate) fn sign_document(&self, document: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.0.secret {
            Secret::Rsa { .. } => self.sign(SignatureScheme::RsaPkcs1Sha256, document),
            Secret::Curve(pair) => pair
                .sign(&SystemRandom::new(), document)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::Crypto),
        }
    }

    fn from_pkcs8_der(der: &[u8]) -> Result<Self, Error> {
        match KeyPair::from_pkcs8(der) {
            Ok(signing) => Self::rsa(signing, PrivateDecryptingKey::from_pkcs8(der).ok()),
            Err(_) => Self::from_curve_der(der),
        }
    }

    /// RSAPrivateKey (PKCS#1).
    fn from_rsa_der(der: &[u8]) -> Result<Self, Error> {
        let signing = KeyPair::from_der(der).map_err(|_| unusable())?;
        let pkcs8: Pkcs8V1Der<'_> = signing.as_der().map_err(|_| Error::Crypto)?;
        Self::from_pkcs8_der(pkcs8.as_ref())
    }

    /// PKCS#8 or ECPrivateKey (RFC 5915).
    fn from_curve_der(der: &[u8]) -> Result<Self, Error> {
        let curves = [
            (KeyKind::EcP256, &ECDSA_P256_SHA256_ASN1_SIGNING),
            (KeyKind::EcP384, &ECDSA_P384_SHA384_ASN1_SIGNING),
        ];
        let found = curves
            .into_iter()
            .find_map(|(kind, curve)| Some((kind, EcdsaKeyPair::from_private_key_der(curve, der).ok()?)));
        found.map(|(kind, pair)| Self::curve(kind, pair)).ok_or_else(unusable)
    }

    fn rsa(signing: KeyPair, decrypting: Option<PrivateDecryptingKey>) -> Result<Self, Error> {
        let decrypting = decrypting.and_then(|key| OaepPrivateDecryptingKey::new(key).ok());
        let decrypting = decrypting.ok_or_else(unusable)?;
        let public = signing.public_key().as_ref().to_vec();
        let kind = KeyKind::Rsa { bits: signing.public_modulus_len().saturating_mul(8) };
        Ok(Self(Arc::new(Inner { kind, secret: Secret::Rsa { signing, decrypting }, public })))
    }

    fn curve(kind: KeyKind, pair: EcdsaKeyPair) -> Self {
        let public = pair.public_key().as_ref().to_vec();
        Self(Arc::new(Inner { kind, secret: Secret::Curve(pair), public }))
    }

    fn unsupported(&self, operation: &'static str) -> Error {
        Error::UnsupportedKey { operation, key: self.0.kind.to_string() }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            KeyKind::Rsa { bits } => write!(f, "PrivateKey(RSA, {bits} bits)"),
            KeyKind::EcP256 => f.write_str("PrivateKey(EC P-256)"),
            KeyKind::EcP384 => f.write_str("PrivateKey(EC P-384)"),
            KeyKind::Other => f.write_str("PrivateKey"),
        }
    }
}

fn unusable() -> Error {
    Error::UnusableKey(UNUSABLE.to_owned())
}

/// The keys that can be made.
const CHOICE: &str = "choose RSA with 2048, 3072 or 4096 bits, or the curves P-256 or P-384";
const UNUSABLE: &str = "no RSA key of 2048 to 8192 bits and no key on the curves P-256 or P-384 can be read from it \
                        (PEM or DER, PKCS#8)";
const ENCRYPTED: &str = "it is encrypted with a password; write it without one: openssl pkcs8 -topk8 -nocrypt -in FILE \
                         -out NEWFILE, and chmod 600 NEWFILE";
