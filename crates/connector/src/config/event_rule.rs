//! `[[source.events]]`: which alarms and events are collected; from the file and into it.

use std::collections::HashSet;

use toml_edit::{Array, ArrayOfTables, Item, Table, TableLike, value};

use super::problem::Problems;
use super::section::Section;
use crate::alarms::EventRule;
use crate::naming::{NodeAddress, printable};
use crate::selection::PathPattern;

/// The rules of one source, in the order of the file.
pub(super) fn read_events(item: &Item, problems: &mut Problems<'_>) -> Vec<EventRule> {
    let Some(tables) = item.as_array_of_tables() else {
        let help = Some("write it as [[source.events]]".into());
        problems.add(item.span(), "`events` must be a list of sections".to_owned(), help);
        return Vec::new();
    };
    let mut names = HashSet::new();
    let mut rules = Vec::new();
    for table in tables {
        let table_like: &dyn TableLike = table;
        let mut section = Section::new("[[source.events]]", table_like, table.span(), problems);
        let rule = read_rule(&mut section);
        if !names.insert(rule.name.clone()) {
            let message = format!("two streams of events of this source are named `{}`", rule.name);
            section.problem(section.span_of("name"), message, Some("give each its own `name`".into()));
        }
        section.finish();
        rules.push(rule);
    }
    rules
}

fn read_rule(section: &mut Section<'_, '_, '_>) -> EventRule {
    let usual = EventRule::default();
    let refresh = section.item("refresh").is_none() || section.flag("refresh");
    let types = section.list("types", event_type).unwrap_or_default();
    if types.len() > MOST_TYPES {
        let message = format!("`types` lists {} types; at most {MOST_TYPES} can be", types.len());
        section.problem(
            section.span_of("types"),
            message,
            Some("name the type that they are derived from".into()),
        );
    }
    EventRule {
        name: section.parsed("name", name).unwrap_or(usual.name),
        notifier: section.parsed("notifier", node).unwrap_or(usual.notifier),
        types,
        min_severity: section.integer("min_severity", 1..=1000),
        sources: section.list("sources", pattern).unwrap_or_default(),
        refresh,
        queue_size: section
            .integer("queue_size", 1..=super::model::LONGEST_QUEUE)
            .unwrap_or(usual.queue_size),
    }
}

/// Puts rules in place of those that a source's table has.
pub(super) fn write_events(source: &mut Table, rules: &[EventRule]) {
    if rules.is_empty() {
        return;
    }
    let usual = EventRule::default();
    let mut tables = ArrayOfTables::new();
    for rule in rules {
        let mut table = Table::new();
        table.insert("name", value(rule.name.as_str()));
        if rule.notifier != usual.notifier {
            table.insert("notifier", value(rule.notifier.as_str()));
        }
        if !rule.types.is_empty() {
            table.insert("types", value(rule.types.iter().map(String::as_str).collect::<Array>()));
        }
        if let Some(severity) = rule.min_severity {
            table.insert("min_severity", value(i64::from(severity)));
        }
        if !rule.sources.is_empty() {
            table.insert("sources", value(rule.sources.iter().map(PathPattern::as_str).collect::<Array>()));
        }
        if !rule.refresh {
            table.insert("refresh", value(false));
        }
        if rule.queue_size != usual.queue_size {
            table.insert("queue_size", value(i64::from(rule.queue_size)));
        }
        tables.push(table);
    }
    source.insert("events", Item::ArrayOfTables(tables));
}

fn name(text: &str) -> Result<String, String> {
    let fits =
        !text.is_empty() && text.len() <= LONGEST_NAME && text == printable(text) && text.trim() == text;
    let wrong = || format!("must have 1 to {LONGEST_NAME} characters that can be shown");
    fits.then(|| text.to_owned()).ok_or_else(wrong)
}

fn node(text: &str) -> Result<String, String> {
    text.parse::<NodeAddress>().map(|_| text.to_owned()).map_err(|error| error.to_string())
}

/// A browse name, or a node id by namespace URI.
fn event_type(text: &str) -> Result<String, String> {
    if text.starts_with("ns=") {
        return node(text);
    }
    if text.is_empty() || text != printable(text) {
        return Err("is no name of a type".to_owned());
    }
    Ok(text.to_owned())
}

fn pattern(text: &str) -> Result<PathPattern, String> {
    text.parse()
}

const LONGEST_NAME: usize = 64;
/// Each is an element of the filter that the server is sent.
const MOST_TYPES: usize = 20;
