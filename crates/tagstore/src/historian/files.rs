//! Files that are either whole or not there.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::Error;

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), Error> {
    // "" is how a relative path calls the working directory
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|e| Error::io(folder, &e))
}

/// Makes a folder whose name is durable.
pub(super) fn make_folder(folder: &Path) -> Result<(), Error> {
    match std::fs::create_dir(folder) {
        Ok(()) => folder.parent().map_or(Ok(()), sync_folder),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(Error::io(folder, &e)),
    }
}

/// The name under which a file is written before it is whole. It does not match `*.parquet`.
pub(super) fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Writes a file under its temporary name and makes its content durable. What an earlier attempt left is replaced.
pub(super) fn write_temporary<T>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, Error>,
) -> Result<T, Error> {
    let temporary = temporary(path);
    let io = |e| Error::io(&temporary, &e);
    let mut file = File::create(&temporary).map_err(io)?;
    let result = write(&mut file).and_then(|result| file.sync_all().map_err(io).map(|()| result));
    if result.is_err() {
        // give the space back at once: the disk may be full; if that fails, too, the next attempt replaces the file
        if let Err(error) = std::fs::remove_file(&temporary) {
            tracing::debug!(%error, "temporary file not removed");
        }
    }
    result
}

/// Gives a file that was written under its temporary name its own, durably.
pub(super) fn publish(path: &Path) -> Result<(), Error> {
    std::fs::rename(temporary(path), path).map_err(|e| Error::io(path, &e))?;
    path.parent().map_or(Ok(()), sync_folder)
}
