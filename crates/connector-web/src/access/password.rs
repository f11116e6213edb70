//! Passwords: argon2id, in the cost that its authors recommend.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

/// Fewest characters of a password.
pub(crate) const LEAST: usize = 10;
/// Most bytes of a password.
const MOST: usize = 1024;

/// Whether it may be a password, else why not.
pub(crate) fn check(password: &str) -> Result<(), &'static str> {
    if password.chars().count() < LEAST {
        return Err("a password has at least 10 characters");
    }
    if password.len() > MOST {
        return Err("a password has at most 1024 bytes");
    }
    Ok(())
}

/// Its hash in the PHC form; `None` when the system has no randomness.
pub(crate) fn hash(password: &str) -> Option<String> {
    Argon2::default().hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}

/// Whether the password is the one. Without a hash, for a user who does not exist, it takes as long.
pub(crate) fn verify(password: &str, hash: Option<&str>) -> bool {
    if password.len() > MOST {
        return false;
    }
    static NOBODY: OnceLock<Option<String>> = OnceLock::new();
    let stands_for_nobody = || NOBODY.get_or_init(|| self::hash("a user who does not exist")).as_deref();
    let Some(phc) = hash.or_else(stands_for_nobody) else { return false };
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && hash.is_some()
}
