//! Deciding trust: the eleven steps of Part 4 §6.1.3.
//!
//! Step-major: each step looks at the leaf, then at its issuers upwards, and all findings are collected; the status
//! is the first finding in step order that is not suppressed. So an untrusted certificate that is also expired is
//! reported as untrusted, and the administrator still reads both.
//!
//! How it goes: [`chain`] builds every chain from the leaf to a self-signed root whose signatures verify (peers may
//! send issuers, the store has more, and several may bear the same name), within a fixed budget of work. Each chain
//! is then judged whole ([`steps`], [`names`], [`usage`], [`revocation`]), and the chain that gets furthest decides. When no chain is
//! complete, the longest broken one is judged, so that everything else that is wrong is told as well.
//!
//! A good verdict is remembered with the trust list that it was made by ([`cache`]), and holds until something that it
//! rests on begins or ends. Whoever comes again with another byte, or after a change of the store, is judged anew.
//!
//! Nothing that a peer sends gives trust: issuers it sends only help to reach what the administrator trusts.

mod cache;
mod chain;
mod host;
mod names;
mod report;
mod revocation;
mod steps;
mod usage;

use jiff::Timestamp;

pub(crate) use self::cache::Memory;
use self::chain::Path;
use self::report::Report;
use crate::{
    Actor, Certificate, CertificateRules, CertificateStatus, Finding, Item, Material, Remedy, Step,
    TrustList, Verdict,
};

/// Whose certificate is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// We are a client, this is the server's application certificate.
    Server,
    /// We are a server, this is the client's application certificate.
    Client,
    /// We are a server, this is the certificate of a person or account (Part 6 §6.2.3).
    User,
}

/// What a certificate is validated against.
#[derive(Debug, Clone)]
pub struct ValidationContext<'a> {
    /// The moment for which to decide; the same for all steps.
    pub now: Timestamp,
    /// Whose certificate it is.
    pub role: Role,
    /// What the policy in use asks of certificates, as
    /// [`SecurityPolicy::certificate_rules`](crate::SecurityPolicy::certificate_rules) gives it; `None` skips step 4.
    pub policy: Option<CertificateRules>,
    /// The host as the *user configured* it (not as the server names itself); only looked at for a server. `None`
    /// skips step 7.
    pub host: Option<&'a str>,
    /// The application URI the certificate must have. `None` when it is not known yet: then only its presence is
    /// checked. Not looked at for a user.
    pub application_uri: Option<&'a str>,
    /// Statuses that the administrator has switched off for this peer. Only those that the standard allows to be
    /// suppressed have an effect, and they are still reported.
    pub suppress: &'a [CertificateStatus],
}

/// Validates a chain as the peer presented it, leaf first. The issuers may be missing if the store has them.
#[must_use]
pub fn validate(chain: &[Certificate], trust: &TrustList, context: &ValidationContext<'_>) -> Verdict {
    let Some((leaf, sent_issuers)) = chain.split_first() else {
        return nothing_presented();
    };
    if let Some(known) = trust.memory().recall(chain, context) {
        return known;
    }
    let paths = chain::build(leaf, sent_issuers, trust);
    let judged = paths.iter().map(|path| (path, judge(path, trust, context)));
    // the first of the best: paths through what the peer sent come first
    let best = judged.reduce(|best, next| if reach(&next.1) > reach(&best.1) { next } else { best });
    let Some((path, report)) = best else { return nothing_presented() };
    let (findings, skipped) = report.finish();
    let verdict = Verdict { presented: chain.to_vec(), findings, skipped };
    trust.memory().keep(&verdict, path, trust, context);
    verdict
}

fn judge<'a>(path: &Path, trust: &TrustList, context: &'a ValidationContext<'a>) -> Report<'a> {
    let mut report = Report::new(context, path);
    steps::structure(&mut report, path);
    steps::chain(&mut report, path);
    steps::signature(&mut report, path);
    steps::policy(&mut report, path);
    let trusted = steps::trust_list(&mut report, path, trust);
    steps::validity(&mut report, path);
    names::host_name(&mut report, path);
    names::application_uri(&mut report, path);
    usage::check(&mut report, path);
    revocation::check(&mut report, path, trust, trusted);
    report
}

/// How far a chain gets: good is furthest, then the step of the first failure, then the fewest failures, then the
/// fewest findings: a way without anything suppressed is better than one with.
fn reach(report: &Report<'_>) -> (bool, Option<Step>, [std::cmp::Reverse<usize>; 2]) {
    let mut failures = report.findings().iter().filter(|finding| !finding.suppressed);
    let first = failures.next().map(|finding| finding.step);
    (first.is_none(), first, [failures.count(), report.findings().len()].map(std::cmp::Reverse))
}

/// As the wire has it: what is no certificate is an invalid one (step 1).
pub(crate) fn unreadable(bytes: &[u8], error: &crate::Error, role: Role) -> Verdict {
    let whose = match role {
        Role::Server => "the server's certificate",
        Role::Client => "the client's certificate",
        Role::User => "the user's certificate",
    };
    let remedy = |text: &str| Remedy::new(Actor::Us, text);
    let again =
        remedy("get the certificate again from its owner, as DER or PEM with nothing else in the file");
    let thumbprint = crate::Thumbprint::of(bytes);
    match Material::from_bytes(bytes).items() {
        [] => nothing(thumbprint, format!("{whose} is not there: there are no bytes at all"), again),
        // nothing that is made of a key is told, not even its hash
        [Item::PrivateKey, ..] => nothing(
            crate::Thumbprint::of(&[]),
            format!("this is no certificate, but a private key; {whose} was to be judged"),
            remedy("keep the key to yourself, and take the certificate that belongs to it"),
        ),
        [other @ (Item::Crl(_) | Item::Request(_)), ..] => nothing(
            thumbprint,
            format!("this is no certificate, but {}; {whose} was to be judged", other.describe()),
            remedy("take the file with the certificate; what a file holds is shown by `cert show`"),
        ),
        _ => {
            let why = match error {
                crate::Error::Malformed(why) => why.clone(),
                other => other.to_string(),
            };
            nothing(thumbprint, format!("{whose} cannot be read: {why}"), again)
        }
    }
}

fn nothing_presented() -> Verdict {
    let remedy =
        "give the peer an application instance certificate, or check that it is configured to use it";
    nothing(
        crate::Thumbprint::of(&[]),
        "the peer presented no certificate".to_owned(),
        Remedy::new(Actor::Owner, remedy),
    )
}

fn nothing(thumbprint: crate::Thumbprint, message: String, remedy: Remedy) -> Verdict {
    let finding = Finding {
        step: Step::Structure,
        thumbprint,
        subject: String::new(),
        status: CertificateStatus::Invalid,
        suppressed: false,
        message,
        facts: Vec::new(),
        remedy,
    };
    let skipped = Step::ALL.into_iter().filter(|step| *step != Step::Structure).collect();
    Verdict { presented: Vec::new(), findings: vec![finding], skipped }
}
