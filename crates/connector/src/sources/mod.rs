//! Meeting a server: look at what it offers ([`survey`]), try to get in ([`probe`]), and the one road by which both
//! the command line and the collector open a session (`open`).
//!
//! The order is always the same and nothing of it can be skipped: list the endpoints without security, choose by our
//! ranking or insist on what was agreed, validate the certificate offline, keep it among the rejected ones when it is
//! not trusted, and only then connect. So there is at most one failure left: the server does not trust us yet.

mod agree;
mod judge;
mod open;
mod probe;
mod survey;
mod turned_away;

pub(crate) use judge::judge;
pub(crate) use open::open;
pub use open::{Opened, login, open_as};
pub use probe::{Probe, probe};
pub use survey::{Strength, Survey, SurveyedEndpoint, survey};
