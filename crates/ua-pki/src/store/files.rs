//! Files and folders of the store: written whole or not at all, readable by nobody else, links not followed.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use zeroize::Zeroizing;

use crate::Error;

/// Files that begin so are being written; readers skip them.
const UNFINISHED: &str = ".unfinished-";

/// Creates the folder (and those above it) for us alone; one that exists is left as it is.
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    refuse_link(path)?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path).map_err(Error::io(path))
}

/// Writes the file so that after a power cut it is there whole or not at all. `mode` is for Unix.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let folder = folder_of(path);
    power::step()?;
    refuse_link(folder)?;
    refuse_link(path)?;
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!("{UNFINISHED}{}-{number}", std::process::id()));
    let undo = |error| {
        // best effort: the first error is the one to report
        drop(fs::remove_file(&unfinished));
        Error::io(path)(error)
    };
    write_new(&unfinished, bytes, mode).map_err(undo)?;
    power::step()?;
    fs::rename(&unfinished, path).and_then(|()| sync_folder(folder)).map_err(undo)?;
    power::step()
}

/// Removes a file; durable when it returns.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    power::step()?;
    fs::remove_file(path).map_err(Error::io(path))?;
    sync_folder(folder_of(path)).map_err(Error::io(path))?;
    power::step()
}

/// Opens a file to read. Refuses what is no file: opening a pipe or a device could wait for ever.
fn open(path: &Path) -> Result<File, Error> {
    let metadata = fs::metadata(path).map_err(Error::io(path))?;
    if !metadata.is_file() {
        return Err(Error::NotAFile { path: path.to_owned(), kind: kind(&metadata) });
    }
    File::open(path).map_err(Error::io(path))
}

/// Reads a file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path))?;
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    Ok(bytes)
}

fn kind(metadata: &fs::Metadata) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let kind = metadata.file_type();
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if metadata.is_dir() { "a folder" } else { "no plain file" }
}

/// The plain files of a folder, sorted by name; empty when the folder does not exist.
pub(crate) fn list(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io(folder))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // follows links: an administrator may link a certificate into the folder, and reading it does no harm
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_file() => files.push((entry.path(), metadata)),
            _ => {}
        }
    }
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(files)
}

/// The files of a folder whose writing was begun and never finished; empty when the folder does not exist.
pub(crate) fn unfinished(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io(folder))?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file with a secret, of at most `limit` bytes; refuses one that others can read.
pub(crate) fn read_private(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = open(path)?;
    // of the open file, so that it cannot be exchanged in between
    let metadata = file.metadata().map_err(Error::io(path))?;
    let mode = mode_for_others(&metadata);
    if mode != 0 {
        return Err(Error::KeyPermissions { path: path.to_owned(), mode });
    }
    // enough room from the start, so that growing leaves no copies behind
    let room = usize::try_from(limit.saturating_add(1)).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        let why = format!("{}: more than {limit} bytes, which no private key has", path.display());
        return Err(Error::UnusableKey(why));
    }
    Ok(bytes)
}

/// Permission bits for others than the owner; 0 where the system has no such bits.
#[cfg(unix)]
fn mode_for_others(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077
}

/// Permission bits for others than the owner; 0 where the system has no such bits.
#[cfg(not(unix))]
fn mode_for_others(_metadata: &fs::Metadata) -> u32 {
    0
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    // create_new never follows a link and never opens what somebody else has put there
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}

pub(crate) fn refuse_link(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(Error::SymbolicLink(path.to_owned())),
        _ => Ok(()),
    }
}

/// What distinguishes a file that was replaced by another one of the same length in the same instant.
#[cfg(unix)]
pub(crate) fn identity(metadata: &fs::Metadata) -> (u64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ino(), metadata.ctime_nsec())
}

/// What distinguishes a file that was replaced by another one of the same length in the same instant.
#[cfg(not(unix))]
pub(crate) fn identity(_metadata: &fs::Metadata) -> (u64, i64) {
    (0, 0)
}

/// Where the power may fail: nothing in the product; tests make it fail at every step in turn.
#[cfg(not(test))]
mod power {
    #[expect(clippy::unnecessary_wraps, reason = "tests make it fail")]
    pub(super) fn step() -> Result<(), crate::Error> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod power {
    use std::cell::Cell;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Lets the power fail after this many steps of writing, on this thread; `None` mends it.
    pub(crate) fn fail_after(steps: Option<usize>) {
        LEFT.set(steps);
    }

    pub(super) fn step() -> Result<(), crate::Error> {
        match LEFT.get() {
            Some(0) => Err(crate::Error::Io {
                path: "power".into(),
                source: std::io::Error::other("the power failed"),
            }),
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}
