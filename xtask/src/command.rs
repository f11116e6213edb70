//! Runs other programs: said before they run, failed when they fail.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{self, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

pub(crate) struct Command {
    inner: process::Command,
}

impl Command {
    pub(crate) fn new(program: impl AsRef<OsStr>, directory: &Path) -> Self {
        let mut inner = process::Command::new(program);
        inner.current_dir(directory).stdin(Stdio::null());
        Self { inner }
    }

    /// The cargo that runs us, in the workspace.
    pub(crate) fn cargo(workspace: &Workspace) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo, workspace.root()).without_our_cargo_variables()
    }

    /// A cargo tool by its own path: cargo would look on the `PATH` first, and find another version there.
    pub(crate) fn cargo_tool(workspace: &Workspace, binary: &Path, subcommand: &str) -> Self {
        Self::new(binary, workspace.root()).without_our_cargo_variables().arg(subcommand)
    }

    /// `cargo run` sets these for xtask itself; passed on, they make build scripts run again.
    fn without_our_cargo_variables(mut self) -> Self {
        for (name, _) in std::env::vars_os() {
            let Some(text) = name.to_str() else { continue };
            if text.starts_with("CARGO_PKG_") || matches!(text, "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH")
            {
                self.inner.env_remove(&name);
            }
        }
        self
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.inner.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.inner.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    /// Output goes where ours goes; anything but success is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let shown = self.shown();
        println!("   $ {shown}");
        let status = self.inner.status().with_context(|| format!("cannot start `{shown}`"))?;
        if !status.success() {
            bail!("`{shown}` ended with {status}");
        }
        Ok(())
    }

    /// Whether it succeeds; everything it says goes into a file.
    pub(crate) fn succeeds_into(mut self, log: &Path) -> Result<bool> {
        let shown = self.shown();
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = file.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
        let status = self.inner.stdout(file).stderr(errors).status();
        Ok(status.with_context(|| format!("cannot start `{shown}`"))?.success())
    }

    /// Hands the program's exit code on, and the terminal's input to it.
    pub(crate) fn exit_code(mut self) -> Result<ExitCode> {
        let shown = self.shown();
        let status =
            self.inner.stdin(Stdio::inherit()).status().with_context(|| format!("cannot start `{shown}`"))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Success and standard output, quietly; `None` when the program is not there.
    pub(crate) fn probe(mut self) -> Option<(bool, String)> {
        let output = self.inner.output().ok()?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Some((output.status.success(), text))
    }

    /// Standard output; an error holds what the program said.
    pub(crate) fn output(mut self) -> Result<String> {
        let shown = self.shown();
        let output = self.inner.output().with_context(|| format!("cannot start `{shown}`"))?;
        if !output.status.success() {
            bail!(
                "`{shown}` ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{shown}` did not print UTF-8"))
    }

    fn shown(&self) -> String {
        let program = Path::new(self.inner.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let mut shown = name.to_string_lossy().into_owned();
        for argument in self.inner.get_args() {
            shown.push(' ');
            shown.push_str(&argument.to_string_lossy());
        }
        shown
    }
}
