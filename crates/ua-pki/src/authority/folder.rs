//! The authority at work: made, issuing, taking back.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::index::{Index, Issued, IssuedQuery};
use crate::issue::{Authority, AuthorityProfile};
use crate::store::file_name;
use crate::store::files;
use crate::{ApplicationProfile, Certificate, CertificateRules, Crl, Error, PrivateKey, PublicKey};

const CERTIFICATE: &str = "ca.der";
const CRL: &str = "ca.crl";
const KEY: &str = "private/ca.pem";
const INDEX: &str = "index.txt";
const ISSUED: &str = "issued";
const LOCK: &str = ".lock";

/// Most bytes of the authority's certificate file.
const MAX_CERTIFICATE_FILE: u64 = 64 * 1024;

/// An authority and everything it did. While it exists, no other program can change the folder.
#[derive(Debug)]
pub struct AuthorityFolder {
    root: PathBuf,
    authority: Authority,
    index: Index,
    /// Released by the system when it is closed, also after a crash.
    _lock: File,
}

impl AuthorityFolder {
    /// Makes an authority in a folder that has none, with an empty revocation list. `next_update` is the end of that
    /// list.
    ///
    /// The key is written first and the certificate last: a folder in which this was interrupted is no authority yet,
    /// and this can be called again.
    pub fn create(
        root: impl AsRef<Path>,
        profile: &AuthorityProfile,
        key: PrivateKey,
        next_update: Timestamp,
    ) -> Result<Self, Error> {
        let root = root.as_ref().to_owned();
        // before anything is made: what is there is not ours to change
        refuse_authority(&root)?;
        let authority = Authority::root(profile, key)?;
        files::create_folder(&root.join("private"))?;
        files::create_folder(&root.join(ISSUED))?;
        let lock = lock(&root)?;
        refuse_authority(&root)?;
        authority.key().save(&root.join(KEY))?;
        let index = Index::default();
        index.save(&root.join(INDEX))?;
        let mut folder = Self { root, authority, index, _lock: lock };
        folder.revocation_list(profile.valid_from, next_update)?;
        let path = folder.certificate_path();
        files::write_atomic(&path, folder.certificate().der(), 0o644)?;
        Ok(folder)
    }

    /// Opens an authority.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        let root = root.as_ref().to_owned();
        let path = root.join(CERTIFICATE);
        if std::fs::symlink_metadata(&path).is_err() {
            return Err(Error::NoAuthority(root));
        }
        let lock = lock(&root)?;
        let bytes = files::read_limited(&path, MAX_CERTIFICATE_FILE)?;
        let certificate = Certificate::chain_from_bytes(&bytes)?.into_iter().next();
        let certificate = certificate.ok_or_else(|| Error::NoAuthority(root.clone()))?;
        let authority = Authority::new(certificate, PrivateKey::load(&root.join(KEY))?)?;
        let index = Index::load(&root.join(INDEX))?;
        Ok(Self { root, authority, index, _lock: lock })
    }

    /// The folder it lives in.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The authority's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.authority.certificate()
    }

    /// The file with the authority's certificate.
    #[must_use]
    pub fn certificate_path(&self) -> PathBuf {
        self.root.join(CERTIFICATE)
    }

    /// The file with the authority's key.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.root.join(KEY)
    }

    /// The file with the current revocation list.
    #[must_use]
    pub fn crl_path(&self) -> PathBuf {
        self.root.join(CRL)
    }

    /// The file of a certificate that was issued.
    #[must_use]
    pub fn issued_path(&self, issued: &Issued) -> PathBuf {
        self.root.join(ISSUED).join(&issued.file)
    }

    /// Everything it issued, in that order.
    #[must_use]
    pub fn issued(&self) -> &[Issued] {
        &self.index.issued
    }

    /// Issues a certificate. It is in the index before it is in a file, and in both when this returns.
    ///
    /// Fails for the authority's own key, for a key that no security policy takes from such an authority (RSA from
    /// one with an elliptic curve, and the other way round), and when the certificate would outlive the authority.
    pub fn issue(&mut self, profile: &ApplicationProfile, key: &PublicKey) -> Result<Certificate, Error> {
        self.check_key(key)?;
        let certificate = self.authority.issue(profile, key)?;
        let until = self.certificate().not_after();
        if certificate.not_after() > until {
            let text = format!(
                "the certificate would end at {}, after the authority at {until}",
                certificate.not_after()
            );
            return Err(Error::Issue(text));
        }
        let issued = Issued::new(&certificate, file_name(&certificate));
        if self.index.issued.iter().any(|earlier| earlier.serial == issued.serial) {
            return Err(Error::Issue(format!("the serial number {} was given already", issued.serial)));
        }
        let path = self.issued_path(&issued);
        self.change(|index| index.issued.push(issued))?;
        files::write_atomic(&path, certificate.der(), 0o644)?;
        Ok(certificate)
    }

    /// Whether it can issue for this key; [`issue`](Self::issue) asks this first.
    pub fn check_key(&self, key: &PublicKey) -> Result<(), Error> {
        if key == self.certificate().public_key() {
            let text = "the key is the authority's own; an application needs a key of its own";
            return Err(Error::Issue(text.to_owned()));
        }
        let (authority, kind) = (self.certificate().public_key().kind(), key.kind());
        let mut policies = CertificateRules::all().filter(|rules| !rules.is_deprecated());
        if policies.any(|rules| rules.takes_key(authority) && rules.takes_key(kind)) {
            return Ok(());
        }
        Err(Error::KeyNotTaken { key: kind, authority })
    }

    /// Revokes a certificate and makes a new revocation list. Both are one step: when the list could not be written,
    /// the certificate is revoked in the index, and the next list has it.
    ///
    /// Fails when the query names no certificate or more than one, or one that is revoked already.
    pub fn revoke(
        &mut self,
        query: &IssuedQuery,
        at: Timestamp,
        next_update: Timestamp,
    ) -> Result<(Issued, Crl), Error> {
        let mut named = self.index.issued.iter().enumerate().filter(|(_, issued)| query.matches(issued));
        let not_one = || Error::NotIssued { query: query.to_string() };
        let ((position, issued), None) = (named.next().ok_or_else(not_one)?, named.next()) else {
            return Err(not_one());
        };
        if let Some(since) = issued.revoked {
            return Err(Error::AlreadyRevoked { serial: issued.serial.clone(), since });
        }
        let mut issued = issued.clone();
        issued.revoked = Some(at);
        let number = self.index.crl_number.saturating_add(1);
        let list = self.make_list(number, at, next_update, Some(&issued))?;
        self.change(|index| {
            index.crl_number = number;
            if let Some(entry) = index.issued.get_mut(position) {
                entry.revoked = Some(at);
            }
        })?;
        files::write_atomic(&self.crl_path(), list.der(), 0o644)?;
        Ok((issued, list))
    }

    /// Makes a new revocation list, with a number that no list had before.
    pub fn revocation_list(&mut self, now: Timestamp, next_update: Timestamp) -> Result<Crl, Error> {
        let number = self.index.crl_number.saturating_add(1);
        let list = self.make_list(number, now, next_update, None)?;
        self.change(|index| index.crl_number = number)?;
        files::write_atomic(&self.crl_path(), list.der(), 0o644)?;
        Ok(list)
    }

    /// The current revocation list, if it is there and is the one that was made last.
    pub fn current_list(&self) -> Result<Option<Crl>, Error> {
        let path = self.crl_path();
        let limit = u64::try_from(crate::crl::MAX_CRL_BYTES).unwrap_or(u64::MAX);
        let crl = match files::read_limited(&path, limit) {
            Ok(bytes) => Crl::from_bytes(&bytes)?,
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let last = crl.has_number(self.index.crl_number) && crl.is_signed_by(self.certificate());
        Ok(last.then_some(crl))
    }

    fn make_list(
        &self,
        number: u64,
        now: Timestamp,
        next_update: Timestamp,
        also: Option<&Issued>,
    ) -> Result<Crl, Error> {
        let until = self.certificate().not_after();
        if now >= until {
            return Err(Error::Issue(format!("the authority itself ended at {until}")));
        }
        let mut index = self.index.clone();
        if let Some(also) = also
            && let Some(entry) = index.issued.iter_mut().find(|entry| entry.serial == also.serial)
        {
            entry.revoked = also.revoked;
        }
        // nobody can check a list of an authority that has ended
        self.authority.revocation_list(number, now, next_update.min(until), &index.revocations())
    }

    /// Changes the book: on disk first, then here.
    fn change(&mut self, change: impl FnOnce(&mut Index)) -> Result<(), Error> {
        let mut changed = self.index.clone();
        change(&mut changed);
        changed.save(&self.root.join(INDEX))?;
        self.index = changed;
        Ok(())
    }
}

/// Fails where there is an authority, or the remains of one that has issued something.
fn refuse_authority(root: &Path) -> Result<(), Error> {
    let there = |name: &str| std::fs::symlink_metadata(root.join(name)).is_ok();
    let exists = || Err(Error::AuthorityExists(root.to_owned()));
    if there(CERTIFICATE) || (there(INDEX) && !Index::load(&root.join(INDEX))?.issued.is_empty()) {
        return exists();
    }
    Ok(())
}

/// Keeps other programs out until the file is closed.
fn lock(root: &Path) -> Result<File, Error> {
    let path = root.join(LOCK);
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    // a folder that cannot be written to can still be looked at
    let file = options.open(&path).or_else(|error| File::open(&path).map_err(|_| error));
    let file = file.map_err(Error::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::AuthorityBusy(root.to_owned())),
        Err(TryLockError::Error(source)) => Err(Error::Io { path, source }),
    }
}
