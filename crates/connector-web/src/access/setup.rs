//! The first login: a link with a secret that works once, as long as there is no user.

use std::net::SocketAddr;
use std::path::Path;

use connector::Config;

use super::secret;
use super::store;
use super::users::{AccessError, Users};

/// The one-time link that makes the first user, made if it must be; `None` when there is a user
/// already.
///
/// # Errors
/// Those of the files.
pub fn setup_link(config: &Config, listen: SocketAddr) -> Result<Option<String>, AccessError> {
    let users = Users::of(config);
    if !users.is_empty()? {
        void(users.folder());
        return Ok(None);
    }
    let failed = |source| AccessError::Io { path: users.folder().join(FILE), source };
    let secret = match read(users.folder()) {
        Some(secret) => secret,
        None => {
            let secret = secret::fresh().ok_or(AccessError::Refused("the system has no randomness"))?;
            store::folder(users.folder()).map_err(failed)?;
            store::replace(&users.folder().join(FILE), &secret).map_err(failed)?;
            secret
        }
    };
    // behind the #, so that it reaches no log of requests
    Ok(Some(format!("http://{listen}/setup#{secret}")))
}

/// The link as it was made; `None` when there is none, or it is not for who asks.
#[must_use]
pub fn known_setup_link(config: &Config, listen: SocketAddr) -> Option<String> {
    let users = Users::of(config);
    if !users.is_empty().ok()? {
        return None;
    }
    Some(format!("http://{listen}/setup#{}", read(users.folder())?))
}

/// The secret of the link that is valid.
pub(super) fn read(folder: &Path) -> Option<String> {
    let text = store::read(&folder.join(FILE)).ok()??;
    let secret = text.trim();
    (secret.len() == SECRET_LENGTH).then(|| secret.to_owned())
}

/// From now on there is no link. That there is a user voids it, too, should the file stay.
pub(super) fn void(folder: &Path) {
    if let Err(error) = std::fs::remove_file(folder.join(FILE))
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the one-time link is void, but its file cannot be removed");
    }
}

const FILE: &str = "setup";
const SECRET_LENGTH: usize = 64;
