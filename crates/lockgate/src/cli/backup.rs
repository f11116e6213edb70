//! `backup` and `restore`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "In it: the configuration, the journal and the historian (every collected value, readable to whoever has the \
        backup), and the certificate store. Not in it without --danger-private-keys: pki/own/private, which holds our private \
        keys, and secrets/, which holds the passwords of the sources and sinks. A file is made readable to its owner alone."
)]
pub(crate) struct Backup {
    /// Folder to make, which must not exist yet or be empty; or one file to make, when the name ends in .tar.zst
    #[arg(required = true, value_name = "DIR|FILE.tar.zst")]
    pub(crate) place: Option<PathBuf>,
    /// Also save our private keys and the passwords of the sources: whoever has the backup can then pose as us
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
    /// The backup, a folder or a file
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup, a folder or a file
    #[arg(value_name = "BACKUP")]
    pub(crate) backup: PathBuf,
}
