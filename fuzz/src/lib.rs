//! Hostile bytes for every parser that peers and administrators can reach.
//!
//! A target is a function that takes any bytes and must return: a panic, an overflow, a hang or much memory is a
//! finding. What it checks beyond that (a mutated certificate is never Good, a name never leaves its folder) is in
//! each target's file. `cargo xtask fuzz` feeds them by coverage with libFuzzer; the unit tests feed them everything
//! under `seeds/` and `regressions/`.
//!
//! ```text
//! seeds/<target>/        where the search begins: honest inputs; `cargo run -p fuzz --example seeds` makes them
//! regressions/<target>/  every input that was a finding once, for good
//! world/                 the authorities and lists that the inputs are judged against
//! ```
//!
//! The next target (a frame, a chunk, a service response) is a file here, a line in [`TARGETS`], and a folder of seeds.
//!
//! It must never: be a dependency of anything else.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target tells a finding by panicking"
)]

mod answer;
mod certificate;
mod chain;
mod channel;
mod crl;
pub mod der;
mod key;
mod material;
mod request;
mod secret;
mod store;
mod walk;
pub mod world;

/// A function that must survive any bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// What `cargo xtask fuzz` calls it, and its folder under `seeds/` and `regressions/`.
    pub name: &'static str,
    /// Returns, or has found something.
    pub run: fn(&[u8]),
}

/// All of them. `cargo xtask fuzz` reads the names from `seeds/`; a test holds the two together.
pub const TARGETS: &[Target] = &[
    Target { name: "answer", run: answer::run },
    Target { name: "certificate", run: certificate::run },
    Target { name: "chain", run: chain::run },
    Target { name: "channel", run: channel::run },
    Target { name: "crl", run: crl::run },
    Target { name: "material", run: material::run },
    Target { name: "request", run: request::run },
    Target { name: "secret", run: secret::run },
    Target { name: "store", run: store::run },
    Target { name: "walk", run: walk::run },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}
