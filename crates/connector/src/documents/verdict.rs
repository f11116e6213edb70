//! A verdict of certificate validation for people and scripts.

use std::collections::BTreeMap;

use serde::Serialize;
use ua_pki::{Fact, Finding, Role, Step, StoreProblem, Verdict};

use super::remedy::{Means, who};

/// The verdict with everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct VerdictView {
    /// `Good`, or the name of the status that counts.
    pub status: &'static str,
    pub findings: Vec<FindingView>,
    /// Stable names of the steps that did not apply, or for which there was nothing to compare with.
    pub skipped: Vec<&'static str>,
}

/// One thing that is wrong with a certificate.
#[derive(Debug, Clone, Serialize)]
pub struct FindingView {
    /// Stable name of the step of Part 4 §6.1.3 that found it.
    pub step: &'static str,
    /// SHA-1 of the certificate it is about.
    pub thumbprint: String,
    pub subject: String,
    pub status: &'static str,
    pub suppressed: bool,
    pub message: String,
    /// What to do, with the command where there is one.
    pub remedy: String,
    /// Who has to do it: `us`, `owner`, `authority`.
    pub by: &'static str,
    /// The command that does it, where one of lockgate does.
    pub command: Option<String>,
    /// What was found and what was compared with it, by stable names.
    pub facts: BTreeMap<&'static str, Vec<String>>,
    /// The step in words.
    #[serde(skip)]
    pub head: String,
    /// Who has to do it, in words.
    #[serde(skip)]
    pub who: &'static str,
    /// What to do, without the command.
    #[serde(skip)]
    pub to_do: String,
}

/// A file of the store that could not be used.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemView {
    pub path: String,
    pub message: String,
}

impl VerdictView {
    /// The view of one verdict on the certificate of a `role`, with commands by these means.
    pub fn of(verdict: &Verdict, role: Role, means: &Means<'_>) -> Self {
        Self {
            status: verdict.status().map_or(GOOD, |status| status.name()),
            findings: verdict
                .findings()
                .iter()
                .map(|finding| FindingView::of(finding, role, means))
                .collect(),
            skipped: verdict.skipped().iter().map(|step| step.slug()).collect(),
        }
    }

    /// Whether nothing was found that counts.
    pub fn is_good(&self) -> bool {
        self.status == GOOD
    }

    /// Leaves a step out of the verdict: what it found is told and does not count.
    pub fn skip(&mut self, step: Step) {
        for finding in self.findings.iter_mut().filter(|finding| finding.step == step.slug()) {
            finding.suppressed = true;
        }
        self.status =
            self.findings.iter().find(|finding| !finding.suppressed).map_or(GOOD, |first| first.status);
        let skipped = |one: &Step| *one == step || self.skipped.contains(&one.slug());
        self.skipped = Step::ALL.iter().filter(|one| skipped(one)).map(|one| one.slug()).collect();
    }
}

impl FindingView {
    fn of(finding: &Finding, role: Role, means: &Means<'_>) -> Self {
        let (remedy, command) = (&finding.remedy, means.command(&finding.remedy));
        Self {
            step: finding.step.slug(),
            thumbprint: finding.thumbprint.to_string(),
            subject: finding.subject.clone(),
            status: finding.status.name(),
            suppressed: finding.suppressed,
            message: finding.message.clone(),
            remedy: match &command {
                Some(command) => format!("{}: {command}", remedy.text),
                None => remedy.text.clone(),
            },
            by: remedy.by.slug(),
            command,
            facts: facts(&finding.facts),
            head: format!("step {}: {}", finding.step.number(), finding.step.name()),
            who: who(remedy.by, role),
            to_do: remedy.text.clone(),
        }
    }
}

impl ProblemView {
    /// The view of one problem.
    pub fn of(problem: &StoreProblem) -> Self {
        Self { path: problem.path.display().to_string(), message: problem.message.clone() }
    }
}

fn facts(facts: &[Fact]) -> BTreeMap<&'static str, Vec<String>> {
    let mut by_name: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for fact in facts {
        by_name.entry(fact.name).or_default().push(fact.value.clone());
    }
    by_name
}

/// The status when nothing was found that counts.
const GOOD: &str = "Good";
