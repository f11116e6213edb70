//! Measurements that anyone can run: each prints its figures beside their limits, and fails when one is far above.

use anyhow::Result;
use clap::ValueEnum;

use crate::command::Command;
use crate::workspace::Workspace;

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Bench {
    /// Verdicts on certificates, and loading a certificate store.
    Pki,
}

pub(crate) fn run(workspace: &Workspace, which: Bench) -> Result<()> {
    let (package, bench) = match which {
        Bench::Pki => ("ua-pki", "pki"),
    };
    Command::cargo(workspace)
        .args(["bench", "--quiet", "--locked", "--package", package, "--bench", bench])
        .run()
}
