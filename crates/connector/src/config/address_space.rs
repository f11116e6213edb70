//! How a source's address space is kept up to date: `[source.address_space]`.

use std::time::Duration;

use toml_edit::{Item, Table, value};

use super::section::{Section, show};

/// How what is known of a server's nodes follows what the server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressSpaceConfig {
    /// How long a look at the nodes counts; after that they are browsed again, beside the flowing values. `None` is for
    /// ever. A server that was started anew, renumbered its namespaces or says that its nodes changed is browsed again in any case.
    pub rebrowse: Option<Duration>,
    /// What becomes of nodes that came and that the rules pick.
    pub new_nodes: NewNodes,
}

/// What becomes of nodes that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewNodes {
    /// They are collected at once.
    #[default]
    Collect,
    /// They wait until somebody accepts what changed.
    Review,
}

impl Default for AddressSpaceConfig {
    fn default() -> Self {
        Self { rebrowse: Some(DAY), new_nodes: NewNodes::Collect }
    }
}

pub(super) fn read(section: &mut Section<'_, '_, '_>) -> AddressSpaceConfig {
    let usual = AddressSpaceConfig::default();
    AddressSpaceConfig {
        rebrowse: section.parsed("rebrowse", parse_rebrowse).unwrap_or(usual.rebrowse),
        new_nodes: section.parsed("new_nodes", parse_new_nodes).unwrap_or(usual.new_nodes),
    }
}

fn parse_rebrowse(text: &str) -> Result<Option<Duration>, String> {
    if text == NEVER {
        return Ok(None);
    }
    let wrong = || "not a span of time; write \"1h\", \"24h\", \"7d\" or \"never\"".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    let length = Duration::try_from(length).map_err(|_| wrong())?;
    if (SHORTEST..=LONGEST).contains(&length) {
        Ok(Some(length))
    } else {
        Err("must lie between 1 second and 365 days".to_owned())
    }
}

fn parse_new_nodes(text: &str) -> Result<NewNodes, String> {
    match text {
        "collect" => Ok(NewNodes::Collect),
        "review" => Ok(NewNodes::Review),
        _ => Err(format!("`{text}` is neither \"collect\" nor \"review\"")),
    }
}

pub(super) fn write(table: &mut Table, config: AddressSpaceConfig) {
    let usual = AddressSpaceConfig::default();
    if config == usual {
        return;
    }
    let mut section = Table::new();
    if config.rebrowse != usual.rebrowse {
        section.insert("rebrowse", value(config.rebrowse.map_or_else(|| NEVER.to_owned(), show)));
    }
    if config.new_nodes == NewNodes::Review {
        section.insert("new_nodes", value("review"));
    }
    table.insert("address_space", Item::Table(section));
}

const NEVER: &str = "never";
const DAY: Duration = Duration::from_secs(86_400);
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
