//! What every command needs to know about how it was called.

use std::path::{Path, PathBuf};

use connector::NextStep;
use serde::Serialize;

use crate::advice::Outcome;
use crate::cli;
use crate::output::escape::shell;
use crate::output::{document, print};

/// The global options, and where things are because of them.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The configuration file named by `--config`, `LOCKGATE_CONFIG` or the default.
    pub(crate) config: PathBuf,
    /// Whether the answer on stdout is JSON.
    pub(crate) json: bool,
    /// What the user has typed to say where things are.
    given: Given,
}

/// The options that every command must repeat which we suggest: without them it would reach something else.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// Of `--config`.
    pub(crate) config: Option<PathBuf>,
    /// Of `--pki`.
    pub(crate) pki: Option<PathBuf>,
}

impl Context {
    /// As the command line says.
    pub(crate) fn new(config: PathBuf, json: bool, given: Given) -> Self {
        Self { config, json, given }
    }

    /// The same for another configuration file, which the user has not typed as such.
    pub(crate) fn at(&self, config: PathBuf) -> Self {
        let given = Given { config: Some(config.clone()), ..self.given.clone() };
        Self { config, json: self.json, given }
    }

    /// The store that was named with `--pki`.
    pub(crate) fn named_store(&self) -> Option<&Path> {
        self.given.pki.as_deref()
    }

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

    /// The line to copy for a command: its words after `lockgate`, and behind them the options that say where
    /// configuration and store are, as they were given to this call, where the command takes them. Everything that
    /// suggests a command comes through here.
    pub(crate) fn line<S: AsRef<str>>(&self, command: &[S]) -> String {
        let mut words: Vec<String> = command.iter().map(|word| word.as_ref().to_owned()).collect();
        let store = self.given.pki.as_ref().filter(|_| cli::takes_store(&words));
        for (option, given) in [("--pki", store), ("--config", self.given.config.as_ref())] {
            if let Some(path) = given.filter(|_| !words.iter().any(|word| word == option)) {
                words.extend([option.to_owned(), path.display().to_string()]);
            }
        }
        line(&words)
    }

    /// What to do about a failure of the connector, on one line, with its commands as this user has to type them.
    pub(crate) fn next_step(&self, step: &NextStep) -> String {
        step.text(|words| self.line(words))
    }

    /// A problem of the configuration, with its commands as this user has to type them.
    pub(crate) fn problem(&self, problem: &connector::config::Problem) -> String {
        problem.text(|words| self.line(words))
    }
}

impl connector::documents::Spell for Context {
    fn spell(&self, words: &[String]) -> String {
        self.line(words)
    }
}

/// A command of `lockgate` as a line to copy, with nothing added.
pub(crate) fn line<S: AsRef<str>>(words: &[S]) -> String {
    let words: Vec<String> = words.iter().map(|word| shell(word.as_ref())).collect();
    format!("lockgate {}", words.join(" "))
}
