//! What runs for long: `run`, `demo`, `simulate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use connector::time_range;

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Stop by itself after this long
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
    /// Form of the log lines on stderr (default: text on a terminal, else JSON)
    #[arg(long, value_enum)]
    pub(crate) log: Option<LogForm>,
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    /// For people
    Text,
    /// One object per line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder for everything the demo makes; it can be deleted afterwards
    #[arg(long, default_value = "lockgate-demo", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Stop by itself after this long (default: on Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
    /// Port of the simulated plant on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Simulate {
    #[command(subcommand)]
    pub(crate) command: Option<SimulateUser>,
    /// Folder for the plant's certificate stores and its users
    #[arg(long, default_value = "plant", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 4840)]
    pub(crate) port: u16,
    /// Counters besides the named signals
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) counters: u32,
    /// Also a folder Works with so many variables, ten to a machine: areas, lines and machines of four types
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub(crate) streams: u32,
    /// How often all counters and streams together change in a second; each at most 100 times (default: each twice)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Also a folder Specimens with a variable of each rare kind: a structure, an enumeration, an array, a matrix
    #[arg(long)]
    pub(crate) specimens: bool,
    /// Also a folder Control with nodes that not everybody may use: setpoints, a method, hidden and encrypted ones
    #[arg(long)]
    pub(crate) control: bool,
    /// Users may also log in with a certificate that the store `users` in the folder trusts
    #[arg(long)]
    pub(crate) user_certificates: bool,
    /// Stop by itself after this long (default: on Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SimulateUser {
    /// Who may log in to the plant, and as what; a plant that runs takes it over at once
    #[command(subcommand)]
    User(PlantUser),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlantUser {
    /// Add a user; asks for the password
    Add(PlantUserAdd),
    /// Remove a user, who has no rights any more from then on
    Remove {
        /// The user
        name: String,
        /// Folder of the plant
        #[arg(long, default_value = "plant", value_name = "DIR")]
        dir: PathBuf,
    },
    /// List the users and who else has a role
    List {
        /// Folder of the plant
        #[arg(long, default_value = "plant", value_name = "DIR")]
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PlantUserAdd {
    /// The name to log in with
    pub(crate) name: String,
    /// A role: Observer, Operator, Engineer, Supervisor, ConfigureAdmin, SecurityAdmin; can be repeated
    #[arg(long = "role", default_value = "Observer", value_name = "ROLE")]
    pub(crate) roles: Vec<String>,
    /// Read the password from stdin, without asking
    #[arg(long)]
    pub(crate) password_stdin: bool,
    /// Folder of the plant
    #[arg(long, default_value = "plant", value_name = "DIR")]
    pub(crate) dir: PathBuf,
}
