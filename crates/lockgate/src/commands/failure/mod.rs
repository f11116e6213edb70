//! Failures of the connector, explained: which side said no, by which rule, what to compare, what to run next.
//!
//! `connection` explains everything between us and a server but certificates, `certificate` the trust of either side.

mod certificate;
mod connection;
mod explain;

pub(crate) use certificate::not_trusted;
pub(crate) use explain::{About, explain};
