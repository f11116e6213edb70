//! The hot paths: values of notifications, history and reads, and references, taken in place, without allocation
//! (Part 6 §5.2).
//!
//! [`Reader`] is a bounded cursor; `publish`, `history`, `read` and `browse` walk a response and hand each part to a
//! visitor;
//! `data_value` reads the value; `skip` steps over what is not wanted. No input makes any of it panic, recurse beyond
//! [`MAX_DEPTH`] or take more memory than the list of sequence numbers or of one event's fields.

mod browse;
mod data_value;
mod error;
mod header;
mod history;
mod publish;
mod read;
mod reader;
mod skip;

pub use browse::{
    BrowseSummary, BrowseVisitor, BrowsedRef, ExpandedNodeIdRef, IdentifierRef, NodeIdRef, ReferenceRef,
    walk_browse_next_response, walk_browse_response,
};
pub use data_value::{DataValueRef, ValueRef};
pub use error::DecodeError;
pub use history::{HistorySummary, HistoryVisitor, Modification, walk_history_read_response};
pub use publish::{NotificationVisitor, PublishSummary, walk_publish_response, walk_republish_response};
pub use read::{ReadSummary, walk_read_response};
pub use reader::Reader;

/// Deepest nesting of Variants and ExtensionObjects, counted together (Part 6 §5.1.8).
pub const MAX_DEPTH: u32 = 100;
/// Deepest nesting of DiagnosticInfo.
pub const MAX_DIAGNOSTIC_DEPTH: u32 = 10;
/// Most entries of `AvailableSequenceNumbers` and of acknowledgement results.
pub const MAX_SEQUENCE_NUMBERS: usize = 10_000;
/// Most fields of one event.
pub const MAX_EVENT_FIELDS: usize = 1000;
/// Longest continuation point that we keep and send back, bytes.
pub const MAX_CONTINUATION_POINT: usize = 8192;
