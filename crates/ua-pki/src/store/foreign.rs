//! Whole store folders of other products, as their administrators bring them along.
//!
//! Understood are our own layout (Part 12 Annex F, also with `issuer/`), that of node-opcua and open62541
//! (`trusted/certs`, `trusted/crl`), and flat ones with the files in `trusted/` and `issuers/` themselves, as
//! UA-.NETStandard and PI Connector have them (`pkiclient/{own,trusted,rejected,issuers}`). The case of names does not
//! matter: such folders come from Windows.

use std::fs;
use std::path::{Path, PathBuf};

use super::import::{Destination, ImportPlan};
use super::{Store, files};
use crate::{Error, Material};

/// Most files looked at, in each folder.
const MAX_FILES: usize = 10_000;
/// Most bytes read altogether.
const MAX_BYTES: usize = 256 * 1024 * 1024;

const TRUSTED: [&str; 1] = ["trusted"];
const ISSUERS: [&str; 2] = ["issuers", "issuer"];
/// Below these two, beside the files themselves.
const WITHIN: [&str; 5] = ["certs", "cert", "crl", "crls", "certificates"];

impl Store {
    /// What would become of everything in a store folder of another product. Only what is trusted there, its issuers and
    /// its revocation lists are taken: who was rejected there gets no trust, and private keys are not touched.
    ///
    /// Fails when the folder cannot be read, is none of the layouts, or is this very store.
    pub fn plan_folder(&self, folder: &Path) -> Result<ImportPlan, Error> {
        let own = fs::canonicalize(&self.root).ok();
        if own.is_some() && own == Some(fs::canonicalize(folder).map_err(Error::io(folder))?) {
            return Err(Error::NoStore { path: folder.to_owned(), why: "is this very store" });
        }
        let mut plan = ImportPlan::default();
        let mut budget = MAX_BYTES;
        let mut found = false;
        for (path, name) in entries(folder)? {
            let destination = if TRUSTED.contains(&name.as_str()) {
                Destination::Trusted
            } else if ISSUERS.contains(&name.as_str()) {
                Destination::Issuer
            } else {
                plan.leave(path);
                continue;
            };
            found = true;
            self.plan_kind(&path, destination, &mut plan, &mut budget)?;
        }
        if !found {
            return Err(Error::NoStore {
                path: folder.to_owned(),
                why: "has neither a folder trusted nor a folder issuers",
            });
        }
        self.settle(&mut plan)?;
        Ok(plan)
    }

    /// One of the two folders that count: its files, and those of the folders below that we know.
    fn plan_kind(
        &self,
        folder: &Path,
        destination: Destination,
        plan: &mut ImportPlan,
        budget: &mut usize,
    ) -> Result<(), Error> {
        let mut files = Vec::new();
        for (path, name) in entries(folder)? {
            if !path.is_dir() {
                files.push(path);
            } else if WITHIN.contains(&name.as_str()) {
                files.extend(entries(&path)?.into_iter().map(|(path, _)| path));
            } else {
                plan.leave(path);
            }
        }
        for path in files {
            match files::read_limited(&path, u64::try_from(*budget).unwrap_or(u64::MAX)) {
                Ok(bytes) => {
                    *budget = budget.saturating_sub(bytes.len());
                    plan.add(&path, &Material::from_bytes(&bytes), destination);
                }
                Err(error) => plan.refuse(&path, reason(&error)),
            }
        }
        Ok(())
    }
}

fn reason(error: &Error) -> String {
    match error {
        Error::NotAFile { kind, .. } => format!("it is {kind}, not a file"),
        Error::Io { source, .. } => format!("it cannot be read: {source}"),
        other => other.to_string(),
    }
}

/// What is in a folder, hidden things apart, sorted; each with its name in lower case.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>, Error> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(folder))? {
        let entry = entry.map_err(Error::io(folder))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if name.starts_with('.') {
            continue;
        }
        entries.push((entry.path(), name));
        if entries.len() > MAX_FILES {
            return Err(Error::LimitExceeded {
                what: "number of files in a folder",
                actual: entries.len(),
                limit: MAX_FILES,
            });
        }
    }
    entries.sort();
    Ok(entries)
}
