//! User accounts with argon2id hashes.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

use crate::Error;

/// Longest password that is looked at; also the most the legacy secret form is used for elsewhere.
const MAX_PASSWORD_BYTES: usize = 1024;

/// A user that may log in with a password.
#[derive(Clone)]
pub struct UserAccount {
    name: String,
    phc: String,
}

impl UserAccount {
    /// A user whose password is hashed here and now (argon2id, the crate's recommended cost).
    ///
    /// # Errors
    /// [`Error::Password`] for an empty or overlong password, and when the hash function fails.
    pub fn with_password(name: &str, password: &str) -> Result<Self, Error> {
        let fail = |reason: String| Error::Password { user: name.to_owned(), reason };
        if name.is_empty() || password.is_empty() || password.len() > MAX_PASSWORD_BYTES {
            return Err(fail(
                "name and password must not be empty, the password not longer than 1024 bytes".to_owned(),
            ));
        }
        let hash =
            Argon2::default().hash_password(password.as_bytes()).map_err(|error| fail(error.to_string()))?;
        Ok(Self { name: name.to_owned(), phc: hash.to_string() })
    }

    /// A user whose hash is known, in PHC string form.
    ///
    /// # Errors
    /// [`Error::Password`] when the hash cannot be read.
    pub fn with_hash(name: &str, phc: &str) -> Result<Self, Error> {
        match PasswordHash::new(phc) {
            Ok(_) if !name.is_empty() => Ok(Self { name: name.to_owned(), phc: phc.to_owned() }),
            Ok(_) => Err(Error::Password { user: String::new(), reason: "the name is empty".to_owned() }),
            Err(error) => Err(Error::Password { user: name.to_owned(), reason: error.to_string() }),
        }
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

    pub(crate) fn verify(&self, password: &[u8]) -> bool {
        password.len() <= MAX_PASSWORD_BYTES
            && PasswordHash::new(&self.phc)
                .is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
    }
}

impl std::fmt::Debug for UserAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAccount").field("name", &self.name).finish_non_exhaustive()
    }
}
