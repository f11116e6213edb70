//! What looks at collected data: `status`, `streams`, `gaps`; `query` and `export` are in `query`.

use clap::Args;

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
