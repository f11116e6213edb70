//! What a power cut or a hand left among our own files, and nobody asks for.

use std::path::PathBuf;

use super::roles::Roles;
use super::{Store, files};
use crate::Error;

impl Store {
    /// Files with keys that belong to no pair of ours, and files that were never finished. Nothing needs them; they
    /// are named, because a key that nobody uses is still a secret.
    pub fn own_leftovers(&self) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        for folder in ["own", "own/certs", "own/private", "own/pending"] {
            found.extend(files::unfinished(&self.root.join(folder))?);
        }
        let roles = Roles::read(&self.root)?;
        // without roles any of the keys may be the one that counts
        if roles.active.is_some() {
            let used = |path: &PathBuf| {
                let name = path.file_name().and_then(|name| name.to_str());
                roles.entries().any(|entry| Some(entry.key.as_str()) == name)
            };
            let keys = files::list(&self.root.join("own/private"))?.into_iter().map(|(path, _)| path);
            found.extend(keys.filter(|path| !used(path)));
        }
        Ok(found)
    }
}
