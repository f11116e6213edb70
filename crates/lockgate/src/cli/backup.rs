//! `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backup {
    /// Folder to make; it must not exist yet, or be empty
    #[arg(required = true, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// Also copy our private keys and the passwords of the sources: whoever has the backup can then pose as us
    #[arg(long = "danger-private-keys")]
    pub(crate) danger_private_keys: bool,
    #[command(subcommand)]
    pub(crate) instead: Option<BackupCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Check that a backup is complete and that every file is what it was
    Verify(Verified),
}

#[derive(Debug, Args)]
pub(crate) struct Verified {
    /// The backup
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
