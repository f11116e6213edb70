//! Reading history (HistoryRead: Part 4 §5.11.3, Part 11 §6.5): raw values, values at given times, aggregates, events.
//!
//! ```no_run
//! # async fn example(session: ua_client::Session, node: ua_client::NodeId, from: i64, to: i64,
//! #     visitor: &mut impl ua_client::HistoryVisitor) -> Result<(), ua_client::Error> {
//! use ua_client::{HistoryRange, NodeHistory, RawHistory};
//! let mut pages = session.history_raw(vec![node], RawHistory::new(HistoryRange::between(from, to)))?;
//! while let Some(page) = pages.next_page(visitor).await? {
//!     for node in page.nodes {
//!         if let NodeHistory::Refused { status } = node.state {
//!             eprintln!("{}", ua_client::status_name(status));
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Values are handed to a [`HistoryVisitor`](crate::HistoryVisitor) as they are read from the answer's bytes; nothing is
//! collected here. Continuation points are followed, given back when the reading ends early or is dropped, and a server
//! that never comes to an end is found out (HC-36).

mod aggregate;
mod pages;
mod progress;
mod request;
mod status;
mod walk;

pub use aggregate::{AGGREGATES, aggregate};
pub use pages::{HistoryPage, HistoryPages, NodeHistory, NodePage};
pub use request::{Bounds, EventHistory, HistoryOrder, HistoryRange, ProcessedHistory, RawHistory};
pub use status::explain_history_status;
