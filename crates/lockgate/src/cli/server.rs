//! What talks to one server now, without collecting: `doctor`, `browse`, `read`, `watch`, `history`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use connector::selection::PathPattern;

use super::{Mode, Policy, Range, UserCertificate};
use connector::time_range::{self, When};

/// Which server, as whom, with which security.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Source of the configuration, or a server as in opc.tcp://plc1:4840
    #[arg(value_name = "SOURCE|URL")]
    pub(crate) target: String,
    /// Log in as this user (default: as the source does; for a URL anonymous). The password is asked for, or is the
    /// first line of stdin when stdin is no terminal
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Read the password from the first line of stdin, also on a terminal
    #[arg(long, requires = "user")]
    pub(crate) password_stdin: bool,
    /// Read the password from this file, which only its owner may read
    #[arg(long, value_name = "FILE", requires = "user", conflicts_with = "password_stdin")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from this systemd credential
    #[arg(long, value_name = "NAME", requires = "user", conflicts_with_all = ["password_stdin", "password_file"])]
    pub(crate) password_credential: Option<String>,
    #[command(flatten)]
    pub(crate) certificate: UserCertificate,
    /// For a URL: use exactly this security policy (default: the strongest that is offered)
    #[arg(long, value_enum)]
    pub(crate) policy: Option<Policy>,
    /// For a URL: use exactly this message security mode (default: sign-and-encrypt if offered)
    #[arg(long, value_enum)]
    pub(crate) mode: Option<Mode>,
    /// For a URL: the server must have this application URI (default: the one that its endpoints name)
    #[arg(long, value_name = "URI")]
    pub(crate) application_uri: Option<String>,
    /// Certificate store (default: the one of the configuration). Where there is none yet, it is made
    #[arg(long, value_name = "DIR")]
    pub(crate) pki: Option<PathBuf>,
    /// For a URL: use an endpoint that protects nothing; everything can be read and forged on the way
    #[arg(long, conflicts_with_all = ["policy", "mode"])]
    pub(crate) danger_without_security: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Select {
    /// Source of the configuration
    pub(crate) source: String,
    /// Collect variables whose path of browse names matches, as in 'Mixing/**' (* is any text inside one name, ** any
    /// number of names); may be given several times. Without a pattern the rules of the configuration are shown
    #[arg(long, value_name = "PATTERN")]
    pub(crate) include: Vec<PathPattern>,
    /// Leave out variables whose path matches, whatever --include says; may be given several times
    #[arg(long, value_name = "PATTERN")]
    pub(crate) exclude: Vec<PathPattern>,
    /// Take over what another connector collects: a node table of the PI Connector (CSV), a data selection of the AVEVA
    /// Adapter (JSON) or published nodes of OPC Publisher (JSON)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["include", "exclude"])]
    pub(crate) import: Option<PathBuf>,
    /// Show what would be picked and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Put the new rules in place of the ones that the source has
    #[arg(long)]
    pub(crate) replace: bool,
    /// Show so many of the streams
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// Source of the configuration
    pub(crate) source: String,
    /// Take over what the server has now: new nodes that the rules pick are collected
    #[arg(long)]
    pub(crate) accept: bool,
    /// End with 8 when anything changed
    #[arg(long)]
    pub(crate) check: bool,
    /// Show so many nodes and streams of each kind
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Debug, Args)]
pub(crate) struct Browse {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Where to begin: nsu=URI;s=…, ns=2;s=…, i=85, or a path such as /Objects/2:Line1 (default: the Objects folder)
    #[arg(value_name = "NODE")]
    pub(crate) node: Option<String>,
    /// How many levels to show below it
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) depth: u16,
    /// Stop after this many nodes
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Read {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Nodes: nsu=URI;s=…, ns=2;s=…, i=2258, or paths such as /Objects/2:Line1/2:Speed
    #[arg(value_name = "NODE", required = true)]
    pub(crate) nodes: Vec<String>,
    /// Attribute to read, by its name in the standard; may be repeated
    #[arg(long = "attribute", value_name = "NAME", default_value = "Value")]
    pub(crate) attributes: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Variables for their values, objects for their events (i=2253: all of the server): nsu=URI;s=…, ns=2;s=…, i=2258,
    /// or paths such as /Objects/2:Line1/2:Speed
    #[arg(value_name = "NODE", required = true)]
    pub(crate) nodes: Vec<String>,
    /// End by itself after this long, such as 10s or 5m (default: until Ctrl-C)
    #[arg(long = "for", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,
    /// How often the server shall send
    #[arg(long, default_value = "500ms", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) publishing_interval: Duration,
    /// How often the server shall look at each node
    #[arg(long, default_value = "500ms", value_parser = time_range::duration, value_name = "DURATION")]
    pub(crate) sampling_interval: Duration,
    /// How many values the server shall keep for us of each node
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) queue_size: u32,
}

#[derive(Debug, Args)]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Nodes: nsu=URI;s=…, ns=2;s=…, or paths such as /Objects/2:Line1/2:Speed
    #[arg(value_name = "NODE", required = true)]
    pub(crate) nodes: Vec<String>,
    #[command(flatten)]
    pub(crate) range: Range,
    /// The newest values first
    #[arg(long, conflicts_with = "at")]
    pub(crate) newest_first: bool,
    /// At most this many values of each node
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub(crate) limit: u64,
    /// Let the server compute this aggregate, by its name in the standard, such as Average or Maximum
    #[arg(long, value_name = "NAME", requires = "every", conflicts_with = "at")]
    pub(crate) aggregate: Option<String>,
    /// Length of the intervals of --aggregate
    #[arg(long, value_parser = time_range::duration, value_name = "DURATION", requires = "aggregate")]
    pub(crate) every: Option<Duration>,
    /// The value at this time, instead of a range; may be repeated
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["from", "to"])]
    pub(crate) at: Vec<When>,
}
