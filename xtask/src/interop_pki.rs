//! Has the cases of certificate validation judged by validators that we did not write.

use anyhow::Result;
use clap::Args;

use crate::command::Command;
use crate::report::Outcome;
use crate::workspace::Workspace;
use crate::{peers, system};

#[derive(Args, Default)]
pub(crate) struct PkiOptions {
    /// Write docs/validation-compared.md from the outcome, in place of holding it against it.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(workspace: &Workspace, options: &PkiOptions) -> Result<Outcome> {
    let peers = peers::install_scripts(workspace)?;
    system::require("openssl", &["version"], &["openssl"], workspace.root())?;
    let folder = workspace.target().join("interop-pki");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    Command::cargo(workspace)
        .args(["run", "--quiet", "--locked", "--package", "ua-pki", "--example", "cases", "--"])
        .arg(&folder)
        .run()?;
    let mut command = Command::new(&peers.python, workspace.root())
        .arg(workspace.root().join("interop/pki"))
        .arg("--cases")
        .arg(&folder)
        .arg("--node-modules")
        .arg(&peers.node_modules);
    if options.write {
        command = command.arg("--write");
    }
    command.run()?;
    Ok(Outcome::default())
}
