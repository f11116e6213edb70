//! Alarms and events: which of a server's are wanted, how they are asked for, and what is kept of one.
//!
//! - `rule`: `[[source.events]]`, one rule for one stream of events
//! - `fields`: which fields are asked for, by the types that the server knows
//! - `watch`: the monitored item of a rule, and the conditions that hold already (ConditionRefresh)
//! - `record`: an event as it is kept, a JSON object
//! - `intake`: what comes is told apart: an event, a repetition of one, a sign of the server about its own sending
//!
//! A stream of events lies in the journal like any other; each event is a sample whose value is its record, whose source
//! time is when it happened, and whose server time is when the server learned of it. So events are made durable,
//! acknowledged, sealed, delivered and given on just as values are.

mod fields;
mod intake;
mod record;
mod rule;
mod watch;

pub(crate) use record::Happened;
pub use record::{ConditionState, EventRecord};
pub use rule::EventRule;
pub use watch::{Offer, offers};

pub(crate) use intake::{Alarms, REMEMBERED, Recent, Sign, Taken};
pub(crate) use watch::{WatchedEvents, refresh, stream_of, type_names, watch};
