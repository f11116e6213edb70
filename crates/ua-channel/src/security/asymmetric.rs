//! RSA blocks: what OPN messages and legacy passwords are encrypted with (Part 6 §6.7.2.5).
//!
//! Rule PO-03: the number of blocks is limited by the callers, every block is decrypted whatever became of the ones
//! before, and failures are gathered without a branch on their position.

use subtle::{Choice, ConstantTimeEq};
use ua_pki::{Certificate, EncryptionScheme, PrivateKey, PublicKey};
use zeroize::{Zeroize, Zeroizing};

use super::policy::PolicyRow;
use crate::Error;
use crate::wire::frame::set_size;

/// Encrypts `plain` in full blocks; the last one may be shorter.
pub(crate) fn encrypt(scheme: EncryptionScheme, key: &PublicKey, plain: &[u8]) -> Result<Vec<u8>, Error> {
    let block_len = scheme.plain_block(key.key_bytes());
    if block_len == 0 {
        return Err(Error::CryptoFailed);
    }
    let blocks = plain.len().div_ceil(block_len);
    let mut out = Vec::with_capacity(blocks.saturating_mul(key.key_bytes()));
    for block in plain.chunks(block_len) {
        out.extend(key.encrypt_block(scheme, block).map_err(|_| Error::CryptoFailed)?);
    }
    Ok(out)
}

/// Decrypts all blocks. The flag says whether every one of them was good; where one was not, zeros stand in for it so
/// that the caller goes the same way to the end.
///
/// # Errors
/// [`Error::SecurityChecksFailed`] when the length is no whole number of blocks: public knowledge, no oracle.
pub(crate) fn decrypt(
    scheme: EncryptionScheme,
    key: &PrivateKey,
    cipher: &[u8],
) -> Result<(Choice, Zeroizing<Vec<u8>>), Error> {
    let key_bytes = key.key_bytes();
    let block_len = scheme.plain_block(key_bytes);
    if block_len == 0 || cipher.is_empty() || !cipher.len().is_multiple_of(key_bytes) {
        return Err(Error::SecurityChecksFailed);
    }
    let blocks = cipher.len().div_euclid(key_bytes);
    let mut plain = Zeroizing::new(Vec::with_capacity(blocks.saturating_mul(block_len)));
    let mut good = Choice::from(1);
    for block in cipher.chunks(key_bytes) {
        let opened = key.decrypt_block(scheme, block);
        good &= Choice::from(u8::from(opened.is_ok()));
        let opened = opened.unwrap_or_else(|_| Zeroizing::new(vec![0; block_len]));
        plain.extend_from_slice(&opened);
    }
    Ok((good, plain))
}

/// Pads, signs and encrypts an OPN frame. `frame` holds the clear headers up to `header_len`, then sequence header and
/// body; it comes back ready for the wire, size field included.
pub(crate) fn seal(
    row: PolicyRow,
    own: &PrivateKey,
    peer: &PublicKey,
    mut frame: Vec<u8>,
    header_len: usize,
) -> Result<Vec<u8>, Error> {
    let block_len = row.encryption.plain_block(peer.key_bytes());
    if block_len == 0 {
        return Err(Error::CryptoFailed);
    }
    let extra = has_extra_padding(peer.key_bytes());
    let unpadded = frame
        .len()
        .saturating_sub(header_len)
        .saturating_add(1)
        .saturating_add(usize::from(extra))
        .saturating_add(own.key_bytes());
    let plain_len = unpadded.next_multiple_of(block_len);
    let [low, high, ..] = plain_len.saturating_sub(unpadded).to_le_bytes();
    let padded_len = frame.len().saturating_add(1).saturating_add(plain_len.saturating_sub(unpadded));
    frame.resize(padded_len, low);
    if extra {
        frame.push(high);
    }
    let cipher_len = plain_len.div_euclid(block_len).saturating_mul(peer.key_bytes());
    set_size(&mut frame, header_len.saturating_add(cipher_len));
    let signature = own.sign(row.signature, &frame).map_err(|_| Error::CryptoFailed)?;
    frame.extend_from_slice(&signature);
    let plain = frame.get_mut(header_len..).ok_or(Error::CryptoFailed)?;
    let cipher = encrypt(row.encryption, peer, plain)?;
    // the nonce in there is key material
    plain.zeroize();
    frame.truncate(header_len);
    frame.extend_from_slice(&cipher);
    Ok(frame)
}

/// Decrypts and verifies an OPN frame whose clear headers end at `header_len`; returns sequence header and body.
///
/// The caller has checked policy, certificate trust and thumbprint before (rule PO-02). All of decryption, signature
/// and padding is one error, and the signature is computed even over stand-in bytes (rule PO-04).
pub(crate) fn open(
    row: PolicyRow,
    own: &PrivateKey,
    peer: &Certificate,
    frame: &[u8],
    header_len: usize,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (header, cipher) = frame.split_at_checked(header_len).ok_or(Error::SecurityChecksFailed)?;
    if cipher.len() > own.key_bytes().saturating_mul(MAX_OPEN_BLOCKS) {
        return Err(Error::SecurityChecksFailed);
    }
    let (mut good, mut plain) = decrypt(row.encryption, own, cipher)?;
    // a block may hold less than it could, but not here: what follows must take its lengths from public numbers alone
    let full_len =
        cipher.len().div_euclid(own.key_bytes()).saturating_mul(row.encryption.plain_block(own.key_bytes()));
    good &= plain.len().ct_eq(&full_len);
    plain.resize(full_len, 0);
    let key = peer.public_key();
    let signed_len = plain.len().checked_sub(key.key_bytes()).ok_or(Error::SecurityChecksFailed)?;
    let (content, signature) = plain.split_at_checked(signed_len).ok_or(Error::SecurityChecksFailed)?;
    let signed = Zeroizing::new([header, content].concat());
    good &= Choice::from(u8::from(key.verify(row.signature, &signed, signature).is_ok()));
    let unpadded = unpadded_len(content, has_extra_padding(own.key_bytes()));
    match (bool::from(good), unpadded) {
        (true, Some(len)) => {
            plain.truncate(len);
            Ok(plain)
        }
        _ => Err(Error::SecurityChecksFailed),
    }
}

/// Length of `content` without its padding, if the padding is as the standard says.
fn unpadded_len(content: &[u8], extra: bool) -> Option<usize> {
    let (high, content) = match extra {
        true => content.split_last().map(|(high, rest)| (*high, rest))?,
        false => (0, content),
    };
    let low = *content.last()?;
    let len = content.len().checked_sub(usize::from(u16::from_le_bytes([low, high])).saturating_add(1))?;
    let (_, padding) = content.split_at_checked(len)?;
    padding.iter().all(|byte| *byte == low).then_some(len)
}

/// Whether a receiver's key is long enough for padding of more than 255 bytes (Part 6 §6.7.2.5).
fn has_extra_padding(receiver_key_bytes: usize) -> bool {
    receiver_key_bytes > 256
}

/// RSA blocks of a real OPN: headers, nonce and a signature of 4096 bits fit in five blocks of a 2048 bit key.
pub(crate) const MAX_OPEN_BLOCKS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_taken_off_only_when_every_byte_of_it_is_right() {
        assert_eq!(unpadded_len(&[9, 9, 0], false), Some(2));
        assert_eq!(unpadded_len(&[9, 2, 2, 2], false), Some(1));
        assert_eq!(unpadded_len(&[2, 2, 2], false), Some(0));
        for wrong in [&[][..], &[1], &[9, 1, 2, 2], &[2, 2], &[255; 255]] {
            assert_eq!(unpadded_len(wrong, false), None, "{wrong:?}");
        }
        // 0x0102 bytes of padding behind the size byte, and the high byte behind them
        let long = [[9; 5].as_slice(), &[2; 0x0103], &[1]].concat();
        assert_eq!(unpadded_len(&long, true), Some(5));
        assert_eq!(unpadded_len(&long[6..], true), None, "says more than there is");
        assert_eq!(unpadded_len(&[0, 0], true), Some(0));
        assert_eq!(unpadded_len(&[0], true), None);
        assert_eq!(unpadded_len(&[0, 255], true), None);
    }
}
