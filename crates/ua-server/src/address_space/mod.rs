//! The nodes a server shows.
//!
//! Nodes live in one vector and refer to each other by index; a hash map leads from a `NodeId` to the index. The space is built
//! first ([`AddressSpace::new`] brings the standard nodes, `add_*` the application's) and does not change while the server runs.
//! It holds no live value: a variable either carries a fixed value or names the [`Slot`](crate::values::Slot) it is read from.

mod access;
mod audit_types;
mod build;
mod data_types;
mod methods;
mod node;
mod object_types;
mod query;
mod standard;
mod standard_types;

pub(crate) use audit_types::{audit_fields, audit_type_name};
pub use build::{NodeSpec, TypedVariable, VariableKind, VariableSpec};
pub use methods::MethodSpec;
pub(crate) use node::{Content, Node, NodeIndex, NodeKind, Reference, ServerVariable};
pub use object_types::Declaration;
pub use query::AddressSpace;
pub(crate) use standard::{PRODUCT_NAME, PRODUCT_URI};

#[cfg(test)]
pub(crate) const fn test_index(index: u32) -> NodeIndex {
    NodeIndex(index)
}
