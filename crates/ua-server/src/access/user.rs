//! User accounts with argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, phc::PasswordHash},
};

use super::{hashing, role::Roles};
use crate::Error;

/// Longest password that is looked at; also the most the legacy secret form is used for elsewhere.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Longest user name, bytes. What is longer is nobody's, and is neither compared nor counted nor written to the log whole.
pub(super) const MAX_NAME_BYTES: usize = 256;

/// A user that may log in with a password.
#[derive(Clone)]
pub struct UserAccount {
    name: String,
    phc: String,
    roles: Roles,
}

impl UserAccount {
    /// A user without any role, whose password is hashed here and now (argon2id, the crate's recommended cost).
    ///
    /// # Errors
    /// [`Error::Password`] for an empty or overlong name or password, and when the hash function fails.
    pub fn with_password(name: &str, password: &str) -> Result<Self, Error> {
        let fail = |reason: String| Error::Password { user: name.to_owned(), reason };
        check_name(name)?;
        if password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
            return Err(fail("it must not be empty and not longer than 1024 bytes".to_owned()));
        }
        let hash =
            Argon2::default().hash_password(password.as_bytes()).map_err(|error| fail(error.to_string()))?;
        Ok(Self { name: name.to_owned(), phc: hash.to_string(), roles: Roles::default() })
    }

    /// A user without any role, whose hash is known, in PHC string form.
    ///
    /// # Errors
    /// [`Error::Password`] for an empty or overlong name, and when the hash cannot be read.
    pub fn with_hash(name: &str, phc: &str) -> Result<Self, Error> {
        check_name(name)?;
        match PasswordHash::new(phc) {
            Ok(_) => Ok(Self { name: name.to_owned(), phc: phc.to_owned(), roles: Roles::default() }),
            Err(error) => Err(Error::Password { user: name.to_owned(), reason: error.to_string() }),
        }
    }

    /// The same user with these roles, instead of those it had.
    #[must_use]
    pub const fn with_roles(mut self, roles: Roles) -> Self {
        self.roles = roles;
        self
    }

    /// The roles that were given to this user.
    #[must_use]
    pub const fn roles(&self) -> Roles {
        self.roles
    }

    /// The user's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The hash in PHC string form, to be kept.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.phc
    }

    /// Whether this is the user's password. Costs a hash.
    #[must_use]
    pub fn has_password(&self, password: &str) -> bool {
        self.verify(password.as_bytes())
    }

    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        password.len() <= MAX_PASSWORD_BYTES
            && PasswordHash::new(&self.phc).is_ok_and(|hash| hashing::matches(password, &hash))
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        let reason = "the name must not be empty and not longer than 256 bytes".to_owned();
        return Err(Error::Password { user: name.chars().take(64).collect(), reason });
    }
    Ok(())
}

impl std::fmt::Debug for UserAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAccount")
            .field("name", &self.name)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_could_never_log_in_is_not_made() {
        let longest = "n".repeat(MAX_NAME_BYTES);
        let account = UserAccount::with_password(&longest, "x").unwrap();
        for name in [String::new(), format!("{longest}n")] {
            assert!(matches!(UserAccount::with_password(&name, "x"), Err(Error::Password { .. })));
            assert!(matches!(UserAccount::with_hash(&name, account.hash()), Err(Error::Password { .. })));
        }
        assert!(UserAccount::with_hash(&longest, account.hash()).is_ok());
    }
}
