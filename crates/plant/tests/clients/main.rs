//! The plant through the eyes of its clients.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod audit;
mod bench;
mod front_door;
mod nothing_lost;
mod roles;
mod works;
