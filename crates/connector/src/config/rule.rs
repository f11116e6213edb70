//! `[[source.rule]]`: which variables are collected, and how; from the file and into it.

use std::time::Duration;

use toml_edit::{Array, ArrayOfTables, InlineTable, Item, Table, TableLike, value};

use super::model::{DEFAULT_INTERVAL, LEAST_PUBLISHING};
use super::problem::Problems;
use super::section::{Section, show};
use crate::naming::printable;
use crate::selection::{ACCESS_LEVELS, Action, DeadBand, PathPattern, Rule, Sampling};

/// The rules of one source, in the order of the file.
pub(super) fn read_rules(item: &Item, problems: &mut Problems<'_>) -> Vec<Rule> {
    let Some(tables) = item.as_array_of_tables() else {
        let help = Some("write it as [[source.rule]]".into());
        problems.add(item.span(), "`rule` must be a list of sections".to_owned(), help);
        return Vec::new();
    };
    let mut rules = Vec::new();
    for table in tables {
        let table_like: &dyn TableLike = table;
        let mut section = Section::new("[[source.rule]]", table_like, table.span(), problems);
        rules.extend(read_rule(&mut section));
        section.finish();
    }
    rules
}

fn read_rule(section: &mut Section<'_, '_, '_>) -> Option<Rule> {
    let include = section.list("include", pattern);
    let exclude = section.list("exclude", pattern);
    let sampling = read_sampling(section);
    let text = |text: &str| Ok(text.to_owned());
    let data_types = section.list("data_type", text).unwrap_or_default();
    let type_definitions = section.list("type_definition", text).unwrap_or_default();
    let namespaces = section.list("namespace", text).unwrap_or_default();
    let historizing = section.item("historizing").is_some().then(|| section.flag("historizing"));
    let access_level = section.list("access_level", access_bit).unwrap_or_default();
    let access_level = access_level.into_iter().fold(0, |bits, bit| bits | bit);
    let (action, paths) = match (include, exclude) {
        (Some(paths), None) => (Action::Include(sampling), paths),
        (None, Some(paths)) => {
            if sampling != Sampling::default() {
                let message = "a rule that excludes cannot say how to sample".to_owned();
                section.problem(None, message, None);
            }
            (Action::Exclude, paths)
        }
        _ => {
            let message = "a rule has either `include` or `exclude`".to_owned();
            let help = Some("every variable is include = [\"**\"]".into());
            section.problem(None, message, help);
            return None;
        }
    };
    Some(Rule { action, paths, data_types, type_definitions, namespaces, historizing, access_level })
}

fn read_sampling(section: &mut Section<'_, '_, '_>) -> Sampling {
    let interval = section.item("sampling_interval").is_some();
    let publishing = section.item("publishing_interval").is_some();
    Sampling {
        interval: interval.then(|| section.duration("sampling_interval", Duration::ZERO, Duration::ZERO)),
        publishing: publishing
            .then(|| section.duration("publishing_interval", DEFAULT_INTERVAL, LEAST_PUBLISHING)),
        queue_size: section.integer("queue_size", 1..=super::model::LONGEST_QUEUE),
        dead_band: section.section("dead_band", "`dead_band`", read_dead_band).flatten(),
        backfill: section.parsed("backfill", span),
    }
}

fn read_dead_band(section: &mut Section<'_, '_, '_>) -> Option<DeadBand> {
    let (absolute, percent) = (section.number("absolute"), section.number("percent"));
    match (absolute, percent) {
        (Some(distance), None) if distance >= 0.0 => Some(DeadBand::Absolute(distance)),
        (None, Some(share)) if (0.0..=100.0).contains(&share) => Some(DeadBand::Percent(share)),
        _ => {
            let message = "`dead_band` is { absolute = distance } or { percent = 0 to 100 }".to_owned();
            section.problem(None, message, None);
            None
        }
    }
}

/// Puts rules in place of those that a source's table has.
pub(super) fn write_rules(source: &mut Table, rules: &[Rule]) {
    source.remove("rule");
    if rules.is_empty() {
        return;
    }
    let mut tables = ArrayOfTables::new();
    rules.iter().for_each(|rule| tables.push(rule_table(rule)));
    source.insert("rule", Item::ArrayOfTables(tables));
}

fn rule_table(rule: &Rule) -> Table {
    let mut table = Table::new();
    let (action, sampling) = match &rule.action {
        Action::Include(sampling) => ("include", *sampling),
        Action::Exclude => ("exclude", Sampling::default()),
    };
    table.insert(action, value(rule.paths.iter().map(PathPattern::as_str).collect::<Array>()));
    for (key, texts) in [
        ("data_type", &rule.data_types),
        ("type_definition", &rule.type_definitions),
        ("namespace", &rule.namespaces),
    ] {
        if !texts.is_empty() {
            table.insert(key, value(texts.iter().map(String::as_str).collect::<Array>()));
        }
    }
    if let Some(historizing) = rule.historizing {
        table.insert("historizing", value(historizing));
    }
    if rule.access_level != 0 {
        let names = ACCESS_LEVELS.iter().filter(|(bit, _)| rule.access_level & bit != 0);
        table.insert("access_level", value(names.map(|(_, name)| *name).collect::<Array>()));
    }
    if let Some(interval) = sampling.interval {
        table.insert("sampling_interval", value(show(interval)));
    }
    if let Some(interval) = sampling.publishing {
        table.insert("publishing_interval", value(show(interval)));
    }
    if let Some(size) = sampling.queue_size {
        table.insert("queue_size", value(i64::from(size)));
    }
    if let Some(dead_band) = sampling.dead_band {
        let mut inline = InlineTable::new();
        match dead_band {
            DeadBand::Absolute(distance) => inline.insert("absolute", distance.into()),
            DeadBand::Percent(share) => inline.insert("percent", share.into()),
        };
        table.insert("dead_band", value(inline));
    }
    if let Some(back) = sampling.backfill {
        let hours = back.as_secs() / 3600;
        let text = if hours > 0 && hours % 24 == 0 { format!("{}d", hours / 24) } else { show(back) };
        table.insert("backfill", value(text));
    }
    table
}

/// A span of the past; a day is 24 hours.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "not a span of time; write \"12h\", \"7d\" or \"4w\"".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let length = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(length)
        .ok()
        .filter(|length| !length.is_zero() && *length <= LONGEST_PAST)
        .ok_or_else(wrong)
}

/// A hundred years.
const LONGEST_PAST: Duration = Duration::from_secs(36_525 * 86_400);

fn access_bit(text: &str) -> Result<u8, String> {
    let known = ACCESS_LEVELS.into_iter().find(|(_, name)| *name == text);
    known.map(|(bit, _)| bit).ok_or_else(|| {
        let names: Vec<_> = ACCESS_LEVELS.iter().map(|(_, name)| format!("\"{name}\"")).collect();
        format!("`{}` is no access level; there are {}", printable(text), names.join(", "))
    })
}

fn pattern(text: &str) -> Result<PathPattern, String> {
    text.parse()
}
