//! What the space knows about one node.

use opcua_types::{DataTypeDefinition, LocalizedText, NodeClass, NodeId, QualifiedName};

use super::access::RulesIndex;
use crate::{
    diagnostics::Count,
    values::{Slot, Value},
};

/// Place of a node in the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeIndex(pub(super) u32);

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) browse_name: QualifiedName,
    pub(crate) display_name: Option<Box<str>>,
    pub(crate) description: Option<Box<str>>,
    pub(crate) kind: NodeKind,
    /// Its own rules; without them those of its namespace hold.
    pub(super) rules: Option<RulesIndex>,
    pub(crate) references: Vec<Reference>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) kind: NodeIndex,
    pub(crate) target: NodeIndex,
    pub(crate) forward: bool,
}

/// The attributes that only one node class has.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    Object,
    Variable { data_type: NodeId, value_rank: i32, minimum_sampling: f64, content: Content },
    Method(Slot),
    ObjectType { is_abstract: bool },
    VariableType { is_abstract: bool, data_type: NodeId, value_rank: i32 },
    ReferenceType { is_abstract: bool, symmetric: bool, inverse_name: &'static str },
    DataType { is_abstract: bool, definition: Option<Box<DataTypeDefinition>> },
}

/// Where the value of a variable comes from.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Fixed(Value),
    Live(Slot),
    Server(ServerVariable),
}

/// Variables that the running server itself answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerVariable {
    ServerArray,
    NamespaceArray,
    ServerStatus,
    StartTime,
    CurrentTime,
    State,
    BuildInfo,
    DiagnosticsSummary,
    Diagnostics(Count),
}

impl Node {
    pub(crate) const fn class(&self) -> NodeClass {
        match self.kind {
            NodeKind::Object => NodeClass::Object,
            NodeKind::Variable { .. } => NodeClass::Variable,
            NodeKind::Method(_) => NodeClass::Method,
            NodeKind::ObjectType { .. } => NodeClass::ObjectType,
            NodeKind::VariableType { .. } => NodeClass::VariableType,
            NodeKind::ReferenceType { .. } => NodeClass::ReferenceType,
            NodeKind::DataType { .. } => NodeClass::DataType,
        }
    }

    /// The display name; nodes that were given none show their browse name.
    pub(crate) fn display_name(&self) -> LocalizedText {
        let text = self.display_name.as_deref().unwrap_or_else(|| self.browse_name.name.as_ref());
        LocalizedText::new("", text)
    }
}
