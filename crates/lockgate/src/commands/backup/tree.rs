//! Folders, copied whole. Links and devices are not followed: nobody can put something else in their place meanwhile.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::advice::{Advice, Outcome, disk};
use crate::exit::Exit;

/// A folder that its owner alone may enter; one that is there already stays as it is.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Copies the files of a folder and of those in it, as far as they are `wanted`, into a new one, durably.
pub(super) fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&Path) -> bool) -> io::Result<()> {
    make_private(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if !wanted(&from) {
            continue;
        }
        if kind.is_dir() {
            copy(&from, &to, wanted)?;
        } else if kind.is_file() {
            copy_file(&from, &to)?;
        }
    }
    File::open(to)?.sync_all()
}

/// Copies a file with its mode, durably.
pub(super) fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// Every file below a folder, relative to it, in order.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            let path = inner.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Every folder below a folder, relative to it, the outer ones first.
pub(super) fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(inner) = open.pop() {
        for entry in fs::read_dir(folder.join(&inner))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                found.push(inner.join(entry.file_name()));
                open.push(inner.join(entry.file_name()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Takes away what a failed attempt left in a folder that was empty before. What cannot be removed stays, and shows as
/// an unfinished backup.
pub(super) fn empty(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        drop(if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) });
    }
}

/// A folder in which a backup lies until it is packed. It goes with this.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    _lock: File,
}

impl Staging {
    /// In the folder of the data, or, where that is not there or cannot be written, beside the file that is to be made. What
    /// an attempt left that was killed goes first.
    pub(super) fn begin(data: &Path, file: &Path) -> Outcome<Self> {
        let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (place, lock) = match (open_lock(data), data.is_dir()) {
            (Ok(lock), true) => (data, lock),
            _ => (beside, open_lock(beside).map_err(|e| disk("make the backup", beside, &e))?),
        };
        if lock.try_lock().is_err() {
            return Err(Box::new(
                Advice::new("backup.busy", Exit::Storage, "another backup is being made")
                    .fact("folder", place.join(STAGING).display().to_string())
                    .then("wait until it is done"),
            ));
        }
        let folder = place.join(STAGING);
        let failed = |e: io::Error| disk("make the backup", &folder, &e);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        make_private(&folder).map_err(failed)?;
        Ok(Self { folder, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // what cannot be removed goes with the next backup
        drop(fs::remove_dir_all(&self.folder));
        drop(fs::remove_file(self.folder.with_extension("lock")));
    }
}

fn open_lock(folder: &Path) -> io::Result<File> {
    File::options().write(true).create(true).truncate(false).open(folder.join(STAGING).with_extension("lock"))
}

const STAGING: &str = "backup.making";

/// Bytes of these files together.
pub(super) fn length(folder: &Path, paths: &[PathBuf]) -> io::Result<u64> {
    paths.iter().map(|path| Ok(fs::metadata(folder.join(path))?.len())).sum()
}
