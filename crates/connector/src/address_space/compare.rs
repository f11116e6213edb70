//! What is different between two looks at an address space.

use super::describe::shown_type;
use super::space::{Details, Place, Space};

/// The nodes that differ. A node is the same when its namespace URI and its identifier are.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Nodes that came, by their place in the newer look.
    pub(crate) added: Vec<Place>,
    /// Nodes that went, by their place in the older look.
    pub(crate) gone: Vec<Place>,
    /// Nodes that are another way now: their places in the older and the newer look.
    pub(crate) changed: Vec<(Place, Place)>,
}

/// One thing about a node that is another now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What: `path`, `display_name`, `type_definition`, `data_type`, `unit`, `range`, `states`, `description`,
    /// `access_level`, `historizing`.
    pub what: &'static str,
    /// What it was; empty where nothing was said.
    pub from: String,
    /// What it is now.
    pub to: String,
}

impl Changes {
    pub(crate) fn between(old: &Space, new: &Space) -> Self {
        let mut changes = Self::default();
        for place in new.places() {
            match old.find(new, place) {
                None => changes.added.push(place),
                Some(before) if differences(old, before, new, place).is_empty() => {}
                Some(before) => changes.changed.push((before, place)),
            }
        }
        changes.gone.extend(old.places().filter(|place| new.find(old, *place).is_none()));
        changes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.added.len() + self.gone.len() + self.changed.len()
    }
}

/// What is different about one node. Details count only where both looks know them.
pub(crate) fn differences(old: &Space, before: Place, new: &Space, now: Place) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut note = |what, from: String, to: String| {
        if from != to {
            found.push(Difference { what, from, to });
        }
    };
    if old.path(before) != new.path(now) {
        note("path", old.path(before).join("/"), new.path(now).join("/"));
    }
    if old.display_name(before) != new.display_name(now) {
        note("display_name", old.display_name(before).to_owned(), new.display_name(now).to_owned());
    }
    if old.type_definition(before) != new.type_definition(now) {
        note("type_definition", old.type_definition(before).to_owned(), new.type_definition(now).to_owned());
    }
    if old.is_described(before)
        && new.is_described(now)
        && let (Some(before), Some(now)) = (old.details(before), new.details(now))
        && before != now
    {
        for (what, said) in SAID {
            note(what, said(&before), said(&now));
        }
    }
    found
}

type Said = fn(&Details) -> String;

const SAID: [(&str, Said); 7] = [
    ("data_type", |details| {
        shown_type(details.data_type.as_deref().unwrap_or_default(), details.value_rank).unwrap_or_default()
    }),
    ("unit", |details| details.unit.clone().unwrap_or_default()),
    ("range", |details| {
        details.range.map_or_else(String::new, |range| format!("{} to {}", range.low, range.high))
    }),
    ("states", |details| {
        let states: Vec<String> =
            details.states.iter().map(|state| format!("{} {}", state.value, state.name)).collect();
        states.join(", ")
    }),
    ("description", |details| details.description.clone().unwrap_or_default()),
    ("access_level", |details| details.access_level.to_string()),
    ("historizing", |details| details.historizing.to_string()),
];

#[cfg(test)]
mod tests {
    use ua_client::IdentifierRef;

    use super::super::space::{Added, Met};
    use super::*;

    fn plant(nodes: &[(&str, &str, &str)]) -> Space {
        let mut space = Space::new();
        for (id, name, unit) in nodes {
            let met = Met { is_variable: true, browse_name: name, display_name: name, ..Met::default() };
            let Added::New(place) = space.add("urn:plant", IdentifierRef::String(id), &met) else { panic!() };
            let details = Details { unit: Some((*unit).to_owned()), is_whole: true, ..Details::default() };
            space.describe(place, &details);
        }
        space
    }

    #[test]
    fn a_node_is_the_same_by_its_identifier_whatever_it_is_called_and_wherever_it_stands() {
        let old = plant(&[("a", "Speed", "m/s"), ("b", "Level", "m"), ("c", "Spare", "")]);
        let new = plant(&[("d", "Flow", "l/s"), ("b", "Level", "cm"), ("a", "Velocity", "m/s")]);
        let changes = Changes::between(&old, &new);
        let names = |space: &Space, places: &[Place]| -> Vec<String> {
            places.iter().map(|place| space.browse_name(*place).to_owned()).collect()
        };
        assert_eq!(names(&new, &changes.added), ["Flow"]);
        assert_eq!(names(&old, &changes.gone), ["Spare"]);
        let told: Vec<Vec<Difference>> =
            changes.changed.iter().map(|(before, now)| differences(&old, *before, &new, *now)).collect();
        let one = |what, from: &str, to: &str| Difference { what, from: from.to_owned(), to: to.to_owned() };
        assert_eq!(
            told,
            [
                vec![one("unit", "m", "cm")],
                vec![one("path", "Speed", "Velocity"), one("display_name", "Speed", "Velocity")]
            ]
        );
        assert!(Changes::between(&new, &new).is_empty());
    }
}
