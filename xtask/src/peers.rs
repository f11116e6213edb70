//! The foreign peers of the interop campaign: pinned by the lock files in interop/, installed under the target folder.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::command::Command;
use crate::open62541::{self, Open62541};
use crate::system::{self, Stamp};
use crate::workspace::Workspace;

const OLDEST_NODE: u32 = 20;

pub(crate) struct Peers {
    pub(crate) scripts: Scripts,
    pub(crate) open62541: Open62541,
}

/// The peers in Python and JavaScript: installed, not built.
pub(crate) struct Scripts {
    pub(crate) python: PathBuf,
    pub(crate) node_modules: PathBuf,
}

/// Installs what is missing or was made from other lock files; otherwise only looks.
pub(crate) fn install(workspace: &Workspace) -> Result<Peers> {
    Ok(Peers { scripts: install_scripts(workspace)?, open62541: open62541::build(workspace)? })
}

/// The same without what takes minutes to build.
pub(crate) fn install_scripts(workspace: &Workspace) -> Result<Scripts> {
    Ok(Scripts { python: install_python(workspace)?, node_modules: node_modules(workspace)? })
}

/// Python alone, with everything that interop/requirements.txt names.
pub(crate) fn install_python(workspace: &Workspace) -> Result<PathBuf> {
    let directory = workspace.target().join("peers/python");
    let lock = workspace.root().join("interop/requirements.txt");
    Ok(system::python_environment(&directory, &lock, workspace.root())?.python())
}

fn node_modules(workspace: &Workspace) -> Result<PathBuf> {
    let version = node_version(workspace)?;
    let directory = workspace.target().join("peers/node");
    let source = workspace.root().join("interop/node-opcua");
    let (manifest, lock) = (source.join("package.json"), source.join("package-lock.json"));
    let stamp = Stamp::new(&directory, &[&manifest, &lock], &version)?;
    if !stamp.is_current() {
        fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
        for file in [&manifest, &lock] {
            let name = file.file_name().context("a lock file has a name")?;
            fs::copy(file, directory.join(name))
                .with_context(|| format!("cannot copy {}", file.display()))?;
        }
        // errors only: node-opcua asks for a newer Node than it needs, in a page of warnings
        Command::new("npm", &directory)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])
            .run()?;
        stamp.write()?;
    }
    Ok(directory.join("node_modules"))
}

/// Node as it answers; new enough.
pub(crate) fn node_version(workspace: &Workspace) -> Result<String> {
    let root = workspace.root();
    let version = system::require("node", &["--version"], &["nodejs", "npm"], root)?;
    system::require("npm", &["--version"], &["npm"], root)?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        bail!(
            "Node {OLDEST_NODE} or later is needed; this is {version}. Debian 12 has an older one: see nodejs.org"
        );
    }
    Ok(version)
}
