//! What looks at collected data: `status`, `streams`, `gaps`; `query` and `export` are in `query`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use connector::selection::PathPattern;

use connector::time_range::{self, When};

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
    /// When each last had a value and of which quality, the oldest first
    #[arg(long)]
    pub(crate) age: bool,
    /// Only streams without a value for so long
    #[arg(long, value_name = "DURATION", value_parser = time_range::duration)]
    pub(crate) older_than: Option<Duration>,
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

#[derive(Debug, Args)]
pub(crate) struct Events {
    /// Names of streams of events, or unique endings of them (default: all of them)
    #[arg(value_name = "STREAM")]
    pub(crate) streams: Vec<String>,
    /// Start, included: -1h, -2d, 2026-08-27, 2026-08-27T06:00:00Z
    #[arg(long, default_value = "-1d", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) from: When,
    /// End, not included
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_name = "TIME")]
    pub(crate) to: When,
    /// Only events of at least this severity, 1 to 1000
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) severity: Option<u16>,
    /// Only events of this type, by its name
    #[arg(long = "type", value_name = "NAME")]
    pub(crate) event_type: Option<String>,
    /// Only events whose source has a name that fits: Boiler1, 'Boiler*'
    #[arg(long, value_name = "PATTERN")]
    pub(crate) source: Option<PathPattern>,
    /// Of each alarm only how it stood last, if it was active then
    #[arg(long)]
    pub(crate) active: bool,
    /// Form of the answer (--json is the same as --format json)
    #[arg(long, value_enum, default_value_t = EventFormat::Table)]
    pub(crate) format: EventFormat,
    /// At most this many, the newest
    #[arg(long, default_value_t = 1000, value_name = "N")]
    pub(crate) limit: usize,
}

/// How `events` gives events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventFormat {
    /// For people
    Table,
    /// Comma separated, with a header
    Csv,
    /// One object
    Json,
}
