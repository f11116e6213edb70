//! What becomes different when one configuration takes another's place, before it does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use toml_edit::{Item, Table};

use super::model::Config;
use crate::error::Error;
use crate::selection::{read_list, write_list};

/// The differences between two configurations, as what has to be done about each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the file: the connector itself, sources, sinks.
    pub changes: Vec<Change>,
}

/// One part that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which part.
    pub part: ConfigPart,
    /// What is done about it.
    pub action: PlannedAction,
    /// The settings that are different; empty where the whole part comes or goes.
    pub settings: Vec<Setting>,
}

/// A part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigPart {
    /// A section of the connector itself, by its name; empty is what stands above all sections.
    Section(String),
    /// A source, by its name.
    Source(String),
    /// A sink, by its name.
    Sink(String),
}

/// What is done about a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlannedAction {
    /// It is started.
    Start,
    /// It is stopped; what it has kept stays.
    Stop,
    /// It is stopped and started with the new settings, and goes on where it was. A source whose subscriptions must be
    /// made anew for that has an entry on the gap ledger.
    Restart,
    /// It holds from the next start of lockgate on.
    AtNextStart,
}

/// A setting that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// As it was written; `None` when it was not there.
    pub from: Option<String>,
    /// As it is written; `None` when it is not there any more.
    pub to: Option<String>,
}

impl Plan {
    /// What has to be done to go from one configuration to another.
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut changes = sections(old, new);
        changes.extend(parts(old, new, "source", ConfigPart::Source));
        changes.extend(parts(old, new, "sink", ConfigPart::Sink));
        Self { changes }
    }

    /// What has to be done to go from what a running connector last wrote down of itself to `new`.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`] when that cannot be understood any more; an end and a start of the connector mends it.
    pub fn since(running: &str, new: &Config) -> Result<Self, Error> {
        let Running { config, lists } = serde_json::from_str(running).unwrap_or_default();
        let mut old = Config::parse(&config, new.path())?;
        for source in &mut old.sources {
            if let Some(list) = &mut source.nodes {
                let text = lists.get(source.name.as_str());
                list.nodes = text.and_then(|text| read_list(text).ok()).unwrap_or_default();
            }
        }
        Ok(Self::between(&old, new))
    }

    /// Whether everything stays as it is.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The names of the sources that this is done about.
    pub(crate) fn sources(&self, action: PlannedAction) -> impl Iterator<Item = &str> {
        self.changes.iter().filter(move |change| change.action == action).filter_map(|change| {
            match &change.part {
                ConfigPart::Source(name) => Some(name.as_str()),
                _ => None,
            }
        })
    }

    /// The names of the sinks that this is done about.
    pub(crate) fn sinks(&self, action: PlannedAction) -> impl Iterator<Item = &str> {
        self.changes.iter().filter(move |change| change.action == action).filter_map(|change| {
            match &change.part {
                ConfigPart::Sink(name) => Some(name.as_str()),
                _ => None,
            }
        })
    }
}

/// What a running connector does, written into its data folder, so that another process can tell what would change.
#[derive(Default, Serialize, Deserialize)]
struct Running {
    config: String,
    lists: BTreeMap<String, String>,
}

impl Config {
    /// The whole of it with its lists, for [`Plan::since`]. There is no secret in it, as there is none in a configuration.
    pub(crate) fn snapshot(&self) -> String {
        let lists = self
            .sources
            .iter()
            .filter_map(|source| Some((source.name.to_string(), write_list(&source.nodes.as_ref()?.nodes))));
        let running = Running { config: self.document.to_string(), lists: lists.collect() };
        serde_json::to_string(&running).unwrap_or_default()
    }
}

impl fmt::Display for ConfigPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Section(name) if name.is_empty() => f.write_str("the file"),
            Self::Section(name) => write!(f, "[{name}]"),
            Self::Source(name) => write!(f, "source {name}"),
            Self::Sink(name) => write!(f, "sink {name}"),
        }
    }
}

impl fmt::Display for PlannedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "starts",
            Self::Stop => "stops; what was collected stays",
            Self::Restart => "restarts",
            Self::AtNextStart => "holds from the next start of lockgate on",
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{}: {from} becomes {to}", self.key),
            (None, Some(to)) => write!(f, "{}: {to} is new", self.key),
            (Some(from), None) => write!(f, "{}: {from} is gone", self.key),
            (None, None) => f.write_str(&self.key),
        }
    }
}

/// What is not a source or a sink. Only the address of the HTTP face can change while the connector runs.
fn sections(old: &Config, new: &Config) -> Vec<Change> {
    let whole = |config: &'_ Config| config.document.as_table().clone();
    let (before, after) = (whole(old), whole(new));
    let mut changes = Vec::new();
    let mut add = |name: &str, settings: Vec<Setting>| {
        if !settings.is_empty() {
            let action = if name == "web" { PlannedAction::Restart } else { PlannedAction::AtNextStart };
            changes.push(Change { part: ConfigPart::Section(name.to_owned()), action, settings });
        }
    };
    add("", settings(Some(&before), Some(&after), Item::is_value));
    let all = before.iter().chain(after.iter());
    let names: BTreeSet<&str> = all.filter(|(_, item)| item.is_table()).map(|(name, _)| name).collect();
    for name in names {
        let section = |whole: &'_ Table| whole.get(name).and_then(Item::as_table).cloned();
        let (before, after) = (section(&before), section(&after));
        add(name, settings(before.as_ref(), after.as_ref(), |_| true));
    }
    changes
}

/// Sources or sinks, by their names.
fn parts(old: &Config, new: &Config, key: &str, part: fn(String) -> ConfigPart) -> Vec<Change> {
    let (before, after) = (named(old, key), named(new, key));
    let find = |name: &str| after.iter().find(|(other, _)| *other == name).map(|(_, table)| *table);
    let mut changes = Vec::new();
    for (name, table) in &before {
        let (action, settings) = match find(name) {
            None => (PlannedAction::Stop, Vec::new()),
            Some(now) => {
                let mut changed = settings(Some(table), Some(now), |_| true);
                if changed.is_empty() && key == "source" && lists_differ(old, new, name) {
                    changed.push(Setting {
                        key: "the list of nodes is another".to_owned(),
                        from: None,
                        to: None,
                    });
                }
                if changed.is_empty() {
                    continue;
                }
                (PlannedAction::Restart, changed)
            }
        };
        changes.push(Change { part: part((*name).to_owned()), action, settings });
    }
    let fresh = after.iter().filter(|(name, _)| before.iter().all(|(other, _)| other != name));
    changes.extend(fresh.map(|(name, _)| Change {
        part: part((*name).to_owned()),
        action: PlannedAction::Start,
        settings: Vec::new(),
    }));
    changes
}

fn named<'a>(config: &'a Config, key: &str) -> Vec<(&'a str, &'a Table)> {
    let tables = config.document.get(key).and_then(Item::as_array_of_tables);
    let tables = tables.into_iter().flat_map(toml_edit::ArrayOfTables::iter);
    tables.filter_map(|table| Some((table.get("name")?.as_str()?, table))).collect()
}

fn lists_differ(old: &Config, new: &Config, name: &str) -> bool {
    let list = |config: &Config| config.source(name).ok().and_then(|source| source.nodes.clone());
    list(old).map(|list| list.nodes) != list(new).map(|list| list.nodes)
}

/// The keys whose values are written differently. Comments and spaces around them do not count.
fn settings(old: Option<&Table>, new: Option<&Table>, counts: fn(&Item) -> bool) -> Vec<Setting> {
    let both = [old, new].into_iter().flatten();
    let items = both.flat_map(|table| table.iter()).filter(|(_, item)| counts(item));
    let keys: BTreeSet<&str> = items.map(|(key, _)| key).collect();
    let written = |table: Option<&Table>, key: &str| table?.get(key).map(text);
    let differ = keys.into_iter().map(|key| (key, written(old, key), written(new, key)));
    differ
        .filter(|(_, from, to)| from != to)
        .map(|(key, from, to)| Setting { key: key.to_owned(), from, to })
        .collect()
}

/// On one line; a long list or a section of its own is told by its begin.
fn text(item: &Item) -> String {
    let text = match item {
        Item::Value(value) => value.clone().decorated("", "").to_string(),
        other => other.to_string(),
    };
    let words: Vec<&str> = text.lines().map(|line| line.split(" #").next().unwrap_or(line).trim()).collect();
    words.into_iter().filter(|line| !line.is_empty() && !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}
