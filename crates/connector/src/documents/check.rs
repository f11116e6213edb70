//! `lockgate/config-check/1`: what a configuration that is valid says.

use serde::Serialize;

use super::SourceView;
use crate::config::Config;

/// `lockgate/config-check/1`.
#[derive(Debug, Serialize)]
pub struct Checked {
    pub config: String,
    pub data: String,
    pub pki: String,
    pub sources: Vec<SourceView>,
    pub sinks: Vec<CheckedSink>,
}

/// A sink beside the historian.
#[derive(Debug, Serialize)]
pub struct CheckedSink {
    pub name: String,
    pub kind: &'static str,
}

impl Checked {
    /// The document of a configuration.
    pub fn of(config: &Config) -> Self {
        let sink = |sink: &crate::config::SinkConfig| CheckedSink {
            name: sink.name.to_string(),
            kind: sink.kind.word(),
        };
        Self {
            config: config.path().display().to_string(),
            data: config.storage.data.display().to_string(),
            pki: config.pki.display().to_string(),
            sources: config.sources.iter().map(SourceView::of).collect(),
            sinks: config.sinks.iter().map(sink).collect(),
        }
    }
}
