//! `sink`: what the other side of a sink refused.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Sink {
    /// What the other side refused for good, and is kept with the reason
    #[command(subcommand)]
    Quarantine(Quarantine),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// List the refused messages with their reasons
    List {
        /// Of this sink only
        sink: Option<String>,
    },
    /// Send the refused messages once more; what is taken leaves the quarantine
    Retry {
        /// The sink
        sink: String,
    },
}
