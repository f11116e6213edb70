//! One writer per journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Error;

/// A reader that asks whether somebody writes holds the lock for an instant; only a lock that stays is a writer's.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Held as long as any handle of this process lives. The operating system lets go of it when the process dies, however
/// it dies, so there is no stale lock to clean up; the file itself stays.
#[derive(Debug)]
pub(super) struct WriterLock {
    _file: File,
    turn: Mutex<()>,
}

impl WriterLock {
    pub(super) fn acquire(journal: &Path) -> Result<Self, Error> {
        let path = lock_path(journal);
        let io = |e: std::io::Error| Error::io(&path, &e);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        let mut looks = 1;
        while !try_lock(&file).map_err(io)? {
            if looks == LOOKS {
                return Err(Error::Locked { path: journal.to_owned(), pid: holder(&mut file) });
            }
            looks += 1;
            std::thread::sleep(BETWEEN_LOOKS);
        }
        // only for the message that others see; a full disk must not keep us from starting
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = written {
            tracing::debug!(%error, "process id not written to lock file");
        }
        Ok(Self { _file: file, turn: Mutex::new(()) })
    }

    /// Held during a write transaction. SQLite would let the handles of this process wait for each other by sleeping
    /// and trying again, up to 100 ms at a time: an append must not wait so for the end of a seal.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a living process writes this journal. One that was killed is no longer alive, whatever it left behind.
pub(crate) fn is_written(journal: &Path) -> Result<bool, Error> {
    let path = lock_path(journal);
    let io = |e: std::io::Error| Error::io(&path, &e);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(io(e)),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(io(e)),
    }
}

/// When the process that writes this journal, or wrote it last, opened it.
pub(crate) fn written_since(journal: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(lock_path(journal)).and_then(|file| file.modified()).ok()
}

fn try_lock(file: &File) -> Result<bool, std::io::Error> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Writes a byte beside the journal.
pub(super) fn try_writing(journal: &Path) -> Result<(), Error> {
    let path = beside(journal, ".probe");
    let written = File::create(&path).and_then(|mut file| file.write_all(b"?"));
    // best effort: one that stays is written anew the next time
    std::fs::remove_file(&path).ok();
    written.map_err(|e| Error::io(journal, &e))
}

fn lock_path(journal: &Path) -> PathBuf {
    beside(journal, ".lock")
}

fn beside(journal: &Path, ending: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
