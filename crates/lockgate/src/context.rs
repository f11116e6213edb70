//! What every command needs to know about how it was called.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::advice::Outcome;
use crate::output::{document, print};

/// The global options, and where things are because of them.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The configuration file named by `--config`, `LOCKGATE_CONFIG` or the default.
    pub(crate) config: PathBuf,
    /// Whether the answer on stdout is JSON.
    pub(crate) json: bool,
}

impl Context {
    /// The folder of the configuration file: relative paths in it start here.
    pub(crate) fn base(&self) -> &Path {
        self.config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Prints the answer: `body` under schema `name` with `--json`, else what `text` makes.
    pub(crate) fn answer<T: Serialize>(
        &self,
        name: &str,
        body: &T,
        text: impl FnOnce() -> String,
    ) -> Outcome<()> {
        let out = if self.json { document(name, body)? } else { text() };
        print(&out)?;
        Ok(())
    }

    /// The `--config FILE` words a suggested command needs to reach the same configuration again.
    pub(crate) fn words<'a>(&'a self, command: &[&'a str]) -> Vec<String> {
        let mut words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        if self.config != Path::new("lockgate.toml") && std::env::var_os("LOCKGATE_CONFIG").is_none() {
            words.push("--config".to_owned());
            words.push(self.config.display().to_string());
        }
        words
    }
}
