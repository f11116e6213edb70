//! Runs the interop campaign: the real binary against servers that we did not write.

use anyhow::Result;
use clap::Args;

use crate::command::Command;
use crate::peers;
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
    let peers = peers::install(workspace)?;
    let profile = if options.release { "release" } else { "dev" };
    Command::cargo(workspace)
        .args(["build", "--quiet", "--locked", "--package", "lockgate", "--profile", profile])
        .run()?;
    let folder = if options.release { "release" } else { "debug" };
    let lockgate = workspace.target().join(folder).join(format!("lockgate{}", std::env::consts::EXE_SUFFIX));
    Command::new(&peers.python, workspace.root())
        .arg(workspace.root().join("interop/campaign"))
        .arg("--lockgate")
        .arg(lockgate)
        .arg("--node-modules")
        .arg(&peers.node_modules)
        .arg("--open62541")
        .arg(&peers.open62541.server)
        .arg("--folder")
        .arg(workspace.target().join("interop"))
        .args(["--seconds", &(options.minutes * 60.0).to_string()])
        .args(["--variables", &options.variables.to_string()])
        .args(["--period-ms", &options.period_ms.to_string()])
        .run()?;
    Ok(Outcome::default())
}
