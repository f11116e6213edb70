//! Runs the interop campaign and the matrix: the real binary against servers that we did not write.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::command::Command;
use crate::peers::{self, Peers, Scripts};
use crate::report::Outcome;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct InteropOptions {
    /// How long lockgate collects, the kill and the restart included.
    #[arg(long, default_value_t = Self::short().minutes)]
    minutes: f64,
    /// Changing variables on each server.
    #[arg(long, default_value_t = Self::short().variables)]
    variables: u32,
    /// Each variable changes once in this many milliseconds.
    #[arg(long, default_value_t = Self::short().period_ms)]
    period_ms: u32,
    /// Use an optimised build of lockgate.
    #[arg(long)]
    release: bool,
}

impl InteropOptions {
    /// What `cargo xtask test` runs.
    pub(crate) fn short() -> Self {
        Self { minutes: 0.75, variables: 300, period_ms: 100, release: false }
    }
}

pub(crate) fn run(workspace: &Workspace, options: &InteropOptions) -> Result<Outcome> {
    let profile = if options.release { "release" } else { "dev" };
    play(workspace, "campaign", profile, "interop")?
        .args(["--seconds", &(options.minutes * 60.0).to_string()])
        .args(["--variables", &options.variables.to_string()])
        .args(["--period-ms", &options.period_ms.to_string()])
        .run()?;
    Ok(Outcome::default())
}

/// Every peer, policy, mode, key size and login once, and every refusal beside it.
pub(crate) fn matrix(workspace: &Workspace) -> Result<Outcome> {
    play(workspace, "matrix", "dev", "interop-matrix")?.run()?;
    Ok(Outcome::default())
}

/// The historian's files as DuckDB, pandas and polars read them, beside what `lockgate query` gives.
pub(crate) fn readers(workspace: &Workspace) -> Result<Outcome> {
    let python = peers::install_python(workspace)?;
    let lockgate = build(workspace, "dev")?;
    let folder = workspace.target().join("interop-readers");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Command::cargo(workspace)
        .args(["run", "--quiet", "--locked", "--package", "tagstore", "--example", "sample_store", "--"])
        .arg(folder.join("data"))
        .run()?;
    Command::new(&python, workspace.root())
        .arg(workspace.root().join("interop/readers"))
        .arg("--lockgate")
        .arg(lockgate)
        .arg("--folder")
        .arg(folder)
        .run()?;
    Ok(Outcome::default())
}

#[derive(Args)]
pub(crate) struct PlantOptions {
    /// How long values flow.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Counters of the plant.
    #[arg(long, default_value_t = 10_000)]
    counters: u32,
    /// How often they step in a second, all together.
    #[arg(long, default_value_t = 100_000)]
    rate: u32,
    /// Use a build that is not optimised; it cannot take much.
    #[arg(long)]
    debug: bool,
}

impl PlantOptions {
    /// What `cargo xtask test` runs.
    pub(crate) fn short() -> Self {
        Self { minutes: 0.4, counters: 500, rate: 5000, debug: true }
    }

    /// Full flow for this long.
    pub(crate) fn full(minutes: f64) -> Self {
        Self { minutes, counters: 10_000, rate: 100_000, debug: false }
    }
}

/// Whether anything happens on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Undisturbed,
    WithTrouble,
}

/// The simulated plant at full flow: every step counted, and without trouble also what a value costs.
pub(crate) fn plant(workspace: &Workspace, options: &PlantOptions, flow: Flow) -> Result<Outcome> {
    let python = peers::install_python(workspace)?;
    let lockgate = build(workspace, if options.debug { "dev" } else { "release" })?;
    let command = Command::new(&python, workspace.root())
        .arg(workspace.root().join("interop/plant"))
        .arg("--lockgate")
        .arg(lockgate)
        .arg("--folder")
        .arg(workspace.target().join("interop-plant"))
        .args(["--seconds", &(options.minutes * 60.0).to_string()])
        .args(["--counters", &options.counters.to_string()])
        .args(["--rate", &options.rate.to_string()]);
    if flow == Flow::WithTrouble { command.arg("--trouble") } else { command }.run()?;
    Ok(Outcome::default())
}

/// The Python program `interop/PLAY` with the binary, the peers, and a folder of its own.
fn play(workspace: &Workspace, play: &str, profile: &str, folder: &str) -> Result<Command> {
    let Peers { scripts: Scripts { python, node_modules }, open62541 } = peers::install(workspace)?;
    let lockgate = build(workspace, profile)?;
    Ok(Command::new(&python, workspace.root())
        .arg(workspace.root().join("interop").join(play))
        .arg("--lockgate")
        .arg(lockgate)
        .arg("--node-modules")
        .arg(node_modules)
        .arg("--open62541")
        .arg(open62541.server)
        .arg("--folder")
        .arg(workspace.target().join(folder)))
}

/// The binary, built with a profile of cargo's.
pub(crate) fn build(workspace: &Workspace, profile: &str) -> Result<PathBuf> {
    Command::cargo(workspace)
        .args(["build", "--quiet", "--locked", "--package", "lockgate", "--profile", profile])
        .run()?;
    let folder = if profile == "release" { "release" } else { "debug" };
    Ok(workspace.target().join(folder).join(format!("lockgate{}", std::env::consts::EXE_SUFFIX)))
}
