//! The case table of certificate validation: ids as in the security catalogue, grouped by step.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod cases;
mod factory;
