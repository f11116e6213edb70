//! Proofs and secrets of a session: signatures over the peer's nonce, and passwords (Part 4 §5.7.2, §7.40.2.2).

use ua_pki::{PrivateKey, PublicKey, SecurityPolicy};
use zeroize::Zeroizing;

use super::policy;
use crate::Error;

/// A signature and the URI of its algorithm, ready for a `SignatureData`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureBytes {
    /// URI of the algorithm.
    pub algorithm: &'static str,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A password encrypted for a server, ready for a `UserNameIdentityToken`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedSecret {
    /// URI for `encryptionAlgorithm`.
    pub algorithm_uri: &'static str,
    /// The ciphertext for `password`.
    pub bytes: Vec<u8>,
}

/// Longest secret of the legacy RSA form, bytes (Part 4 §7.40.2.2).
pub const MAX_LEGACY_SECRET: usize = 64;

/// Signs `peer_certificate_der ‖ peer_nonce` with our key: the ServerSignature of CreateSession or the ClientSignature
/// of ActivateSession (Part 4 §5.7.2.2, §5.7.3.2). The certificate is the leaf alone.
///
/// # Errors
/// [`Error::CryptoFailed`] for policy None or a key that cannot sign.
pub fn sign_peer_proof(
    policy: SecurityPolicy,
    key: &PrivateKey,
    peer_certificate_der: &[u8],
    peer_nonce: &[u8],
) -> Result<SignatureBytes, Error> {
    let row = policy::row(policy).ok_or(Error::CryptoFailed)?;
    let message = [peer_certificate_der, peer_nonce].concat();
    let signature = key.sign(row.signature, &message).map_err(|_| Error::CryptoFailed)?;
    Ok(SignatureBytes { algorithm: row.signature.uri(), signature })
}

/// Verifies the peer's signature over `own_certificate_der ‖ own_nonce`.
///
/// Some stacks sign over the whole chain instead of the leaf: a caller that has to accept that calls a second time
/// with the chain.
///
/// # Errors
/// [`Error::SignatureInvalid`] for a missing or foreign algorithm URI, a wrong signature, or policy None.
pub fn verify_peer_proof(
    policy: SecurityPolicy,
    key: &PublicKey,
    own_certificate_der: &[u8],
    own_nonce: &[u8],
    algorithm: Option<&str>,
    signature: &[u8],
) -> Result<(), Error> {
    let row = policy::row(policy).ok_or(Error::SignatureInvalid)?;
    if algorithm != Some(row.signature.uri()) {
        return Err(Error::SignatureInvalid);
    }
    let message = [own_certificate_der, own_nonce].concat();
    key.verify(row.signature, &message, signature).map_err(|_| Error::SignatureInvalid)
}

/// Encrypts a password for a server in the legacy RSA form: length ‖ secret ‖ last server nonce, block by block.
///
/// The caller must have validated the certificate that `key` comes from (rule RF-02).
///
/// # Errors
/// [`Error::PasswordTooLong`] above [`MAX_LEGACY_SECRET`] bytes, [`Error::CryptoFailed`] for policy None (a password is
/// never sent in the clear by this function) or an unfit key.
pub fn encrypt_password(
    policy: SecurityPolicy,
    key: &PublicKey,
    secret: &[u8],
    server_nonce: &[u8],
) -> Result<EncryptedSecret, Error> {
    let row = policy::row(policy).ok_or(Error::CryptoFailed)?;
    if secret.len() > MAX_LEGACY_SECRET {
        return Err(Error::PasswordTooLong { len: secret.len(), max: MAX_LEGACY_SECRET });
    }
    let bound_len =
        u32::try_from(secret.len().saturating_add(server_nonce.len())).map_err(|_| Error::CryptoFailed)?;
    let mut plain =
        Zeroizing::new(Vec::with_capacity(secret.len().saturating_add(server_nonce.len()).saturating_add(4)));
    plain.extend_from_slice(&bound_len.to_le_bytes());
    plain.extend_from_slice(secret);
    plain.extend_from_slice(server_nonce);
    let bytes = super::asymmetric::encrypt(row.encryption, key, &plain)?;
    Ok(EncryptedSecret { algorithm_uri: row.encryption.uri(), bytes })
}

/// Decrypts a password that a client encrypted with our certificate, and checks that it is bound to `server_nonce`.
///
/// # Errors
/// [`Error::SecretRejected`] whatever is wrong: algorithm, ciphertext length, padding, length field, nonce (rule PO-05).
pub fn decrypt_password(
    policy: SecurityPolicy,
    key: &PrivateKey,
    algorithm: Option<&str>,
    bytes: &[u8],
    server_nonce: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let row = policy::row(policy).ok_or(Error::SecretRejected)?;
    if algorithm != Some(row.encryption.uri())
        || bytes.len() > key.key_bytes().saturating_mul(MAX_SECRET_BLOCKS)
    {
        return Err(Error::SecretRejected);
    }
    let (blocks_ok, plain) =
        super::asymmetric::decrypt(row.encryption, key, bytes).map_err(|_| Error::SecretRejected)?;
    let opened = open_legacy_secret(&plain, server_nonce);
    match (bool::from(blocks_ok), opened) {
        (true, Some(secret)) => Ok(Zeroizing::new(secret.to_vec())),
        _ => Err(Error::SecretRejected),
    }
}

/// The secret inside `length ‖ secret ‖ nonce`. Bytes behind it are not looked at: some stacks pad the last block, with
/// what the standard does not say, and whoever encrypts could have put anything into the secret itself.
fn open_legacy_secret<'a>(plain: &'a [u8], server_nonce: &[u8]) -> Option<&'a [u8]> {
    let (len, rest) = plain.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (bound, _) = rest.split_at_checked(len)?;
    let secret_len = len.checked_sub(server_nonce.len())?;
    let (secret, nonce) = bound.split_at_checked(secret_len)?;
    let same: bool = subtle::ConstantTimeEq::ct_eq(nonce, server_nonce).into();
    (same && secret_len <= MAX_LEGACY_SECRET).then_some(secret)
}

/// RSA blocks a password may take: 4 + 64 + 128 bytes fit into three blocks of a 2048 bit key.
const MAX_SECRET_BLOCKS: usize = 4;
