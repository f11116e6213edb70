//! A verdict of certificate validation for people and scripts.

use serde::Serialize;
use ua_pki::{Finding, Verdict};

use crate::output::safe;

/// The verdict with everything that was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct VerdictView {
    /// `Good`, or the name of the status that counts.
    pub(crate) status: String,
    pub(crate) findings: Vec<FindingView>,
}

/// One thing that is wrong with a certificate.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FindingView {
    pub(crate) status: &'static str,
    /// Stable name of the step of Part 4 §6.1.3 that found it.
    pub(crate) step: &'static str,
    pub(crate) thumbprint: String,
    pub(crate) subject: String,
    pub(crate) suppressed: bool,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl VerdictView {
    /// The view of one verdict.
    pub(crate) fn of(verdict: &Verdict) -> Self {
        Self {
            status: verdict.status().map_or("Good", |status| status.name()).to_owned(),
            findings: verdict.findings().iter().map(FindingView::of).collect(),
        }
    }

    /// The verdict and its findings, one line each.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{:<12} {}\n", "verdict", safe(&self.status));
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
            status: finding.status.name(),
            step: finding.step.slug(),
            thumbprint: finding.thumbprint.grouped(),
            subject: finding.subject.clone(),
            suppressed: finding.suppressed,
            message: finding.message.clone(),
            remedy: finding.remedy.clone(),
        }
    }
}
