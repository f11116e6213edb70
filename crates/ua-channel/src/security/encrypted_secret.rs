//! RsaEncryptedSecret (i=17545): secrets that the legacy form is too short for (Part 4 §7.40.2.3, §7.40.2.4).
//!
//! ```text
//! in clear      TypeId  1  Length  SecurityPolicyUri  Certificate  SigningTime  KeyDataLength
//! RSA, a block  SigningKey  EncryptingKey  InitializationVector
//! AES-CBC       Nonce  Secret  Padding…  PaddingSize (two bytes)
//! HMAC-SHA256   over everything before it
//! ```
//! The keys are made for this one secret. The certificate is named by its SHA-1 thumbprint, and the nonce is the server's
//! last one, which binds the secret to this one login.

use std::ops::RangeInclusive;

use aws_lc_rs::hmac;
use subtle::{Choice, ConstantTimeEq};
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy};
use zeroize::Zeroizing;

use super::policy::{self, BLOCK_LEN, MAC_LEN, PolicyRow};
use super::symmetric::CipherKey;
use super::{EncryptedSecret, asymmetric, user_secret};
use crate::decode::Reader;
use crate::wire::writer::Write;
use crate::{Error, Random};

/// Longest secret of this form, bytes.
pub const MAX_SECRET: usize = 64 * 1024;

/// Encrypts a secret for the holder of `receiver`. `signing_time` is the wall time in 100 ns ticks since 1601-01-01 UTC.
///
/// The caller must have validated the certificate (rule RF-02).
///
/// # Errors
/// [`Error::PasswordTooLong`] above [`MAX_SECRET`] bytes; [`Error::CryptoFailed`] for policy None or an unfit key;
/// [`Error::RandomUnavailable`].
pub fn encrypt_secret(
    policy: SecurityPolicy,
    receiver: &Certificate,
    secret: &[u8],
    server_nonce: &[u8],
    signing_time: i64,
    random: &mut dyn Random,
) -> Result<EncryptedSecret, Error> {
    let row = policy::row(policy).ok_or(Error::CryptoFailed)?;
    if secret.len() > MAX_SECRET {
        return Err(Error::PasswordTooLong { len: secret.len(), max: MAX_SECRET });
    }
    let mut material = Zeroizing::new(vec![0; Lengths::of(row).sum()]);
    random.fill(&mut material)?;
    let keys = Keys::cut(row, &material).ok_or(Error::CryptoFailed)?;
    let mut key_data = Zeroizing::new(Vec::with_capacity(Lengths::of(row).encoded()));
    for key in [keys.signing, keys.encrypting, keys.iv] {
        key_data.put_bytes(Some(key));
    }
    let key_data = asymmetric::encrypt(row.encryption, receiver.public_key(), &key_data)?;
    let key_data_len = u16::try_from(key_data.len()).map_err(|_| Error::CryptoFailed)?;
    let mut payload = payload(secret, server_nonce);
    keys.cipher(row)?.encrypt(&mut payload)?;

    let mut body = Vec::with_capacity(payload.len().saturating_add(1024));
    body.put_bytes(Some(policy.uri().as_bytes()));
    body.put_bytes(Some(receiver.thumbprint().as_bytes()));
    body.put_i64(signing_time);
    body.extend_from_slice(&key_data_len.to_le_bytes());
    body.extend_from_slice(&key_data);
    body.extend_from_slice(&payload);
    let mut bytes = TYPE_ID.to_vec();
    bytes.push(BINARY);
    bytes.put_u32(u32::try_from(body.len().saturating_add(MAC_LEN)).map_err(|_| Error::CryptoFailed)?);
    bytes.append(&mut body);
    let signature = hmac::sign(&keys.mac(), &bytes);
    bytes.extend_from_slice(signature.as_ref());
    Ok(EncryptedSecret { algorithm_uri: row.encryption.uri(), bytes })
}

/// Decrypts a secret that a client sent, in whichever of both forms, and checks that it is bound to `server_nonce` and,
/// in this form, that it was signed at a time that is `accepted` (100 ns ticks since 1601-01-01 UTC).
///
/// # Errors
/// [`Error::SecretRejected`] whatever is wrong (rule PO-05).
pub fn decrypt_secret(
    policy: SecurityPolicy,
    own: &ApplicationIdentity,
    algorithm: Option<&str>,
    bytes: &[u8],
    server_nonce: &[u8],
    accepted: &RangeInclusive<i64>,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    if !is_encrypted_secret(bytes) {
        return user_secret::decrypt_password(policy, own.key(), algorithm, bytes, server_nonce);
    }
    let row = policy::row(policy).ok_or(Error::SecretRejected)?;
    // the form says itself how it is encrypted, so that some stacks name no algorithm beside it
    if algorithm.is_some_and(|uri| !uri.is_empty() && uri != row.encryption.uri()) {
        return Err(Error::SecretRejected);
    }
    let envelope = Envelope::read(bytes).ok_or(Error::SecretRejected)?;
    // all of this is public, and is looked at before the private key is used (rule PO-02)
    if envelope.policy_uri != policy.uri().as_bytes()
        || envelope.thumbprint != own.certificate().thumbprint().as_bytes()
        || !accepted.contains(&envelope.signing_time)
        || envelope.key_data.len() != own.key().key_bytes()
    {
        return Err(Error::SecretRejected);
    }
    envelope.open(row, own, server_nonce).ok_or(Error::SecretRejected)
}

/// Whether a password's bytes begin like this form, whatever algorithm is named beside them. A ciphertext of the legacy form does so once in 2^40 times, and is then
/// refused by the length behind it.
#[must_use]
pub fn is_encrypted_secret(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(bytes);
    reader.type_id() == Ok(RSA_ENCRYPTED_SECRET) && reader.u8() == Ok(BINARY)
}

/// The parts as they came, none of them believed yet.
struct Envelope<'a> {
    policy_uri: &'a [u8],
    thumbprint: &'a [u8],
    signing_time: i64,
    key_data: &'a [u8],
    payload: &'a [u8],
    /// Everything before the signature.
    signed: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_ENVELOPE {
            return None;
        }
        let mut reader = Reader::new(bytes);
        (reader.type_id().ok()? == RSA_ENCRYPTED_SECRET && reader.u8().ok()? == BINARY).then_some(())?;
        (usize::try_from(reader.u32().ok()?).ok()? == reader.remaining()).then_some(())?;
        let policy_uri = reader.byte_string().ok()??;
        let thumbprint = reader.byte_string().ok()??;
        let signing_time = reader.i64().ok()?;
        let key_data_len = reader.u16().ok()?;
        let key_data = reader.take(key_data_len.into()).ok()?;
        let payload = reader.take(reader.remaining().checked_sub(MAC_LEN)?).ok()?;
        (!payload.is_empty() && payload.len().is_multiple_of(BLOCK_LEN)).then_some(())?;
        let (signed, signature) = bytes.split_at_checked(bytes.len().checked_sub(MAC_LEN)?)?;
        Some(Self { policy_uri, thumbprint, signing_time, key_data, payload, signed, signature })
    }

    /// Decrypts the keys, then verifies and decrypts with whatever came of it: a block that does not decrypt takes the
    /// same way to the end as one with other keys in it.
    fn open(
        &self,
        row: PolicyRow,
        own: &ApplicationIdentity,
        server_nonce: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (mut good, mut key_data) = asymmetric::decrypt(row.encryption, own.key(), self.key_data).ok()?;
        let lengths = Lengths::of(row);
        good &= key_data.len().ct_eq(&lengths.encoded());
        key_data.resize(lengths.encoded(), 0);
        let mut material = Zeroizing::new(Vec::with_capacity(lengths.sum()));
        let mut reader = Reader::new(&key_data);
        for len in [lengths.signing, lengths.encrypting, lengths.iv] {
            good &= reader.u32().ok()?.ct_eq(&u32::try_from(len).ok()?);
            material.extend_from_slice(reader.take(len).ok()?);
        }
        let keys = Keys::cut(row, &material)?;
        let authentic = hmac::verify(&keys.mac(), self.signed, self.signature).is_ok();
        good &= Choice::from(u8::from(authentic));
        let mut payload = Zeroizing::new(self.payload.to_vec());
        keys.cipher(row).ok()?.decrypt(&mut payload).ok()?;
        let secret = secret_in(&payload, server_nonce).map(|secret| Zeroizing::new(secret.to_vec()));
        if bool::from(good) { secret } else { None }
    }
}

/// Nonce, secret and padding, ready to be encrypted. Short secrets are padded to a block at least (Part 6 §6.8.3).
fn payload(secret: &[u8], server_nonce: &[u8]) -> Zeroizing<Vec<u8>> {
    let unpadded = server_nonce.len().saturating_add(secret.len()).saturating_add(10);
    let mut padding = unpadded.next_multiple_of(BLOCK_LEN).saturating_sub(unpadded);
    if padding.saturating_add(secret.len()) < BLOCK_LEN {
        padding = padding.saturating_add(BLOCK_LEN);
    }
    let [low, high, ..] = padding.to_le_bytes();
    let mut payload = Zeroizing::new(Vec::with_capacity(unpadded.saturating_add(padding)));
    payload.put_bytes(Some(server_nonce));
    payload.put_bytes(Some(secret));
    let padded = payload.len().saturating_add(padding);
    payload.resize(padded, low);
    payload.extend_from_slice(&[low, high]);
    payload
}

/// The secret in a decrypted payload, if nonce, lengths and padding are right.
fn secret_in<'a>(payload: &'a [u8], server_nonce: &[u8]) -> Option<&'a [u8]> {
    let mut reader = Reader::new(payload);
    let nonce = reader.byte_string().ok()??;
    let secret = reader.byte_string().ok()?.unwrap_or_default();
    let (padding, size) = reader.rest().split_last_chunk::<2>()?;
    let right_size = usize::from(u16::from_le_bytes(*size)) == padding.len();
    let [low, _] = *size;
    let right = right_size && padding.iter().all(|byte| *byte == low);
    let same: bool = nonce.ct_eq(server_nonce).into();
    (same && right && secret.len() <= MAX_SECRET).then_some(secret)
}

/// The keys of one secret.
struct Keys<'a> {
    signing: &'a [u8],
    encrypting: &'a [u8],
    iv: &'a [u8],
}

impl<'a> Keys<'a> {
    fn cut(row: PolicyRow, material: &'a [u8]) -> Option<Self> {
        let lengths = Lengths::of(row);
        let (signing, rest) = material.split_at_checked(lengths.signing)?;
        let (encrypting, iv) = rest.split_at_checked(lengths.encrypting)?;
        Some(Self { signing, encrypting, iv })
    }

    fn mac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.signing)
    }

    fn cipher(&self, row: PolicyRow) -> Result<CipherKey, Error> {
        CipherKey::new(row.cipher, self.encrypting, self.iv)
    }
}

/// Bytes of each key.
#[derive(Clone, Copy)]
struct Lengths {
    signing: usize,
    encrypting: usize,
    iv: usize,
}

impl Lengths {
    fn of(row: PolicyRow) -> Self {
        Self { signing: MAC_LEN, encrypting: row.cipher.key_len(), iv: BLOCK_LEN }
    }

    fn sum(self) -> usize {
        self.signing.saturating_add(self.encrypting).saturating_add(self.iv)
    }

    /// With a length field in front of each.
    fn encoded(self) -> usize {
        self.sum().saturating_add(12)
    }
}

const RSA_ENCRYPTED_SECRET: u32 = 17545;
/// The same as a NodeId of four bytes.
const TYPE_ID: [u8; 4] = [1, 0, 0x89, 0x44];
/// Encoding of an ExtensionObject with a body in binary.
const BINARY: u8 = 1;
/// The longest secret with everything around it.
const MAX_ENVELOPE: usize = MAX_SECRET + 2048;
