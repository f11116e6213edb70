//! Which variables of a server are collected: rules, in the order of the file; the first that fits a variable decides.
//!
//! A rule includes or excludes by the path of browse names, and may ask for more: data type, type definition, namespace,
//! whether the server historises the node. A rule that includes may say how the nodes it picks are sampled. A variable
//! that no rule fits is collected if no rule includes anything, and else left out: so `exclude` alone means "all but",
//! and one `include` means "only".
//!
//! Whoever knows each node gives a list instead of rules; then nothing is browsed.
//!
//! Deciding is pure: no session, no clock. What it costs to know (attributes have to be read) is asked for only where a
//! rule needs it.

mod choose;
mod import;
mod list;
mod pattern;
mod review;

use std::time::Duration;

pub(crate) use choose::choose_from;
pub use choose::{Choice, Picked, choose};

pub use crate::address_space::{Difference, Progress, Stage};
pub use import::{Imported, import};
pub use list::{Listed, NodeList, read_list, write_list};
pub use pattern::PathPattern;
pub(crate) use review::read_snapshot;
pub use review::{NodeShown, Review, StreamChanges, review};

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What happens to the variables that it fits.
    pub action: Action,
    /// It fits variables whose path matches one of these; the empty list matches every path.
    pub paths: Vec<PathPattern>,
    /// … whose data type is one of these, as in `Double`; the empty list is every type.
    pub data_types: Vec<String>,
    /// … whose type definition has one of these browse names, as in `AnalogItemType`.
    pub type_definitions: Vec<String>,
    /// … whose node id lies in one of these namespaces, by URI.
    pub namespaces: Vec<String>,
    /// … that the server historises, or does not.
    pub historizing: Option<bool>,
    /// … whose AccessLevel has all of these bits (Part 3 §8.57); 0 is every access level.
    pub access_level: u8,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Collects, and may say how.
    Include(Sampling),
    /// Leaves out.
    Exclude,
}

/// How the nodes that a rule picks are sampled, where it differs from the source.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sampling {
    /// Sampling interval asked of the server; zero asks for every change.
    pub interval: Option<Duration>,
    /// Publishing interval asked of the server.
    pub publishing: Option<Duration>,
    /// Queue length.
    pub queue_size: Option<u32>,
    /// How far a number must move to be reported; what moves less is never sent, and is no gap.
    pub dead_band: Option<DeadBand>,
    /// How far back the server's history is fetched when the node is collected for the first time.
    pub backfill: Option<Duration>,
}

/// How far a number must move to be reported (Part 4 §7.22.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DeadBand {
    /// In the unit of the value.
    Absolute(f64),
    /// In percent of its EURange.
    Percent(f64),
}

/// What browsing tells about a variable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable<'a> {
    /// Browse names from below the root down to it, joined by `/`.
    pub(crate) path: &'a str,
    /// Browse name of its type definition; empty when it is not known.
    pub(crate) type_definition: &'a str,
    /// URI of its node id's namespace.
    pub(crate) namespace: &'a str,
}

/// What has to be read to be known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    pub(crate) data_type: Option<&'a str>,
    pub(crate) historizing: bool,
    pub(crate) access_level: u8,
}

/// What the rules say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Decision {
    Include(Sampling),
    Exclude,
    /// The attributes decide.
    Unknown,
}

/// What the rules say about a variable, as far as it can be said with what is known of it.
pub(crate) fn decide(rules: &[Rule], variable: Variable<'_>, attributes: Option<Attributes<'_>>) -> Decision {
    for rule in rules {
        if !rule.fits(variable) {
            continue;
        }
        match attributes {
            _ if !rule.asks_for_attributes() => {}
            None => return Decision::Unknown,
            Some(attributes) if rule.fits_attributes(attributes) => {}
            Some(_) => continue,
        }
        return match &rule.action {
            Action::Include(sampling) => Decision::Include(*sampling),
            Action::Exclude => Decision::Exclude,
        };
    }
    if rules.iter().any(|rule| matches!(rule.action, Action::Include(_))) {
        Decision::Exclude
    } else {
        Decision::Include(Sampling::default())
    }
}

/// The bits of AccessLevel by their names in Part 3 §8.57, those that say what a client may do.
pub const ACCESS_LEVELS: [(u8, &str); 4] =
    [(0x01, "CurrentRead"), (0x02, "CurrentWrite"), (0x04, "HistoryRead"), (0x08, "HistoryWrite")];

impl Rule {
    fn fits(&self, variable: Variable<'_>) -> bool {
        (self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.matches(variable.path)))
            && is_one_of(&self.type_definitions, variable.type_definition)
            && is_one_of(&self.namespaces, variable.namespace)
    }

    pub(crate) const fn asks_for_attributes(&self) -> bool {
        !self.data_types.is_empty() || self.historizing.is_some() || self.access_level != 0
    }

    fn fits_attributes(&self, attributes: Attributes<'_>) -> bool {
        attributes.data_type.map_or(self.data_types.is_empty(), |name| is_one_of(&self.data_types, name))
            && self.historizing.is_none_or(|wanted| wanted == attributes.historizing)
            && attributes.access_level & self.access_level == self.access_level
    }
}

fn is_one_of(wanted: &[String], found: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| wanted == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(action: Action, paths: &[&str]) -> Rule {
        Rule {
            action,
            paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
            data_types: Vec::new(),
            type_definitions: Vec::new(),
            namespaces: Vec::new(),
            historizing: None,
            access_level: 0,
        }
    }

    fn include(paths: &[&str]) -> Rule {
        rule(Action::Include(Sampling::default()), paths)
    }

    fn exclude(paths: &[&str]) -> Rule {
        rule(Action::Exclude, paths)
    }

    fn variable(path: &str) -> Variable<'_> {
        Variable { path, type_definition: "AnalogItemType", namespace: "urn:plant" }
    }

    fn picks(rules: &[Rule], path: &str) -> bool {
        matches!(decide(rules, variable(path), None), Decision::Include(_))
    }

    #[test]
    fn without_rules_everything_is_collected() {
        assert!(picks(&[], "Line1/Level"));
    }

    #[test]
    fn excluding_alone_means_all_but_and_one_include_means_only() {
        let all_but = [exclude(&["**/Diagnostics/**"])];
        assert!(picks(&all_but, "Line1/Level") && !picks(&all_but, "Line1/Diagnostics/Load"));
        let only = [include(&["Line1/**"])];
        assert!(picks(&only, "Line1/Level") && !picks(&only, "Line2/Level"));
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules =
            [include(&["Line1/Diagnostics/Load"]), exclude(&["**/Diagnostics/**"]), include(&["Line1/**"])];
        assert!(picks(&rules, "Line1/Diagnostics/Load"));
        assert!(!picks(&rules, "Line1/Diagnostics/Heap"));
        assert!(picks(&rules, "Line1/Level"));
    }

    #[test]
    fn a_rule_picks_by_type_and_namespace_and_says_how_to_sample() {
        let sampling = Sampling { interval: Some(Duration::from_secs(1)), ..Sampling::default() };
        let mut rule = rule(Action::Include(sampling), &[]);
        rule.type_definitions = vec!["AnalogItemType".to_owned()];
        rule.namespaces = vec!["urn:plant".to_owned()];
        let rules = [rule];
        assert_eq!(decide(&rules, variable("a"), None), Decision::Include(sampling));
        for other in [
            Variable { type_definition: "BaseDataVariableType", ..variable("a") },
            Variable { namespace: "urn:other", ..variable("a") },
        ] {
            assert_eq!(decide(&rules, other, None), Decision::Exclude);
        }
    }

    #[test]
    fn attributes_are_asked_for_only_where_they_decide() {
        let mut typed = include(&["Line1/**"]);
        typed.data_types = vec!["Double".to_owned()];
        typed.historizing = Some(true);
        let rules = [exclude(&["**/Spare"]), typed];
        assert_eq!(decide(&rules, variable("Line1/Spare"), None), Decision::Exclude);
        assert_eq!(decide(&rules, variable("Line2/Level"), None), Decision::Exclude);
        assert_eq!(decide(&rules, variable("Line1/Level"), None), Decision::Unknown);
        let with = |data_type, historizing| {
            decide(
                &rules,
                variable("Line1/Level"),
                Some(Attributes { data_type, historizing, access_level: 1 }),
            )
        };
        assert!(matches!(with(Some("Double"), true), Decision::Include(_)));
        assert_eq!(with(Some("Double"), false), Decision::Exclude);
        assert_eq!(with(Some("Int32"), true), Decision::Exclude);
        assert_eq!(with(None, true), Decision::Exclude);
    }
}
