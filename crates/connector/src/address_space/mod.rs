//! Which nodes a server has: browsing, bounded in every direction (HC-36).
//!
//! Forward along the hierarchy from the configured roots, level by level, objects and variables. Every node is visited
//! once, however many ways lead to it, and no more than `max_nodes` are; whatever a server does, it ends. Not followed:
//! properties (they describe a node, they are no signals; those that say what its numbers mean are noted), the server's own diagnostics below `i=2253` unless it
//! is a root itself, and references into other servers.

mod browse;
mod describe;
mod meaning;

pub(crate) use browse::{Extent, Variable, browse, note_properties};
pub(crate) use describe::{Description, describe};
pub(crate) use meaning::{Meaning, meanings};
