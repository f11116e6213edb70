//! `lockgate/browse/1`: the nodes below a node.

use serde::Serialize;
use ua_client::types::NodeClass;
use ua_client::{Namespaces, Reference};

/// `lockgate/browse/1`.
#[derive(Debug, Serialize)]
pub struct Tree {
    /// Where it begins.
    pub root: String,
    pub nodes: Vec<NodeView>,
    /// Whether `--limit` cut it.
    pub truncated: bool,
    /// Nodes whose references the server does not show.
    pub refused: Vec<RefusedNode>,
}

/// A node below the root.
#[derive(Debug, Serialize)]
pub struct NodeView {
    /// Its id on this server.
    pub node_id: String,
    /// Its id for good: with the URI of its namespace.
    pub expanded_node_id: String,
    /// Its browse names from the root on, as `read` takes them; only when the root is the Objects folder or a path.
    pub path: String,
    pub browse_name: String,
    pub display_name: String,
    pub node_class: String,
    pub type_definition: Option<String>,
    pub depth: u16,
    /// Place of its parent in the list, counted from 1.
    #[serde(skip)]
    pub parent: usize,
}

/// A node that shows nothing.
#[derive(Debug, Serialize)]
pub struct RefusedNode {
    pub node_id: String,
    pub status: &'static str,
}

impl NodeView {
    /// The view of the node that a reference leads to; with a path where the parent has one.
    pub fn of(reference: &Reference, namespaces: &Namespaces, parent_path: Option<&str>, depth: u16) -> Self {
        let id = &reference.node_id.node_id;
        let elsewhere = reference.node_id.server_index != 0 || !reference.node_id.namespace_uri.is_empty();
        let name = &reference.browse_name;
        let escaped = escape(name.name.as_ref());
        let step = match name.namespace_index {
            0 => escaped,
            namespace => format!("{namespace}:{escaped}"),
        };
        let type_definition = &reference.type_definition.node_id;
        Self {
            node_id: if elsewhere { reference.node_id.to_string() } else { id.to_string() },
            expanded_node_id: namespaces.express(id),
            path: parent_path.map(|parent| format!("{parent}/{step}")).unwrap_or_default(),
            browse_name: match name.namespace_index {
                0 => name.name.as_ref().to_owned(),
                namespace => format!("{namespace}:{}", name.name.as_ref()),
            },
            display_name: reference.display_name.text.as_ref().to_owned(),
            node_class: class(reference.node_class).to_owned(),
            type_definition: (!type_definition.is_null()).then(|| namespaces.express(type_definition)),
            depth,
            parent: 0,
        }
    }
}

/// A browse name as a step of a path (Part 4 Annex A.2): what would mean something else gets a `&`.
fn escape(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if "&/.<>:#!".contains(c) {
            out.push('&');
        }
        out.push(c);
    }
    out
}

fn class(class: NodeClass) -> &'static str {
    match class {
        NodeClass::Object => "Object",
        NodeClass::Variable => "Variable",
        NodeClass::Method => "Method",
        NodeClass::ObjectType => "ObjectType",
        NodeClass::VariableType => "VariableType",
        NodeClass::ReferenceType => "ReferenceType",
        NodeClass::DataType => "DataType",
        NodeClass::View => "View",
        NodeClass::Unspecified => "Unspecified",
    }
}
