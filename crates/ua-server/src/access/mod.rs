//! Who may come in, as what, and what it may do then: user accounts, logins and the cost of guessing; roles; rules of nodes.
//!
//! A login is refused in one way whatever was wrong with it, and takes as long for a user that does not exist as for one that does.
//! [`decision`] is the only place that decides on nodes; what no rule allows is denied.

mod certificates;
mod decision;
mod gate;
mod hashing;
mod lockout;
mod mapping;
mod role;
mod rules;
mod user;

pub(crate) use decision::{Grant, Wish};
pub(crate) use gate::{Attempt, Gate, Roster};
pub use mapping::{Criterion, RoleRule};
pub(crate) use mapping::{Directory, Identity, Login};
pub use role::{Role, Roles};
pub use rules::{NodeRules, Permissions, Restrictions};
pub use user::UserAccount;
