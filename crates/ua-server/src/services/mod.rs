//! The services, one file for each family (Part 4 §5). What is not here is answered with `Bad_ServiceUnsupported`.
//!
//! A service is a function from a decoded request to a response or a status. It knows the session only after [`Scope::session`] has
//! checked it, and asks [`crate::access`] before it does anything with a node.

mod browse;
mod call;
mod discovery;
mod dispatch;
mod event_items;
mod history;
mod identify;
mod monitored_items;
mod read;
mod register;
mod session;
mod session_audit;
mod subscribe;
mod translate;
mod write;

#[cfg(test)]
mod ask;
#[cfg(test)]
mod audited;
#[cfg(test)]
mod greedy;
#[cfg(test)]
mod grid;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod logins;
#[cfg(test)]
mod test_target;
#[cfg(test)]
mod timing;

pub(crate) use dispatch::{Scope, dispatch, needs_blocking};
pub(crate) use history::{Aggregate, HistoryPosition};
pub(crate) use read::sample_attribute;
pub(crate) use session_audit::session_over;
