//! The command line, as clap reads it. One subcommand is one file in `commands/`.

mod access;
mod backfill;
mod backup;
mod ca;
mod cert;
mod command;
mod data;
mod query;
mod running;
mod secret;
mod server;
mod setup;
mod sink;
mod trust;
mod verify;

pub(crate) use access::{Token, User};
pub(crate) use backfill::{Backfill, BackfillCommand};
pub(crate) use backup::{Backup, BackupCommand, Restore};
pub(crate) use ca::{Ca, CaCrl, CaInit, CaIssue, CaKey, CaRevoke};
pub(crate) use cert::{Cert, Create, Csr, Encoding, Key, Names, Renew, Which};
pub(crate) use command::{Cli, Command, parse, takes_store};
pub(crate) use data::{EventFormat, Events, Gaps, Range, Status, Streams};
pub(crate) use query::{Export, ExportFormat, Length, Query, QueryFormat};
pub(crate) use running::{Demo, LogForm, PlantUser, Run, Simulate, SimulateUser};
pub(crate) use secret::{Seal, Secret};
pub(crate) use server::{Browse, Diff, Doctor, History, Read, Select, Target, Watch};
pub(crate) use setup::{
    ConfigCommand, Discover, Init, Login, Mode, Policy, Source, SourceAdd, UserCertificate,
};
pub(crate) use sink::{Quarantine, Sink};
pub(crate) use trust::{ImportAs, OneCertificate, PkiDir, Trust, TrustImport};
pub(crate) use verify::{AskedPolicy, Verify, Whose};
