//! One file per command. Each takes the context and its arguments and ends with an exit code or an explained
//! failure; what failures look like is decided here, once.

mod access;
mod backfill;
mod backup;
mod ca;
mod cert;
mod collecting;
mod completions;
mod config;
mod config_check;
mod config_plan;
mod data;
mod demo;
mod discover;
mod events;
mod export;
mod failure;
mod gaps;
mod init;
mod login;
mod material;
mod pick;
mod query;
mod run;
mod runtime;
mod sealing;
mod secret;
mod server;
mod service;
mod simulate;
mod sink;
mod source;
mod source_add;
mod status;
mod status_sinks;
mod stop;
mod store;
mod streams;
mod trust;
mod trust_import;

use crate::advice::{Outcome, Told};
use crate::cli::{Cli, Command};
use crate::context::{Context, Given};
use crate::exit::Exit;
use crate::output::talk::Style;
use crate::output::{document, print, say};

/// Runs the command and tells the user how it ended.
pub(crate) fn run(cli: Cli, given: Given) -> Exit {
    let context = Context::new(cli.config, cli.json, given);
    match dispatch(&context, cli.command) {
        Ok(exit) => exit,
        Err(advice) => {
            let exit = advice.exit();
            tell(&context, &advice.told(&context));
            exit
        }
    }
}

fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Init(args) => init::run(context, &args),
        Command::Discover(args) => discover::run(context, &args),
        Command::Config(crate::cli::ConfigCommand::Check) => config_check::run(context),
        Command::Config(crate::cli::ConfigCommand::Schema) => {
            print(connector::config::SCHEMA)?;
            Ok(Exit::Ok)
        }
        Command::Config(crate::cli::ConfigCommand::Plan) => config_plan::run(context),
        Command::Source(command) => source::run(context, &command),
        Command::Sources => source::run(context, &crate::cli::Source::List),
        Command::Secret(command) => sealing::run(context, &command),
        Command::Login(args) => login::run(context, &args),
        Command::Run(args) => run::run(context, &args),
        Command::Status(args) => status::run(context, &args),
        Command::Sink(command) => sink::run(context, &command),
        Command::Streams(args) => streams::run(context, &args),
        Command::Events(args) => events::run(context, &args),
        Command::Query(args) => query::run(context, &args),
        Command::Export(args) => export::run(context, &args),
        Command::Gaps(args) => gaps::run(context, &args),
        Command::Backfill(args) => backfill::run(context, &args),
        Command::Backup(args) => backup::run(context, &args),
        Command::Restore(args) => backup::restore(context, &args),
        Command::Demo(args) => demo::run(context, &args),
        Command::Simulate(args) => simulate::run(context, &args),
        Command::Trust(command) => trust::run(context, &command),
        Command::Doctor(args) => server::doctor(context, &args),
        Command::Browse(args) => server::browse(context, &args),
        Command::Read(args) => server::read(context, &args),
        Command::Select(args) => server::select(context, &args),
        Command::Diff(args) => server::diff(context, &args),
        Command::Watch(args) => server::watch(context, &args),
        Command::History(args) => server::history(context, &args),
        Command::Cert(command) => cert::run(context, &command),
        Command::Ca(command) => ca::run(context, &command),
        Command::User(command) => access::user(context, &command),
        Command::Token(command) => access::token(context, &command),
        Command::Completions { shell } => completions::run(shell),
    }
}

fn tell(context: &Context, told: &Told) {
    say(&told.render(Style::stderr()));
    if context.json
        && let Ok(text) = document("error", told)
        && print(&text).is_err()
    {
        say("stdout is gone");
    }
}
