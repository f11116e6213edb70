//! What to do about a failure: in words, and as commands of `lockgate`.
//!
//! A command is kept as its words, without the options that say where the configuration and the store are: whoever
//! shows it knows how this reader reached them, and the process that met the failure does not.

use std::fmt;

use serde::{Deserialize, Serialize};
use ua_pki::Action;

/// What to do, in the order of doing it. `Display` is the text with the commands in their shortest form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStep(Vec<Part>);

/// A piece of a [`NextStep`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Words for people, with the punctuation towards their neighbours.
    Say(String),
    /// A command: its words after `lockgate`, without `--config` and `--pki`.
    Run(Vec<String>),
}

impl NextStep {
    /// Begins with words.
    pub fn say(text: impl Into<String>) -> Self {
        Self(vec![Part::Say(text.into())])
    }

    /// Begins with a command.
    pub fn run(words: &[&str]) -> Self {
        Self(Vec::new()).then_run(words)
    }

    /// Goes on with words.
    #[must_use]
    pub fn then_say(mut self, text: impl Into<String>) -> Self {
        self.0.push(Part::Say(text.into()));
        self
    }

    /// Goes on with a command.
    #[must_use]
    pub fn then_run(mut self, words: &[&str]) -> Self {
        self.0.push(Part::Run(words.iter().map(|word| (*word).to_owned()).collect()));
        self
    }

    /// The pieces, in their order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// One line for people; `spell` makes the line to copy out of the words of a command.
    pub fn text(&self, spell: impl Fn(&[String]) -> String) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Say(words) => text.push_str(words),
                Part::Run(words) => {
                    if text.is_empty() {
                        text.push_str("run: ");
                    }
                    text.push_str(&spell(words));
                }
            }
        }
        text
    }
}

impl fmt::Display for NextStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(short))
    }
}

/// The shortest form of a command, for a reader of whom nothing is known.
pub(crate) fn short(words: &[String]) -> String {
    format!("lockgate {}", words.join(" "))
}

impl From<String> for NextStep {
    fn from(text: String) -> Self {
        Self::say(text)
    }
}

impl From<&str> for NextStep {
    fn from(text: &str) -> Self {
        Self::say(text)
    }
}

/// The command that does what a verdict asks for, where the certificate waits among the rejected ones of the store.
pub fn command_for(action: &Action) -> Option<Vec<String>> {
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    match action {
        Action::Trust { thumbprint } => words(&["trust", "accept", &thumbprint.to_string()]),
        Action::AddIssuer { .. } => words(&["trust", "import", "ISSUER.der", "--as", "issuer"]),
        Action::ImportCrl { .. } => words(&["trust", "import-crl", "LIST.crl"]),
        _ => None,
    }
}
