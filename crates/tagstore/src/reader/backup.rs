//! A copy of a data folder of one instant, while another process writes it.
//!
//! The journal is copied in one read transaction, so that the copy is what a power cut at that moment would have left.
//! The sealed files that it lists never change; they are linked, or copied where that does not go. If compaction takes
//! one of them away before it was linked, the journal is copied anew.

use std::path::Path;

use rusqlite::Connection;

use super::Reader;
use crate::historian::files;
use crate::journal::upkeep::SET_APART;
use crate::{Error, HISTORIAN_DIR, JOURNAL_FILE};

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Sealed files.
    pub files: u64,
    /// Those of them that were linked: they share their bytes with the original.
    pub linked: u64,
    /// Sealed files that were missing already; their time is on the gap ledger, or will be.
    pub missing: Vec<String>,
}

impl Reader {
    /// Copies journal and historian into an empty folder, durably.
    ///
    /// # Errors
    /// [`Error::Disk`], also when the folder is not empty; [`Error::Database`].
    pub fn copy_to(&self, folder: &Path) -> Result<Copied, Error> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
        let historian = folder.join(HISTORIAN_DIR);
        std::fs::create_dir(&historian).map_err(|e| Error::io(&historian, &e))?;
        for _ in 1..TRIES {
            if let Some(copied) = self.try_copy(folder, Missing::TryAgain)? {
                return self.finish_copy(folder, copied);
            }
        }
        let copied = self.try_copy(folder, Missing::GoOn)?;
        self.finish_copy(folder, copied.unwrap_or(Copied { files: 0, linked: 0, missing: Vec::new() }))
    }

    /// `None` when a file that the copied journal lists has gone meanwhile.
    fn try_copy(&self, folder: &Path, missing: Missing) -> Result<Option<Copied>, Error> {
        let (journal, historian) = (folder.join(JOURNAL_FILE), folder.join(HISTORIAN_DIR));
        std::fs::remove_dir_all(&historian)
            .and_then(|()| std::fs::create_dir(&historian))
            .map_err(|e| Error::io(&historian, &e))?;
        match std::fs::remove_file(&journal) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&journal, &e)),
            _ => {}
        }
        self.check(self.connection.execute("VACUUM INTO ?1", [journal.to_string_lossy()]))?;
        let copy = Connection::open(&journal).map_err(|e| Error::sqlite(&journal, &e))?;
        let listed = prepare(&copy).map_err(|e| Error::sqlite(&journal, &e))?;
        drop(copy);
        let mut copied = Copied { files: 0, linked: 0, missing: Vec::new() };
        for (path, readable) in listed {
            let (from, to) = (self.historian.join(&path), historian.join(&path));
            copied.files += 1;
            match take(&from, &to) {
                Ok(Taken::Linked) => copied.linked += 1,
                Ok(Taken::Copied) => {}
                Err(Error::FileMissing { .. })
                    if readable && missing == Missing::TryAgain && !self.is_listed(&from)? =>
                {
                    return Ok(None);
                }
                Err(Error::FileMissing { .. }) => {
                    copied.files -= 1;
                    copied.missing.push(path);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(copied))
    }

    /// What makes the folder readable without us.
    fn finish_copy(&self, folder: &Path, copied: Copied) -> Result<Copied, Error> {
        let historian = folder.join(HISTORIAN_DIR);
        for name in ["streams.parquet", "views.sql", "journal-id"] {
            let from = self.historian.join(name);
            if from.exists() {
                let to = historian.join(name);
                std::fs::copy(&from, &to).map_err(|e| Error::io(&to, &e))?;
                sync(&to)?;
            }
        }
        sync(&folder.join(JOURNAL_FILE))?;
        files::sync_folder(&historian)?;
        files::sync_folder(folder)?;
        Ok(copied)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    TryAgain,
    GoOn,
}

/// Makes the copy what a journal is, and tells the files that it lists, and whether each is readable.
fn prepare(copy: &Connection) -> rusqlite::Result<Vec<(String, bool)>> {
    copy.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    let layout: i64 = copy.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let level = if layout > 1 { "level" } else { "0" };
    let mut select = copy.prepare(&format!("SELECT path, {level} FROM sealed_file ORDER BY first_seq"))?;
    let files = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? != SET_APART)))?;
    files.collect()
}

enum Taken {
    Linked,
    Copied,
}

fn take(from: &Path, to: &Path) -> Result<Taken, Error> {
    let failed = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound if !from.exists() => Error::FileMissing { path: from.to_owned() },
        _ => Error::io(to, &e),
    };
    if let Some(day) = to.parent() {
        std::fs::create_dir_all(day).map_err(|e| Error::io(day, &e))?;
    }
    if std::fs::hard_link(from, to).is_ok() {
        return Ok(Taken::Linked);
    }
    std::fs::copy(from, to).map_err(failed)?;
    sync(to)?;
    Ok(Taken::Copied)
}

fn sync(path: &Path) -> Result<(), Error> {
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(|e| Error::io(path, &e))
}

/// A merge takes far longer than linking does; so many in a row are not to be expected.
const TRIES: u32 = 10;
