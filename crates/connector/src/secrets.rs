//! Passwords, tokens and keys of users: kept outside the configuration, read only when needed, wiped afterwards, never
//! logged.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ua_pki::{ApplicationIdentity, Certificate, PrivateKey};
use zeroize::Zeroizing;

use crate::config::SecretRef;
use crate::error::Error;
use crate::sealed;

/// Reads the secret that `reference` names. One trailing line break is not part of it.
///
/// # Errors
/// [`Error::SecretMissing`] when there is none, [`Error::SecretExposed`] when others could read the file,
/// [`Error::SecretUnusable`] when it is empty, too long or not UTF-8.
pub fn read(reference: &SecretRef) -> Result<Zeroizing<String>, Error> {
    match reference {
        SecretRef::File(path) => read_file(path, Exposure::OwnerOnly),
        SecretRef::Environment(name) => match std::env::var(name) {
            Ok(text) => checked(Zeroizing::new(text), &format!("environment variable {name}")),
            Err(_) => {
                Err(Error::SecretMissing { place: format!("environment variable {name}"), source: None })
            }
        },
        SecretRef::Credential(name) => {
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| Error::SecretMissing {
                place: format!("credential {name} (no $CREDENTIALS_DIRECTORY: not started by systemd)"),
                source: None,
            })?;
            if name.is_empty() || name.contains('/') || name == ".." {
                return Err(Error::SecretUnusable {
                    place: format!("credential {name}"),
                    why: "not a file name",
                });
            }
            // systemd guards the folder itself; its files may be readable by the service's group
            read_file(&Path::new(&folder).join(name), Exposure::NotToOthers)
        }
        SecretRef::Sealed { path, key } => sealed::open(path, &read_file(path, Exposure::Worthless)?, key),
    }
}

/// Writes `secret` into a new file at `path` that only its owner can read, replacing an old one, and fsyncs it.
/// The folder is made (mode 0700) if it is missing.
///
/// # Errors
/// [`Error::SecretWrite`].
pub fn write(path: &Path, secret: &str) -> Result<(), Error> {
    let failed = |source| Error::SecretWrite { path: path.to_owned(), source };
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
        && !folder.exists()
    {
        std::fs::create_dir_all(folder).map_err(failed)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    let fresh = fresh_path(path);
    // a leftover of a crash may have other permissions; create_new refuses to reuse it
    if fresh.exists() {
        std::fs::remove_file(&fresh).map_err(failed)?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh).map_err(failed)?;
    file.write_all(secret.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // without this the new name may be lost with the power, and the old secret comes back
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Reads the certificate of a user (DER or PEM) and the key to it (PKCS#8 PEM, for its owner alone).
///
/// # Errors
/// [`Error::UserCertificate`] when a file cannot be read or the key is another's; [`Error::SecretExposed`] when others
/// could read the key.
pub fn user_certificate(certificate: &Path, key: &Path) -> Result<ApplicationIdentity, Error> {
    let unusable = |path: &Path, why: String| Error::UserCertificate { path: path.to_owned(), why };
    let file = std::fs::File::open(certificate).map_err(|error| unusable(certificate, error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_CERTIFICATE)
        .read_to_end(&mut bytes)
        .map_err(|error| unusable(certificate, error.to_string()))?;
    let chain =
        Certificate::chain_from_bytes(&bytes).map_err(|error| unusable(certificate, error.to_string()))?;
    let private = PrivateKey::load(key).map_err(|error| match error {
        ua_pki::Error::KeyPermissions { path, mode } => Error::SecretExposed { path, mode },
        other => unusable(key, other.to_string()),
    })?;
    ApplicationIdentity::new(chain, private)
        .map_err(|_| unusable(key, "it is not the key of the certificate".to_owned()))
}

#[derive(Clone, Copy)]
enum Exposure {
    OwnerOnly,
    NotToOthers,
    /// What is in it is worth nothing alone.
    Worthless,
}

fn read_file(path: &Path, exposure: Exposure) -> Result<Zeroizing<String>, Error> {
    let place = path.display().to_string();
    let missing = |source| Error::SecretMissing { place: place.clone(), source: Some(source) };
    let file = std::fs::File::open(path).map_err(missing)?;
    // asked of the open file, so that it cannot be swapped between the check and the reading
    let mode = file.metadata().map_err(missing)?.permissions().mode() & 0o777;
    let forbidden = match exposure {
        Exposure::OwnerOnly => 0o077,
        Exposure::NotToOthers => 0o027,
        Exposure::Worthless => 0,
    };
    if mode & forbidden != 0 {
        return Err(Error::SecretExposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_SECRET));
    let limit = u64::try_from(MAX_SECRET).unwrap_or(u64::MAX);
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(|_| Error::SecretUnusable { place: place.clone(), why: "not UTF-8 text" })?;
    if text.len() >= MAX_SECRET {
        return Err(Error::SecretUnusable { place, why: "longer than a password or token" });
    }
    checked(text, &place)
}

fn checked(mut text: Zeroizing<String>, place: &str) -> Result<Zeroizing<String>, Error> {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(Error::SecretUnusable { place: place.to_owned(), why: "empty" });
    }
    Ok(text)
}

fn fresh_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".new");
    path.with_file_name(name)
}

/// No password or token is longer; a file that is, is the wrong file.
const MAX_SECRET: usize = 64 * 1024;
/// A certificate with its issuers takes a few kilobytes.
const MAX_CERTIFICATE: u64 = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_written_is_secret_read_and_only_ours() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secrets/line1");
        write(&path, "pässwörd ").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&SecretRef::File(path.clone())).unwrap().as_str(), "pässwörd ");
        write(&path, "second").unwrap();
        assert_eq!(read(&SecretRef::File(path)).unwrap().as_str(), "second");
    }

    #[test]
    fn secret_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("line1");
        write(&path, "x").unwrap();
        for mode in [0o640, 0o604, 0o644, 0o660] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = read(&SecretRef::File(path.clone()));
            assert!(matches!(refused, Err(Error::SecretExposed { mode: found, .. }) if found == mode));
        }
    }

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("line1");
        write(&path, "abc\r\n").unwrap();
        assert_eq!(read(&SecretRef::File(path.clone())).unwrap().as_str(), "abc");
        write(&path, "\n").unwrap();
        assert!(matches!(read(&SecretRef::File(path)), Err(Error::SecretUnusable { .. })));
    }

    #[test]
    fn absent_secret_names_the_place_that_was_looked_at() {
        let missing = SecretRef::Environment("LOCKGATE_TEST_NO_SUCH_VARIABLE".to_owned());
        let error = read(&missing).unwrap_err();
        assert!(error.to_string().contains("LOCKGATE_TEST_NO_SUCH_VARIABLE"), "{error}");
    }
}
