//! Files that a command writes: whole, or not at all. A full disk leaves nothing half written behind, and a file that
//! was there as it was.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use crate::advice::{Advice, Outcome, disk};
use crate::exit::Exit;

/// Writes a file that must not be there yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // half of it is of no use; the first error is the one to report
        drop(fs::remove_file(path));
    }
    written
}

/// Writes a file, in place of the one that may be there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (Some(name), Ok(true) | Err(_)) = (path.file_name(), fs::metadata(path).map(|there| there.is_file()))
    else {
        // a pipe or a terminal, which nothing can take the place of
        return fs::write(path, bytes);
    };
    let mut unfinished = OsString::from(".");
    unfinished.push(name);
    unfinished.push(format!(".{}.unfinished", std::process::id()));
    let unfinished = path.with_file_name(unfinished);
    write_new(&unfinished, bytes)?;
    fs::rename(&unfinished, path).inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// Writes a file that must not be there yet and may be large: `write` gets it empty, under another name beside it.
pub(crate) fn write_large<T>(path: &Path, write: impl FnOnce(File) -> Outcome<T>) -> Outcome<T> {
    let failed = |e: io::Error| disk("write the file", path, &e);
    if path.exists() {
        return Err(exists(path));
    }
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(format!(".{}.partial", std::process::id()));
    let unfinished = path.with_file_name(name);
    let file = File::create_new(&unfinished).map_err(failed)?;
    let written = write(file).and_then(|written| {
        // a hard link refuses to replace a file that appeared meanwhile; a rename would not
        fs::hard_link(&unfinished, path).map_err(failed)?;
        Ok(written)
    });
    let tidied = fs::remove_file(&unfinished);
    let written = written?;
    tidied.map_err(failed)?;
    Ok(written)
}

/// What is said of a file that is there already.
pub(crate) fn exists(path: &Path) -> Box<Advice> {
    Box::new(
        Advice::new("export.exists", Exit::Usage, "this file exists already; it was left as it is")
            .fact("file", path.display().to_string())
            .then("name another file"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.der");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(write_new(&path, b"three").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_written_to_its_end_is_an_error_and_a_device_stays_one() {
        let full = replace(Path::new("/dev/full"), b"one").unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        replace(Path::new("/dev/null"), b"one").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
