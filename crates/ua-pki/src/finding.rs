//! What validation found, told so that an administrator can act on it.

use std::fmt;

use crate::{CertificateStatus, Step, Thumbprint};

/// One thing that validation found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The step that found it.
    pub step: Step,
    /// SHA-1 thumbprint of the certificate it is about.
    pub thumbprint: Thumbprint,
    /// Subject of the certificate it is about.
    pub subject: String,
    /// The OPC UA status it stands for.
    pub status: CertificateStatus,
    /// It does not count: suppressed for this peer, or accepted with a warning by one of our own rules.
    pub suppressed: bool,
    /// The facts, in one sentence.
    pub message: String,
    /// The facts as data: what was found and what was compared with it.
    pub facts: Vec<Fact>,
    /// What an administrator does about it.
    pub remedy: Remedy,
}

/// A fact of a finding: a date, a number of bits, a name that was compared. Values that are several (names, usages)
/// are several facts of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// A stable name, as in `not_after`.
    pub name: &'static str,
    /// Times are RFC 3339 in UTC, numbers are decimal.
    pub value: String,
}

/// What is to be done about a finding, and by whom. `Display` is the text alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// Who has to do it.
    pub by: Actor,
    /// What to do, in words.
    pub text: String,
    /// What of it is done with our store.
    pub action: Option<Action>,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// The administrator of the store that was judged by.
    Us,
    /// Whoever the certificate belongs to: the administrator of the server or the client, or the user.
    Owner,
    /// Whoever runs the authority that issued it.
    Authority,
}

/// Something that is done with the store. It names what is meant, and no command: how a command reaches the store is
/// known to whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Trust this certificate, after its thumbprint was compared.
    Trust {
        /// Its SHA-1 thumbprint.
        thumbprint: Thumbprint,
    },
    /// Put the certificate of an authority into the store.
    AddIssuer {
        /// Subject of the authority.
        issuer: String,
    },
    /// Put the current revocation list of an authority into the store.
    ImportCrl {
        /// Subject of the authority.
        issuer: String,
    },
}

impl Fact {
    pub(crate) fn new(name: &'static str, value: impl fmt::Display) -> Self {
        Self { name, value: value.to_string() }
    }
}

impl Remedy {
    pub(crate) fn new(by: Actor, text: impl Into<String>) -> Self {
        Self { by, text: text.into(), action: None }
    }

    pub(crate) fn with(self, action: Action) -> Self {
        Self { action: Some(action), ..self }
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Actor {
    /// The stable name for scripts.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Owner => "owner",
            Self::Authority => "authority",
        }
    }
}
