//! Dependencies that must not be: banned, without a licence that we may use, from an unknown source, with a known hole.
//!
//! Licences, bans and sources need no network. The advisory database is a git repository; where it cannot be
//! fetched, a copy from an earlier run serves as long as cargo-deny finds it fresh enough, and without one
//! the check is reported as not made.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::Command;
use crate::report::Outcome;
use crate::tools;
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let deny = tools::install(workspace)?.deny;
    cargo_deny(workspace, &deny)
        .args(["check", "--hide-inclusion-graph", "licenses", "bans", "sources"])
        .run()?;
    advisories(workspace, &deny)
}

fn advisories(workspace: &Workspace, deny: &Path) -> Result<Outcome> {
    let fetched = cargo_deny(workspace, deny).args(["fetch", "db"]).probe();
    if fetched.is_some_and(|(success, _)| success) {
        cargo_deny(workspace, deny).args(["check", "advisories"]).run()?;
    } else if has_earlier_copy() {
        println!("   advisory database unreachable: the copy of an earlier run serves");
        cargo_deny(workspace, deny).args(["--offline", "check", "advisories"]).run()?;
    } else {
        let crates = workspace.metadata().packages.len();
        let reason =
            format!("advisory database unreachable; known holes in {crates} crates were not looked up");
        println!("   NOT CHECKED: {reason}");
        return Ok(Outcome { not_checked: vec![reason] });
    }
    Ok(Outcome::default())
}

/// cargo-deny keeps its clones beside cargo's own downloads.
fn has_earlier_copy() -> bool {
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let Some(Ok(entries)) = cargo_home.map(|home| fs::read_dir(home.join("advisory-dbs"))) else {
        return false;
    };
    entries.flatten().any(|entry| entry.path().join(".git").is_dir())
}

fn cargo_deny(workspace: &Workspace, deny: &Path) -> Command {
    // all features: an optional dependency is still one that we ship to somebody
    Command::cargo_tool(workspace, deny, "--workspace").args(["--all-features", "--locked"])
}
