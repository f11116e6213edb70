//! Our own certificate and key in the store.

use std::path::PathBuf;

use super::certificate_files::{read_certificates, write_certificate};
use super::{Store, files};
use crate::certificate::MAX_CHAIN;
use crate::{ApplicationIdentity, Error, PrivateKey};

/// The key of our own certificate.
const KEY_FILE: &str = "lockgate.pem";

impl Store {
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

    fn own_key_path(&self) -> Result<Option<PathBuf>, Error> {
        let folder = self.root.join("own/private");
        let files = files::list(&folder)?;
        let preferred = folder.join(KEY_FILE);
        let found = files.iter().map(|(path, _)| path).find(|path| **path == preferred);
        Ok(found.or_else(|| files.first().map(|(path, _)| path)).cloned())
    }
}
