//! The machine of a secure channel, one per TCP connection.
//!
//! Methods come in four kinds and are called in this order by a driver:
//! 1. `handle_bytes`, `handle_timeout`: what happened outside;
//! 2. `send`, `respond`, `close`: what the application wants;
//! 3. `poll_transmit` until `None` (write to the socket), `poll_event` until `None`;
//! 4. `poll_timeout`: when to call `handle_timeout` at the latest. It may change with every call above.
//!
//! After [`ChannelEvent::Closed`] the driver writes what `poll_transmit` still gives and closes the socket.
//!
//! Life of a token (Part 4 §5.6.2): the client renews at 75 % of the lifetime and uses the new token at once; the
//! server goes on sending with the old one until it has seen the new one. A token is accepted for 25 % longer than its
//! lifetime, or until the first chunk with its successor arrives.

mod assembler;
mod client;
mod config;
mod conversation;
mod event;
mod nonce;
mod open;
mod open_frame;
#[cfg(test)]
mod rogue;
mod sequence;
mod server;
mod token;

pub use client::ClientChannel;
pub use config::{ClientChannelConfig, ClientSecurity, PeerJudge, ServerChannelConfig};
pub use event::{ChannelEvent, CloseReason, Phase};
pub use server::ServerChannel;
