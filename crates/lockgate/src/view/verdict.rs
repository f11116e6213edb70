//! A verdict of certificate validation for people and scripts.

use serde::Serialize;
use ua_pki::{Finding, Step, StoreProblem, Verdict};

use crate::output::safe;

/// The verdict with everything that was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct VerdictView {
    /// `Good`, or the name of the status that counts.
    pub(crate) status: &'static str,
    pub(crate) findings: Vec<FindingView>,
    /// Stable names of the steps that did not apply, or for which there was nothing to compare with.
    pub(crate) skipped: Vec<&'static str>,
}

/// One thing that is wrong with a certificate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FindingView {
    /// Stable name of the step of Part 4 §6.1.3 that found it.
    pub(crate) step: &'static str,
    /// SHA-1 of the certificate it is about.
    pub(crate) thumbprint: String,
    pub(crate) subject: String,
    pub(crate) status: &'static str,
    pub(crate) suppressed: bool,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

/// A file of the store that could not be used.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ProblemView {
    pub(crate) path: String,
    pub(crate) message: String,
}

impl VerdictView {
    /// The view of one verdict.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        Self {
            status: verdict.status().map_or(GOOD, |status| status.name()),
            findings: verdict.findings().iter().map(FindingView::of).collect(),
            skipped: verdict.skipped().iter().map(|step| step.slug()).collect(),
        }
    }

    /// Whether nothing was found that counts.
    pub(crate) fn is_good(&self) -> bool {
        self.status == GOOD
    }

    /// Leaves a step out of the verdict: what it found is told and does not count.
    pub(crate) fn skip(&mut self, step: Step) {
        for finding in self.findings.iter_mut().filter(|finding| finding.step == step.slug()) {
            finding.suppressed = true;
        }
        self.status =
            self.findings.iter().find(|finding| !finding.suppressed).map_or(GOOD, |first| first.status);
        let skipped = |one: &Step| *one == step || self.skipped.contains(&one.slug());
        self.skipped = Step::ALL.iter().filter(|one| skipped(one)).map(|one| one.slug()).collect();
    }

    /// The verdict and its findings, one line each.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{:<12} {}\n", "verdict", self.status);
        for finding in &self.findings {
            let note = if finding.suppressed { " (does not count)" } else { "" };
            out.push_str(&format!("  {}{note}: {}\n", finding.status, safe(&finding.message)));
            if !finding.remedy.is_empty() {
                out.push_str(&format!("    -> {}\n", safe(&finding.remedy)));
            }
        }
        out
    }
}

impl FindingView {
    fn of(finding: &Finding) -> Self {
        Self {
            step: finding.step.slug(),
            thumbprint: finding.thumbprint.to_string(),
            subject: finding.subject.clone(),
            status: finding.status.name(),
            suppressed: finding.suppressed,
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}

impl ProblemView {
    /// The view of one problem.
    pub(crate) fn of(problem: &StoreProblem) -> Self {
        Self { path: problem.path.display().to_string(), message: problem.message.clone() }
    }
}

/// The status when nothing was found that counts.
const GOOD: &str = "Good";
