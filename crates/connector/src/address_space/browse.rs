//! The walk.

use std::collections::HashMap;

use ua_client::types::{ObjectId, ReferenceTypeId, VariableId};
use ua_client::{
    AttributeId, BrowseFilter, IdentifierRef, NodeId, NodeIdRef, ReferenceRef, Session, Variant, status_name,
    to_node_id,
};

use super::meaning::{Properties, Property};
use super::progress::Progress;
use super::space::{Added, Met, Numbers, Place, Space};
use crate::error::Error;
use crate::naming::NodeAddress;

/// What is known of an address space: browsed just now, or taken from its snapshot.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) space: Space,
    /// The properties that the walk met.
    pub(super) properties: Properties,
    /// The limit was reached before the end.
    pub(crate) truncated: bool,
    /// Nodes below which the server does not show what is there, and one of them with the status.
    pub(crate) hidden: Option<(usize, String)>,
}

impl Known {
    pub(crate) fn of(space: Space) -> Self {
        Self { space, properties: Properties::default(), truncated: false, hidden: None }
    }
}

/// Where to walk and how far.
#[derive(Debug)]
pub(crate) struct Extent<'a> {
    /// Where it begins.
    pub(crate) roots: &'a [String],
    /// Most nodes that are visited.
    pub(crate) max_nodes: usize,
}

/// Walks from the roots.
///
/// # Errors
/// [`Error::RootsMissing`] when the server has none of the roots; [`Error::Client`] when the connection ends.
pub(crate) async fn browse(
    session: &Session,
    extent: &Extent<'_>,
    namespaces: &[String],
    progress: &Progress,
) -> Result<Known, Error> {
    let mut walk = Walk { namespaces, extent, progress, known: Known::of(Space::new()) };
    walk.enter(session).await?;
    let filter = BrowseFilter {
        node_classes: OBJECTS_AND_VARIABLES,
        max_references_per_node: extent.max_nodes,
        ..Default::default()
    };
    // nodes are kept in the order in which they are met: those of a level are what came since the last one began
    let (mut begin, mut depth) = (0, 0);
    while begin < walk.known.space.len() && depth < MAX_DEPTH {
        let level: Vec<Place> = walk.known.space.places().skip(begin).collect();
        begin = walk.known.space.len();
        for part in level.chunks(NODES_AT_ONCE) {
            let numbers = walk.known.space.numbers(namespaces);
            let nodes: Vec<NodeId> =
                part.iter().filter_map(|place| walk.known.space.node_id(*place, &numbers)).collect();
            let follow = |place: usize, reference: &ReferenceRef<'_>| {
                if let Some(parent) = part.get(place) {
                    walk.follow(reference, *parent);
                }
            };
            let answers = session.browse_each(&nodes, &filter, follow).await?;
            for (node, answer) in nodes.iter().zip(answers) {
                if let Err(status) = answer {
                    walk.refuse(node, status);
                }
            }
            progress.found(walk.known.space.len(), walk.known.space.variables());
            progress.followed(part.len());
        }
        depth += 1;
    }
    let Walk { mut known, .. } = walk;
    known.truncated |= begin < known.space.len();
    known.properties.sort();
    name_types(session, &mut known.space, namespaces).await?;
    Ok(known)
}

/// Notes the properties of variables that no walk has met.
///
/// # Errors
/// [`Error::Client`] when the connection ends; a node that shows nothing has none.
pub(super) async fn note_properties(
    session: &Session,
    space: &Space,
    places: &[Place],
    numbers: &Numbers,
    namespaces: &[String],
) -> Result<Properties, Error> {
    let filter = BrowseFilter {
        reference_type: ReferenceTypeId::HasProperty.into(),
        max_references_per_node: MOST_REFERENCES,
        ..Default::default()
    };
    let mut properties = Properties::default();
    let there: Vec<(Place, NodeId)> =
        places.iter().filter_map(|place| Some((*place, space.node_id(*place, numbers)?))).collect();
    let (places, nodes): (Vec<Place>, Vec<NodeId>) = there.into_iter().unzip();
    let note = |place: usize, reference: &ReferenceRef<'_>| {
        if let Some(place) = places.get(place) {
            properties.note(*place, reference, namespaces);
        }
    };
    session.browse_each(&nodes, &filter, note).await?;
    properties.sort();
    Ok(properties)
}

/// When the server was started, if it says so.
///
/// # Errors
/// [`Error::Client`] when the connection ends.
pub(crate) async fn server_start(session: &Session) -> Result<Option<i64>, Error> {
    let question = (NodeId::from(VariableId::Server_ServerStatus_StartTime), AttributeId::Value);
    let answer = session.read(&[question]).await?.pop().and_then(|value| value.value);
    Ok(match answer {
        Some(Variant::DateTime(time)) => Some(time.ticks()),
        _ => None,
    })
}

struct Walk<'a> {
    namespaces: &'a [String],
    extent: &'a Extent<'a>,
    progress: &'a Progress,
    known: Known,
}

impl Walk<'_> {
    /// Begins with the roots the server has. The objects folder has no name in a path.
    async fn enter(&mut self, session: &Session) -> Result<(), Error> {
        let mut nodes = Vec::new();
        for root in self.extent.roots {
            nodes.extend(root.parse::<NodeAddress>()?.node_id(self.namespaces));
        }
        let questions: Vec<_> = nodes
            .iter()
            .flat_map(|node| {
                [(node.clone(), AttributeId::NodeClass), (node.clone(), AttributeId::BrowseName)]
            })
            .collect();
        let answers = session.read(&questions).await?;
        for (node, answer) in nodes.into_iter().zip(answers.chunks(2)) {
            let [class, name] = answer else { continue };
            let Some(Variant::Int32(class)) = class.value else { continue };
            let name = match &name.value {
                Some(Variant::QualifiedName(name)) => name.name.as_ref(),
                _ => "",
            };
            let nameless = node == ObjectId::ObjectsFolder || node == ObjectId::RootFolder;
            let met = Met {
                is_variable: class == VARIABLE,
                browse_name: if nameless { "" } else { name },
                display_name: if nameless { "" } else { name },
                ..Met::default()
            };
            let address = NodeAddress::of(&node, self.namespaces);
            if let Some(address) = address {
                self.visit(address.namespace_uri(), address.identifier_ref(), &met);
            }
        }
        if self.known.space.len() == 0 {
            return Err(Error::RootsMissing { roots: self.extent.roots.to_vec() });
        }
        Ok(())
    }

    fn follow(&mut self, reference: &ReferenceRef<'_>, parent: Place) {
        let target = &reference.node_id;
        if target.server_index != 0 {
            return;
        }
        if reference.reference_type == HAS_PROPERTY {
            if self.known.space.is_variable(parent) {
                self.known.properties.note(parent, reference, self.namespaces);
            }
            return;
        }
        let node = &target.node_id;
        if (node.namespace, node.identifier) == (0, IdentifierRef::Numeric(SERVER)) {
            return;
        }
        let uri = match target.namespace_uri.filter(|uri| !uri.is_empty()) {
            Some(uri) => self.namespaces.iter().find(|known| *known == uri).map(String::as_str),
            None => uri_of(node.namespace, self.namespaces),
        };
        let Some(uri) = uri else {
            // an index outside the server's own table names nothing
            self.refuse(&to_node_id(node), BAD_NODE_ID_INVALID);
            return;
        };
        let type_definition = &reference.type_definition;
        let is_ours =
            type_definition.server_index == 0 && type_definition.namespace_uri.unwrap_or_default().is_empty();
        let type_definition = is_ours
            .then(|| NodeAddress::of(&to_node_id(&type_definition.node_id), self.namespaces))
            .flatten()
            .map_or_else(String::new, |address| address.to_string());
        let met = Met {
            is_variable: reference.node_class == VARIABLE,
            parent: Some(parent),
            browse_name: reference.browse_name.1.unwrap_or_default(),
            display_name: reference.display_name.1.unwrap_or_default(),
            type_definition: &type_definition,
        };
        self.visit(uri, node.identifier, &met);
    }

    fn visit(&mut self, uri: &str, identifier: IdentifierRef<'_>, met: &Met<'_>) {
        if self.known.space.len() >= self.extent.max_nodes
            || self.known.space.add(uri, identifier, met) == Added::Full
        {
            self.known.truncated = true;
        }
        // one folder may hold them all
        if self.known.space.len().is_multiple_of(TOLD_EVERY) {
            self.progress.found(self.known.space.len(), self.known.space.variables());
        }
    }

    fn refuse(&mut self, node: &NodeId, status: u32) {
        let hidden = self.known.hidden.get_or_insert_with(|| (0, format!("{node}: {}", status_name(status))));
        hidden.0 += 1;
    }
}

pub(super) fn uri_of(namespace: u16, namespaces: &[String]) -> Option<&str> {
    match namespace {
        0 => Some(UA_NAMESPACE),
        index => namespaces.get(usize::from(index)).map(String::as_str),
    }
}

/// Replaces the type definitions by their browse names.
async fn name_types(session: &Session, space: &mut Space, namespaces: &[String]) -> Result<(), Error> {
    let types = space.type_definitions();
    let known: Vec<(String, NodeId)> = types
        .into_iter()
        .take(MOST_TYPES)
        .filter_map(|text| {
            let node = text.parse::<NodeAddress>().ok()?.node_id(namespaces)?;
            Some((text, node))
        })
        .collect();
    let questions: Vec<_> = known.iter().map(|(_, node)| (node.clone(), AttributeId::BrowseName)).collect();
    let answers = session.read(&questions).await?;
    let mut names: HashMap<String, String> = HashMap::new();
    for ((text, _), answer) in known.into_iter().zip(answers) {
        if let Some(Variant::QualifiedName(name)) = answer.value {
            names.insert(text, name.name.as_ref().to_owned());
        }
    }
    space.name_types(|text| names.get(text).cloned());
    Ok(())
}

impl Property {
    /// The property that a reference leads to, if it is one of ours.
    pub(super) fn of(reference: &ReferenceRef<'_>) -> Option<Self> {
        let (namespace, name) = reference.browse_name;
        Self::named(namespace, name.unwrap_or_default())
    }
}

/// Bits of the node class mask (Part 4 §5.9.2): Object 1, Variable 2.
const OBJECTS_AND_VARIABLES: u32 = 3;
const VARIABLE: i32 = 2;
/// Properties describe their node and are no streams of their own.
const HAS_PROPERTY: NodeIdRef<'_> = NodeIdRef { namespace: 0, identifier: IdentifierRef::Numeric(46) };
const SERVER: u32 = 2253;
const BAD_NODE_ID_INVALID: u32 = 0x8033_0000;
const UA_NAMESPACE: &str = "http://opcfoundation.org/UA/";
const TOLD_EVERY: usize = 1000;
const MOST_REFERENCES: usize = 10_000;
/// Types whose names are asked for; no server has more.
const MOST_TYPES: usize = 10_000;
/// Deeper than any plant; knowing what was visited alone would follow an endless fresh chain up to `max_nodes`.
const MAX_DEPTH: usize = 128;
/// Nodes handed to the session at once; it cuts them to what the server takes.
const NODES_AT_ONCE: usize = 8000;
