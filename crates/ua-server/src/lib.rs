//! A small hardened OPC UA server: something shown to read, and written only where a rule of the node and the source both allow it.
//!
//! It promises: a client is judged by its certificate before our key does any work for it; a session belongs to one certificate, one
//! channel and one user; what a peer may make us hold is bounded by [`Limits`]; a monitored value is lost only with the overflow bit
//! set, and a message stays available for Republish until it is acknowledged, also across sessions of the same user.
//!
//! It must never: offer a session without message security unless told so by a `danger_` setting, answer a service it does not have
//! with anything but `Bad_ServiceUnsupported`, tell a failed login why it failed, or let anybody do with a node what no rule allows.

mod access;
mod address_space;
mod audit;
mod clock;
mod config;
mod connection;
mod core;
mod diagnostics;
mod error;
mod events;
mod judge;
mod limits;
mod listener;
mod server;
mod services;
mod session;
mod subscription;
mod trouble;
mod values;
mod wire;

pub use access::{Criterion, NodeRules, Permissions, Restrictions, Role, RoleRule, Roles, UserAccount};
pub use address_space::{
    AddressSpace, Declaration, MethodSpec, NodeSpec, TypedVariable, VariableKind, VariableSpec,
};
pub use audit::{AuditRecord, AuditSink};
pub use clock::Clock;
pub use config::{AnonymousLogin, ServerConfig};
pub use error::Error;
pub use events::Event;
pub use limits::Limits;
pub use server::{Running, Server};
pub use trouble::{HistoryTrouble, Trouble};
pub use values::{PushedValues, Sample, Slot, TICKS_PER_MS, Ticks, Toward, Value, ValueSource};
