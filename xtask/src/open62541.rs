//! Builds our server and client on open62541, from the sources that the crate `open62541-sys` carries.
//!
//! cargo fetches and pins the sources; cmake builds them, once. See docs/decisions/0006-open62541-by-cmake.md.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use cargo_metadata::MetadataCommand;

use crate::command::Command;
use crate::system::{self, Stamp};
use crate::workspace::Workspace;

const CARRIER: &str = "open62541-sys";

/// The programs of interop/open62541.
pub(crate) struct Open62541 {
    pub(crate) server: PathBuf,
    pub(crate) client: PathBuf,
}

/// Minutes the first time; later only what changed in interop/open62541.
pub(crate) fn build(workspace: &Workspace) -> Result<Open62541> {
    let root = workspace.root();
    let project = root.join("interop/open62541");
    let build = workspace.target().join("peers/open62541");
    system::require("cc", &["--version"], &["build-essential"], root)?;
    let cmake = system::require("cmake", &["--version"], &["cmake"], root)?;
    let (recipe, lock) = (project.join("CMakeLists.txt"), project.join("Cargo.lock"));
    let stamp = Stamp::new(&build, &[&recipe, &lock], &cmake)?;
    if !stamp.is_current() {
        configure(workspace, &project, &build)?;
        stamp.write()?;
    }
    let jobs = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    cmake_command(workspace).arg("--build").arg(&build).args(["--parallel", &jobs]).run()?;
    let program = |name: &str| build.join("bin").join(name);
    Ok(Open62541 { server: program("server"), client: program("client") })
}

fn configure(workspace: &Workspace, project: &Path, build: &Path) -> Result<()> {
    if build.exists() {
        fs::remove_dir_all(build).with_context(|| format!("cannot remove {}", build.display()))?;
    }
    let mut sources = std::ffi::OsString::from("-DSOURCES=");
    sources.push(sources_of_the_carrier(project)?);
    cmake_command(workspace)
        .args(["--log-level=WARNING", "-Wno-dev", "-DCMAKE_RULE_MESSAGES=OFF"])
        .arg("-S")
        .arg(project)
        .arg("-B")
        .arg(build)
        .arg(sources)
        .run()
}

fn cmake_command(workspace: &Workspace) -> Command {
    // the sources lie in cargo's own folder: nothing may be written there
    Command::new("cmake", workspace.root()).env("PYTHONDONTWRITEBYTECODE", "1")
}

/// cargo downloads the crate if need be, holds it against the lock file, and says where it is.
fn sources_of_the_carrier(project: &Path) -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(project.join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .context("cargo metadata of interop/open62541")?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == CARRIER);
    let manifest = &package.with_context(|| format!("{CARRIER} is not in the lock file"))?.manifest_path;
    Ok(manifest.parent().context("a manifest lies in a folder")?.into())
}
