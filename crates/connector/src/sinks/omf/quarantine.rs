//! Where messages go that the server will never take: a folder, one file each, with the reason, for a person to look at.
//!
//! A file is on the disk before the cursor moves past its values. It is named by the journal row it comes from, so that a
//! crash between the two writes it again under the same name.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tagstore::Seq;

use super::trouble::OmfTrouble;

/// The folder and what is in it.
pub(super) struct Quarantine {
    folder: PathBuf,
    limit: u64,
    bytes: u64,
    files: u64,
}

/// A message that was refused.
pub(super) struct Refused<'a> {
    /// The journal row that the request ended with, and how many came before it from there.
    pub(super) row: Seq,
    pub(super) number: usize,
    pub(super) at: String,
    pub(super) container: &'a str,
    pub(super) code: u16,
    pub(super) reason: &'a str,
    /// The request that would send it again.
    pub(super) body: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    at: &'a str,
    container: &'a str,
    code: u16,
    reason: &'a str,
}

impl Quarantine {
    /// Looks at what is there already; the folder is made with the first file.
    ///
    /// # Errors
    /// [`OmfTrouble::Quarantine`].
    pub(super) fn open(folder: PathBuf, limit: u64) -> Result<Self, OmfTrouble> {
        let mut quarantine = Self { folder, limit, bytes: 0, files: 0 };
        quarantine.count()?;
        Ok(quarantine)
    }

    pub(super) const fn files(&self) -> u64 {
        self.files
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps a message.
    ///
    /// # Errors
    /// [`OmfTrouble::QuarantineFull`], [`OmfTrouble::Quarantine`]: nothing was kept, and nothing may go on.
    pub(super) fn keep(&mut self, refused: &Refused<'_>) -> Result<(), OmfTrouble> {
        let failed = |source| OmfTrouble::Quarantine { folder: self.folder.clone(), source };
        let document = Document {
            schema: "lockgate/quarantine/1",
            at: &refused.at,
            container: refused.container,
            code: refused.code,
            reason: refused.reason,
        };
        let mut text = serde_json::to_string(&document).map_err(|error| failed(error.into()))?;
        // the body goes in as it was sent, digit by digit
        text.truncate(text.len().saturating_sub(1));
        text = format!("{text},\"body\":{}}}\n", refused.body);
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.bytes.saturating_add(length) > self.limit {
            // a person may have made room
            self.count()?;
            if self.bytes.saturating_add(length) > self.limit {
                return Err(OmfTrouble::QuarantineFull { folder: self.folder.clone(), limit: self.limit });
            }
        }
        let name = format!("{:012}-{:06}.json", refused.row.get(), refused.number);
        let there_already = self.folder.join(&name).exists();
        self.write(&name, text.as_bytes())
            .map_err(|source| OmfTrouble::Quarantine { folder: self.folder.clone(), source })?;
        if !there_already {
            self.bytes += length;
            self.files += 1;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let place = self.folder.join(name);
        let part = place.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&part, &place)?;
        File::open(&self.folder)?.sync_all()
    }

    /// What lies there now.
    fn count(&mut self) -> Result<(), OmfTrouble> {
        let failed = |source| OmfTrouble::Quarantine { folder: self.folder.clone(), source };
        (self.bytes, self.files) = (0, 0);
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            if entry.path().extension().is_some_and(|end| end == "json") {
                self.files += 1;
                self.bytes += entry.metadata().map_or(0, |about| about.len());
            }
        }
        Ok(())
    }
}
