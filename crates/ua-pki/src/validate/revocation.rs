//! Steps 10 and 11: find the issuer's revocation list, and look the certificate up in it.

use super::chain::Path;
use super::report::{Fault, Report, Weight};
use crate::{Action, Actor, Certificate, CertificateStatus, Crl, Fact, Remedy, Step, TrustList};

/// Checks every certificate that has an issuer above it. A self-signed certificate needs no list (V-R6).
///
/// `trusted`: whether the chain passed step 5. A chain that nobody trusts is only looked up in lists of authorities
/// that the store knows: a stranger could name its own authority like ours, and make us hash large lists for it.
pub(super) fn check(report: &mut Report<'_>, path: &Path, trust: &TrustList, trusted: bool) {
    let known = |issuer: &Certificate| trusted || trust.issuers().contains(issuer) || trust.trusts(issuer);
    let pairs: Vec<_> = path
        .certificates
        .iter()
        .zip(path.certificates.iter().skip(1))
        .filter(|(_, issuer)| known(issuer))
        .map(|(certificate, issuer)| (certificate, issuer, standing(certificate, issuer, trust, report)))
        .collect();
    if pairs.is_empty() {
        report.skip(Step::FindRevocationList);
        report.skip(Step::Revocation);
    }
    for (certificate, issuer, standing) in &pairs {
        no_list(report, certificate, issuer, standing, trust);
    }
    for (certificate, issuer, standing) in &pairs {
        if matches!(standing, Standing::Revoked) {
            revoked(report, certificate, issuer);
        }
    }
}

fn no_list(
    report: &mut Report<'_>,
    certificate: &Certificate,
    issuer: &Certificate,
    standing: &Standing,
    trust: &TrustList,
) {
    let (subject, unusable) = (issuer.subject(), unusable(issuer, trust));
    let mut facts = vec![Fact::new("issuer", subject)];
    let (reason, wanted) = match standing {
        Standing::Good | Standing::Revoked => return,
        Standing::NoList if unusable.is_empty() => {
            (format!("there is no revocation list of {subject}"), "the revocation list")
        }
        Standing::NoList => (
            format!("there is no usable revocation list of {subject}"),
            "a complete and current revocation list",
        ),
        Standing::OldList(crl) => {
            facts.push(Fact::new("this_update", crl.this_update()));
            facts.extend(crl.next_update().map(|next| Fact::new("next_update", next)));
            let until = crl
                .next_update()
                .map_or_else(|| "without an end date".to_owned(), |time| format!("valid until {time}"));
            let from = crl.this_update();
            let text = format!("the revocation list of {subject} is from {from}, {until}");
            (text, "the current revocation list")
        }
    };
    let place = if trust.trusts(issuer) { "trusted/crl" } else { "issuers/crl" };
    report.add(Fault {
        step: Step::FindRevocationList,
        status: report.pick(
            certificate,
            CertificateStatus::RevocationUnknown,
            CertificateStatus::IssuerRevocationUnknown,
        ),
        weight: Weight::Suppressible,
        certificate,
        message: format!("cannot be checked for revocation: {reason}{unusable}"),
        facts,
        remedy: Remedy::new(
            Actor::Us,
            format!("get {wanted} of {subject} from those who run it, and put it into {place}"),
        )
        .with(Action::ImportCrl { issuer: subject.to_owned() }),
    });
}

fn revoked(report: &mut Report<'_>, certificate: &Certificate, issuer: &Certificate) {
    let serial = certificate.serial_hex();
    let text = if report.is_leaf(certificate) {
        format!("do not use it any more; have {} get a new certificate", report.owner())
    } else {
        "do not use anything that it has issued; have new certificates issued by an authority that is not revoked"
            .to_owned()
    };
    report.add(Fault {
        step: Step::Revocation,
        status: report.pick(certificate, CertificateStatus::Revoked, CertificateStatus::IssuerRevoked),
        weight: Weight::Mandatory,
        certificate,
        message: format!("was revoked by {} (serial number {serial})", issuer.subject()),
        facts: vec![Fact::new("issuer", issuer.subject()), Fact::new("serial", &serial)],
        remedy: Remedy::new(report.holder(certificate), text),
    });
}

/// The lists that bear the issuer's name and do not count, each with the reason: who has put one there must not read
/// that there is none.
fn unusable(issuer: &Certificate, trust: &TrustList) -> String {
    let lists = trust.crls().iter().filter(|crl| crl.names_issuer(issuer));
    let told = lists.filter_map(|crl| crl.why_unusable(issuer).map(|why| (crl.this_update(), why)));
    told.take(MAX_TOLD).map(|(from, why)| format!("; the one from {from} does not count: it {why}")).collect()
}

/// Most unusable lists told of in one message.
const MAX_TOLD: usize = 3;

/// What the lists say about one certificate.
enum Standing {
    Good,
    Revoked,
    NoList,
    /// The latest of the lists, none of which is current.
    OldList(Crl),
}

fn standing(
    certificate: &Certificate,
    issuer: &Certificate,
    trust: &TrustList,
    report: &Report<'_>,
) -> Standing {
    let now = report.context.now;
    let lists: Vec<&Crl> =
        trust.crls().iter().filter(|crl| crl.claims_issuer(issuer) && crl.is_signed_by(issuer)).collect();
    // also a list that is out of date revokes, unless a current one with a greater number took it back
    let taken_back = |old: &Crl| {
        lists.iter().any(|crl| crl.supersedes(old) && crl.is_current(now) && !crl.lists(certificate))
    };
    if lists.iter().any(|crl| crl.lists(certificate) && !taken_back(crl)) {
        return Standing::Revoked;
    }
    if lists.iter().any(|crl| crl.is_current(now)) {
        return Standing::Good;
    }
    match lists.into_iter().max_by_key(|crl| crl.this_update()) {
        Some(latest) => Standing::OldList(latest.clone()),
        None => Standing::NoList,
    }
}
