//! Who may come in: user accounts, logins and the cost of guessing.
//!
//! A login is refused in one way whatever was wrong with it, and takes as long for a user that does not exist as for one that does.

mod certificates;
mod gate;
mod lockout;
mod user;

pub(crate) use gate::{Attempt, Gate};
pub use user::UserAccount;
