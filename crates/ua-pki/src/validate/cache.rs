//! Remembered good verdicts (V-R10): a peer that comes again is not judged again from the beginning.
//!
//! A trust list never changes, and each has a memory of its own: when a file of the store changes there is another
//! list, which remembers nothing. What is left to change is the time. So a verdict is kept together with the span
//! around its moment in which nothing that it rests on begins or ends: no certificate of the chain, no revocation list
//! of its issuers. Only Good is remembered, and only when no finding tells of a time: what is refused costs its
//! check every time, and what is told is told anew.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::chain::Path;
use super::{Role, ValidationContext};
use crate::{Certificate, CertificateRules, CertificateStatus, Finding, Step, TrustList, Verdict};

/// Most verdicts remembered for one trust list; the oldest goes.
const MAX_REMEMBERED: usize = 64;
/// Longest host and application URI together: what a peer can make us keep.
const MAX_TEXT: usize = 1024;

/// The good verdicts by one trust list.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<VecDeque<Remembered>>);

#[derive(Debug)]
struct Remembered {
    key: Key,
    from: Timestamp,
    until: Timestamp,
    findings: Vec<Finding>,
    skipped: Vec<Step>,
}

/// Everything but the time and the trust list that a verdict depends on.
#[derive(Debug)]
struct Key {
    /// SHA-256 of each certificate as it was presented.
    chain: Vec<[u8; 32]>,
    role: Role,
    policy: Option<CertificateRules>,
    host: Option<String>,
    application_uri: Option<String>,
    suppress: Vec<CertificateStatus>,
}

impl Memory {
    /// The verdict of an earlier call that was asked the same and still holds.
    pub(super) fn recall(&self, chain: &[Certificate], context: &ValidationContext<'_>) -> Option<Verdict> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered
            .iter()
            .find(|one| (one.from..=one.until).contains(&context.now) && one.key.is_asked(chain, context))?;
        Some(Verdict {
            presented: chain.to_vec(),
            findings: found.findings.clone(),
            skipped: found.skipped.clone(),
        })
    }

    /// Remembers a verdict that rests on this path, if it may be.
    pub(super) fn keep(
        &self,
        verdict: &Verdict,
        path: &Path,
        trust: &TrustList,
        context: &ValidationContext<'_>,
    ) {
        let timeless = |step| step < Step::Validity || (Step::HostName..=Step::Usage).contains(&step);
        let texts = [context.host, context.application_uri].into_iter().flatten().map(str::len);
        let may = verdict.status().is_none()
            && verdict.findings.iter().all(|finding| timeless(finding.step))
            && texts.sum::<usize>() <= MAX_TEXT;
        if !may {
            return;
        }
        let (from, until) = span(path, trust, context.now);
        let key = Key::of(&verdict.presented, context);
        let (findings, skipped) = (verdict.findings.clone(), verdict.skipped.clone());
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MAX_REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back(Remembered { key, from, until, findings, skipped });
    }
}

impl Key {
    fn of(chain: &[Certificate], context: &ValidationContext<'_>) -> Self {
        Self {
            chain: chain.iter().map(Certificate::sha256).collect(),
            role: context.role,
            policy: context.policy,
            host: context.host.map(str::to_owned),
            application_uri: context.application_uri.map(str::to_owned),
            suppress: context.suppress.to_vec(),
        }
    }

    fn is_asked(&self, chain: &[Certificate], context: &ValidationContext<'_>) -> bool {
        let ValidationContext { now: _, role, policy, host, application_uri, suppress } = context;
        self.chain.iter().copied().eq(chain.iter().map(Certificate::sha256))
            && self.role == *role
            && self.policy == *policy
            && self.host.as_deref() == *host
            && self.application_uri.as_deref() == *application_uri
            && self.suppress == *suppress
    }
}

/// The longest span around now in which no certificate of the path and no list of its issuers begins or ends.
fn span(path: &Path, trust: &TrustList, now: Timestamp) -> (Timestamp, Timestamp) {
    let issuers = path.certificates.get(1..).unwrap_or_default();
    let lists = trust.crls().iter().filter(|crl| issuers.iter().any(|issuer| crl.names_issuer(issuer)));
    let lists = lists.map(|crl| (crl.this_update(), crl.next_update().unwrap_or(Timestamp::MIN)));
    let certificates = path.certificates.iter().map(|one| (one.not_before(), one.not_after()));
    let (mut from, mut until) = (Timestamp::MIN, Timestamp::MAX);
    for (begin, end) in certificates.chain(lists) {
        if now < begin {
            let before = begin.checked_sub(SignedDuration::from_secs(1)).unwrap_or(now);
            until = until.min(before.max(now));
        } else if now > end {
            from = from.max(now);
        } else {
            from = from.max(begin);
            until = until.min(end);
        }
    }
    (from, until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApplicationIdentity, ApplicationProfile, KeyKind};

    fn context(now: &str) -> ValidationContext<'_> {
        ValidationContext {
            now: now.parse().unwrap(),
            role: Role::Client,
            policy: None,
            host: None,
            application_uri: None,
            suppress: &[],
        }
    }

    #[test]
    fn good_is_remembered_within_its_span_and_a_flood_does_not_grow_it() {
        let peer = ApplicationIdentity::self_signed(&ApplicationProfile {
            common_name: "plc1".to_owned(),
            organization: None,
            application_uri: "urn:plc1".to_owned(),
            dns_names: vec!["plc1".to_owned()],
            ip_addresses: Vec::new(),
            key: KeyKind::EcP256,
            valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
            days: 30,
        });
        let peer = peer.unwrap();
        let chain = peer.chain();
        let trust = TrustList::new(chain.to_vec(), Vec::new(), Vec::new());
        assert!(trust.memory().recall(chain, &context("2026-01-02T00:00:00Z")).is_none());
        assert_eq!(crate::validate(chain, &trust, &context("2026-01-02T00:00:00Z")).status(), None);
        assert!(trust.memory().recall(chain, &context("2026-01-30T00:00:00Z")).is_some());
        assert!(trust.memory().recall(chain, &context("2026-02-01T00:00:00Z")).is_none());
        for number in 0..200 {
            let uri = format!("urn:{number}");
            let host = ValidationContext { host: Some(&uri), ..context("2026-01-02T00:00:00Z") };
            assert_eq!(crate::validate(chain, &trust, &host).status(), None);
        }
        assert_eq!(trust.memory().0.lock().unwrap().len(), MAX_REMEMBERED);
        let long = "h".repeat(MAX_TEXT + 1);
        let host = ValidationContext { host: Some(&long), ..context("2026-01-02T00:00:00Z") };
        assert_eq!(crate::validate(chain, &trust, &host).status(), None);
        assert!(trust.memory().recall(chain, &host).is_none());
    }
}
