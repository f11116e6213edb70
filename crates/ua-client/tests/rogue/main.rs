//! The client against a server that does everything right except for one thing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod attacks;
mod handshake;
mod history;
mod hostile;
mod login;
mod server;
mod services;
mod structures;
