//! A simulated plant to practise on: machines, signals and counters behind a hardened OPC UA server.
//!
//! It promises: every value is a function of time that anybody can compute again ([`Signals`]). A counter steps by exactly one at a
//! fixed period, and its source timestamp is the instant of the step, so that a reader can prove that it missed nothing.
//!
//! It must never: open a server without message security, let anybody in without a user, or hold a value that was neither computed nor written by somebody who may.

mod control;
mod events;
mod formula;
mod layout;
mod plant;
mod signals;
mod specimens;
mod works;

pub use control::{Control, Setpoint};
pub use events::EVENT_PERIOD;
pub use plant::{Plant, PlantConfig, Practice};
pub use signals::{Shape, Signals};
pub use specimens::{Specimen, Specimens};
pub use ua_server::{
    AuditRecord, AuditSink, Criterion, HistoryTrouble, Limits, Role, RoleRule, Roles, Trouble, UserAccount,
};
