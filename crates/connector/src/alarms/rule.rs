//! Which events of a source are collected.

use crate::selection::PathPattern;

/// One stream of events: those of one notifier that fit.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRule {
    /// The second part of the stream's name, behind that of the source; tells the rules of a source apart.
    pub name: String,
    /// The node that tells of the events: `i=2253`, the Server object, tells of all.
    pub notifier: String,
    /// Only events of these types and their subtypes, by browse name or as `nsu=<uri>;…`; all when there are none.
    pub types: Vec<String>,
    /// Only events of at least this severity, 1 to 1000.
    pub min_severity: Option<u16>,
    /// Only events whose SourceName one of these fits; all when there are none.
    pub sources: Vec<PathPattern>,
    /// Conditions that hold already are asked for whenever events are asked for anew (ConditionRefresh).
    pub refresh: bool,
    /// How many events the server shall keep for us between two messages and while we are away.
    pub queue_size: u32,
}

impl Default for EventRule {
    fn default() -> Self {
        Self {
            name: "events".to_owned(),
            notifier: "i=2253".to_owned(),
            types: Vec::new(),
            min_severity: None,
            sources: Vec::new(),
            refresh: true,
            queue_size: 10_000,
        }
    }
}
