//! Which rules hold for which node.

use opcua_types::{NodeId, ReferenceTypeId};

use super::{node::Node, query::AddressSpace};
use crate::{Error, access::NodeRules};

/// The rules that some nodes share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RulesIndex(u16);

/// All rules of a space: few, and shared.
#[derive(Debug, Clone)]
pub(super) struct RuleBook {
    rules: Vec<NodeRules>,
    /// Of the nodes of a namespace that have none of their own.
    of_namespace: Vec<RulesIndex>,
}

impl RuleBook {
    /// Nobody may do anything but with OPC UA's own nodes.
    pub(super) fn new() -> Self {
        let rules = vec![NodeRules::nobody(), NodeRules::standard()];
        Self { rules, of_namespace: vec![RulesIndex(1)] }
    }

    fn add(&mut self, rules: NodeRules) -> Result<RulesIndex, Error> {
        let known = self.rules.iter().position(|known| *known == rules);
        let index = known.unwrap_or(self.rules.len());
        let number = u16::try_from(index).map_err(|_| Error::Full)?;
        if known.is_none() {
            self.rules.push(rules);
        }
        Ok(RulesIndex(number))
    }
}

impl AddressSpace {
    /// The rules of all nodes of a namespace but for those with rules of their own. Where this is not called, nobody may even
    /// see the nodes.
    ///
    /// # Errors
    /// When the namespace is not there.
    pub fn set_namespace_rules(&mut self, namespace: u16, rules: NodeRules) -> Result<(), Error> {
        let place = usize::from(namespace);
        if place >= self.namespaces.len() {
            return Err(Error::Config("rules for a namespace that is not registered"));
        }
        let rules = self.book.add(rules)?;
        while self.book.of_namespace.len() <= place {
            self.book.of_namespace.push(RulesIndex(0));
        }
        if let Some(known) = self.book.of_namespace.get_mut(place) {
            *known = rules;
        }
        Ok(())
    }

    /// The rules of one node and its properties, instead of those of its namespace.
    ///
    /// # Errors
    /// When the node is not there.
    pub fn set_rules(&mut self, node: &NodeId, rules: NodeRules) -> Result<(), Error> {
        let rules = self.book.add(rules)?;
        let index = self.index(node).ok_or_else(|| Error::UnknownNode(node.clone()))?;
        let has_property = self.index(&ReferenceTypeId::HasProperty.into());
        let properties = self.references(index).iter().filter(|r| r.forward && Some(r.kind) == has_property);
        let mut places: Vec<_> = properties.map(|reference| reference.target).collect();
        places.push(index);
        for place in places {
            if let Some(node) = usize::try_from(place.0).ok().and_then(|place| self.nodes.get_mut(place)) {
                node.rules = Some(rules);
            }
        }
        Ok(())
    }

    pub(crate) fn rules(&self, node: &Node) -> &NodeRules {
        let of_namespace = self.book.of_namespace.get(usize::from(node.id.namespace)).copied();
        let index = node.rules.or(of_namespace).unwrap_or(RulesIndex(0));
        self.book.rules.get(usize::from(index.0)).unwrap_or_else(|| nobody())
    }
}

/// For a number that no rule has, which does not happen: nobody.
fn nobody() -> &'static NodeRules {
    static NOBODY: std::sync::OnceLock<NodeRules> = std::sync::OnceLock::new();
    NOBODY.get_or_init(NodeRules::nobody)
}
