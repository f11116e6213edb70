//! One program at a time changes our own certificates.

use std::fs::{File, OpenOptions, TryLockError};
use std::time::Duration;

use super::{Store, files};
use crate::Error;

/// While this exists, no other program that asks for it changes our own certificates in the store. Released when it is
/// dropped, by the system also after a crash.
#[derive(Debug)]
pub struct OwnHold {
    _lock: File,
}

const LOCK: &str = "own/.lock";
/// Long enough for the other program to make an RSA key with 4096 bits.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Keeps other programs from changing our own certificates; what takes several steps (look, make, write, switch)
    /// is done under it. Waits ten seconds at most for a program that has it, then fails with [`Error::StoreBusy`].
    pub fn hold_own(&self) -> Result<OwnHold, Error> {
        let path = self.root.join(LOCK);
        files::refuse_link(&path)?;
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::io(&path))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(OwnHold { _lock: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(Error::Io { path, source }),
            }
        }
        Err(Error::StoreBusy(self.root.clone()))
    }
}
