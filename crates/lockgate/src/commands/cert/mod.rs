//! `lockgate cert …`: our own certificate, to be looked at and to be carried to a server; a look into others.

mod export;
mod own;
mod show;
mod verify;

use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;

pub(super) use own::own;

pub(super) fn run(context: &Context, command: &cli::Cert) -> Outcome {
    match command {
        cli::Cert::Show { file, store } => show::run(context, file.as_deref(), store.pki.as_deref()),
        cli::Cert::Verify(args) => verify::run(context, args),
        cli::Cert::Export { output, encoding, store } => {
            export::run(context, output.as_deref(), *encoding, store.pki.as_deref())
        }
    }
}
