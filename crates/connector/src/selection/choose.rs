//! From a server's address space to the nodes that the rules pick: browse, decide, describe, name.

use std::collections::HashMap;

use tagstore::{ValueRange, ValueState};
use ua_client::{AttributeId, NodeId, Session, Variant, status_name};

use super::list::Listed;
use super::{Attributes, Decision, Rule, Sampling, decide, pattern};
use crate::address_space::{
    Description, Extent, Meaning, Variable, browse, describe, meanings, note_properties,
};
use crate::config::SourceConfig;
use crate::error::Error;
use crate::naming::{NodeAddress, NodeNames};

/// What the rules of a source pick on its server.
#[derive(Debug)]
#[non_exhaustive]
pub struct Choice {
    /// The variables picked, in the order they were met.
    pub picked: Vec<Picked>,
    /// All variables found.
    pub found: usize,
    /// The browse stopped at the source's `max_nodes`.
    pub truncated: bool,
    /// Nodes below which the server did not show what is there, and one of them with the status.
    pub hidden: Option<(usize, String)>,
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

/// Browses a source's server and applies its rules. The memory taken is bounded by the source's `max_nodes`.
///
/// # Errors
/// [`Error::RootsMissing`] when the server has none of the roots, [`Error::Client`] when the connection ends.
pub async fn choose(
    session: &Session,
    source: &SourceConfig,
    namespaces: &[String],
) -> Result<Choice, Error> {
    if let Some(list) = &source.nodes {
        return choose_listed(session, source, &list.nodes, namespaces).await;
    }
    let extent = Extent {
        roots: &source.roots,
        max_nodes: source.max_nodes,
        with_display_names: source.stream_name.asks_for_display_names(),
    };
    let found = browse(session, &extent, namespaces).await?;
    let all = found.variables.len();
    let types = type_names(session, &source.rules, &found.variables).await?;
    let mut kept = Vec::new();
    for variable in found.variables {
        match decide(&source.rules, known(&variable, &path(&variable), &types), None) {
            Decision::Exclude => {}
            decision => kept.push((variable, decision)),
        }
    }
    let nodes: Vec<NodeId> = kept.iter().map(|(variable, _)| variable.node.clone()).collect();
    let with_history = source.rules.iter().any(|rule| rule.historizing.is_some());
    let descriptions = describe(session, &nodes, namespaces, with_history).await?;
    let mut picked = Vec::with_capacity(kept.len());
    for ((variable, decision), description) in kept.into_iter().zip(descriptions) {
        let decision = match decision {
            Decision::Unknown => {
                let path = path(&variable);
                decide(&source.rules, known(&variable, &path, &types), Some(attributes(&description)))
            }
            decision => decision,
        };
        if let Decision::Include(sampling) = decision {
            picked.push((variable, description, sampling));
        }
    }
    let meant = picked
        .iter()
        .map(|(variable, description, _)| (variable.properties.as_slice(), description.own_type.as_ref()));
    let meanings = meanings(session, meant).await?;
    let hidden = found.refused_example.map(|(node, status)| (node, status_name(status)));
    Ok(Choice {
        picked: named(source, picked, meanings),
        found: all,
        truncated: found.truncated,
        hidden: hidden.map(|(node, status)| (found.refused, format!("{node}: {status}"))),
        unknown: None,
    })
}

/// The nodes of a list: nothing is browsed but their properties. A node that the server does not have is refused when it
/// is subscribed to, by itself.
async fn choose_listed(
    session: &Session,
    source: &SourceConfig,
    list: &[Listed],
    namespaces: &[String],
) -> Result<Choice, Error> {
    let (known, unknown): (Vec<_>, Vec<_>) = list
        .iter()
        .map(|listed| (listed, listed.address.node_id(namespaces)))
        .partition(|(_, node)| node.is_some());
    let known: Vec<(&Listed, NodeId)> =
        known.into_iter().filter_map(|(listed, node)| Some((listed, node?))).collect();
    let variable = |(listed, node): &(&Listed, NodeId)| Variable {
        node: node.clone(),
        address: listed.address.clone(),
        path: vec![listed.address.identifier()],
        display_name: None,
        type_definition: None,
        properties: Vec::new(),
    };
    let mut variables: Vec<Variable> = known.iter().map(variable).collect();
    note_properties(session, &mut variables).await?;
    let nodes: Vec<NodeId> = variables.iter().map(|variable| variable.node.clone()).collect();
    let descriptions = describe(session, &nodes, namespaces, false).await?;
    let with_type = variables.iter().zip(&descriptions);
    let meant = with_type
        .map(|(variable, description)| (variable.properties.as_slice(), description.own_type.as_ref()));
    let meanings = meanings(session, meant).await?;
    let sampling = known.iter().map(|(listed, _)| listed.sampling);
    let all = variables.into_iter().zip(descriptions).zip(sampling);
    let all = all.map(|((variable, description), sampling)| (variable, description, sampling)).collect();
    let mut picked = named(source, all, meanings);
    for (picked, (listed, _)) in picked.iter_mut().zip(&known) {
        if let Some(name) = &listed.name {
            picked.name.clone_from(name);
        }
    }
    let unknown = unknown.first().map(|(listed, _)| (unknown.len(), listed.address.to_string()));
    Ok(Choice { picked, found: list.len(), truncated: false, hidden: None, unknown })
}

fn named(
    source: &SourceConfig,
    picked: Vec<(Variable, Description, Sampling)>,
    meanings: Vec<Meaning>,
) -> Vec<Picked> {
    let nodes: Vec<NodeNames<'_>> = picked
        .iter()
        .map(|(variable, _, _)| NodeNames {
            address: &variable.address,
            namespace_index: variable.node.namespace,
            path: &variable.path,
            display_name: variable.display_name.as_deref().unwrap_or_default(),
        })
        .collect();
    let names = source.stream_name.names(source.name.as_str(), &source.namespace_aliases, &nodes);
    let all = picked.into_iter().zip(names).zip(meanings);
    all.map(|(((variable, description, sampling), name), meaning)| Picked {
        node: variable.node,
        address: variable.address,
        name,
        data_type: description.data_type,
        description: description.description,
        unit: meaning.unit,
        range: meaning.range,
        states: meaning.states,
        sampling,
    })
    .collect()
}

/// Browse names of the type definitions, if a rule asks for them.
async fn type_names(
    session: &Session,
    rules: &[Rule],
    variables: &[Variable],
) -> Result<HashMap<NodeId, String>, Error> {
    let mut names: HashMap<NodeId, String> = HashMap::new();
    if rules.iter().all(|rule| rule.type_definitions.is_empty()) {
        return Ok(names);
    }
    let types = variables.iter().filter_map(|variable| variable.type_definition.clone());
    names.extend(types.map(|id| (id, String::new())));
    let questions: Vec<_> = names.keys().map(|id| (id.clone(), AttributeId::BrowseName)).collect();
    let answers = session.read(&questions).await?;
    for ((id, _), answer) in questions.into_iter().zip(answers) {
        if let Some(Variant::QualifiedName(name)) = answer.value {
            names.insert(id, name.name.as_ref().to_owned());
        }
    }
    Ok(names)
}

fn path(variable: &Variable) -> String {
    pattern::path_of(&variable.path)
}

fn known<'a>(
    variable: &'a Variable,
    path: &'a str,
    types: &'a HashMap<NodeId, String>,
) -> super::Variable<'a> {
    let type_definition = variable.type_definition.as_ref().and_then(|id| types.get(id));
    super::Variable {
        path,
        type_definition: type_definition.map_or("", String::as_str),
        namespace: variable.address.namespace_uri(),
    }
}

fn attributes(description: &Description) -> Attributes<'_> {
    Attributes { data_type: description.data_type.as_deref(), historizing: description.historizing }
}
