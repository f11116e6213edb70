//! The commands and the options that all of them take.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::{
    Backfill, Backup, Browse, Ca, Cert, ConfigCommand, Demo, Diff, Discover, Doctor, Events, Export, Gaps,
    History, Init, Login, Query, Read, Restore, Run, Secret, Select, Simulate, Sink, Source, Status, Streams,
    Token, Trust, User, Watch,
};
use crate::context::Given;
use crate::exit;

/// Secure, lossless, read-only connector from OPC UA servers to historians and streams.
#[derive(Debug, Parser)]
#[command(name = "lockgate", version, after_help = exit::HELP, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Configuration file
    #[arg(
        long,
        global = true,
        env = "LOCKGATE_CONFIG",
        default_value = "lockgate.toml",
        value_name = "FILE"
    )]
    pub(crate) config: PathBuf,
    /// Answer on stdout as one JSON object that names its schema
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Reads the command line; ends the process with code 2 and a usage message when it is wrong. The second value is what
/// was typed to say where things are.
pub(crate) fn parse() -> (Cli, Given) {
    let matches = Cli::command().get_matches();
    let given = given(&matches);
    match Cli::from_arg_matches(&matches) {
        Ok(cli) => (cli, given),
        Err(error) => error.exit(),
    }
}

fn given(matches: &ArgMatches) -> Given {
    let mut leaf = matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    let typed = |id: &str| {
        let path = leaf.try_get_one::<PathBuf>(id).ok()??;
        (leaf.value_source(id) == Some(ValueSource::CommandLine)).then(|| path.clone())
    };
    Given { config: typed("config"), pki: typed(STORE) }
}

/// Whether a command, given as its words, takes `--pki`.
pub(crate) fn takes_store(words: &[String]) -> bool {
    let root = Cli::command();
    let mut command = &root;
    for word in words {
        match command.find_subcommand(word) {
            Some(inner) => command = inner,
            None => break,
        }
    }
    command.get_arguments().any(|argument| argument.get_id() == STORE)
}

/// What clap calls `--pki`, the store of a command.
const STORE: &str = "pki";

/// What can be asked of lockgate.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a configuration file and our own application certificate
    Init(Init),
    /// List the endpoints of a server, which one we would use and why, and whether we trust it
    Discover(Discover),
    /// Go the whole way to a server step by step, and stop at the first thing that is wrong
    Doctor(Doctor),
    /// List the nodes of a server
    Browse(Browse),
    /// Read attributes of nodes once
    Read(Read),
    /// Show values of nodes as they change
    Watch(Watch),
    /// Read what the server itself has kept of nodes
    History(History),
    /// The configuration file
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The servers we read
    #[command(subcommand)]
    Source(Source),
    /// The servers we read, as `source list`
    Sources,
    /// Choose which variables of a source are collected, and see beforehand what that means
    Select(Select),
    /// What changed on a server since its nodes were taken over, and what that means for the streams
    Diff(Diff),
    /// Store the user name and password for a source, and try them at once
    Login(Login),
    /// Passwords and tokens in files that are worth nothing without a key
    #[command(subcommand)]
    Secret(Secret),
    /// The certificates we trust, and those that wait for a decision
    #[command(subcommand)]
    Trust(Trust),
    /// Our own certificate, and a look into others
    #[command(subcommand)]
    Cert(Cert),
    /// A certificate authority for a plant that has none
    #[command(subcommand)]
    Ca(Ca),
    /// Collect from every source until stopped
    Run(Run),
    /// How fresh the data of every source is
    Status(Status),
    /// Where values go beside the historian, and what was refused there
    #[command(subcommand)]
    Sink(Sink),
    /// The streams that have been collected
    Streams(Streams),
    /// The values of streams: each, condensed, or thinned out for drawing
    Query(Query),
    /// Write the values of streams to a file
    Export(Export),
    /// Alarms and events, as they were collected
    Events(Events),
    /// The intervals in which values are known to be missing
    Gaps(Gaps),
    /// Fetch the past from the history that a server keeps
    Backfill(Backfill),
    /// Copy configuration, data and certificates into a folder, also while `run` works
    Backup(Backup),
    /// Make configuration, data and certificates from a backup; overwrites nothing
    Restore(Restore),
    /// A simulated plant, the connector and the historian in one go
    Demo(Demo),
    /// The simulated plant alone: an OPC UA server to practise on
    Simulate(Simulate),
    /// Who may use the web page
    #[command(subcommand)]
    User(User),
    /// Tokens for programs that use the HTTP API
    #[command(subcommand)]
    Token(Token),
    /// Print a completion script for a shell
    Completions {
        /// Shell to complete in
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_takes_a_store_is_known_by_its_words() {
        let takes = |line: &str| takes_store(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for line in ["trust accept AB:CD", "cert renew --use-now", "doctor opc.tcp://plc1", "trust list"] {
            assert!(takes(line), "{line}");
        }
        for line in ["run", "source check line1", "ca init", "init", "status"] {
            assert!(!takes(line), "{line}");
        }
    }
}
