//! The client against a real server: ours, with counters that step by one, so that a lost value shows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod basics;
mod events;
mod history;
mod links;
mod nodes;
mod site;
mod structures;
