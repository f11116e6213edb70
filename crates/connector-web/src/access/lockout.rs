//! Slowing down who guesses passwords: after a few wrong ones each further try has to wait, twice as long each time.
//!
//! It counts by name (its digest, so that long names take no room) and address together, whether or not there is such a user. While it waits, the right password is
//! refused too: the answer tells nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connector::Clock;

use super::secret::Digest;

/// Wrong tries that cost no waiting.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// After so long without a try everything is forgotten.
const FORGET: Duration = Duration::from_secs(3600);
/// Names and addresses that are remembered; when there are more, the ones not known wait.
const REMEMBERED: usize = 4096;

#[derive(Debug)]
pub(crate) struct Lockout {
    clock: Arc<dyn Clock>,
    tries: Mutex<HashMap<(Digest, IpAddr), Tries>>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    fn wait(&self) -> Duration {
        match self.wrong.checked_sub(FREE) {
            None => Duration::ZERO,
            Some(beyond) => Duration::from_secs(1 << beyond.min(16)).min(LONGEST),
        }
    }
}

impl Lockout {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tries: Mutex::default() }
    }

    /// Counts a try before it is looked at, as a wrong one; else how long it has to wait.
    pub(crate) fn enter(&self, name: &str, from: IpAddr) -> Result<(), Duration> {
        let now = self.clock.instant();
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= REMEMBERED {
            tries.retain(|_, tries| now.saturating_duration_since(tries.last) < FORGET);
        }
        let full = tries.len() >= REMEMBERED;
        let key = (Digest::of(name), from);
        match tries.get_mut(&key) {
            Some(known) => {
                let since = now.saturating_duration_since(known.last);
                if since >= FORGET {
                    known.wrong = 0;
                }
                let left = known.wait().saturating_sub(since);
                if !left.is_zero() {
                    return Err(left);
                }
                known.wrong = known.wrong.saturating_add(1);
                known.last = now;
            }
            None if full => return Err(LONGEST),
            None => {
                tries.insert(key, Tries { wrong: 1, last: now });
            }
        }
        Ok(())
    }

    /// The try was right.
    pub(crate) fn passed(&self, name: &str, from: IpAddr) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&(Digest::of(name), from));
    }
}
