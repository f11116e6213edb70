//! Secrets in files that are worth nothing without a key that lies elsewhere: a backup or a copied folder gives none
//! away. AES-256-GCM; the key comes from a file, the environment or a systemd credential.
//!
//! A sealed file is one line of text: `lockgate-sealed-1:` and, in Base64, 12 random bytes (the nonce) and the encrypted
//! secret with its tag. A key is one line: `lockgate-key-1:` and 32 random bytes in Base64.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ua_channel::{Random as _, SystemRandom};
use zeroize::Zeroizing;

use crate::config::SecretRef;
use crate::error::Error;
use crate::secrets;

/// Makes a key in a new file that only its owner can read. A file that is there is not replaced: what is sealed with
/// its key could never be opened again.
///
/// # Errors
/// [`Error::SecretUnusable`] when the file exists; [`Error::SecretWrite`].
pub fn make_key(path: &Path) -> Result<(), Error> {
    if path.exists() {
        return Err(unusable(path.display().to_string(), "there already; a key is never replaced"));
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    SystemRandom.fill(key.as_mut()).map_err(|_| unusable("randomness".to_owned(), "not to be had"))?;
    let text = Zeroizing::new(format!("{KEY_MARK}{}\n", &*Zeroizing::new(STANDARD.encode(key.as_ref()))));
    secrets::write(path, &text)
}

/// Seals `secret` into the file at `path`, replacing what is there.
///
/// # Errors
/// Those of reading the key ([`secrets::read`]), [`Error::SecretUnusable`] when it is none, [`Error::SecretWrite`].
pub fn write(path: &Path, key: &SecretRef, secret: &str) -> Result<(), Error> {
    let key = read_key(key)?;
    let mut nonce = [0; NONCE_LEN];
    SystemRandom.fill(&mut nonce).map_err(|_| unusable("randomness".to_owned(), "not to be had"))?;
    let mut sealed = secret.as_bytes().to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(MARK), &mut sealed)
        .map_err(|_| unusable(path.display().to_string(), "not to be sealed"))?;
    let whole = [nonce.as_slice(), &sealed].concat();
    secrets::write(path, &format!("{MARK}{}\n", STANDARD.encode(whole)))
}

/// Opens what was sealed.
pub(crate) fn open(path: &Path, text: &str, key: &SecretRef) -> Result<Zeroizing<String>, Error> {
    let refused = |why| unusable(path.display().to_string(), why);
    let body = text.strip_prefix(MARK).ok_or_else(|| refused("no sealed secret"))?;
    let bytes = STANDARD.decode(body).map_err(|_| refused("damaged: no Base64"))?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(|| refused("damaged: cut"))?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused("damaged: cut"))?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let opened = read_key(key)?
        .open_in_place(nonce, Aad::from(MARK), &mut sealed)
        .map_err(|_| refused("sealed with another key, or damaged"))?;
    let text = std::str::from_utf8(opened).map_err(|_| refused("not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn read_key(reference: &SecretRef) -> Result<LessSafeKey, Error> {
    let text = secrets::read(reference)?;
    let refused = || unusable(reference.place(), "no key; make one with: lockgate secret key FILE");
    let body = text.strip_prefix(KEY_MARK).ok_or_else(refused)?;
    let bytes = Zeroizing::new(STANDARD.decode(body).map_err(|_| refused())?);
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| refused())?;
    Ok(LessSafeKey::new(key))
}

const fn unusable(place: String, why: &'static str) -> Error {
    Error::SecretUnusable { place, why }
}

const MARK: &str = "lockgate-sealed-1:";
const KEY_MARK: &str = "lockgate-key-1:";
const KEY_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn sealed(dir: &Path, secret: &str) -> SecretRef {
        let key = dir.join("seal.key");
        make_key(&key).unwrap();
        let path = dir.join("secrets/line1.sealed");
        let key = SecretRef::File(key);
        write(&path, &key, secret).unwrap();
        SecretRef::Sealed { path, key: Box::new(key) }
    }

    #[test]
    fn what_was_sealed_is_read_again_and_lies_nowhere_in_clear() {
        let dir = tempfile::tempdir().unwrap();
        let reference = sealed(dir.path(), "pässwörd ");
        assert_eq!(secrets::read(&reference).unwrap().as_str(), "pässwörd ");
        let SecretRef::Sealed { path, .. } = &reference else { panic!() };
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with(MARK) && !text.contains("rd "), "{text}");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(&dir.path().join("seal.key"))), (0o600, 0o600));
    }

    #[test]
    fn the_same_secret_never_looks_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let reference = sealed(dir.path(), "a");
        let SecretRef::Sealed { path, key } = &reference else { panic!() };
        let first = std::fs::read_to_string(path).unwrap();
        write(path, key, "a").unwrap();
        assert_ne!(std::fs::read_to_string(path).unwrap(), first);
    }

    #[test]
    fn another_key_and_every_changed_letter_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let reference = sealed(dir.path(), "secret");
        let SecretRef::Sealed { path, .. } = &reference else { panic!() };
        let other = dir.path().join("other.key");
        make_key(&other).unwrap();
        let with_other = SecretRef::Sealed { path: path.clone(), key: Box::new(SecretRef::File(other)) };
        let said = secrets::read(&with_other).unwrap_err().to_string();
        assert!(said.contains("sealed with another key"), "{said}");
        let text = std::fs::read_to_string(path).unwrap();
        for place in 0..text.trim_end().len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            std::fs::write(path, bytes).unwrap();
            secrets::read(&reference).unwrap_err();
        }
    }

    #[test]
    fn a_key_is_never_replaced_and_what_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let reference = sealed(dir.path(), "secret");
        let key = dir.path().join("seal.key");
        make_key(&key).unwrap_err();
        secrets::read(&reference).unwrap();
        secrets::write(&key, "not a key").unwrap();
        let said = secrets::read(&reference).unwrap_err().to_string();
        assert!(said.contains("lockgate secret key"), "{said}");
    }
}
