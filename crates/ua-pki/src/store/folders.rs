//! The store: its folders, and what administrators put into them and take out.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::certificate_files::{file_stem, read_files, write_certificate};
use super::current::Cache;
use super::files;
use super::rejected::Minute;
use crate::{Certificate, Crl, Error, ThumbprintQuery};

/// Every folder that a certificate may have to be taken out of.
const CERTIFICATE_FOLDERS: [&str; 4] = ["trusted/certs", "issuers/certs", "issuer/certs", "rejected/certs"];

/// The store on disk. May be shared between threads; several processes may use one store.
#[derive(Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    pub(super) cache: Mutex<Cache>,
    pub(super) rejecting: Mutex<Minute>,
}

impl Store {
    /// Opens the store, and makes the folders that are missing, for the owner alone (0700).
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref().to_owned();
        for folder in [
            "own/certs",
            "own/private",
            "trusted/certs",
            "trusted/crl",
            "issuers/certs",
            "issuers/crl",
            "rejected/certs",
        ] {
            files::create_folder(&root.join(folder))?;
        }
        Ok(Self { root, cache: Mutex::default(), rejecting: Mutex::default() })
    }

    /// A store to look at, as it is: makes no folder. One that is missing counts as empty.
    #[must_use]
    pub fn as_it_is(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref().to_owned();
        Self { root, cache: Mutex::default(), rejecting: Mutex::default() }
    }

    /// The folder it lives in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Trusts a certificate: writes it into `trusted/certs`, and takes it out of `rejected/certs`.
    pub fn trust(&self, certificate: &Certificate) -> Result<PathBuf, Error> {
        let path = write_certificate(&self.root.join("trusted/certs"), certificate)?;
        for file in read_files(&self.root.join("rejected/certs"))? {
            file.take_out(|rejected| rejected == certificate)?;
        }
        Ok(path)
    }

    /// Adds an authority that completes chains but gives no trust.
    pub fn add_issuer(&self, certificate: &Certificate) -> Result<PathBuf, Error> {
        write_certificate(&self.root.join("issuers/certs"), certificate)
    }

    /// Adds a revocation list, next to where its issuer is: to the trusted or to the other issuers. An older list
    /// stays; the newer one supersedes it by its number.
    pub fn add_crl(&self, crl: &Crl) -> Result<PathBuf, Error> {
        let trusted = self.trusted()?.iter().any(|certificate| crl.claims_issuer(certificate));
        let folder = self.root.join(if trusted { "trusted/crl" } else { "issuers/crl" });
        let path = folder.join(format!("{}.crl", file_stem(crl.issuer(), &crate::Thumbprint::of(crl.der()))));
        files::write_atomic(&path, crl.der(), 0o600)?;
        Ok(path)
    }

    /// Takes a certificate out of trusted, issuers and rejected, out of every file and bundle that it is in. When it
    /// returns `Ok`, the store was read again and does not have it any more.
    pub fn remove(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        let mut removed = None;
        for folder in CERTIFICATE_FOLDERS {
            for file in read_files(&self.root.join(folder))? {
                removed = file.take_out(|certificate| query.matches(certificate))?.or(removed);
            }
        }
        self.expect_gone(query)?;
        removed.ok_or_else(|| Error::NotFound {
            folder: "trusted, issuers or rejected",
            query: query.to_string(),
        })
    }

    /// Fails with the file that still holds such a certificate: nobody may be told that it is gone while it counts.
    fn expect_gone(&self, query: &ThumbprintQuery) -> Result<(), Error> {
        for folder in CERTIFICATE_FOLDERS {
            let files = read_files(&self.root.join(folder))?;
            if let Some(file) =
                files.into_iter().find(|file| file.certificates.iter().any(|one| query.matches(one)))
            {
                return Err(Error::StillThere { path: file.path, query: query.to_string() });
            }
        }
        let list = self.trust_list()?;
        if list.trusted().iter().chain(list.issuers()).any(|one| query.matches(one)) {
            return Err(Error::StillThere { path: self.root.clone(), query: query.to_string() });
        }
        Ok(())
    }

    /// Whom we trust.
    pub fn trusted(&self) -> Result<Vec<Certificate>, Error> {
        Ok(self.trust_list()?.trusted().to_vec())
    }

    /// The authorities that give no trust.
    pub fn issuers(&self) -> Result<Vec<Certificate>, Error> {
        Ok(self.trust_list()?.issuers().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_in_a_file_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pki")).unwrap();
        let certificate = Certificate::from_der(include_bytes!("../../tests/fixtures/v1.der")).unwrap();
        let query: ThumbprintQuery = certificate.thumbprint().to_string().parse().unwrap();
        store.expect_gone(&query).unwrap();
        let path = store.trust(&certificate).unwrap();
        assert!(
            matches!(store.expect_gone(&query), Err(Error::StillThere { path: named, .. }) if named == path)
        );
    }
}
