//! The cargo tools that the steps need: pinned, under the target folder.
//!
//! As prebuilt wheels where there is one for this machine (seconds), else from source (minutes). See
//! docs/decisions/0001-prebuilt-cargo-tools.md.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::Command;
use crate::system;
use crate::workspace::Workspace;

/// The same versions as in xtask/tools.txt.
const FROM_SOURCE: &[&str] = &["cargo-deny@0.20.2", "cargo-nextest@0.9.148"];

pub(crate) struct Tools {
    pub(crate) deny: PathBuf,
    pub(crate) nextest: PathBuf,
}

/// Installs what is missing or of another version; otherwise only looks.
pub(crate) fn install(workspace: &Workspace) -> Result<Tools> {
    let root = workspace.target().join("tools");
    let lock = workspace.root().join("xtask/tools.txt");
    let wheels = system::python_environment(&root.join("wheels"), &lock, workspace.root());
    let bin = match wheels {
        Ok(environment) => environment.bin(),
        Err(error) => {
            println!("   no prebuilt cargo tools for this machine ({error:#}); building them from source");
            from_source(workspace, &root)?
        }
    };
    Ok(Tools { deny: program(&bin, "cargo-deny"), nextest: program(&bin, "cargo-nextest") })
}

/// `cargo install` itself sees when a version is there already.
fn from_source(workspace: &Workspace, root: &Path) -> Result<PathBuf> {
    Command::cargo(workspace)
        .args(["install", "--quiet", "--locked", "--root"])
        .arg(root)
        .args(FROM_SOURCE)
        // its build products are not ours, and must not evict them
        .env("CARGO_TARGET_DIR", root.join("build"))
        .run()?;
    Ok(root.join("bin"))
}

fn program(bin: &Path, name: &str) -> PathBuf {
    bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_and_sources_are_pinned_to_the_same_versions() {
        let wheels = include_str!("../tools.txt");
        for tool in FROM_SOURCE {
            let wheel = format!("astral-dev-toolchain-{} ", tool.replace('@', "=="));
            assert!(wheels.contains(&wheel), "{wheel}");
        }
    }
}
