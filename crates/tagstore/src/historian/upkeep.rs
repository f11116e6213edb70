//! Upkeep: files that are gone or damaged are entered into the gap ledger, files that are old enough are deleted.

use std::path::{Path, PathBuf};

use super::Historian;
use crate::{Error, Journal, Timestamp};

/// What went because of its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// Files deleted.
    pub files: u64,
    /// Samples in them.
    pub rows: u64,
}

impl Historian {
    /// Looks whether every listed file is there with the size it had, and sets apart those that are
    /// not; gives their paths. Reads no content: damage inside a file shows when it is queried or merged.
    ///
    /// # Errors
    /// [`Error::Disk`], also when the folder itself cannot be looked into: nothing is set apart then.
    pub fn check(&self, journal: &mut Journal, now: Timestamp) -> Result<Vec<PathBuf>, Error> {
        std::fs::read_dir(&self.dir).map_err(|e| Error::io(&self.dir, &e))?;
        let mut lost = Vec::new();
        for (path, bytes) in journal.readable_files()? {
            let place = self.dir.join(&path);
            let detail = match std::fs::metadata(&place) {
                Ok(found) if found.len() == bytes => continue,
                Ok(found) => format!("it has {} bytes instead of {bytes}", found.len()),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => "it is missing".to_owned(),
                Err(e) => return Err(Error::io(&place, &e)),
            };
            journal.set_file_apart(&path, &detail, now)?;
            lost.push(place);
        }
        Ok(lost)
    }

    /// Counts a file no longer: queries and merges pass it over, and the time that it covered is a gap on the ledger.
    /// The file itself, if there is one, is left for a rescue by hand.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub(super) fn set_apart(
        &self,
        journal: &mut Journal,
        place: &Path,
        detail: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let path = place.strip_prefix(&self.dir).unwrap_or(place).to_string_lossy();
        journal.set_file_apart(&path, detail, now)
    }

    /// Deletes the files of the oldest day that were sealed before `before`; `None` when there are none. One day a
    /// call, so that a clock that was set wrong does not empty the historian before anybody looks.
    ///
    /// # Errors
    /// [`Error::Disk`]: what was not deleted is, by the next call.
    pub fn retire(&self, journal: &mut Journal, before: Timestamp) -> Result<Option<Retired>, Error> {
        self.check_owner(journal)?;
        let retired = journal.retire_files(before)?;
        self.remove_obsolete(journal)?;
        Ok(retired.map(|retired| Retired { files: retired.files, rows: retired.rows }))
    }
}
