//! Who may do what: users, API tokens, sessions, and the first login.
//!
//! Everything lasting is in the folder `web` of the data folder, its owner's alone: `users.json` (password hashes by
//! argon2id, hashes of tokens) and, until there is a user, `setup` with the secret of the one-time link. Sessions are in
//! memory: a restart ends them.
//!
//! **Promises**: a password or token is never kept, shown or logged; who guesses learns nothing, not even which users
//! there are, and is slowed down more with every guess.

mod lockout;
mod password;
mod secret;
mod sessions;
mod setup;
pub(crate) mod store;
mod users;

use std::sync::Arc;

use connector::{Clock, Config};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

pub(crate) use lockout::Lockout;
pub(crate) use password::verify;
pub(crate) use secret::Digest;
pub(crate) use sessions::Sessions;
pub use setup::{known_setup_link, setup_link};
pub use users::{AccessError, NewToken, TokenShown, UserShown, Users};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything and changes nothing.
    Viewer,
    /// Changes everything.
    Admin,
}

impl Role {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }
}

/// Somebody who has shown who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Principal {
    /// Name of the user or of the token.
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) by: By,
}

/// How they showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A cookie; the digest names the session.
    Session(Digest),
    /// An API token.
    Token,
}

impl By {
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Token => "token",
        }
    }
}

/// Everything that decides who may come in.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) users: Users,
    pub(crate) sessions: Sessions,
    pub(crate) lockout: Lockout,
    /// Hashing a password takes 19 MiB and a good part of a second: so many at a time.
    pub(crate) hashing: Arc<Semaphore>,
}

impl Access {
    pub(crate) fn new(config: &Config, clock: &Arc<dyn Clock>) -> Self {
        Self {
            users: Users::of(config),
            sessions: Sessions::new(Arc::clone(clock)),
            lockout: Lockout::new(Arc::clone(clock)),
            hashing: Arc::new(Semaphore::new(HASHING)),
        }
    }

    /// Who sends this cookie; a user who is gone or has another password is nobody.
    pub(crate) fn by_cookie(&self, secret: &str) -> Option<Principal> {
        let digest = Digest::of(secret);
        let session = self.sessions.find(&digest)?;
        let user = self.users.find(&session.user).ok().flatten()?;
        (user.mark() == session.mark).then(|| Principal {
            name: user.name.clone(),
            role: user.role,
            by: By::Session(digest),
        })
    }

    /// Whose token this is.
    pub(crate) fn by_token(&self, secret: &str) -> Option<Principal> {
        let token = self.users.find_token(secret).ok().flatten()?;
        Some(Principal { name: token.name, role: token.role, by: By::Token })
    }

    /// Whether somebody who was let in would be let in again.
    pub(crate) fn still(&self, who: &Principal) -> bool {
        match &who.by {
            By::Session(digest) => {
                let user = || self.users.find(&who.name).ok().flatten();
                self.sessions.is_open(digest) && user().is_some_and(|user| user.role >= who.role)
            }
            By::Token => self.users.has_token(&who.name),
        }
    }

    /// Begins a session; the secret goes into the cookie.
    pub(crate) fn open_session(&self, user: &str) -> Option<String> {
        let user = self.users.find(user).ok().flatten()?;
        Some(self.sessions.open(&user.name, user.mark()))
    }
}

const HASHING: usize = 2;
