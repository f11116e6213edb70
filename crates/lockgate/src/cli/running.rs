//! What runs for long: `run`, `demo`, `simulate`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

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
pub(crate) struct Simulate {
    /// Folder for the plant's certificate store
    #[arg(long, default_value = "plant", value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// Port on the loopback interface; 0 takes a free one
    #[arg(long, default_value_t = 4840)]
    pub(crate) port: u16,
    /// Counters besides the named signals
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) counters: u32,
    /// How often all counters together step in a second; each steps at most 100 times (default: each twice)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// Also a folder Specimens with a variable of each rare kind: a structure, an enumeration, an array, a matrix
    #[arg(long)]
    pub(crate) specimens: bool,
    /// Stop by itself after this long (default: on Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
}
