//! What is known about a sink, as it is written to the journal about once a second and read by `lockgate status`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::next_step::NextStep;

/// How a sink goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SinkState {
    /// Nothing was tried yet.
    Starting,
    /// The last delivery went well.
    Delivering,
    /// The last delivery failed; it is tried again, and the journal keeps what waits.
    Failing,
    /// A delivery has begun and does not end. Seen from outside: who hangs cannot say so.
    Hanging,
}

impl SinkState {
    /// The state in words for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Delivering => "delivering",
            Self::Failing => "failing",
            Self::Hanging => "hanging",
        }
    }
}

/// What `lockgate status` shows about one sink, beside what waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkStatus {
    /// Always [`SinkStatus::SCHEMA`].
    pub schema: String,
    /// Name of the sink.
    pub sink: String,
    /// Its kind, as the configuration calls it.
    pub kind: String,
    /// Where it delivers to.
    pub target: String,
    /// The state.
    pub state: SinkState,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When this was written.
    pub updated: Timestamp,
    /// What happened, a lowercase fragment.
    pub detail: Option<String>,
    /// Stable code of the error.
    pub error_code: Option<String>,
    /// What to do about it.
    pub next_step: Option<NextStep>,
    /// Values delivered since the connector started.
    pub delivered_total: u64,
    /// When values were last delivered.
    pub last_delivery: Option<Timestamp>,
    /// Where refused messages are kept.
    pub quarantine_folder: Option<String>,
    /// How many files are there.
    pub quarantine_files: u64,
    /// Values put there since the connector started.
    pub quarantined_values: u64,
    /// Every setting that lowers security.
    pub danger: Vec<String>,
}

impl SinkStatus {
    /// Name and version of this document.
    pub const SCHEMA: &'static str = "lockgate/sink-status/1";

    pub(crate) fn new(sink: &str, now: Timestamp) -> Self {
        Self {
            schema: Self::SCHEMA.to_owned(),
            sink: sink.to_owned(),
            kind: String::new(),
            target: String::new(),
            state: SinkState::Starting,
            since: now,
            updated: now,
            detail: None,
            error_code: None,
            next_step: None,
            delivered_total: 0,
            last_delivery: None,
            quarantine_folder: None,
            quarantine_files: 0,
            quarantined_values: 0,
            danger: Vec::new(),
        }
    }

    /// The status of a sink among those that the journal keeps; `None` when there is none, or of another version.
    #[must_use]
    pub fn find(sink: &str, statuses: &[tagstore::SourceStatus]) -> Option<Self> {
        let key = crate::sinks::status_key(sink);
        let status = statuses.iter().find(|status| status.source == key)?;
        serde_json::from_str(&status.json).ok().filter(|status: &Self| status.schema == Self::SCHEMA)
    }

    /// The document as kept in the journal.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
