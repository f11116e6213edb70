//! Users and API tokens, in one file.

use std::io;
use std::path::{Path, PathBuf};

use connector::Config;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::secret::{self, Digest};
use super::{Role, password, store};

/// The users and tokens of a configuration. The file is read anew each time, so that what another process changes holds
/// at once.
#[derive(Clone, Debug)]
pub struct Users {
    folder: PathBuf,
}

/// Why users or tokens could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The file cannot be read or written.
    #[error("the file of users cannot be used: {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the file of users is damaged: {path}")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// There is one of this name.
    #[error("there is already one of this name")]
    Exists,
    /// There is none of this name.
    #[error("there is none of this name")]
    Unknown,
    /// The name or password cannot be one.
    #[error("{0}")]
    Refused(&'static str),
    /// The one-time link was used or is another one.
    #[error("this link is not valid, or was used before")]
    NoSetup,
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    schema: String,
    users: Vec<User>,
    tokens: Vec<Token>,
}

/// A user.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) hash: String,
    pub(crate) created: Timestamp,
}

impl User {
    /// Stands for the password that is valid now.
    pub(crate) fn mark(&self) -> Digest {
        Digest::of(&self.hash)
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) role: Role,
    digest: Digest,
    created: Timestamp,
}

/// What is shown of a user.
#[derive(Clone, Debug, Serialize)]
pub struct UserShown {
    /// The name.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// When it was made.
    pub created: Timestamp,
}

/// What is shown of a token.
pub type TokenShown = UserShown;

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What an application sends; it is not kept and cannot be shown again.
    pub secret: String,
}

impl Users {
    /// Those of a configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self { folder: config.storage.data.join(FOLDER) }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self) -> PathBuf {
        self.folder.join("users.json")
    }

    /// The users, by name.
    ///
    /// # Errors
    /// [`AccessError::Io`], [`AccessError::Damaged`].
    pub fn list(&self) -> Result<Vec<UserShown>, AccessError> {
        let users = self.read()?.users.into_iter();
        Ok(users.map(|user| UserShown { name: user.name, role: user.role, created: user.created }).collect())
    }

    /// The tokens, by name.
    ///
    /// # Errors
    /// [`AccessError::Io`], [`AccessError::Damaged`].
    pub fn tokens(&self) -> Result<Vec<TokenShown>, AccessError> {
        let tokens = self.read()?.tokens.into_iter();
        Ok(tokens.map(|one| TokenShown { name: one.name, role: one.role, created: one.created }).collect())
    }

    /// Adds a user. From then on the one-time link is void.
    ///
    /// # Errors
    /// [`AccessError::Exists`], [`AccessError::Refused`], and those of the file.
    pub fn add(&self, name: &str, role: Role, password: &str, now: Timestamp) -> Result<(), AccessError> {
        self.add_if(name, role, password, now, |_| Ok(()))
    }

    /// The same for the first one, who has the secret of the one-time link.
    pub(crate) fn add_first(
        &self,
        name: &str,
        password: &str,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), AccessError> {
        let known = super::setup::read(&self.folder);
        // before the password is hashed, which is dear
        if !known.is_some_and(|known| Digest::of(&known).is(&Digest::of(secret))) || !self.is_empty()? {
            return Err(AccessError::NoSetup);
        }
        let first = |file: &File| if file.users.is_empty() { Ok(()) } else { Err(AccessError::NoSetup) };
        self.add_if(name, Role::Admin, password, now, first)
    }

    fn add_if(
        &self,
        name: &str,
        role: Role,
        password: &str,
        now: Timestamp,
        may: impl FnOnce(&File) -> Result<(), AccessError>,
    ) -> Result<(), AccessError> {
        check_name(name)?;
        password::check(password).map_err(AccessError::Refused)?;
        let hash = password::hash(password).ok_or(AccessError::Refused("the system has no randomness"))?;
        self.change(|file| {
            may(file)?;
            if file.users.iter().any(|user| user.name == name) {
                return Err(AccessError::Exists);
            }
            file.users.push(User { name: name.to_owned(), role, hash, created: now });
            file.users.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(())
        })?;
        super::setup::void(&self.folder);
        Ok(())
    }

    /// Gives a user another password, which ends the user's sessions.
    ///
    /// # Errors
    /// [`AccessError::Unknown`], [`AccessError::Refused`], and those of the file.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), AccessError> {
        password::check(password).map_err(AccessError::Refused)?;
        let hash = password::hash(password).ok_or(AccessError::Refused("the system has no randomness"))?;
        self.change(|file| {
            let user = file.users.iter_mut().find(|user| user.name == name).ok_or(AccessError::Unknown)?;
            user.hash = hash;
            Ok(())
        })
    }

    /// Removes a user, which ends the user's sessions.
    ///
    /// # Errors
    /// [`AccessError::Unknown`], and those of the file.
    pub fn remove(&self, name: &str) -> Result<(), AccessError> {
        self.change(|file| {
            let before = file.users.len();
            file.users.retain(|user| user.name != name);
            if file.users.len() == before { Err(AccessError::Unknown) } else { Ok(()) }
        })
    }

    /// Makes an API token.
    ///
    /// # Errors
    /// [`AccessError::Exists`], [`AccessError::Refused`], and those of the file.
    pub fn add_token(&self, name: &str, role: Role, now: Timestamp) -> Result<NewToken, AccessError> {
        check_name(name)?;
        let fresh = secret::fresh().ok_or(AccessError::Refused("the system has no randomness"))?;
        let secret = format!("{TOKEN_PREFIX}{fresh}");
        self.change(|file| {
            if file.tokens.iter().any(|token| token.name == name) {
                return Err(AccessError::Exists);
            }
            let digest = Digest::of(&secret);
            file.tokens.push(Token { name: name.to_owned(), role, digest, created: now });
            file.tokens.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(())
        })?;
        Ok(NewToken { secret })
    }

    /// Makes a token void.
    ///
    /// # Errors
    /// [`AccessError::Unknown`], and those of the file.
    pub fn remove_token(&self, name: &str) -> Result<(), AccessError> {
        self.change(|file| {
            let before = file.tokens.len();
            file.tokens.retain(|token| token.name != name);
            if file.tokens.len() == before { Err(AccessError::Unknown) } else { Ok(()) }
        })
    }

    pub(crate) fn find(&self, name: &str) -> Result<Option<User>, AccessError> {
        Ok(self.read()?.users.into_iter().find(|user| user.name == name))
    }

    pub(crate) fn find_token(&self, secret: &str) -> Result<Option<Token>, AccessError> {
        let digest = Digest::of(secret);
        Ok(self.read()?.tokens.into_iter().find(|token| token.digest.is(&digest)))
    }

    pub(crate) fn has_token(&self, name: &str) -> bool {
        self.read().is_ok_and(|file| file.tokens.iter().any(|token| token.name == name))
    }

    /// Whether there is no user yet.
    ///
    /// # Errors
    /// Those of the file: what cannot be read is not empty.
    pub fn is_empty(&self) -> Result<bool, AccessError> {
        Ok(self.read()?.users.is_empty())
    }

    fn io(&self, source: io::Error) -> AccessError {
        AccessError::Io { path: self.path(), source }
    }

    fn read(&self) -> Result<File, AccessError> {
        match store::read(&self.path()).map_err(|source| self.io(source))? {
            None => Ok(File::default()),
            Some(text) => serde_json::from_str(&text).map_err(|_| AccessError::Damaged { path: self.path() }),
        }
    }

    fn change(&self, what: impl FnOnce(&mut File) -> Result<(), AccessError>) -> Result<(), AccessError> {
        store::folder(&self.folder).map_err(|source| self.io(source))?;
        let _held = store::hold(&self.folder).map_err(|source| self.io(source))?;
        let mut file = self.read()?;
        what(&mut file)?;
        SCHEMA.clone_into(&mut file.schema);
        let text =
            serde_json::to_string_pretty(&file).map_err(|_| AccessError::Damaged { path: self.path() })?;
        store::replace(&self.path(), &text).map_err(|source| self.io(source))
    }
}

fn check_name(name: &str) -> Result<(), AccessError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._@-".contains(c);
    if name.is_empty() || name.len() > NAME_BYTES || !name.chars().all(fits) {
        return Err(AccessError::Refused("a name has 1 to 64 characters of a-z, A-Z, 0-9, . _ @ -"));
    }
    Ok(())
}

/// In the data folder.
const FOLDER: &str = "web";
const SCHEMA: &str = "lockgate/users/1";
const NAME_BYTES: usize = 64;
/// So that scanners of repositories know a token that was left there.
const TOKEN_PREFIX: &str = "lgt_";
