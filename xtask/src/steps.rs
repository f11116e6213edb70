//! The steps of `cargo xtask test`, in their order: what each does and how to run it alone.

use anyhow::Result;

use crate::command::Command;
use crate::fuzz::FuzzOptions;
use crate::interop::{Flow, InteropOptions, PlantOptions};
use crate::interop_pki::PkiOptions;
use crate::report::Outcome;
use crate::workspace::Workspace;
use crate::{arrows, deny, fuzz, interop, interop_pki, sizes, tools, web};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Fmt,
    Clippy,
    Sizes,
    Arrows,
    Deny,
    Unit,
    Doctests,
    Docs,
    Fuzz,
    InteropPki,
    Readers,
    Web,
    Plant,
    Interop,
    Matrix,
}

impl Step {
    /// Cheap before expensive, so that the usual mistakes show first.
    pub(crate) const ALL: [Self; 15] = [
        Self::Fmt,
        Self::Clippy,
        Self::Sizes,
        Self::Arrows,
        Self::Deny,
        Self::Unit,
        Self::Doctests,
        Self::Docs,
        Self::Fuzz,
        Self::InteropPki,
        Self::Readers,
        Self::Web,
        Self::Plant,
        Self::Interop,
        Self::Matrix,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Sizes => "sizes",
            Self::Arrows => "arrows",
            Self::Deny => "deny",
            Self::Unit => "unit tests",
            Self::Doctests => "doctests",
            Self::Docs => "docs",
            Self::Fuzz => "fuzz",
            Self::InteropPki => "interop pki",
            Self::Readers => "readers",
            Self::Web => "web",
            Self::Plant => "plant",
            Self::Interop => "interop",
            Self::Matrix => "matrix",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Fmt => "sources are formatted as rustfmt would",
            Self::Clippy => "no warning from the compiler or clippy, in any target",
            Self::Sizes => "no file and no function has outgrown its reader",
            Self::Arrows => "crates know only whom docs/ARCHITECTURE.md lets them know",
            Self::Deny => "no banned, unlicensed, unknown-source or vulnerable dependency",
            Self::Unit => "every test of every crate, by nextest",
            Self::Doctests => "examples in the documentation compile and run",
            Self::Docs => "the documentation builds without a broken link",
            Self::Fuzz => "no hostile bytes panic, hang or take much memory, a minute for each parser",
            Self::InteropPki => {
                "certificates judged by openssl, node-opcua and asyncua: no unknown difference"
            }
            Self::Readers => {
                "DuckDB, pandas and polars read the files as they lie, and find what query gives"
            }
            Self::Web => "the web UI: types, rules, size, and every page in a browser against the real demo",
            Self::Plant => "the whole way from the simulated plant, killed and cut off, every value counted",
            Self::Interop => "the whole way against node-opcua, asyncua and open62541, every change counted",
            Self::Matrix => {
                "every peer, policy, mode, key size and login works, and every refusal is the right one"
            }
        }
    }

    pub(crate) fn alone(self) -> &'static str {
        match self {
            Self::Fmt => "cargo xtask check fmt",
            Self::Clippy => "cargo xtask check clippy",
            Self::Sizes => "cargo xtask check sizes",
            Self::Arrows => "cargo xtask check arrows",
            Self::Deny => "cargo xtask check deny",
            Self::Unit => "cargo xtask test unit",
            Self::Doctests => "cargo xtask test doc",
            Self::Docs => "cargo xtask check docs",
            Self::Fuzz => "cargo xtask fuzz",
            Self::InteropPki => "cargo xtask interop pki",
            Self::Readers => "cargo xtask interop readers",
            Self::Web => "cargo xtask web",
            Self::Plant => "cargo xtask interop plant",
            Self::Interop => "cargo xtask interop",
            Self::Matrix => "cargo xtask interop matrix",
        }
    }

    pub(crate) fn run(self, workspace: &Workspace) -> Result<Outcome> {
        match self {
            Self::Fmt => {
                Command::cargo(workspace).args(["fmt", "--all", "--", "--check"]).run()?;
                Ok(Outcome::default())
            }
            Self::Clippy => {
                Command::cargo(workspace)
                    .args(["clippy", "--quiet", "--workspace", "--all-targets", "--locked"])
                    .args(["--", "-D", "warnings"])
                    .run()?;
                Ok(Outcome::default())
            }
            Self::Sizes => sizes::check(workspace),
            Self::Arrows => arrows::check(workspace),
            Self::Deny => deny::check(workspace),
            Self::Unit => unit_tests(workspace, &[]),
            Self::Doctests => {
                Command::cargo(workspace)
                    .args(["test", "--quiet", "--workspace", "--doc", "--locked"])
                    .run()?;
                Ok(Outcome::default())
            }
            Self::Docs => {
                Command::cargo(workspace)
                    .args(["doc", "--quiet", "--workspace", "--no-deps", "--keep-going", "--locked"])
                    .env("RUSTDOCFLAGS", "-D warnings")
                    .run()?;
                Ok(Outcome::default())
            }
            Self::Fuzz => fuzz::run(workspace, &FuzzOptions::short()),
            Self::InteropPki => interop_pki::run(workspace, &PkiOptions::default()),
            Self::Readers => interop::readers(workspace),
            Self::Web => web::check(workspace),
            Self::Plant => interop::plant(workspace, &PlantOptions::short(), Flow::WithTrouble),
            Self::Interop => interop::run(workspace, &InteropOptions::short()),
            Self::Matrix => interop::matrix(workspace),
        }
    }
}

/// Runs the tests of all crates, or those whose names contain one of `filter`.
pub(crate) fn unit_tests(workspace: &Workspace, filter: &[String]) -> Result<Outcome> {
    let tools = tools::install(workspace)?;
    Command::cargo_tool(workspace, &tools.nextest, "nextest")
        .args(["run", "--workspace", "--locked"])
        .args(filter)
        .run()?;
    Ok(Outcome::default())
}
