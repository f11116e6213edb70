//! The walk.

use std::collections::HashSet;

use ua_client::types::{ObjectId, ReferenceTypeId};
use ua_client::{
    AttributeId, BrowseFilter, IdentifierRef, NodeId, NodeIdRef, ReferenceRef, Session, Variant, to_node_id,
};

use super::meaning::Property;
use crate::error::Error;
use crate::naming::NodeAddress;

/// What a browse found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The variables, in the order they were met.
    pub(crate) variables: Vec<Variable>,
    /// Nodes whose references the server would not show, with the first of them as an example.
    pub(crate) refused: usize,
    pub(crate) refused_example: Option<(NodeId, u32)>,
    /// The limit was reached before the end.
    pub(crate) truncated: bool,
}

/// A node that has a value.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) node: NodeId,
    pub(crate) address: NodeAddress,
    /// Browse names from below the root down to it.
    pub(crate) path: Vec<String>,
    /// Its display name, where that was asked for and the server says it.
    pub(crate) display_name: Option<String>,
    /// Its type definition, where the server says it.
    pub(crate) type_definition: Option<NodeId>,
    /// Its properties that say what its numbers mean.
    pub(crate) properties: Vec<(Property, NodeId)>,
}

/// Where to walk, how far, and what to keep.
#[derive(Debug)]
pub(crate) struct Extent<'a> {
    /// Where it begins.
    pub(crate) roots: &'a [String],
    /// Most nodes that are visited.
    pub(crate) max_nodes: usize,
    /// Whether display names are kept.
    pub(crate) with_display_names: bool,
}

/// Walks from the roots.
///
/// # Errors
/// [`Error::RootsMissing`] when the server has none of the roots; [`Error::Client`] when the connection ends.
pub(crate) async fn browse(
    session: &Session,
    extent: &Extent<'_>,
    namespaces: &[String],
) -> Result<Found, Error> {
    let mut walk =
        Walk { namespaces, extent, visited: HashSet::new(), found: Found::default(), level: Vec::new() };
    walk.enter(session).await?;
    let filter = BrowseFilter {
        node_classes: OBJECTS_AND_VARIABLES,
        max_references_per_node: extent.max_nodes,
        ..Default::default()
    };
    let mut depth = 0;
    while !walk.level.is_empty() && depth < MAX_DEPTH {
        let level = std::mem::take(&mut walk.level);
        for part in level.chunks(NODES_AT_ONCE) {
            let nodes: Vec<NodeId> = part.iter().map(|step| step.node.clone()).collect();
            let follow = |place: usize, reference: &ReferenceRef<'_>| {
                if let Some(step) = part.get(place) {
                    walk.follow(reference, step);
                }
            };
            let answers = session.browse_each(&nodes, &filter, follow).await?;
            for (step, answer) in part.iter().zip(answers) {
                if let Err(status) = answer {
                    walk.refuse(&step.node, status);
                }
            }
        }
        depth += 1;
    }
    walk.found.truncated |= !walk.level.is_empty();
    Ok(walk.found)
}

/// A node whose references come next.
struct Step {
    node: NodeId,
    /// What leads to it.
    path: Vec<String>,
    /// Its place among the variables found, if it is one.
    variable: Option<usize>,
}

/// What a reference says of the variable it leads to.
#[derive(Default)]
struct Said {
    display_name: Option<String>,
    type_definition: Option<NodeId>,
}

/// Notes the properties of variables that no walk has met.
///
/// # Errors
/// [`Error::Client`] when the connection ends; a node that shows nothing has none.
pub(crate) async fn note_properties(session: &Session, variables: &mut [Variable]) -> Result<(), Error> {
    let filter = BrowseFilter {
        reference_type: ReferenceTypeId::HasProperty.into(),
        max_references_per_node: MOST_REFERENCES,
        ..Default::default()
    };
    for part in variables.chunks_mut(NODES_AT_ONCE) {
        let nodes: Vec<NodeId> = part.iter().map(|variable| variable.node.clone()).collect();
        let note = |place: usize, reference: &ReferenceRef<'_>| {
            if let Some(variable) = part.get_mut(place) {
                variable.note(reference);
            }
        };
        session.browse_each(&nodes, &filter, note).await?;
    }
    Ok(())
}

impl Variable {
    /// Takes note of one of its properties.
    fn note(&mut self, reference: &ReferenceRef<'_>) {
        let (namespace, name) = reference.browse_name;
        if let Some(property) = Property::named(namespace, name.unwrap_or_default())
            && self.properties.len() < MAX_PROPERTIES
        {
            self.properties.push((property, to_node_id(&reference.node_id.node_id)));
        }
    }
}

struct Walk<'a> {
    namespaces: &'a [String],
    extent: &'a Extent<'a>,
    visited: HashSet<NodeId>,
    found: Found,
    /// Nodes of the next level.
    level: Vec<Step>,
}

impl Walk<'_> {
    /// Begins with the roots the server has. The objects folder gives no name to what is below it; any other root is
    /// part of the path, so that a name does not depend on how far above a node the walk began.
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
                Some(Variant::QualifiedName(name)) => name.name.as_ref().to_owned(),
                _ => String::new(),
            };
            let nameless = node == ObjectId::ObjectsFolder || node == ObjectId::RootFolder;
            let path = if nameless || name.is_empty() { Vec::new() } else { vec![name] };
            self.visit(node, (class == VARIABLE).then(Said::default), path);
        }
        if self.level.is_empty() {
            return Err(Error::RootsMissing { roots: self.extent.roots.to_vec() });
        }
        Ok(())
    }

    fn follow(&mut self, reference: &ReferenceRef<'_>, parent: &Step) {
        let target = &reference.node_id;
        if target.server_index != 0 {
            return;
        }
        if reference.reference_type == HAS_PROPERTY {
            self.note_property(reference, parent);
            return;
        }
        let mut node = to_node_id(&target.node_id);
        if let Some(uri) = target.namespace_uri.filter(|uri| !uri.is_empty()) {
            match self.namespaces.iter().position(|known| known == uri).map(u16::try_from) {
                Some(Ok(namespace)) => node.namespace = namespace,
                _ => return,
            }
        }
        if node == ObjectId::Server {
            return;
        }
        let mut path = parent.path.clone();
        path.push(reference.browse_name.1.unwrap_or_default().to_owned());
        let type_definition = &reference.type_definition;
        let is_ours =
            type_definition.server_index == 0 && type_definition.namespace_uri.unwrap_or_default().is_empty();
        let type_definition = is_ours.then(|| to_node_id(&type_definition.node_id));
        let display_name = reference.display_name.1.filter(|_| self.extent.with_display_names);
        let said = || Said { type_definition, display_name: display_name.map(str::to_owned) };
        self.visit(node, (reference.node_class == VARIABLE).then(said), path);
    }

    fn note_property(&mut self, reference: &ReferenceRef<'_>, parent: &Step) {
        if let Some(variable) = parent.variable.and_then(|place| self.found.variables.get_mut(place)) {
            variable.note(reference);
        }
    }

    /// `variable` is what the reference to a variable said of it.
    fn visit(&mut self, node: NodeId, variable: Option<Said>, path: Vec<String>) {
        if self.visited.len() >= self.extent.max_nodes {
            self.found.truncated = true;
            return;
        }
        if !self.visited.insert(node.clone()) {
            return;
        }
        let mut place = None;
        if let Some(Said { type_definition, display_name }) = variable
            && let Some(address) = NodeAddress::of(&node, self.namespaces)
        {
            place = Some(self.found.variables.len());
            let (node, path) = (node.clone(), path.clone());
            let properties = Vec::new();
            self.found.variables.push(Variable {
                node,
                address,
                path,
                display_name,
                type_definition,
                properties,
            });
        }
        self.level.push(Step { node, path, variable: place });
    }

    fn refuse(&mut self, node: &NodeId, status: u32) {
        self.found.refused += 1;
        self.found.refused_example.get_or_insert_with(|| (node.clone(), status));
    }
}

/// Bits of the node class mask (Part 4 §5.9.2): Object 1, Variable 2.
const OBJECTS_AND_VARIABLES: u32 = 3;
const VARIABLE: i32 = 2;
/// Properties describe their node and are no streams of their own.
const HAS_PROPERTY: NodeIdRef<'_> = NodeIdRef { namespace: 0, identifier: IdentifierRef::Numeric(46) };
/// More properties of the kinds that are noted than any variable has.
const MAX_PROPERTIES: usize = 8;
const MOST_REFERENCES: usize = 10_000;
/// Deeper than any plant; a visited set alone would follow an endless fresh chain up to `max_nodes`.
const MAX_DEPTH: usize = 128;
/// Nodes handed to the session at once; it cuts them to what the server takes.
const NODES_AT_ONCE: usize = 1000;
