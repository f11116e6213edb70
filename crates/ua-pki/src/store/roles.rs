//! Which of our pairs is in use: `own/roles.txt`.
//!
//! ```text
//! active 3FA9… lockgate.pem
//! next   51C0… lockgate [51C0…].pem
//! former …
//! ```
//!
//! A line is a role, the SHA-1 of the certificate in `own/certs`, and the key's file in `own/private`. The file is replaced
//! as a whole, so there is one active pair at every moment. A store that never renewed has no such file: there the key
//! decides which certificate is in use.

use std::path::{Path, PathBuf};

use super::files;
use crate::{Error, OwnRole, Thumbprint};

const FILE: &str = "own/roles.txt";
const HEAD: &str = "# Which of our certificates lockgate uses. Written by `lockgate cert`; without this file the key in\n\
                    # own/private decides.\n";
/// Three lines and a comment are enough; more is not ours.
const MAX_FILE: u64 = 8 * 1024;

/// One line: a pair by its certificate and the file of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) thumbprint: Thumbprint,
    /// A name in `own/private`, never a path.
    pub(super) key: String,
}

/// The pairs that are written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roles {
    pub(super) active: Option<Entry>,
    pub(super) next: Option<Entry>,
    pub(super) former: Option<Entry>,
}

impl Roles {
    /// What is written down; nothing when nothing was renewed yet.
    pub(super) fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(FILE);
        let bytes = match files::read_limited(&path, MAX_FILE) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            other => other?,
        };
        let mut roles = Self::default();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            roles.take(line).ok_or_else(|| unusable(&path, line))?;
        }
        if roles.active.is_none() {
            return Err(unusable(&path, "no line with `active`"));
        }
        Ok(roles)
    }

    /// Replaces what is written down, durably.
    pub(super) fn write(&self, root: &Path) -> Result<(), Error> {
        let line = |role, entry: &Option<Entry>| match entry {
            Some(entry) => format!("{role} {} {}\n", entry.thumbprint, entry.key),
            None => String::new(),
        };
        let text = format!(
            "{HEAD}{}{}{}",
            line("active", &self.active),
            line("next", &self.next),
            line("former", &self.former)
        );
        files::write_atomic(&root.join(FILE), text.as_bytes(), 0o600)
    }

    pub(super) fn get(&self, role: OwnRole) -> Option<&Entry> {
        match role {
            OwnRole::Active => self.active.as_ref(),
            OwnRole::Next => self.next.as_ref(),
            OwnRole::Former => self.former.as_ref(),
        }
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        [&self.active, &self.next, &self.former].into_iter().flatten()
    }

    fn take(&mut self, line: &str) -> Option<()> {
        let (role, rest) = line.split_once(' ')?;
        let (thumbprint, key) = rest.trim_start().split_once(' ')?;
        let thumbprint = thumbprint.parse().ok()?;
        let key = key.trim();
        // a plain name, so that nobody is led out of the folder
        if key.is_empty() || key.starts_with('.') || Path::new(key).file_name()?.to_str()? != key {
            return None;
        }
        let place = match role {
            "active" => &mut self.active,
            "next" => &mut self.next,
            "former" => &mut self.former,
            _ => return None,
        };
        place.is_none().then(|| *place = Some(Entry { thumbprint, key: key.to_owned() }))
    }
}

/// Where the roles are written down.
pub(super) fn path(root: &Path) -> PathBuf {
    root.join(FILE)
}

fn unusable(path: &Path, what: &str) -> Error {
    Error::OwnRoles { path: path.to_owned(), why: format!("cannot be understood: {}", what.escape_debug()) }
}
