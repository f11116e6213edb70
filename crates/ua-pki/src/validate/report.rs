//! Collecting findings, in words an administrator can act on.

use super::chain::Path;
use super::{Role, ValidationContext};
use crate::{Actor, Certificate, CertificateStatus, Fact, Finding, Remedy, Step};

/// The findings on one chain.
pub(super) struct Report<'a> {
    pub(super) context: &'a ValidationContext<'a>,
    leaf: [u8; 32],
    findings: Vec<Finding>,
    skipped: Vec<Step>,
}

/// Something wrong with one certificate of the chain.
pub(super) struct Fault<'a> {
    pub(super) step: Step,
    pub(super) status: CertificateStatus,
    pub(super) weight: Weight,
    pub(super) certificate: &'a Certificate,
    /// Goes on after "the server's certificate CN=plc1 (thumbprint)", so it starts with a verb.
    pub(super) message: String,
    pub(super) facts: Vec<Fact>,
    pub(super) remedy: Remedy,
}

/// Whether a finding may be switched off where its status in general may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// As the administrator says.
    Suppressible,
    /// Never: the certificate itself insists (a critical extension), or it would open a hole.
    Mandatory,
    /// Told, but accepted by a rule of ours.
    Warning,
}

impl<'a> Report<'a> {
    pub(super) fn new(context: &'a ValidationContext<'a>, path: &Path) -> Self {
        let leaf = path.certificates.first().map(Certificate::sha256).unwrap_or_default();
        Self { context, leaf, findings: Vec::new(), skipped: Vec::new() }
    }

    pub(super) fn add(&mut self, fault: Fault<'_>) {
        let Fault { step, status, weight, certificate, message, facts, remedy } = fault;
        let suppressed = match weight {
            Weight::Suppressible => status.suppressible() && self.context.suppress.contains(&status),
            Weight::Mandatory => false,
            Weight::Warning => true,
        };
        self.findings.push(Finding {
            step,
            thumbprint: certificate.thumbprint(),
            subject: certificate.subject().to_owned(),
            status,
            suppressed,
            message: format!("{} {message}", self.call(certificate)),
            facts,
            remedy,
        });
    }

    pub(super) fn skip(&mut self, step: Step) {
        self.skipped.push(step);
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) fn finish(self) -> (Vec<Finding>, Vec<Step>) {
        (self.findings, self.skipped)
    }

    /// Whose the leaf is.
    pub(super) fn owner(&self) -> &'static str {
        match self.context.role {
            Role::Server => "the server",
            Role::Client => "the client",
            Role::User => "the user",
        }
    }

    /// Who can have a new certificate made in place of this one.
    pub(super) fn holder(&self, certificate: &Certificate) -> Actor {
        if self.is_leaf(certificate) { Actor::Owner } else { Actor::Authority }
    }

    /// The status for the leaf, or the one for an issuer.
    pub(super) fn pick(
        &self,
        certificate: &Certificate,
        leaf: CertificateStatus,
        issuer: CertificateStatus,
    ) -> CertificateStatus {
        if self.is_leaf(certificate) { leaf } else { issuer }
    }

    /// Whether it is the peer's own certificate.
    pub(super) fn is_leaf(&self, certificate: &Certificate) -> bool {
        certificate.sha256() == self.leaf
    }

    fn call(&self, certificate: &Certificate) -> String {
        let who = if self.is_leaf(certificate) {
            format!("{}'s certificate", self.owner())
        } else {
            "the issuing authority".to_owned()
        };
        let subject = if certificate.subject().is_empty() { "(no subject)" } else { certificate.subject() };
        format!("{who} {subject} [{}]", certificate.thumbprint())
    }
}
