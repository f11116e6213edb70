//! From a server's address space to the nodes that the rules pick: browse, decide, describe, name.

use std::collections::HashMap;

use tagstore::{ValueRange, ValueState};
use ua_client::{IdentifierRef, NodeId, Session};

use super::list::Listed;
use super::{Attributes, Decision, Rule, Sampling, decide, pattern};
use crate::address_space::{
    Added, Details, Extent, Known, Met, Numbers, Place, Progress, Space, browse, describe, read_attributes,
    shown_type,
};
use crate::config::SourceConfig;
use crate::error::Error;
use crate::naming::{NodeAddress, NodeNames};

/// What the rules of a source pick on its server.
#[derive(Debug)]
pub struct Choice {
    /// All that is known of the address space.
    pub(crate) known: Known,
    numbers: Numbers,
    picked: Picks,
    names: Vec<String>,
    /// All variables found.
    pub found: usize,
    /// Nodes of the list whose namespace the server does not have, and one of them.
    pub unknown: Option<(usize, String)>,
}

/// A variable that is to be collected.
#[derive(Debug)]
#[non_exhaustive]
pub struct Picked {
    /// As the server numbers it now.
    pub node: NodeId,
    /// For good.
    pub address: NodeAddress,
    /// The name of its stream.
    pub name: String,
    /// `Double`, `Int32[]` for arrays, or the data type's node for what is not built in.
    pub data_type: Option<String>,
    /// What the server says about it.
    pub description: Option<String>,
    /// The engineering unit.
    pub unit: Option<String>,
    /// Between what its numbers normally lie.
    pub range: Option<ValueRange>,
    /// What its numbers stand for.
    pub states: Vec<ValueState>,
    /// What the rule that picked it says about sampling.
    pub sampling: Sampling,
}

impl Choice {
    /// Number of variables picked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.picked.all.len()
    }

    /// Whether none is picked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.picked.all.is_empty()
    }

    /// The variables picked, in the order in which they were met, each put together when it is its turn.
    pub fn picked(&self) -> impl Iterator<Item = Picked> {
        let space = &self.known.space;
        self.picked.all.iter().zip(&self.names).filter_map(|((place, sampling), name)| {
            let Details { data_type, value_rank, description, unit, range, states, .. } =
                space.details(*place).unwrap_or_default();
            Some(Picked {
                node: space.node_id(*place, &self.numbers)?,
                address: space.address(*place)?,
                name: name.clone(),
                data_type: data_type.and_then(|data_type| shown_type(&data_type, value_rank)),
                description,
                unit,
                range,
                states,
                sampling: self.picked.samplings.get(*sampling).copied().unwrap_or_default(),
            })
        })
    }

    /// Whether the browse stopped at the source's `max_nodes`.
    #[must_use]
    pub fn truncated(&self) -> bool {
        self.known.truncated
    }

    /// Nodes below which the server does not show what is there, and one of them with the status.
    #[must_use]
    pub fn hidden(&self) -> Option<&(usize, String)> {
        self.known.hidden.as_ref()
    }
}

/// Browses a source's server and applies its rules. The memory taken is bounded by the source's `max_nodes`.
///
/// # Errors
/// [`Error::RootsMissing`] when the server has none of the roots, [`Error::Client`] when the connection ends.
pub async fn choose(
    session: &Session,
    source: &SourceConfig,
    namespaces: &[String],
    progress: &Progress,
) -> Result<Choice, Error> {
    if let Some(list) = &source.nodes {
        return choose_listed(session, source, &list.nodes, namespaces, progress).await;
    }
    let extent = Extent { roots: &source.roots, max_nodes: source.max_nodes };
    let known = browse(session, &extent, namespaces, progress).await?;
    choose_from(session, source, known, namespaces, progress).await
}

/// Applies the rules to what is known of the address space; the server is asked only for what is not known of the
/// variables picked.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn choose_from(
    session: &Session,
    source: &SourceConfig,
    mut known: Known,
    namespaces: &[String],
    progress: &Progress,
) -> Result<Choice, Error> {
    let first = Picks::by_rules(&source.rules, &known.space);
    let picks = if first.undecided.is_empty() {
        first
    } else {
        read_attributes(session, &mut known, &first.undecided, namespaces).await?;
        Picks::by_rules(&source.rules, &known.space)
    };
    let places: Vec<Place> =
        picks.all.iter().map(|(place, _)| *place).filter(|place| !known.space.is_described(*place)).collect();
    describe(session, &mut known, &places, namespaces, progress).await?;
    Ok(Choice::of(source, known, picks, namespaces))
}

impl Choice {
    /// What the rules pick of what is known, without a server to ask. A variable of which too little is known for the rules
    /// is not picked.
    pub(crate) fn without_asking(source: &SourceConfig, known: Known, namespaces: &[String]) -> Self {
        let picks = Picks::by_rules(&source.rules, &known.space);
        Self::of(source, known, picks, namespaces)
    }

    fn of(source: &SourceConfig, known: Known, mut picks: Picks, namespaces: &[String]) -> Self {
        let numbers = known.space.numbers(namespaces);
        picks.all.retain(|(place, _)| known.space.node_id(*place, &numbers).is_some());
        let names = names(source, &known.space, &picks, &numbers);
        let found = known.space.variables();
        Self { known, numbers, picked: picks, names, found, unknown: None }
    }

    /// Places and names of what is picked.
    pub(crate) fn named(&self) -> impl Iterator<Item = (Place, &str)> {
        self.picked.all.iter().zip(&self.names).map(|((place, _), name)| (*place, name.as_str()))
    }
}

/// The nodes of a list: nothing is browsed but their properties. A node that the server does not have is refused when it
/// is subscribed to, by itself.
async fn choose_listed(
    session: &Session,
    source: &SourceConfig,
    list: &[Listed],
    namespaces: &[String],
    progress: &Progress,
) -> Result<Choice, Error> {
    let mut space = Space::new();
    let mut picks = Picks::default();
    let mut own_names = HashMap::new();
    let mut unknown = None;
    for listed in list {
        if listed.address.node_id(namespaces).is_none() {
            let unknown = unknown.get_or_insert_with(|| (0, listed.address.to_string()));
            unknown.0 += 1;
            continue;
        }
        let identifier = listed.address.identifier();
        let met = Met { is_variable: true, browse_name: &identifier, ..Met::default() };
        let (uri, identifier): (_, IdentifierRef<'_>) =
            (listed.address.namespace_uri(), listed.address.identifier_ref());
        if let Added::New(place) = space.add(uri, identifier, &met) {
            if let Some(name) = &listed.name {
                own_names.insert(picks.all.len(), name);
            }
            picks.add(place, listed.sampling);
        }
    }
    let mut known = Known::of(space);
    let places: Vec<Place> = picks.all.iter().map(|(place, _)| *place).collect();
    describe(session, &mut known, &places, namespaces, progress).await?;
    let mut choice = Choice::of(source, known, picks, namespaces);
    for (index, name) in own_names {
        if let Some(slot) = choice.names.get_mut(index) {
            slot.clone_from(name);
        }
    }
    Ok(Choice { found: list.len(), unknown, ..choice })
}

/// What is picked, and how each is sampled.
#[derive(Debug, Default)]
struct Picks {
    /// Each with the place of its sampling.
    all: Vec<(Place, usize)>,
    samplings: Vec<Sampling>,
    /// Variables about which the rules have to know more.
    undecided: Vec<Place>,
}

impl Picks {
    fn by_rules(rules: &[Rule], space: &Space) -> Self {
        let mut picks = Self::default();
        for place in space.places().filter(|place| space.is_variable(*place)) {
            let path = pattern::path_of(&space.path(place));
            let variable = super::Variable {
                path: &path,
                type_definition: space.type_definition(place),
                namespace: space.namespace_uri(place),
            };
            let decision = match decide(rules, variable, None) {
                Decision::Unknown => match space.data_type(place) {
                    None => Decision::Unknown,
                    Some((data_type, rank, historizing, access_level)) => {
                        let data_type = shown_type(data_type, rank);
                        let attributes =
                            Attributes { data_type: data_type.as_deref(), historizing, access_level };
                        decide(rules, variable, Some(attributes))
                    }
                },
                decision => decision,
            };
            match decision {
                Decision::Include(sampling) => picks.add(place, sampling),
                Decision::Unknown => picks.undecided.push(place),
                Decision::Exclude => {}
            }
        }
        picks
    }

    fn add(&mut self, place: Place, sampling: Sampling) {
        let known = self.samplings.iter().position(|known| *known == sampling);
        let at = known.unwrap_or_else(|| {
            self.samplings.push(sampling);
            self.samplings.len() - 1
        });
        self.all.push((place, at));
    }
}

fn names(source: &SourceConfig, space: &Space, picks: &Picks, numbers: &Numbers) -> Vec<String> {
    let nodes = || {
        picks.all.iter().filter_map(|(place, _)| {
            Some(NodeNames {
                address: space.address(*place)?,
                namespace_index: space.node_id(*place, numbers)?.namespace,
                path: space.path(*place),
                display_name: space.display_name(*place),
            })
        })
    };
    source.stream_name.names(source.name.as_str(), &source.namespace_aliases, nodes)
}
