//! What a person is told when something fails: one message that names the side, the rule, the facts to compare
//! and the next command. The text may be improved at any time; the code (`trust.server_certificate_untrusted`)
//! is stable, because scripts and runbooks name it.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::exit::Exit;
use crate::output::escape::shell;
use crate::output::{safe, talk};

/// Who said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    /// We refused.
    Us,
    /// The server refused.
    Server,
    /// Nobody did: the bytes did not arrive.
    Network,
}

impl Side {
    fn describe(self) -> &'static str {
        match self {
            Self::Us => "us: lockgate refused",
            Self::Server => "the server refused",
            Self::Network => "the network between us and the server",
        }
    }
}

/// A fact worth comparing, with the name it is shown under.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Fact {
    label: &'static str,
    value: String,
}

/// What to do about it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Next {
    /// In words.
    Say(String),
    /// A command to copy.
    Run(String),
}

/// A failure, explained.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Advice {
    code: &'static str,
    #[serde(serialize_with = "exit_number")]
    exit: Exit,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    facts: Vec<Fact>,
    next: Vec<Next>,
}

fn exit_number<S: serde::Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

impl Advice {
    /// A failure with its stable `code`, in one sentence.
    pub(crate) fn new(code: &'static str, exit: Exit, message: impl Into<String>) -> Self {
        Self {
            code,
            exit,
            message: message.into(),
            side: None,
            rule: None,
            facts: Vec::new(),
            next: Vec::new(),
        }
    }

    /// Names who refused.
    pub(crate) fn side(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Names the rule that was broken.
    pub(crate) fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// Adds something to compare or look at.
    pub(crate) fn fact(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.facts.push(Fact { label, value: value.into() });
        self
    }

    /// Adds a next step in words.
    pub(crate) fn then(mut self, text: impl Into<String>) -> Self {
        self.next.push(Next::Say(text.into()));
        self
    }

    /// Adds a next step as a command; `words` are quoted for the shell where they need it.
    pub(crate) fn then_run<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        let line: Vec<String> =
            std::iter::once("lockgate").chain(words.iter().map(AsRef::as_ref)).map(shell).collect();
        self.next.push(Next::Run(line.join(" ")));
        self
    }

    /// The exit code it ends the command with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What happened, in one sentence.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The message as shown on stderr.
    pub(crate) fn render(&self, style: talk::Style) -> String {
        let mut lines =
            vec![format!("{} {}", style.bad(&format!("error[{}]:", self.code)), safe(&self.message))];
        let mut fact = |label: &str, value: &str| {
            lines.push(format!("  {} {}", style.label(&format!("{label:<12}")), safe(value)));
        };
        if let Some(side) = self.side {
            fact("side", side.describe());
        }
        if let Some(rule) = &self.rule {
            fact("rule", rule);
        }
        for Fact { label, value } in &self.facts {
            fact(label, value);
        }
        for (number, next) in self.next.iter().enumerate() {
            let label = style.label(&format!("{:<12}", if number == 0 { "next" } else { "" }));
            match next {
                Next::Say(text) => lines.push(format!("  {label} {}", safe(text))),
                Next::Run(command) => lines.push(format!("  {label}   {}", style.command(command))),
            }
        }
        lines.join("\n")
    }
}

/// A command either ends with a code or with an explained failure.
pub(crate) type Outcome<T = Exit> = Result<T, Box<Advice>>;

/// A failure of the disk, with the path and what was being done to it.
pub(crate) fn disk(doing: &str, path: &Path, error: &dyn std::error::Error) -> Box<Advice> {
    Box::new(
        Advice::new("storage.failed", Exit::Storage, format!("cannot {doing}: {}", chain(error)))
            .fact("path", path.display().to_string())
            .then("check that the folder exists, that this user may use it, and that the disk is not full"),
    )
}

/// Something that should be impossible.
pub(crate) fn bug(what: &str, error: &dyn std::error::Error) -> Box<Advice> {
    Box::new(
        Advice::new("bug", Exit::Unexpected, format!("{what}: {}", chain(error)))
            .then("this should not happen; please report it with the command you ran and this message"),
    )
}

/// An error and its causes on one line, each said once.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

/// stdout is gone in a way that is not a closed pipe.
impl From<io::Error> for Box<Advice> {
    fn from(error: io::Error) -> Self {
        Self::new(Advice::new("output.failed", Exit::Storage, format!("cannot write the output: {error}")))
    }
}

/// Our own output could not be put into JSON.
impl From<serde_json::Error> for Box<Advice> {
    fn from(error: serde_json::Error) -> Self {
        bug("the output cannot be written as JSON", &error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_side_rule_facts_and_the_next_command_and_escapes_foreign_text() {
        let advice = Advice::new("trust.x", Exit::ServerNotTrusted, "the server\u{1b}[2J is not trusted")
            .side(Side::Us)
            .rule("BadCertificateUntrusted, Part 4 §6.1.3")
            .fact("thumbprint", "3F:A9")
            .then("compare the thumbprint on the server, then")
            .then_run(&["source", "add", "line 1", "opc.tcp://a"]);
        insta::assert_snapshot!(advice.render(talk::Style::plain()), @r"
        error[trust.x]: the server\u{1b}[2J is not trusted
          side         us: lockgate refused
          rule         BadCertificateUntrusted, Part 4 §6.1.3
          thumbprint   3F:A9
          next         compare the thumbprint on the server, then
                         lockgate source add 'line 1' opc.tcp://a
        ");
    }
}
