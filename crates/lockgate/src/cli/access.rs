//! `user` and `token`: who may use the web page and the HTTP API.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user; the password is asked for
    Add(AddUser),
    /// List the users and what they may do
    List,
    /// Give a user another password, which ends the user's sessions
    Password {
        /// Name of the user
        name: String,
        /// Read the password from the first line of stdin instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// Remove a user, which ends the user's sessions
    Remove {
        /// Name of the user
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddUser {
    /// 1 to 64 characters of a-z, A-Z, 0-9, . _ @ -
    pub(crate) name: String,
    /// What the user may do
    #[arg(long, value_enum, default_value_t = Role::Viewer)]
    pub(crate) role: Role,
    /// Read the password from the first line of stdin instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token for a program, and show it this once
    Add {
        /// 1 to 64 characters of a-z, A-Z, 0-9, . _ @ -
        name: String,
        /// What the program may do
        #[arg(long, value_enum, default_value_t = Role::Viewer)]
        role: Role,
    },
    /// List the tokens and what they may do
    List,
    /// Make a token void
    Remove {
        /// Name of the token
        name: String,
    },
}

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// See everything, change nothing
    Viewer,
    /// Change everything
    Admin,
}

impl From<Role> for connector_web::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Admin => Self::Admin,
        }
    }
}
