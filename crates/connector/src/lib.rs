//! The product without a face: read OPC UA sources, keep every value, hand it on.
//!
//! **For**: everything between a configuration file and samples on disk. [`Config`] says what to do, [`sources`] meets
//! a server for the first time, [`Runtime`] collects until it is told to stop.
//!
//! **Promises**: nothing is acknowledged to a server before it is durable here; what could not be had is an entry in
//! the gap ledger; what the agreed security demands is never traded for a connection; one bad node harms one node;
//! the state of a source is the age of its data.
//!
//! **Must never**: write to a server, keep a secret in the configuration, choose weaker security than was agreed,
//! drop a value in silence, let one source or sink hold up another.

mod address_space;
pub mod alarms;
mod clock;
mod collect;
pub mod config;
pub mod documents;
mod error;
mod event;
mod event_view;
mod fill;
pub mod identity;
pub mod naming;
pub mod next_step;
pub mod not_trusted;
pub mod overview;
mod pipeline;
mod reload;
mod runtime;
mod sample_view;
pub mod sealed;
pub mod secrets;
pub mod selection;
mod sink_status;
mod sinks;
pub mod sources;
pub mod status;
pub mod time_range;
mod watchdog;

pub use clock::{Clock, SystemClock};
pub use collect::ages::{LastValue, last_values};
pub use config::{Config, SourceConfig};
pub use error::{Error, ErrorKind};
pub use event::{Event, EventKind};
pub use event_view::{EVENT_CSV_HEADER, EventView};
pub use next_step::NextStep;
pub use runtime::{Handle, RUNNING_FILE, Runtime, Stopped};
pub use sample_view::{CSV_HEADER, SampleView, csv_field, plain_value};
pub use sink_status::{SinkState, SinkStatus};
pub use sinks::omf::{OmfTrouble, RefusedMessage, refused_messages, send_again};
pub use status::{SourceState, SourceStatus};
pub use watchdog::{Ended, Part};
