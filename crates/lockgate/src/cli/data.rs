//! What looks at collected data: `status`, `streams`, `query`, `export`, `gaps`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::time_range::When;

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Show again whenever it changes, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Streams {
    /// Only streams whose name contains this
    pub(crate) filter: Option<String>,
}

/// An interval of time.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Range {
    /// Start, included: -1h, -2d, 2026-08-27, 2026-08-27T06:00:00Z
    #[arg(long, default_value = "-1h", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: When,
    /// End, not included
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
}

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Name of the stream, or an ending of it that only one stream has
    pub(crate) stream: String,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Form of the answer (--json is the same as --format json)
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub(crate) format: QueryFormat,
    /// At most this many values, counted from the start of the interval
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) limit: usize,
}

/// How `query` prints values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For people
    Table,
    /// Comma separated, with a header
    Csv,
    /// One object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Names of streams, or unique endings of them (default: every stream)
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// Form of the file
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub(crate) format: ExportFormat,
    /// File to write; it must not exist yet
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

/// What `export` can write. For Parquet, copy the historian's folder: its files are Parquet as they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma separated, with a header
    Csv,
    /// One JSON object per line
    Jsonl,
}

#[derive(Debug, Args)]
pub(crate) struct Gaps {
    /// Only gaps that reach into this interval
    #[arg(long, allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: Option<When>,
    /// End of that interval
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
    /// At most this many, the newest
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) limit: usize,
    /// Only gaps of this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
}
