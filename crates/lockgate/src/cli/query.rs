//! What gives collected values out: `query`, `export`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use tagstore::Every;

use super::data::Range;
use connector::time_range;

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// Names of streams, or endings of them that only one stream has
    #[arg(required = true, value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// One line for each so much time, counted from 1970-01-01 UTC: 10s, 1m, 1h, 1d
    #[arg(long, value_name = "DURATION")]
    pub(crate) every: Option<Length>,
    /// What to show of each such line (default: all)
    #[arg(long, value_enum, value_delimiter = ',', requires = "every", value_name = "LIST")]
    pub(crate) aggregate: Vec<Aggregate>,
    /// About so many values that show the same curve, for drawing (LTTB)
    #[arg(long, value_name = "N", conflicts_with = "every")]
    pub(crate) points: Option<usize>,
    /// Form of the answer (--json is the same as --format json)
    #[arg(long, value_enum, default_value_t = QueryFormat::Table)]
    pub(crate) format: QueryFormat,
    /// File to write instead of showing the answer; it must not exist yet
    #[arg(short, long, value_name = "FILE", alias = "output")]
    pub(crate) out: Option<PathBuf>,
    /// At most this many values or lines of each stream, from the start of the interval (default: 10000; all in a
    /// Parquet file)
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// The length of a bucket, as it was typed.
#[derive(Debug, Clone)]
pub(crate) struct Length {
    pub(crate) typed: String,
    pub(crate) every: Every,
}

impl FromStr for Length {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let length =
            time_range::duration(text).map_err(|_| "not a length of time: use 10s, 1m, 1h30m or 1d")?;
        let every = Every::new(length).ok_or("must be longer than nothing, and shorter than 29 000 years")?;
        Ok(Self { typed: text.to_owned(), every })
    }
}

/// What can be shown of the values of a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Aggregate {
    /// How many there are, also by quality
    Count,
    /// The smallest
    Min,
    /// The largest
    Max,
    /// Their mean, each counting once
    Avg,
    /// The earliest
    First,
    /// The latest
    Last,
}

impl From<Aggregate> for connector::documents::Aggregate {
    fn from(asked: Aggregate) -> Self {
        match asked {
            Aggregate::Count => Self::Count,
            Aggregate::Min => Self::Min,
            Aggregate::Max => Self::Max,
            Aggregate::Avg => Self::Avg,
            Aggregate::First => Self::First,
            Aggregate::Last => Self::Last,
        }
    }
}

/// How `query` gives values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// For people
    Table,
    /// Comma separated, with a header
    Csv,
    /// One object
    Json,
    /// A file of columns, with --out
    Parquet,
}

impl QueryFormat {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
        }
    }
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

/// What `export` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Comma separated, with a header
    Csv,
    /// One JSON object per line
    Jsonl,
    /// A file of columns
    Parquet,
}

impl ExportFormat {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Parquet => "parquet",
        }
    }
}
