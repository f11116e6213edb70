//! What the doctor found, as lines for people and one object for scripts.

use serde::Serialize;

use super::rights::Rights;
use crate::advice::Told;
use crate::commands::server::target::{Place, Target};
use crate::output::safe;
use crate::view::{CertificateText, CertificateView, VerdictText, VerdictView};

/// The steps of the way, in their order.
pub(super) const STEPS: [&str; 12] = [
    "name",
    "tcp",
    "hello",
    "endpoints",
    "certificate",
    "channel",
    "session",
    "login",
    "browse",
    "read",
    "subscribe",
    "history",
];

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Result {
    Ok,
    /// It works, and something about it is worth knowing.
    Note,
    Failed,
    /// Not reached.
    Untried,
}

#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) step: &'static str,
    pub(super) result: Result,
    pub(super) detail: String,
}

/// Everything that is told.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    url: String,
    source: Option<String>,
    steps: Vec<Step>,
    pub(super) certificate: Option<CertificateView>,
    pub(super) verdict: Option<VerdictView>,
    pub(super) rights: Option<Rights>,
    pub(super) error: Option<Told>,
}

impl Report {
    /// A report without a step.
    pub(super) fn of(target: &Target) -> Self {
        let source = match &target.place {
            Place::Source(source) => Some(source.name.to_string()),
            Place::Url(_) => None,
        };
        Self {
            url: target.url().as_str().to_owned(),
            source,
            steps: Vec::new(),
            certificate: None,
            verdict: None,
            rights: None,
            error: None,
        }
    }

    /// The next step went well.
    pub(super) fn ok(&mut self, detail: impl Into<String>) {
        self.push(Result::Ok, detail.into());
    }

    /// The next step went well, with something to know about it.
    pub(super) fn note(&mut self, detail: impl Into<String>) {
        self.push(Result::Note, detail.into());
    }

    /// The steps up to `step` went well, as far as they are not told yet.
    pub(super) fn ok_until(&mut self, step: &'static str, detail: &str) {
        while self.next().is_some_and(|next| next != step) {
            self.ok(detail);
        }
    }

    /// The steps up to `step` were not tried, as far as they are not told yet: what is wrong with it shows before them.
    pub(super) fn skip_until(&mut self, step: &'static str) {
        while self.next().is_some_and(|next| next != step) {
            self.push(Result::Untried, String::new());
        }
    }

    /// The next step is what failed; those after it were not tried.
    pub(super) fn stop(&mut self, why: &str) {
        self.push(Result::Failed, why.to_owned());
        while self.next().is_some() {
            self.push(Result::Untried, String::new());
        }
    }

    fn next(&self) -> Option<&'static str> {
        STEPS.get(self.steps.len()).copied()
    }

    fn push(&mut self, result: Result, detail: String) {
        if let Some(step) = self.next() {
            self.steps.push(Step { step, result, detail });
        }
    }

    /// One line per step; the certificate with its findings below its step when something is wrong with it.
    pub(super) fn text(&self) -> String {
        let mut out = format!("{:<12} {}\n", "server", safe(&self.url));
        let mut untried = Vec::new();
        for step in &self.steps {
            let mark = match step.result {
                Result::Ok => "ok",
                Result::Note => "note",
                Result::Failed => "FAILED",
                Result::Untried => {
                    untried.push(step.step);
                    continue;
                }
            };
            let line = format!("{mark:<7} {:<12} {}", step.step, safe(&step.detail));
            out.push_str(line.trim_end());
            out.push('\n');
            if step.step == "certificate" && step.result != Result::Ok {
                out.push_str(&self.certificate_text());
            }
        }
        if !untried.is_empty() {
            out.push_str(&format!("        not tried    {}\n", untried.join(", ")));
        }
        if let Some(rights) = &self.rights {
            out.push_str(&rights.text());
        }
        out
    }

    fn certificate_text(&self) -> String {
        let certificate = self.certificate.as_ref().map(CertificateView::text).unwrap_or_default();
        let verdict = self.verdict.as_ref().map(VerdictView::text).unwrap_or_default();
        format!("{certificate}{verdict}").lines().map(|line| format!("        {line}\n")).collect()
    }
}
