//! The trust list as it lies on disk now: read again when a file has changed.

use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};
use std::time::SystemTime;

use super::certificate_files::read_certificates;
use super::{Store, files};
use crate::crl::MAX_CRL_BYTES;
use crate::{Crl, Error, StoreProblem, TrustList};

/// Where issuers are looked for; the first one is where they are written.
const ISSUER_FOLDERS: [&str; 2] = ["issuers", "issuer"];

/// The trust list as last read.
#[derive(Debug, Default)]
pub(super) struct Cache {
    seen: Option<Vec<Seen>>,
    list: TrustList,
    generation: u64,
}

/// What tells that a file has changed.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    /// Tells a replaced file even when the clock is coarse.
    identity: (u64, i64),
}

impl Store {
    /// Everything that decides trust, read again when a file has changed.
    pub fn trust_list(&self) -> Result<TrustList, Error> {
        let seen = self.look()?;
        let mut cache = self.cache();
        if cache.seen.as_ref() != Some(&seen) {
            cache.generation = cache.generation.saturating_add(1);
            cache.list = self.read_trust_list(cache.generation)?;
            cache.seen = Some(seen);
        }
        Ok(cache.list.clone())
    }

    /// The generation of the trust list as last read; 0 before it was read.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.cache().generation
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // nothing panics while holding it, and the worst that a half-made cache can cause is reading again
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folders(&self, kind: &str) -> Vec<PathBuf> {
        let mut folders = vec![self.root.join("trusted").join(kind)];
        folders.extend(ISSUER_FOLDERS.map(|issuers| self.root.join(issuers).join(kind)));
        folders
    }

    fn look(&self) -> Result<Vec<Seen>, Error> {
        let mut seen = Vec::new();
        for folder in self.folders("certs").iter().chain(&self.folders("crl")) {
            for (path, metadata) in files::list(folder)? {
                seen.push(Seen {
                    path,
                    length: metadata.len(),
                    modified: metadata.modified().ok(),
                    identity: files::identity(&metadata),
                });
            }
        }
        Ok(seen)
    }

    fn read_trust_list(&self, generation: u64) -> Result<TrustList, Error> {
        let (trusted, mut problems) = read_certificates(&self.root.join("trusted/certs"))?;
        let mut issuers = Vec::new();
        for folder in ISSUER_FOLDERS {
            let (more, trouble) = read_certificates(&self.root.join(folder).join("certs"))?;
            issuers.extend(more);
            problems.extend(trouble);
        }
        let mut crls = Vec::new();
        let limit = u64::try_from(MAX_CRL_BYTES).unwrap_or(u64::MAX);
        for folder in self.folders("crl") {
            for (path, _) in files::list(&folder)? {
                match files::read_limited(&path, limit).and_then(|bytes| Crl::from_bytes(&bytes)) {
                    Ok(crl) => crls.push(crl),
                    Err(error) => problems.push(StoreProblem { path, message: error.without_path() }),
                }
            }
        }
        Ok(TrustList::read(trusted, issuers, crls, problems, generation))
    }
}
