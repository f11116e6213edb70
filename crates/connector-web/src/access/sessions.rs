//! Who is logged in, in memory. The secret is in the browser's cookie; here is only its digest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connector::Clock;

use super::secret::{self, Digest};

/// A session ends after so long without a request,
const IDLE: Duration = Duration::from_secs(2 * 3600);
/// and after so long in any case.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// Most sessions at a time; one more ends the one that was idle longest.
const MOST: usize = 256;

#[derive(Debug)]
pub(crate) struct Sessions {
    clock: Arc<dyn Clock>,
    open: Mutex<HashMap<Digest, Session>>,
}

/// A user who logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: String,
    /// Stands for the password it was opened with.
    pub(crate) mark: Digest,
    opened: Instant,
    seen: Instant,
}

impl Session {
    fn holds(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) < IDLE
            && now.saturating_duration_since(self.opened) < LONGEST
    }
}

impl Sessions {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, open: Mutex::default() }
    }

    /// Begins one; gives its secret, empty when the system has no randomness.
    pub(crate) fn open(&self, user: &str, mark: Digest) -> String {
        let Some(secret) = secret::fresh() else { return String::new() };
        let now = self.clock.instant();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.holds(now));
        if open.len() >= MOST
            && let Some(oldest) =
                open.iter().min_by_key(|(_, session)| session.seen).map(|(digest, _)| digest.clone())
        {
            open.remove(&oldest);
        }
        open.insert(Digest::of(&secret), Session { user: user.to_owned(), mark, opened: now, seen: now });
        secret
    }

    /// The session, which is seen by that.
    pub(crate) fn find(&self, digest: &Digest) -> Option<Session> {
        let now = self.clock.instant();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get_mut(digest)?;
        if !session.holds(now) {
            open.remove(digest);
            return None;
        }
        session.seen = now;
        Some(session.clone())
    }

    /// Whether it holds, without being used by that.
    pub(crate) fn is_open(&self, digest: &Digest) -> bool {
        let now = self.clock.instant();
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(digest).is_some_and(|session| session.holds(now))
    }

    /// Ends it.
    pub(crate) fn close(&self, digest: &Digest) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }
}
