//! One direction of one security token: seals and opens MSG and CLO chunks (Part 6 §6.7.2).
//!
//! ```text
//! None            header │ sequence request body
//! Sign            header │ sequence request body │ MAC
//! SignAndEncrypt  header │ sequence request body padding… size │ MAC      everything behind the header is encrypted
//! ```
//! The MAC covers the header and the clear text; it is compared in constant time and before the padding is looked at.

use aes::{Aes128, Aes256};
use aws_lc_rs::hmac;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use zeroize::Zeroizing;

use super::MessageSecurityMode;
use super::key_derivation::p_sha256;
use super::policy::{BLOCK_LEN, Cipher, MAC_LEN, PolicyRow};
use crate::Error;
use crate::wire::chunk::{SEQUENCE_HEADER_LEN, SYMMETRIC_HEADER_LEN};
use crate::wire::frame::set_size;

/// What protects the chunks of one direction.
pub(crate) enum Protection {
    None,
    Sign(hmac::Key),
    SignAndEncrypt(hmac::Key, Box<CipherKey>),
}

/// A cipher key with its initialisation vector, the same for every chunk of a token.
pub(crate) enum CipherKey {
    Aes128(Aes128, [u8; BLOCK_LEN]),
    Aes256(Aes256, [u8; BLOCK_LEN]),
}

impl Protection {
    /// Derives the keys with which the owner of `seed` secures what it sends: P_SHA256(the other's nonce, own nonce).
    pub(crate) fn derive(
        row: PolicyRow,
        mode: MessageSecurityMode,
        other_nonce: &[u8],
        own_nonce: &[u8],
    ) -> Result<Self, Error> {
        let key_len = row.cipher.key_len();
        let material: Zeroizing<Vec<u8>> =
            p_sha256(other_nonce, own_nonce, MAC_LEN.saturating_add(key_len).saturating_add(BLOCK_LEN));
        let (mac, rest) = material.split_at_checked(MAC_LEN).ok_or(Error::CryptoFailed)?;
        let (key, iv) = rest.split_at_checked(key_len).ok_or(Error::CryptoFailed)?;
        let mac = hmac::Key::new(hmac::HMAC_SHA256, mac);
        match mode {
            MessageSecurityMode::None => Err(Error::CryptoFailed),
            MessageSecurityMode::Sign => Ok(Self::Sign(mac)),
            MessageSecurityMode::SignAndEncrypt => {
                Ok(Self::SignAndEncrypt(mac, Box::new(CipherKey::new(row.cipher, key, iv)?)))
            }
        }
    }

    /// Most body bytes that a chunk of `chunk_len` bytes holds.
    pub(crate) fn max_body(&self, chunk_len: usize) -> usize {
        let room = chunk_len.saturating_sub(SYMMETRIC_HEADER_LEN);
        let (room, overhead) = match self {
            Self::None => (room, 0),
            Self::Sign(_) => (room, MAC_LEN),
            Self::SignAndEncrypt(..) => (room.saturating_sub(room % BLOCK_LEN), MAC_LEN.saturating_add(1)),
        };
        room.saturating_sub(SEQUENCE_HEADER_LEN).saturating_sub(overhead)
    }

    /// Completes a chunk of headers and body: padding, size field, MAC, encryption.
    pub(crate) fn seal(&self, mut frame: Vec<u8>) -> Result<Vec<u8>, Error> {
        let len = frame.len();
        match self {
            Self::None => set_size(&mut frame, len),
            Self::Sign(mac) => {
                set_size(&mut frame, len.saturating_add(MAC_LEN));
                let tag = hmac::sign(mac, &frame);
                frame.extend_from_slice(tag.as_ref());
            }
            Self::SignAndEncrypt(mac, cipher) => {
                let unpadded =
                    len.saturating_sub(SYMMETRIC_HEADER_LEN).saturating_add(1).saturating_add(MAC_LEN);
                let padding = unpadded.next_multiple_of(BLOCK_LEN).saturating_sub(unpadded);
                let [size, ..] = padding.to_le_bytes();
                frame.resize(len.saturating_add(1).saturating_add(padding), size);
                let padded = frame.len();
                set_size(&mut frame, padded.saturating_add(MAC_LEN));
                let tag = hmac::sign(mac, &frame);
                frame.extend_from_slice(tag.as_ref());
                let sealed = frame.get_mut(SYMMETRIC_HEADER_LEN..).ok_or(Error::CryptoFailed)?;
                cipher.encrypt(sealed)?;
            }
        }
        Ok(frame)
    }

    /// Opens a whole chunk in place and returns sequence header and body.
    ///
    /// # Errors
    /// [`Error::SecurityChecksFailed`], whatever is wrong.
    pub(crate) fn open<'a>(&self, frame: &'a mut [u8]) -> Result<&'a [u8], Error> {
        let opened = match self {
            Self::None => frame.get(SYMMETRIC_HEADER_LEN..),
            Self::Sign(mac) => authentic(mac, frame).and_then(|content| content.get(SYMMETRIC_HEADER_LEN..)),
            Self::SignAndEncrypt(mac, cipher) => {
                let sealed = frame.get_mut(SYMMETRIC_HEADER_LEN..).ok_or(Error::SecurityChecksFailed)?;
                cipher.decrypt(sealed)?;
                authentic(mac, frame).and_then(|content| unpadded(content.get(SYMMETRIC_HEADER_LEN..)?))
            }
        };
        opened.ok_or(Error::SecurityChecksFailed)
    }
}

impl CipherKey {
    pub(crate) fn new(cipher: Cipher, key: &[u8], iv: &[u8]) -> Result<Self, Error> {
        let iv = iv.try_into().map_err(|_| Error::CryptoFailed)?;
        match cipher {
            Cipher::Aes128 => Aes128::new_from_slice(key).map(|key| Self::Aes128(key, iv)),
            Cipher::Aes256 => Aes256::new_from_slice(key).map(|key| Self::Aes256(key, iv)),
        }
        .map_err(|_| Error::CryptoFailed)
    }

    /// In place; the length must be a multiple of the block length.
    pub(crate) fn encrypt(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let len = bytes.len();
        let done = match self {
            Self::Aes128(key, iv) => cbc::Encryptor::inner_iv_init(key.clone(), iv.into())
                .encrypt_padded::<NoPadding>(bytes, len)
                .is_ok(),
            Self::Aes256(key, iv) => cbc::Encryptor::inner_iv_init(key.clone(), iv.into())
                .encrypt_padded::<NoPadding>(bytes, len)
                .is_ok(),
        };
        done.then_some(()).ok_or(Error::CryptoFailed)
    }

    /// In place; a length that is no multiple of the block length is refused (public knowledge, no oracle).
    pub(crate) fn decrypt(&self, bytes: &mut [u8]) -> Result<(), Error> {
        let done = match self {
            Self::Aes128(key, iv) => cbc::Decryptor::inner_iv_init(key.clone(), iv.into())
                .decrypt_padded::<NoPadding>(bytes)
                .is_ok(),
            Self::Aes256(key, iv) => cbc::Decryptor::inner_iv_init(key.clone(), iv.into())
                .decrypt_padded::<NoPadding>(bytes)
                .is_ok(),
        };
        done.then_some(()).ok_or(Error::SecurityChecksFailed)
    }
}

/// The bytes before the MAC, if the MAC is right.
fn authentic<'a>(key: &hmac::Key, frame: &'a [u8]) -> Option<&'a [u8]> {
    let (content, tag) = frame.split_at_checked(frame.len().checked_sub(MAC_LEN)?)?;
    hmac::verify(key, content, tag).is_ok().then_some(content)
}

/// The bytes before padding and its size byte, if every padding byte is as the standard says.
fn unpadded(content: &[u8]) -> Option<&[u8]> {
    let size = *content.last()?;
    let len = content.len().checked_sub(usize::from(size).saturating_add(1))?;
    let (body, padding) = content.split_at_checked(len)?;
    padding.iter().all(|byte| *byte == size).then_some(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::policy;

    fn keys() -> Protection {
        let row = policy::row(ua_pki::SecurityPolicy::Basic256Sha256).unwrap();
        Protection::derive(row, MessageSecurityMode::SignAndEncrypt, &[1; 32], &[2; 32]).unwrap()
    }

    /// A chunk whose MAC is right whatever stands in `content`, which has to fill whole blocks with the MAC.
    fn authentic_chunk(content: &[u8]) -> Vec<u8> {
        let Protection::SignAndEncrypt(mac, cipher) = keys() else { panic!() };
        let mut frame = b"MSGF0000CCCCTTTT".to_vec();
        frame.extend_from_slice(content);
        let tag = hmac::sign(&mac, &frame);
        frame.extend_from_slice(tag.as_ref());
        cipher.encrypt(&mut frame[SYMMETRIC_HEADER_LEN..]).unwrap();
        frame
    }

    #[test]
    fn padding_that_lies_is_refused_even_behind_a_right_mac() {
        let good = [[7; 12].as_slice(), &[3, 3, 3, 3]].concat();
        assert_eq!(keys().open(&mut authentic_chunk(&good)).unwrap(), [7; 12]);
        for wrong in [[3, 3, 2, 3], [0, 3, 3, 3], [3, 3, 3, 16], [3, 3, 3, 255]] {
            let content = [[7; 12].as_slice(), &wrong].concat();
            let result = keys().open(&mut authentic_chunk(&content)).map(<[u8]>::to_vec);
            assert_eq!(result, Err(Error::SecurityChecksFailed), "{wrong:?}");
        }
        assert_eq!(keys().open(&mut authentic_chunk(&[])).unwrap_err(), Error::SecurityChecksFailed);
    }

    #[test]
    fn chunks_of_every_wrong_length_are_refused() {
        let good = authentic_chunk(&[0; 32]);
        for len in (0..good.len()).chain(good.len() + 1..good.len() + 33) {
            let mut cut = good.clone();
            cut.resize(len, 0);
            assert_eq!(keys().open(&mut cut).unwrap_err(), Error::SecurityChecksFailed, "{len} bytes");
        }
    }

    #[test]
    fn the_largest_body_fills_a_chunk_and_one_byte_more_does_not_fit() {
        let row = policy::row(ua_pki::SecurityPolicy::Basic256Sha256).unwrap();
        let sign = Protection::derive(row, MessageSecurityMode::Sign, &[1; 32], &[2; 32]).unwrap();
        for keys in [Protection::None, sign, keys()] {
            for chunk_len in [8192, 8193, 8207, 8208, 65_535, 65_536] {
                let sealed_len = |body: usize| {
                    keys.seal(vec![0; SYMMETRIC_HEADER_LEN + SEQUENCE_HEADER_LEN + body]).unwrap().len()
                };
                let max = keys.max_body(chunk_len);
                assert!(sealed_len(max) <= chunk_len && sealed_len(max + 1) > chunk_len, "{chunk_len}");
            }
        }
    }
}
