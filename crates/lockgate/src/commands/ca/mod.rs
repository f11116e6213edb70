//! `lockgate ca …`: a certificate authority for a plant that has none.
//!
//! Whatever it makes has to be carried somewhere; each command says what, to whom, and with which command.

mod crl;
mod init;
mod issue;
mod list;
mod place;
mod revoke;

use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;

pub(super) fn run(context: &Context, command: &cli::Ca) -> Outcome {
    match command {
        cli::Ca::Init(args) => init::run(context, args),
        cli::Ca::Issue(args) => issue::run(context, args),
        cli::Ca::Revoke(args) => revoke::run(context, args),
        cli::Ca::Crl(args) => crl::run(context, args),
        cli::Ca::List(place) => list::run(context, place.dir.as_deref()),
    }
}
