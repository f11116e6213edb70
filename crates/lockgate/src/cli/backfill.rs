//! `backfill`: fetching the past from a server's history.

use clap::{Args, Subcommand};

use connector::time_range::When;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Backfill {
    /// Name of a source, or of a stream (an ending of it that only one stream has is enough)
    #[arg(required = true, value_name = "SOURCE|STREAM")]
    pub(crate) what: Option<String>,
    /// Of a source only the streams whose path fits, as in Mixing/**
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Option<String>,
    /// Start, included: -1h, -7d, 2026-08-27, 2026-08-27T06:00:00Z
    #[arg(long, default_value = "-1d", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: When,
    /// End, not included
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
    /// Wait until it is done, and show how far it is
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(subcommand)]
    pub(crate) command: Option<BackfillCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackfillCommand {
    /// The jobs, the newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 100, value_name = "N")]
        limit: usize,
    },
    /// Wait for a job, and show how far it is
    Wait {
        /// Number of the job
        id: i64,
    },
    /// Stop a job for now; what it fetched stays
    Pause {
        /// Number of the job
        id: i64,
    },
    /// Go on with a job that was paused
    Resume {
        /// Number of the job
        id: i64,
    },
    /// Give a job up; what it fetched stays
    Cancel {
        /// Number of the job
        id: i64,
    },
}
