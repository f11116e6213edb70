//! Which nodes a server has: browsing, bounded in every direction (HC-36), and what is kept of it.
//!
//! Forward along the hierarchy from the configured roots, level by level, objects and variables. Every node is visited
//! once, however many ways lead to it, and no more than `max_nodes` are; whatever a server does, it ends. Not followed:
//! properties (they describe a node, they are no signals; those that say what its numbers mean are noted), the server's own diagnostics below `i=2253` unless it
//! is a root itself, and references into other servers.
//!
//! What was found lies in a [`Space`]: rows and one piece of text. A [`snapshot`] keeps it on disk, so that the next start
//! needs no browse, and so that a [difference](Changes) can be shown.

mod browse;
mod compare;
mod describe;
mod meaning;
mod progress;
pub(crate) mod snapshot;
mod space;
mod texts;

pub(crate) use browse::{Extent, Known, browse, server_start};
pub use compare::Difference;
pub(crate) use compare::{Changes, differences};
pub(crate) use describe::{describe, read_attributes, shown_type};
pub use progress::{Progress, Stage};
pub(crate) use snapshot::{Head, Snapshot};
pub(crate) use space::{Added, Details, Met, Numbers, Place, Space};
