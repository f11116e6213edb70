//! `lockgate cert …`: our own certificates, made, renewed, requested, taken in and carried to a server; a
//! look into others and a verdict on them.

mod create;
mod csr;
mod ending;
mod export;
mod import;
mod own;
mod pairs;
mod renew;
mod show;
mod verify;

use ua_pki::OwnRole;

use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;

pub(super) use ending::Reminder;
pub(super) use own::first;

pub(super) fn run(context: &Context, command: &cli::Cert) -> Outcome {
    match command {
        cli::Cert::Show { file, store } => show::run(context, file.as_deref(), store.pki.as_deref()),
        cli::Cert::Verify(args) => verify::run(context, args),
        cli::Cert::Create(args) => create::run(context, args),
        cli::Cert::Renew(args) => renew::renew(context, args),
        cli::Cert::Use { which, store } => renew::switch(context, *which, store.pki.as_deref()),
        cli::Cert::Csr(args) => csr::run(context, args),
        cli::Cert::Import { file, key, replace, store } => {
            import::run(context, file, key.as_deref(), *replace, store.pki.as_deref())
        }
        cli::Cert::Export { output, encoding, next, store } => {
            let role = if *next { OwnRole::Next } else { OwnRole::Active };
            export::run(context, output.as_deref(), *encoding, role, store.pki.as_deref())
        }
    }
}
