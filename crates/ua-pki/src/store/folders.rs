//! The store: its folders, and what administrators put into them and take out.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::certificate_files::{file_stem, read_single_certificates, write_certificate};
use super::current::Cache;
use super::files;
use super::rejected::Minute;
use crate::{Certificate, Crl, Error, ThumbprintQuery};

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

    /// The folder it lives in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Trusts a certificate: writes it into `trusted/certs`, and takes it out of `rejected/certs`.
    pub fn trust(&self, certificate: &Certificate) -> Result<PathBuf, Error> {
        let path = write_certificate(&self.root.join("trusted/certs"), certificate)?;
        for (file, rejected) in self.rejected_files()? {
            if rejected == *certificate {
                files::remove(&file)?;
            }
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

    /// Takes a certificate out of trusted, issuers and rejected, wherever it is.
    pub fn remove(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        let folders = ["trusted/certs", "issuers/certs", "issuer/certs", "rejected/certs"];
        let mut removed = None;
        for folder in folders {
            for (path, certificate) in read_single_certificates(&self.root.join(folder))? {
                if query.matches(&certificate) {
                    files::remove(&path)?;
                    removed = Some(certificate);
                }
            }
        }
        removed.ok_or_else(|| Error::NotFound {
            folder: "trusted, issuers or rejected",
            query: query.to_string(),
        })
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
