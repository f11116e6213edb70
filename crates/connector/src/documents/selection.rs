//! `lockgate/select/1`: which variables of a source are collected, and what that means.

use std::time::Duration;

use serde::Serialize;

use crate::alarms::Offer;
use crate::config::SourceConfig;
use crate::selection::{ACCESS_LEVELS, Action, Choice, DeadBand, Picked, Rule};

/// `lockgate/select/1`: what the rules pick.
#[derive(Debug, Serialize)]
pub struct Selected {
    pub source: String,
    /// Whether the rules are in the configuration, now.
    pub written: bool,
    pub rules: Vec<RuleView>,
    /// Variables below the roots.
    pub found: usize,
    pub picked: usize,
    /// The browse stopped at `max_nodes`.
    pub truncated: bool,
    /// Nodes below which the server does not show what is there.
    pub hidden: usize,
    /// Values a second when every value changes at every sample; `null` when a node is sampled as fast as the server can.
    pub values_per_second_at_most: Option<f64>,
    /// Values that the server is asked to keep for us at most, of all nodes together.
    pub values_queued_at_most: u64,
    /// What was taken over from another connector's file; `null` without `--import`.
    pub import: Option<ImportView>,
    /// The list of nodes of the source; `null` when it has rules.
    pub list: Option<String>,
    /// Nodes of the list whose namespace the server does not have.
    pub unknown: usize,
    /// Streams whose name carries their node, as another one would have the same.
    pub collisions: usize,
    /// What the rules for events get.
    pub events: Vec<OfferView>,
    pub streams: Vec<PickedView>,
}

/// What a rule for events gets.
#[derive(Debug, Serialize)]
pub struct OfferView {
    pub name: String,
    pub notifier: String,
    /// Why nothing comes.
    pub problem: Option<String>,
    pub types: Vec<String>,
    pub fields: Vec<String>,
}

/// A rule of a source.
#[derive(Debug, Serialize)]
pub struct RuleView {
    pub action: &'static str,
    pub paths: Vec<String>,
    pub data_types: Vec<String>,
    pub type_definitions: Vec<String>,
    pub namespaces: Vec<String>,
    pub historizing: Option<bool>,
    pub access_level: Vec<&'static str>,
}

/// A variable that is picked.
#[derive(Debug, Serialize)]
pub struct PickedView {
    pub name: String,
    pub node: String,
    pub data_type: Option<String>,
    pub sampling_interval_ms: u64,
    pub queue_size: u32,
    pub dead_band: Option<String>,
}

/// What was taken over.
#[derive(Debug, Serialize)]
pub struct ImportView {
    pub format: String,
    pub taken: usize,
    /// What the file itself leaves out.
    pub not_selected: usize,
    /// What could not be taken over, each with its reason.
    pub left: Vec<String>,
}

impl Selected {
    /// With so many of the streams: of a million, only those that are shown are put together.
    pub fn of(source: &SourceConfig, choice: &Choice, written: bool, shown: usize) -> Self {
        let mut streams = Vec::new();
        let (mut rate, mut queued, mut collisions) = (Some(0.0), 0_u64, 0);
        for picked in choice.picked() {
            let stream = PickedView::of(source, &picked);
            rate = rate.zip(stream.rate()).map(|(sum, rate)| sum + rate);
            queued = queued.saturating_add(u64::from(stream.queue_size));
            collisions +=
                usize::from(picked.name.ends_with(']') && picked.name.contains(&picked.address.to_string()));
            if streams.len() < shown {
                streams.push(stream);
            }
        }
        Self {
            source: source.name.to_string(),
            written,
            rules: source.rules.iter().map(RuleView::of).collect(),
            found: choice.found,
            picked: choice.len(),
            truncated: choice.truncated(),
            hidden: choice.hidden().map_or(0, |(nodes, _)| *nodes),
            import: None,
            list: source.nodes.as_ref().map(|list| list.path.display().to_string()),
            unknown: choice.unknown.as_ref().map_or(0, |(nodes, _)| *nodes),
            values_per_second_at_most: rate,
            values_queued_at_most: queued,
            collisions,
            events: Vec::new(),
            streams,
        }
    }
}

impl OfferView {
    /// The view of one.
    pub fn of(offer: Offer) -> Self {
        let Offer { name, notifier, problem, types, fields } = offer;
        Self { name, notifier, problem, types, fields }
    }
}

impl PickedView {
    /// Values a second when its value changes at every sample.
    fn rate(&self) -> Option<f64> {
        (self.sampling_interval_ms > 0)
            .then(|| 1.0 / Duration::from_millis(self.sampling_interval_ms).as_secs_f64())
    }

    fn of(source: &SourceConfig, picked: &Picked) -> Self {
        let interval = picked.sampling.interval.unwrap_or(source.sampling_interval);
        Self {
            name: picked.name.clone(),
            node: picked.address.to_string(),
            data_type: picked.data_type.clone(),
            sampling_interval_ms: u64::try_from(interval.as_millis()).unwrap_or(u64::MAX),
            queue_size: picked.sampling.queue_size.unwrap_or_else(|| {
                let publishing = picked.sampling.publishing.unwrap_or(source.publishing_interval);
                source.queue_size_at(interval, publishing)
            }),
            dead_band: picked.sampling.dead_band.map(|band| match band {
                DeadBand::Absolute(distance) => distance.to_string(),
                DeadBand::Percent(share) => format!("{share} %"),
            }),
        }
    }
}

fn access_names(bits: u8) -> Vec<&'static str> {
    ACCESS_LEVELS.into_iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| name).collect()
}

impl RuleView {
    fn of(rule: &Rule) -> Self {
        let action = match rule.action {
            Action::Include(_) => "include",
            Action::Exclude => "exclude",
        };
        Self {
            action,
            paths: rule.paths.iter().map(|path| path.as_str().to_owned()).collect(),
            data_types: rule.data_types.clone(),
            type_definitions: rule.type_definitions.clone(),
            namespaces: rule.namespaces.clone(),
            historizing: rule.historizing,
            access_level: access_names(rule.access_level),
        }
    }
}
