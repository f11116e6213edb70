//! `secret`: passwords and tokens in files that are worth nothing without a key.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Make a key that seals secrets; keep it apart from what is sealed with it
    Key {
        /// The new file, mode 0600; one that is there is not replaced
        file: PathBuf,
    },
    /// Seal a password or token into a file, and show what to write into the configuration
    Seal(Seal),
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("seal_key").required(true).args(["key_file", "key_env", "key_credential"])))]
pub(crate) struct Seal {
    /// The sealed file; an old one is replaced
    pub(crate) file: PathBuf,
    /// File with the key
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Environment variable with the key
    #[arg(long, value_name = "NAME")]
    pub(crate) key_env: Option<String>,
    /// systemd credential with the key
    #[arg(long, value_name = "NAME")]
    pub(crate) key_credential: Option<String>,
    /// Read the secret from the first line of stdin instead of asking for it
    #[arg(long)]
    pub(crate) password_stdin: bool,
}
