//! What is known about a source, as it is written to the journal about once a second and read by `lockgate status`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ua_channel::MessageSecurityMode;

use crate::next_step::NextStep;

/// The state of a source. Connected is not a state: what counts is the age of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SourceState {
    /// Looking for the server, or opening the channel.
    Connecting,
    /// The server closed the channel right after our certificate: it does not trust us yet.
    WaitingForServerTrust,
    /// We do not trust the server's certificate.
    ServerNotTrusted,
    /// The server offers less security than was agreed, or other endpoints than it announced.
    SecurityRefused,
    /// The server refused the user.
    LoginRefused,
    /// The server cannot be reached, or the connection was lost; trying again.
    Unreachable,
    /// Our own side is at fault: certificate, key, secret or configuration.
    Misconfigured,
    /// Reading the address space and asking for the streams.
    Browsing,
    /// Fetching what the server kept for us while the connection was away.
    Recovering,
    /// Values arrive.
    Flowing,
    /// The server answers in time, no value changes.
    Quiet,
    /// The server has been silent for longer than it promised.
    Stale,
    /// Values arrive, but cannot be made durable: nothing is acknowledged.
    StorageFailed,
    /// Not running.
    Stopped,
}

impl SourceState {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Connecting,
        Self::WaitingForServerTrust,
        Self::ServerNotTrusted,
        Self::SecurityRefused,
        Self::LoginRefused,
        Self::Unreachable,
        Self::Misconfigured,
        Self::Browsing,
        Self::Recovering,
        Self::Flowing,
        Self::Quiet,
        Self::Stale,
        Self::StorageFailed,
        Self::Stopped,
    ];

    /// The state in words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::WaitingForServerTrust => "waiting for the server to trust us",
            Self::ServerNotTrusted => "server not trusted",
            Self::SecurityRefused => "security refused",
            Self::LoginRefused => "login refused",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Browsing => "browsing",
            Self::Recovering => "recovering",
            Self::Flowing => "flowing",
            Self::Quiet => "quiet",
            Self::Stale => "stale",
            Self::StorageFailed => "storage failed",
            Self::Stopped => "stopped",
        }
    }

    /// Whether data is arriving as promised.
    pub fn is_healthy(self) -> bool {
        matches!(self, Self::Flowing | Self::Quiet)
    }
}

/// Everything `lockgate status` shows about one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceStatus {
    /// Always [`SourceStatus::SCHEMA`].
    pub schema: String,
    /// Name of the source.
    pub source: String,
    /// Its address, as configured.
    pub url: String,
    /// The state.
    pub state: SourceState,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When this was written; older than some seconds means that no connector is running.
    pub updated: Timestamp,
    /// What happened, a lowercase fragment.
    pub detail: Option<String>,
    /// Stable code of the error, as in `trust.server_certificate_untrusted`.
    pub error_code: Option<String>,
    /// OPC UA status code of the error.
    pub status_code: Option<u32>,
    /// What to do about it.
    pub next_step: Option<NextStep>,
    /// When the next attempt is due.
    pub retry_at: Option<Timestamp>,
    /// Security policy in use or asked for.
    pub policy: String,
    /// Message security mode in use or asked for.
    pub mode: String,
    /// User name; `None` is anonymous.
    pub user: Option<String>,
    /// The server's application URI, once it proved it.
    pub server_application_uri: Option<String>,
    /// Thumbprint of the server's certificate.
    pub server_thumbprint: Option<String>,
    /// End of validity of the server's certificate.
    pub server_certificate_not_after: Option<Timestamp>,
    /// Thumbprint of our certificate.
    pub own_thumbprint: Option<String>,
    /// End of validity of our certificate.
    pub own_certificate_not_after: Option<Timestamp>,
    /// Streams the server delivers to us.
    pub streams: u64,
    /// How many of these are read in turn, because the server has no subscription for them.
    #[serde(default)]
    pub streams_polled: u64,
    /// Nodes the server refused; retried, and listed in the log.
    pub streams_refused: u64,
    /// One of the refused nodes with its reason, as an example.
    pub refused_example: Option<String>,
    /// Nodes of the server that came, went or changed, which waits to be accepted.
    #[serde(default)]
    pub nodes_waiting: u64,
    /// Values made durable since the connector started.
    pub values_total: u64,
    /// Values per second, over the last ten seconds.
    pub values_per_second: f64,
    /// Source time of the newest value.
    pub last_sample_time: Option<Timestamp>,
    /// When the server last said anything on the subscription, value or keep-alive.
    pub last_message_time: Option<Timestamp>,
    /// Acknowledged sequence number of each subscription.
    pub acknowledged: Vec<Acknowledged>,
    /// Gaps on the ledger of this source, found since the connector started.
    pub gaps_found: u64,
    /// Gaps on the ledger of this source that nothing has closed.
    pub gaps_open: u64,
    /// Values added from the server's history since the connector started.
    #[serde(default)]
    pub backfilled_total: u64,
    /// Reconnects since the connector started.
    pub reconnects: u64,
    /// Every setting that lowers security.
    pub danger: Vec<String>,
}

/// How far one subscription is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Subscription id on the server.
    pub subscription: u32,
    /// Sequence number of the last notification that is durable here.
    pub sequence: u32,
}

impl SourceStatus {
    /// Name and version of this document.
    pub const SCHEMA: &'static str = "lockgate/source-status/1";

    /// Reads a document written by [`SourceStatus::to_json`]; `None` when it is of another version.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|status: &Self| status.schema == Self::SCHEMA)
    }

    /// The document as kept in the journal.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The name of a mode in file, status and speech.
pub fn mode_name(mode: MessageSecurityMode) -> &'static str {
    match mode {
        MessageSecurityMode::None => "None",
        MessageSecurityMode::Sign => "Sign",
        MessageSecurityMode::SignAndEncrypt => "SignAndEncrypt",
    }
}
