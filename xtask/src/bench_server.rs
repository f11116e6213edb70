//! What our server costs: a large plant, a fast one, idle sessions, and each value beside a server in C in the same run.

use anyhow::Result;

use crate::command::Command;
use crate::peers;
use crate::workspace::Workspace;

/// Release builds of the plant, of the client that measures, and of the C server.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let peers = peers::install(workspace)?;
    let release = ["build", "--quiet", "--locked", "--release"];
    let examples =
        ["--package", "ua-client", "--example", "measure", "--package", "plant", "--example", "serve"];
    Command::cargo(workspace).args(release).args(examples).run()?;
    let built = workspace.target().join("release").join("examples");
    let exe = std::env::consts::EXE_SUFFIX;
    Command::new(&peers.scripts.python, workspace.root())
        .arg(workspace.root().join("interop/bench/serving.py"))
        .arg("--ours")
        .arg(built.join(format!("measure{exe}")))
        .arg("--plant")
        .arg(built.join(format!("serve{exe}")))
        .arg("--open62541")
        .arg(peers.open62541.server)
        .arg("--folder")
        .arg(workspace.target().join("bench-server"))
        .run()
}
