//! What a person is told when something fails: one message that names the side, the rule, the facts to compare
//! and the next command. The text may be improved at any time; the code (`trust.server_certificate_untrusted`)
//! is stable, because scripts and runbooks name it.

use std::io;
use std::path::Path;

use connector::NextStep;
use connector::next_step::Part;
use serde::Serialize;

use crate::context::{Context, line};
use crate::exit::Exit;
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
#[derive(Debug, Clone)]
enum Next {
    /// In words.
    Say(String),
    /// A command about the configuration or the store of this call.
    Run(Vec<String>),
    /// A command that needs neither.
    RunAlone(Vec<String>),
}

/// A failure, explained. To be shown it is [`told`](Self::told) to a user.
#[derive(Debug, Clone)]
pub(crate) struct Advice {
    code: &'static str,
    exit: Exit,
    message: String,
    side: Option<Side>,
    rule: Option<String>,
    facts: Vec<Fact>,
    next: Vec<Next>,
}

/// An [`Advice`] as one user is told it: its commands reach what that user's command reached.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Told {
    code: &'static str,
    #[serde(serialize_with = "exit_number")]
    exit: Exit,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    side: Option<Side>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    facts: Vec<Fact>,
    next: Vec<Line>,
}

/// A line of what to do about it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// In words.
    Say(String),
    /// A command to copy.
    Run(String),
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

    /// Adds a next step as a command, by its words after `lockgate`; `--config` and `--pki` are added as the user gave
    /// them when it is told.
    pub(crate) fn then_run<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        self.next.push(Next::Run(words.iter().map(|word| word.as_ref().to_owned()).collect()));
        self
    }

    /// The same with nothing added: for a command about a file or a folder of its own.
    pub(crate) fn then_run_alone<S: AsRef<str>>(mut self, words: &[S]) -> Self {
        self.next.push(Next::RunAlone(words.iter().map(|word| word.as_ref().to_owned()).collect()));
        self
    }

    /// Adds what the connector advises: its words and its commands, each on a line.
    pub(crate) fn then_step(mut self, step: &NextStep) -> Self {
        for part in step.parts() {
            match part {
                Part::Say(text) => {
                    let text = text.trim_start_matches([',', ';', ' ']).trim_end();
                    self = self.then(text);
                }
                Part::Run(words) => self = self.then_run(words),
            }
        }
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

    /// As the user of this call is told it.
    pub(crate) fn told(self, context: &Context) -> Told {
        let next = self.next.into_iter().map(|next| match next {
            Next::Say(text) => Line::Say(text),
            Next::Run(words) => Line::Run(context.line(&words)),
            Next::RunAlone(words) => Line::Run(line(&words)),
        });
        Told {
            code: self.code,
            exit: self.exit,
            message: self.message,
            side: self.side,
            rule: self.rule,
            facts: self.facts,
            next: next.collect(),
        }
    }
}

impl Told {
    /// The exit code the command ends with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
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
                Line::Say(text) => lines.push(format!("  {label} {}", safe(text))),
                Line::Run(command) => lines.push(format!("  {label}   {}", style.command(command))),
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
    use crate::context::Given;

    #[test]
    fn the_message_names_side_rule_facts_and_the_next_command_and_escapes_foreign_text() {
        let advice = Advice::new("trust.x", Exit::ServerNotTrusted, "the server\u{1b}[2J is not trusted")
            .side(Side::Us)
            .rule("BadCertificateUntrusted, Part 4 §6.1.3")
            .fact("thumbprint", "3F:A9")
            .then("compare the thumbprint on the server, then")
            .then_run(&["source", "add", "line 1", "opc.tcp://a"]);
        let context = Context::new("lockgate.toml".into(), false, Given::default());
        insta::assert_snapshot!(advice.told(&context).render(talk::Style::plain()), @r"
        error[trust.x]: the server\u{1b}[2J is not trusted
          side         us: lockgate refused
          rule         BadCertificateUntrusted, Part 4 §6.1.3
          thumbprint   3F:A9
          next         compare the thumbprint on the server, then
                         lockgate source add 'line 1' opc.tcp://a
        ");
    }
}
