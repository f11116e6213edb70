//! Steps 10 and 11: find the issuer's revocation list, and look the certificate up in it.

use super::chain::Path;
use super::report::{Report, Weight};
use crate::{Certificate, CertificateStatus, Crl, Step, TrustList};

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
        let (subject, unusable) = (issuer.subject(), unusable(issuer, trust));
        let (reason, wanted) = match standing {
            Standing::Good | Standing::Revoked => continue,
            Standing::NoList if unusable.is_empty() => {
                (format!("there is no revocation list of {subject}"), "the revocation list")
            }
            Standing::NoList => (
                format!("there is no usable revocation list of {subject}"),
                "a complete and current revocation list",
            ),
            Standing::OldList(crl) => {
                let until = crl
                    .next_update()
                    .map_or_else(|| "without an end date".to_owned(), |time| format!("valid until {time}"));
                let from = crl.this_update();
                let text = format!("the revocation list of {subject} is from {from}, {until}");
                (text, "the current revocation list")
            }
        };
        let message = format!("cannot be checked for revocation: {reason}{unusable}");
        let status = report.pick(
            certificate,
            CertificateStatus::RevocationUnknown,
            CertificateStatus::IssuerRevocationUnknown,
        );
        let place = if trust.trusts(issuer) { "trusted/crl" } else { "issuers/crl" };
        let remedy = format!("put {wanted} of {subject} into {place}");
        report.add(Step::FindRevocationList, status, Weight::Suppressible, certificate, &message, remedy);
    }
    for (certificate, issuer, standing) in &pairs {
        if !matches!(standing, Standing::Revoked) {
            continue;
        }
        let status = report.pick(certificate, CertificateStatus::Revoked, CertificateStatus::IssuerRevoked);
        let message =
            format!("was revoked by {} (serial number {})", issuer.subject(), certificate.serial_hex());
        let remedy = format!("do not use it; have {} get a new certificate", report.owner());
        report.add(Step::Revocation, status, Weight::Mandatory, certificate, &message, remedy);
    }
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
