//! Looking nodes up and following references.

use std::collections::{HashMap, HashSet};

use opcua_types::{NodeId, QualifiedName, ReferenceTypeId};

use super::{
    access::RuleBook,
    node::{Node, NodeIndex, Reference},
};
use crate::values::Value;

/// All nodes of a server. Built before the server starts, read-only afterwards.
#[derive(Debug, Clone)]
pub struct AddressSpace {
    pub(super) nodes: Vec<Node>,
    pub(super) by_id: HashMap<NodeId, NodeIndex>,
    pub(super) children: HashSet<(NodeIndex, u16, Box<str>)>,
    pub(super) namespaces: Vec<String>,
    pub(super) book: RuleBook,
    /// Values of properties that many variables have: each is there once.
    pub(super) shared: HashMap<String, Value>,
}

impl AddressSpace {
    /// Namespace URIs in the order of their indexes.
    #[must_use]
    pub fn namespaces(&self) -> &[String] {
        &self.namespaces
    }

    /// Whether the node is there.
    #[must_use]
    pub fn contains(&self, id: &NodeId) -> bool {
        self.by_id.contains_key(id)
    }

    /// Number of nodes, the standard ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never true: the standard nodes are always there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Gives back what only building needs.
    pub(crate) fn finish(&mut self) {
        self.children = HashSet::new();
        self.shared = HashMap::new();
        self.nodes.shrink_to_fit();
        self.nodes.iter_mut().for_each(|node| node.references.shrink_to_fit());
    }

    pub(crate) fn index(&self, id: &NodeId) -> Option<NodeIndex> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn node(&self, index: NodeIndex) -> Option<&Node> {
        self.nodes.get(usize::try_from(index.0).ok()?)
    }

    /// The reference types that a request for `wanted` covers. `None` is "all of them".
    pub(crate) fn reference_types(
        &self,
        wanted: &NodeId,
        subtypes: bool,
    ) -> Result<Option<HashSet<NodeIndex>>, UnknownReferenceType> {
        if wanted.is_null() {
            return Ok(None);
        }
        let start = self.index(wanted).ok_or(UnknownReferenceType)?;
        if !self.node(start).is_some_and(|node| matches!(node.kind, super::NodeKind::ReferenceType { .. })) {
            return Err(UnknownReferenceType);
        }
        let mut covered = HashSet::from([start]);
        if subtypes {
            let has_subtype = self.index(&ReferenceTypeId::HasSubtype.into());
            let mut open = vec![start];
            while let Some(next) = open.pop() {
                let subtypes =
                    self.references(next).iter().filter(|r| r.forward && Some(r.kind) == has_subtype);
                open.extend(
                    subtypes.map(|reference| reference.target).filter(|target| covered.insert(*target)),
                );
            }
        }
        Ok(Some(covered))
    }

    /// A type and all that is derived from it.
    pub(crate) fn subtypes(&self, of: &NodeId) -> HashSet<NodeId> {
        let has_subtype = self.index(&ReferenceTypeId::HasSubtype.into());
        let mut found = HashSet::new();
        let mut open: Vec<NodeIndex> = self.index(of).into_iter().collect();
        while let Some(next) = open.pop() {
            if self.node(next).is_some_and(|node| found.insert(node.id.clone())) {
                let below = self.references(next).iter().filter(|r| r.forward && Some(r.kind) == has_subtype);
                open.extend(below.map(|reference| reference.target));
            }
        }
        found
    }

    pub(crate) fn references(&self, index: NodeIndex) -> &[Reference] {
        self.node(index).map_or(&[], |node| node.references.as_slice())
    }

    /// The type of an object or a variable.
    pub(crate) fn type_definition(&self, index: NodeIndex) -> Option<&NodeId> {
        let kind = self.index(&ReferenceTypeId::HasTypeDefinition.into())?;
        let reference = self.references(index).iter().find(|r| r.forward && r.kind == kind)?;
        self.node(reference.target).map(|node| &node.id)
    }

    /// The targets one step along a path, in the order of the references.
    pub(crate) fn step(
        &self,
        from: NodeIndex,
        kinds: Option<&HashSet<NodeIndex>>,
        forward: bool,
        name: &QualifiedName,
    ) -> impl Iterator<Item = NodeIndex> {
        self.references(from)
            .iter()
            .filter(move |r| r.forward == forward && kinds.is_none_or(|kinds| kinds.contains(&r.kind)))
            .map(|reference| reference.target)
            .filter(move |target| self.node(*target).is_some_and(|node| node.browse_name == *name))
    }
}

/// The reference type of a request is not a reference type of this space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownReferenceType;
