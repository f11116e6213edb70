//! Our client beside the C client on open62541: the same work on the same server in the same run.

use anyhow::Result;

use crate::command::Command;
use crate::peers;
use crate::workspace::Workspace;

/// Release builds of both, and the real binary for what only it does.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let peers = peers::install(workspace)?;
    let release = ["build", "--quiet", "--locked", "--release", "--package"];
    Command::cargo(workspace).args(release).args(["ua-client", "--example", "measure"]).run()?;
    Command::cargo(workspace).args(release).arg("lockgate").run()?;
    Command::cargo(workspace).args(release).args(["plant", "--example", "serve"]).run()?;
    let built = workspace.target().join("release");
    let exe = std::env::consts::EXE_SUFFIX;
    Command::new(&peers.scripts.python, workspace.root())
        .arg(workspace.root().join("interop/bench"))
        .arg("--ours")
        .arg(built.join("examples").join(format!("measure{exe}")))
        .arg("--plant")
        .arg(built.join("examples").join(format!("serve{exe}")))
        .arg("--lockgate")
        .arg(built.join(format!("lockgate{exe}")))
        .arg("--client")
        .arg(peers.open62541.client)
        .arg("--open62541")
        .arg(peers.open62541.server)
        .arg("--folder")
        .arg(workspace.target().join("bench-client"))
        .run()
}
