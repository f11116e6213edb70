//! `lockgate`: the command line over the connector, and nothing but that.
//!
//! It promises: data on stdout and talk on stderr; one message per failure that names the side, the rule, the
//! thumbprint and the next command; a documented exit code; no question asked without a terminal; no text from
//! a server on the terminal unescaped. It must never decide trust by itself (ua-pki does), speak OPC UA
//! (ua-client does) or touch samples on disk (tagstore does).

mod advice;
mod cli;
mod clock;
mod commands;
mod context;
mod exit;
mod hints;
mod log;
mod output;
mod view;

use std::process::ExitCode;

fn main() -> ExitCode {
    let (cli, given) = cli::parse();
    commands::run(cli, given).into()
}
