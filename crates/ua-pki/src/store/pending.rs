//! A key that waits for its certificate: `own/pending/key.pem`, from the request to the answer.

use std::path::PathBuf;

use super::{Store, files};
use crate::{ApplicationIdentity, Certificate, Error, OwnRole, PrivateKey};

impl Store {
    /// The key for which a certificate was requested; `None` when none waits.
    pub fn pending_key(&self) -> Result<Option<PrivateKey>, Error> {
        let path = self.pending_path();
        // a link that leads nowhere is not "none": loading it says what is wrong
        if std::fs::symlink_metadata(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        PrivateKey::load(&path).map(Some)
    }

    /// Keeps a key until its certificate comes; the one that waited before is gone then.
    pub fn save_pending_key(&self, key: &PrivateKey) -> Result<(), Error> {
        files::create_folder(&self.root.join("own/pending"))?;
        key.save(&self.pending_path())
    }

    /// Forgets the key that waits.
    pub fn drop_pending_key(&self) -> Result<(), Error> {
        let path = self.pending_path();
        if path.exists() { files::remove(&path) } else { Ok(()) }
    }

    /// Joins a certificate that came from an authority, given with its issuers in any order, and the key of ours that
    /// it is for: the one that waits, that of the next, of the active or of the former pair. The chain comes back leaf
    /// first. Nothing is written; [`save_next`](Self::save_next) and [`save_own`](Self::save_own) do that.
    ///
    /// Fails with [`Error::KeyMismatch`] when it is for none of them.
    pub fn join_own(&self, certificates: &[Certificate]) -> Result<ApplicationIdentity, Error> {
        let mut keys: Vec<PrivateKey> = self.pending_key()?.into_iter().collect();
        for role in [OwnRole::Next, OwnRole::Active, OwnRole::Former] {
            if let Some(pair) = self.own_pair(role)? {
                keys.push(PrivateKey::load(&pair.key_file)?);
            }
        }
        join(certificates, keys)
    }

    fn pending_path(&self) -> PathBuf {
        self.root.join("own/pending/key.pem")
    }
}

impl ApplicationIdentity {
    /// Joins a key and the certificates that came with it, in any order: the one that the key is for goes first, and
    /// its issuers follow. Certificates that are not of its chain are left out.
    ///
    /// Fails with [`Error::KeyMismatch`] when none of them is for this key.
    pub fn join(certificates: &[Certificate], key: PrivateKey) -> Result<Self, Error> {
        join(certificates, vec![key])
    }
}

fn join(certificates: &[Certificate], keys: Vec<PrivateKey>) -> Result<ApplicationIdentity, Error> {
    for key in keys {
        if let Some(leaf) = certificates.iter().find(|one| key.belongs_to(one.public_key())) {
            return ApplicationIdentity::new(super::own::chain_among(leaf.clone(), certificates), key);
        }
    }
    let thumbprint = certificates.first().map(|one| one.thumbprint().to_string()).unwrap_or_default();
    Err(Error::KeyMismatch { thumbprint })
}
