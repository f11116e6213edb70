//! Steps 1 to 6: the certificate itself, its chain, the policy, trust and dates. Each function is one step, and looks at
//! the leaf first.

use super::chain::{Broken, Path};
use super::report::{Fault, Report, Weight};
use crate::certificate_rules::Fit;
use crate::certificate_signature::CertificateSignature;
use crate::{Action, Actor, Certificate, CertificateRules, CertificateStatus, Fact, Remedy, Step, TrustList};

/// 1: what must never be accepted, whatever else is true.
pub(super) fn structure(report: &mut Report<'_>, path: &Path) {
    for certificate in &path.certificates {
        for defect in &certificate.facts().defects {
            report.add(Fault {
                step: Step::Structure,
                status: CertificateStatus::Invalid,
                weight: Weight::Mandatory,
                certificate,
                message: format!("is not acceptable: {defect}"),
                facts: vec![Fact::new("defect", defect)],
                remedy: Remedy::new(
                    report.holder(certificate),
                    "have a certificate issued that does not have this, with a tool that knows OPC UA",
                ),
            });
        }
    }
}

/// 2: the chain reaches a self-signed root.
pub(super) fn chain(report: &mut Report<'_>, path: &Path) {
    let Some(last) = path.certificates.last() else { return };
    let issuer = last.issuer();
    let (message, remedy) = match path.broken {
        None | Some(Broken::BadSignature) => return,
        Some(Broken::NoIssuer) => (
            format!("was issued by {issuer}, whose certificate neither the peer sent nor the store has"),
            Remedy::new(
                Actor::Us,
                format!(
                    "get the certificate of {issuer} from those who run it, and put it among the issuers (it then \
                     completes chains) or among the trusted (everything it issues is then trusted), with its \
                     revocation list"
                ),
            )
            .with(Action::AddIssuer { issuer: issuer.to_owned() }),
        ),
        Some(Broken::Circle) => (
            format!("was issued by {issuer}, which is below it in the chain: the chain goes in a circle"),
            Remedy::new(
                Actor::Authority,
                "have certificates issued by an authority that a self-signed root stands above",
            ),
        ),
        Some(Broken::TooLong) => (
            "needs a chain of more than ten certificates".to_owned(),
            Remedy::new(Actor::Authority, "have a certificate issued with fewer authorities in between"),
        ),
        Some(Broken::Budget) => (
            format!("has too many possible issuers named {issuer}"),
            Remedy::new(
                Actor::Us,
                "take authorities of this name that are no longer used out of the trusted and the issuers",
            ),
        ),
    };
    report.add(Fault {
        step: Step::Chain,
        status: CertificateStatus::ChainIncomplete,
        weight: Weight::Mandatory,
        certificate: last,
        message,
        facts: vec![Fact::new("issuer", issuer)],
        remedy,
    });
}

/// 3: chains are built of signatures that verify, so only the end of a broken one can be wrong.
pub(super) fn signature(report: &mut Report<'_>, path: &Path) {
    if path.broken != Some(Broken::BadSignature) {
        return;
    }
    let Some(last) = path.certificates.last() else { return };
    let (facts, issuer) = (last.facts(), last.issuer());
    let itself = facts.names_itself_as_issuer();
    let again =
        "do not trust it; get it again from its owner, and if it is still wrong, have a new one issued";
    let (message, by, remedy) = if facts.signature_algorithm == CertificateSignature::Unsupported {
        (
            "is signed with an algorithm that lockgate does not support".to_owned(),
            report.holder(last),
            "have it issued again with RSA or with ECDSA on P-256 or P-384, and SHA-256 or better",
        )
    } else if itself && last.public_key().kind().is_too_small_to_prove() {
        (
            format!("is signed with {}, which is too small to prove anything", last.public_key().kind()),
            report.holder(last),
            "have a new key and certificate made, RSA with 2048 bits or more",
        )
    } else if itself {
        (
            "is not signed by its own key: it was altered or made wrongly".to_owned(),
            report.holder(last),
            again,
        )
    } else {
        (
            format!(
                "is not signed by any authority named {issuer} that we know: it was altered or forged, or that \
                 authority has got a new key"
            ),
            Actor::Us,
            "do not trust it; get it again from its owner, and if the authority has got a new key, put its new \
             certificate among the issuers",
        )
    };
    report.add(Fault {
        step: Step::Signature,
        status: CertificateStatus::Invalid,
        weight: Weight::Mandatory,
        certificate: last,
        message,
        facts: vec![
            Fact::new("signature_algorithm", facts.signature_algorithm.describe()),
            Fact::new("issuer", issuer),
        ],
        remedy: Remedy::new(by, remedy),
    });
}

/// Below what the crypto library verifies with.
/// 4: key and signature algorithm fit the policy.
pub(super) fn policy(report: &mut Report<'_>, path: &Path) {
    let Some(rules) = report.context.policy else {
        return report.skip(Step::Policy);
    };
    if let (Some(why), Some(leaf)) = (rules.out_of_use(), path.certificates.first()) {
        report.add(Fault {
            step: Step::Policy,
            status: CertificateStatus::PolicyCheckFailed,
            weight: Weight::Mandatory,
            certificate: leaf,
            message: format!("is to be used with the security policy {rules}, which is deprecated: it {why}"),
            facts: vec![Fact::new("policy", rules)],
            remedy: Remedy::new(Actor::Owner, "use a security policy that is not deprecated"),
        });
    }
    for certificate in &path.certificates {
        key_fits(report, rules, certificate);
        signature_fits(report, rules, certificate);
    }
}

fn key_fits(report: &mut Report<'_>, rules: CertificateRules, certificate: &Certificate) {
    let key = certificate.public_key().kind();
    if rules.takes_key(key) {
        return;
    }
    let wanted = rules.keys_in_words();
    report.add(Fault {
        step: Step::Policy,
        status: CertificateStatus::PolicyCheckFailed,
        weight: Weight::Suppressible,
        certificate,
        message: format!("has {key}; {rules} needs {wanted}"),
        facts: vec![Fact::new("policy", rules), Fact::new("key", key), Fact::new("needed", &wanted)],
        remedy: Remedy::new(
            report.holder(certificate),
            format!("have a certificate issued for {wanted}, or use a security policy for keys of this kind"),
        ),
    });
}

fn signature_fits(report: &mut Report<'_>, rules: CertificateRules, certificate: &Certificate) {
    let algorithm = certificate.facts().signature_algorithm;
    let weight = match rules.fit(algorithm) {
        Fit::Good => return,
        Fit::Tolerated => Weight::Warning,
        Fit::Bad => Weight::Suppressible,
    };
    let (found, wanted) = (algorithm.describe(), rules.signature_in_words());
    let remedy = if weight == Weight::Warning {
        "nothing need be done here; others may refuse it until it is issued again with the signature that is asked for"
            .to_owned()
    } else {
        format!("have it issued again, signed by {wanted}")
    };
    report.add(Fault {
        step: Step::Policy,
        status: CertificateStatus::PolicyCheckFailed,
        weight,
        certificate,
        message: format!("is signed by {found}; {rules} asks for {wanted}"),
        facts: vec![
            Fact::new("policy", rules),
            Fact::new("signature_algorithm", found),
            Fact::new("needed", wanted),
        ],
        remedy: Remedy::new(report.holder(certificate), remedy),
    });
}

/// 5: the leaf or one of its issuers is in the trust list. Returns whether.
pub(super) fn trust_list(report: &mut Report<'_>, path: &Path, trust: &TrustList) -> bool {
    if path.certificates.iter().any(|certificate| trust.trusts(certificate)) {
        return true;
    }
    let Some((leaf, issuers)) = path.certificates.split_first() else { return false };
    let thumbprint = leaf.thumbprint();
    let message = match issuers {
        [] => "is not trusted",
        _ => "is not trusted, and neither is an authority above it",
    };
    let owner = report.owner();
    let mut text = format!(
        "compare the thumbprint {} with what {owner} shows, and trust the certificate if it is the same",
        thumbprint.grouped()
    );
    let mut facts = Vec::new();
    if let Some(root) = issuers.last().filter(|_| path.broken.is_none()) {
        text += &format!("; to trust everything below {}, trust that authority instead", root.subject());
        facts.push(Fact::new("root", root.subject()));
        facts.push(Fact::new("root_thumbprint", root.thumbprint()));
    }
    report.add(Fault {
        step: Step::TrustList,
        status: CertificateStatus::Untrusted,
        weight: Weight::Mandatory,
        certificate: leaf,
        message: message.to_owned(),
        facts,
        remedy: Remedy::new(Actor::Us, text).with(Action::Trust { thumbprint }),
    });
    false
}

/// 6: now is within the validity period, ends included.
pub(super) fn validity(report: &mut Report<'_>, path: &Path) {
    let now = report.context.now.as_second();
    let clock = report.context.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    for certificate in &path.certificates {
        let (from, to) = (certificate.not_before(), certificate.not_after());
        let (message, remedy) = if now < from.as_second() {
            let text = "check the clock of this computer and of the one that issued the certificate, or wait";
            (format!("is not valid before {from}; it is {clock} now"), Remedy::new(Actor::Us, text))
        } else if now > to.as_second() {
            let text = if report.is_leaf(certificate) {
                format!("have {}'s certificate renewed", report.owner())
            } else {
                "have the authority's certificate renewed; the new one then goes into the store beside the old one"
                    .to_owned()
            };
            let message = format!("expired on {to}; it is {clock} now");
            (message, Remedy::new(report.holder(certificate), text))
        } else {
            continue;
        };
        report.add(Fault {
            step: Step::Validity,
            status: report.pick(
                certificate,
                CertificateStatus::TimeInvalid,
                CertificateStatus::IssuerTimeInvalid,
            ),
            weight: Weight::Suppressible,
            certificate,
            message,
            facts: vec![Fact::new("not_before", from), Fact::new("not_after", to), Fact::new("now", &clock)],
            remedy,
        });
    }
}
