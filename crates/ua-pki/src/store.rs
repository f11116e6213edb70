//! The folders with certificates (Part 12 Annex F), which administrators also fill by hand.
//!
//! ```text
//! <root>/own/certs        our certificate, and its issuers if it has any
//! <root>/own/private      our private key, 0600
//! <root>/trusted/certs    whom we trust; an authority here trusts everything below it
//! <root>/trusted/crl      revocation lists
//! <root>/issuers/certs    authorities that only complete chains (`issuer/` is read as well)
//! <root>/issuers/crl      revocation lists
//! <root>/rejected/certs   who was turned away, for the administrator to look at; never decides anything
//! ```
//!
//! Invariants: files are DER, named `<common name> [<SHA-1>].der`; they are written whole or not at all and links
//! are not followed; a file put in place by hand counts at the next decision; a file that cannot be read is a
//! problem to show, not a reason to stop.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use jiff::Timestamp;

use crate::certificate::MAX_CHAIN;
use crate::crl::MAX_CRL_BYTES;
use crate::{
    ApplicationIdentity, Certificate, Crl, Error, PrivateKey, StoreProblem, ThumbprintQuery, TrustList, files,
};

/// Most files in `rejected/certs`; the oldest goes when another one comes (ST-R2).
const MAX_REJECTED: usize = 100;
/// Most certificates written into `rejected/certs` in a minute, give or take one chain.
const MAX_REJECTED_PER_MINUTE: usize = 30;
/// Longest common name in a file name.
const MAX_NAME: usize = 64;
/// Most bytes of a file in a certificate folder: a chain of the largest certificates, as PEM.
const MAX_FILE: u64 = 128 * 1024;
/// The key of our own certificate.
const KEY_FILE: &str = "lockgate.pem";
/// Where certificates are looked for; the first one is where they are written.
const ISSUER_FOLDERS: [&str; 2] = ["issuers", "issuer"];

/// The store on disk. May be shared between threads; several processes may use one store.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    cache: Mutex<Cache>,
    rejecting: Mutex<Minute>,
}

/// How much was written into `rejected/certs` in the current minute.
#[derive(Debug, Default)]
struct Minute {
    number: i64,
    written: usize,
}

#[derive(Debug, Default)]
struct Cache {
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

    /// Our certificate and key; `None` when there is none yet.
    ///
    /// Finds the certificate that belongs to the key, whatever the file is called, and the issuers beside it.
    pub fn own(&self) -> Result<Option<ApplicationIdentity>, Error> {
        let Some(key_path) = self.own_key_path()? else { return Ok(None) };
        let key = PrivateKey::load(&key_path)?;
        let (certificates, _) = read_certificates(&self.root.join("own/certs"))?;
        let ours = certificates.iter().filter(|one| key.belongs_to(one.public_key()));
        // the youngest, if the certificate was renewed for the same key
        let Some(leaf) = ours.max_by_key(|one| one.not_before()) else {
            let folder = self.root.join("own/certs");
            let text = format!("no certificate in {} belongs to {}", folder.display(), key_path.display());
            return Err(Error::UnusableKey(text));
        };
        let mut chain = vec![leaf.clone()];
        while let Some(last) = chain.last()
            && chain.len() < MAX_CHAIN
            && !last.facts().names_itself_as_issuer()
            && let Some(issuer) = certificates.iter().find(|issuer| {
                last.facts().issuer_key == issuer.facts().subject_key && last.is_signed_by(issuer)
            })
        {
            chain.push(issuer.clone());
        }
        ApplicationIdentity::new(chain, key).map(Some)
    }

    /// Keeps our certificate and key. The certificate is written first: should the power fail in between, the
    /// earlier key still has its earlier certificate, which stays in the folder.
    pub fn save_own(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        for certificate in identity.chain() {
            write_certificate(&self.root.join("own/certs"), certificate)?;
        }
        identity.key().save(&self.root.join("own/private").join(KEY_FILE))
    }

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

    /// Moves a certificate from rejected to trusted: the administrator's answer to "who is this?".
    pub fn accept(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        let rejected = self.rejected_files()?;
        let Some((_, certificate)) = rejected.into_iter().find(|(_, one)| query.matches(one)) else {
            return Err(Error::NotFound { folder: "rejected", query: query.to_string() });
        };
        self.trust(&certificate)?;
        Ok(certificate)
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

    /// Keeps a chain that failed validation where the administrator can find it. Each certificate once; the oldest
    /// go when there are more than a hundred.
    pub fn reject(&self, chain: &[Certificate]) -> Result<(), Error> {
        let mut minute = self.rejecting.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_rejected(chain, &mut minute)
    }

    /// As [`reject`](Self::reject), for peers that anybody may be: writes no more than about thirty certificates a
    /// minute, so that a flood wears no flash and no disk waits for it. Returns whether the chain is kept.
    pub fn reject_at(&self, chain: &[Certificate], now: Timestamp) -> Result<bool, Error> {
        let mut minute = self.rejecting.lock().unwrap_or_else(PoisonError::into_inner);
        let number = now.as_second().div_euclid(60);
        if minute.number != number {
            *minute = Minute { number, written: 0 };
        }
        if minute.written >= MAX_REJECTED_PER_MINUTE {
            return Ok(false);
        }
        self.write_rejected(chain, &mut minute)?;
        Ok(true)
    }

    /// Who was turned away, the latest first.
    pub fn rejected(&self) -> Result<Vec<Certificate>, Error> {
        Ok(self.rejected_files()?.into_iter().map(|(_, certificate)| certificate).collect())
    }

    /// Whom we trust.
    pub fn trusted(&self) -> Result<Vec<Certificate>, Error> {
        Ok(self.trust_list()?.trusted().to_vec())
    }

    /// The authorities that give no trust.
    pub fn issuers(&self) -> Result<Vec<Certificate>, Error> {
        Ok(self.trust_list()?.issuers().to_vec())
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // nothing panics while holding it, and the worst that a half-made cache can cause is reading again
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_key_path(&self) -> Result<Option<PathBuf>, Error> {
        let folder = self.root.join("own/private");
        let files = files::list(&folder)?;
        let preferred = folder.join(KEY_FILE);
        let found = files.iter().map(|(path, _)| path).find(|path| **path == preferred);
        Ok(found.or_else(|| files.first().map(|(path, _)| path)).cloned())
    }

    fn write_rejected(&self, chain: &[Certificate], minute: &mut Minute) -> Result<(), Error> {
        let folder = self.root.join("rejected/certs");
        // the leaf last: if the cap cuts, the youngest file is the one people look for
        for certificate in chain.iter().rev() {
            let path = folder.join(file_name(certificate));
            if std::fs::symlink_metadata(&path).is_err() {
                files::write_atomic(&path, certificate.der(), 0o600)?;
                minute.written = minute.written.saturating_add(1);
            }
        }
        let mut kept = files::list(&folder)?;
        kept.sort_by_key(|(_, metadata)| metadata.modified().ok());
        let surplus = kept.len().saturating_sub(MAX_REJECTED);
        for (path, _) in kept.iter().take(surplus) {
            files::remove(path)?;
        }
        Ok(())
    }

    fn rejected_files(&self) -> Result<Vec<(PathBuf, Certificate)>, Error> {
        read_single_certificates(&self.root.join("rejected/certs"))
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
                    Err(error) => problems.push(StoreProblem { path, message: error.to_string() }),
                }
            }
        }
        Ok(TrustList::read(trusted, issuers, crls, problems, generation))
    }
}

/// All certificates in the files of a folder, and the files that hold none.
fn read_certificates(folder: &Path) -> Result<(Vec<Certificate>, Vec<StoreProblem>), Error> {
    let (mut certificates, mut problems) = (Vec::new(), Vec::new());
    for (path, _) in files::list(folder)? {
        match files::read_limited(&path, MAX_FILE).and_then(|bytes| Certificate::chain_from_bytes(&bytes)) {
            Ok(chain) => certificates.extend(chain),
            Err(error) => problems.push(StoreProblem { path, message: error.to_string() }),
        }
    }
    Ok((certificates, problems))
}

/// The files of a folder with the first certificate of each, the latest first; others are passed over.
fn read_single_certificates(folder: &Path) -> Result<Vec<(PathBuf, Certificate)>, Error> {
    let mut listed = files::list(folder)?;
    listed.sort_by_key(|(_, metadata)| std::cmp::Reverse(metadata.modified().ok()));
    let read = |path: &Path| -> Option<Certificate> {
        let bytes = files::read_limited(path, MAX_FILE).ok()?;
        Certificate::chain_from_bytes(&bytes).ok()?.into_iter().next()
    };
    Ok(listed
        .into_iter()
        .filter_map(|(path, _)| read(&path).map(|certificate| (path, certificate)))
        .collect())
}

fn write_certificate(folder: &Path, certificate: &Certificate) -> Result<PathBuf, Error> {
    let path = folder.join(file_name(certificate));
    files::write_atomic(&path, certificate.der(), 0o600)?;
    Ok(path)
}

fn file_name(certificate: &Certificate) -> String {
    let name = certificate.common_name().unwrap_or("unnamed");
    format!("{}.der", file_stem(name, &certificate.thumbprint()))
}

/// `<name> [<SHA-1>]`. The name comes from the peer: only harmless characters of it get into a file name (ST-R1).
fn file_stem(name: &str, thumbprint: &crate::Thumbprint) -> String {
    let harmless = |c: char| if c.is_ascii_alphanumeric() || " ._-".contains(c) { c } else { '_' };
    let name: String = name.chars().take(MAX_NAME).map(harmless).collect();
    // no hidden files, and no name that Windows would cut
    let name = name.trim_matches(['.', ' ']);
    format!("{} [{thumbprint}]", if name.is_empty() { "unnamed" } else { name })
}
