//! The web UI: built by npm from its lock file, checked, and walked through in a browser against the real demo.

use anyhow::Result;

use crate::command::Command;
use crate::report::Outcome;
use crate::system::{self, Stamp};
use crate::workspace::Workspace;
use crate::{interop, peers};

/// Builds the pages that the binary carries.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    install(workspace)?;
    npm(workspace, &["run", "--silent", "build"])
}

/// Types, rules, unit tests and size; then every page and the way of a new user, in Debian's chromium.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    build(workspace)?;
    npm(workspace, &["run", "--silent", "check"])?;
    npm(workspace, &["run", "--silent", "size"])?;
    // where nothing may be installed, the rest still counts
    if let Err(error) = system::require("chromium", &["--version"], &["chromium"], workspace.root()) {
        return Ok(Outcome { not_checked: vec![format!("no page was walked through: {error:#}")] });
    }
    let lockgate = interop::build(workspace, "dev")?;
    let screenshots = workspace.target().join("web-screenshots");
    Command::new("npm", &workspace.root().join("web"))
        .args(["run", "--silent", "e2e", "--"])
        .arg(lockgate)
        .arg(screenshots)
        .run()?;
    Ok(Outcome::default())
}

fn install(workspace: &Workspace) -> Result<()> {
    let web = workspace.root().join("web");
    let (manifest, lock) = (web.join("package.json"), web.join("package-lock.json"));
    let stamp = Stamp::new(&web.join("node_modules"), &[&manifest, &lock], &peers::node_version(workspace)?)?;
    if stamp.is_current() {
        return Ok(());
    }
    npm(workspace, &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])?;
    stamp.write()
}

fn npm(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    Command::new("npm", &workspace.root().join("web")).args(arguments).run()
}
