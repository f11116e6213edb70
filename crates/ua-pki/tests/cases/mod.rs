//! One file per group of steps; here is what a case is and how it runs.

mod chain;
mod elliptic;
mod names;
mod policy;
mod revocation;
mod structure;
mod trust;
mod usage;
mod users;
mod words;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use ua_pki::{
    Certificate, CertificateStatus, Crl, Role, SecurityPolicy, Step, TrustList, ValidationContext, Verdict,
    validate,
};

use crate::factory::{NOW, Node};

/// Runs work that must stay bounded whatever the input; the limit leaves room for a slow machine.
#[expect(clippy::disallowed_methods, reason = "measures, decides nothing by the time")]
pub(crate) fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    result
}

/// A case: what is in the store, what the peer presents, what we compare with.
#[derive(Clone)]
pub(crate) struct Case {
    id: &'static str,
    pub(crate) trusted: Vec<Certificate>,
    pub(crate) issuers: Vec<Certificate>,
    pub(crate) crls: Vec<Crl>,
    pub(crate) presented: Vec<Certificate>,
    pub(crate) now: Timestamp,
    pub(crate) role: Role,
    pub(crate) policy: Option<SecurityPolicy>,
    pub(crate) host: Option<&'static str>,
    pub(crate) uri: Option<&'static str>,
    pub(crate) suppress: Vec<CertificateStatus>,
}

/// A client looks at the server `opc.tcp://plc1`, application `urn:plc1:app`, over Basic256Sha256.
pub(crate) fn case(id: &'static str) -> Case {
    Case {
        id,
        trusted: Vec::new(),
        issuers: Vec::new(),
        crls: Vec::new(),
        presented: Vec::new(),
        now: NOW.parse().unwrap(),
        role: Role::Server,
        policy: Some(SecurityPolicy::Basic256Sha256),
        host: Some("plc1"),
        uri: Some("urn:plc1:app"),
        suppress: Vec::new(),
    }
}

pub(crate) trait AsCertificate {
    fn certificate(&self) -> Certificate;
}

impl AsCertificate for Node {
    fn certificate(&self) -> Certificate {
        self.certificate.clone()
    }
}

impl AsCertificate for Certificate {
    fn certificate(&self) -> Certificate {
        self.clone()
    }
}

impl Case {
    pub(crate) fn trusts(mut self, certificate: &impl AsCertificate) -> Self {
        self.trusted.push(certificate.certificate());
        self
    }

    pub(crate) fn knows(mut self, certificate: &impl AsCertificate) -> Self {
        self.issuers.push(certificate.certificate());
        self
    }

    pub(crate) fn list(mut self, crl: Crl) -> Self {
        self.crls.push(crl);
        self
    }

    pub(crate) fn presents(mut self, certificate: &impl AsCertificate) -> Self {
        self.presented.push(certificate.certificate());
        self
    }

    pub(crate) fn with(mut self, tweak: impl FnOnce(&mut Self)) -> Self {
        tweak(&mut self);
        self
    }

    pub(crate) fn suppressing(mut self, status: CertificateStatus) -> Self {
        self.suppress.push(status);
        self
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let trust = TrustList::new(self.trusted.clone(), self.issuers.clone(), self.crls.clone());
        let context = ValidationContext {
            now: self.now,
            role: self.role,
            policy: self.policy.and_then(SecurityPolicy::certificate_rules),
            host: self.host,
            application_uri: self.uri,
            suppress: &self.suppress,
        };
        validate(&self.presented, &trust, &context)
    }

    /// Passes, and gives the proof.
    pub(crate) fn good(self) -> Verdict {
        let verdict = self.verdict();
        assert_eq!(verdict.status(), None, "{}: {:#?}", self.id, verdict.findings());
        let proof = verdict.clone().into_trusted().unwrap_or_else(|_| panic!("{}: no proof", self.id));
        assert_eq!(proof.certificate(), &self.presented[0], "{}", self.id);
        verdict
    }

    /// Fails with this status first, and gives no proof.
    pub(crate) fn fails(self, status: CertificateStatus) -> Verdict {
        let verdict = self.verdict();
        assert_eq!(verdict.status(), Some(status), "{}: {:#?}", self.id, verdict.findings());
        let verdict = verdict.into_trusted().expect_err(self.id);
        let steps: Vec<_> = verdict.findings().iter().map(|finding| finding.step).collect();
        assert!(steps.is_sorted(), "{}: findings out of order: {steps:?}", self.id);
        verdict
    }

    /// Fails with this status, also when the administrator suppresses it.
    pub(crate) fn fails_always(self, status: CertificateStatus) {
        self.clone().fails(status);
        self.suppressing(status).fails(status);
    }

    /// As [`fails_always`](Self::fails_always), and it is this step that finds it first.
    pub(crate) fn fails_in(self, step: Step, status: CertificateStatus) {
        assert_eq!(self.verdict().findings()[0].step, step, "{}: {:#?}", self.id, self.verdict().findings());
        self.fails_always(status);
    }

    /// Fails with this status; when it is suppressed it passes, and the finding is still told.
    pub(crate) fn fails_unless_suppressed(self, status: CertificateStatus) {
        self.clone().fails(status);
        let verdict = self.suppressing(status).good();
        assert!(verdict.findings().iter().any(|finding| finding.status == status && finding.suppressed));
    }
}
