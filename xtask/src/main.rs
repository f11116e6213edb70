//! Everything that a developer or CI runs, under one name: `cargo xtask`.
//!
//! Promises: every step says what it does, how long it took and how to run it alone; tools and foreign peers
//! are installed pinned, under the target folder; what could not be checked is counted and named, never skipped in silence.

mod arrows;
mod bench;
mod bench_browse;
mod bench_client;
mod bench_server;
mod cli;
mod command;
mod deny;
mod fuzz;
mod interop;
mod interop_pki;
mod open62541;
mod peers;
mod report;
mod sizes;
mod steps;
mod system;
mod tools;
mod web;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
