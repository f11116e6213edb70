//! RSA blocks: what OPN messages and legacy passwords are encrypted with (Part 6 §6.7.2.5).
//!
//! Rule PO-03: the number of blocks is limited by the callers, every block is decrypted whatever became of the ones
//! before, and failures are gathered without a branch on their position.

use subtle::Choice;
use ua_pki::{PrivateKey, PublicKey};
use zeroize::Zeroizing;

use super::policy::PolicyRow;
use crate::Error;

/// Bytes of plaintext per RSA block of a key of `key_bytes`.
pub(crate) fn plain_block(row: &PolicyRow, key_bytes: usize) -> Result<usize, Error> {
    key_bytes.checked_sub(row.encryption_overhead).filter(|len| *len > 0).ok_or(Error::CryptoFailed)
}

/// Encrypts `plain` in full blocks; the last one may be shorter.
pub(crate) fn encrypt(row: &PolicyRow, key: &PublicKey, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let block_len = plain_block(row, key.key_bytes())?;
    let blocks = plain.len().div_ceil(block_len);
    let mut out = Vec::with_capacity(blocks.saturating_mul(key.key_bytes()));
    for block in plain.chunks(block_len) {
        out.extend(key.encrypt_block(row.encryption, block).map_err(|_| Error::CryptoFailed)?);
    }
    Ok(out)
}

/// Decrypts all blocks. The flag says whether every one of them was good; where one was not, zeros stand in for it so
/// that the caller goes the same way to the end.
///
/// # Errors
/// [`Error::SecurityChecksFailed`] when the length is no whole number of blocks: public knowledge, no oracle.
pub(crate) fn decrypt(
    row: &PolicyRow,
    key: &PrivateKey,
    cipher: &[u8],
) -> Result<(Choice, Zeroizing<Vec<u8>>), Error> {
    let key_bytes = key.key_bytes();
    let block_len = plain_block(row, key_bytes).map_err(|_| Error::SecurityChecksFailed)?;
    if cipher.is_empty() || !cipher.len().is_multiple_of(key_bytes) {
        return Err(Error::SecurityChecksFailed);
    }
    let blocks = cipher.len().div_euclid(key_bytes);
    let mut plain = Zeroizing::new(Vec::with_capacity(blocks.saturating_mul(block_len)));
    let mut good = Choice::from(1);
    for block in cipher.chunks(key_bytes) {
        let opened = key.decrypt_block(row.encryption, block);
        good &= Choice::from(u8::from(opened.is_ok()));
        let opened = opened.unwrap_or_else(|_| Zeroizing::new(vec![0; block_len]));
        plain.extend_from_slice(&opened);
    }
    Ok((good, plain))
}
