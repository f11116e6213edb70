//! Steps 1 to 8. Each function is one step, and looks at the leaf first.

use super::chain::{Broken, Path};
use super::report::{Report, Weight};
use super::{Role, host};
use crate::certificate_rules::Fit;
use crate::certificate_signature::CertificateSignature;
use crate::{CertificateStatus, Step, TrustList};

/// 1: what must never be accepted, whatever else is true.
pub(super) fn structure(report: &mut Report<'_>, path: &Path) {
    for certificate in &path.certificates {
        for defect in &certificate.facts().defects {
            let message = format!("is not acceptable: {defect}");
            let remedy = "have a correct certificate made by a tool for OPC UA".to_owned();
            let (status, weight) = (CertificateStatus::Invalid, Weight::Mandatory);
            report.add(Step::Structure, status, weight, certificate, &message, remedy);
        }
    }
}

/// 2: the chain reaches a self-signed root.
pub(super) fn chain(report: &mut Report<'_>, path: &Path) {
    let Some(last) = path.certificates.last() else { return };
    let (message, remedy) = match path.broken {
        None | Some(Broken::BadSignature) => return,
        Some(Broken::NoIssuer) => (
            format!("was issued by {}, whose certificate neither the peer sent nor the store has", last.issuer()),
            format!(
                "put the certificate of {} into trusted/certs (to trust everything it issues) or into issuers/certs, \
                 and its revocation list into the crl folder beside it",
                last.issuer()
            ),
        ),
        Some(Broken::TooLong) => (
            "needs a chain of more than ten certificates".to_owned(),
            "have a certificate issued with fewer authorities in between".to_owned(),
        ),
        Some(Broken::Budget) => (
            format!("has too many possible issuers named {}", last.issuer()),
            "remove certificates with the same name that are no longer used from trusted/certs and issuers/certs"
                .to_owned(),
        ),
    };
    let (status, weight) = (CertificateStatus::ChainIncomplete, Weight::Mandatory);
    report.add(Step::Chain, status, weight, last, &message, remedy);
}

/// 3: chains are built of signatures that verify, so only the end of a broken one can be wrong.
pub(super) fn signature(report: &mut Report<'_>, path: &Path) {
    if path.broken != Some(Broken::BadSignature) {
        return;
    }
    let Some(last) = path.certificates.last() else { return };
    let facts = last.facts();
    let message = if facts.signature_algorithm == CertificateSignature::Unsupported {
        "is signed with an algorithm that is not supported".to_owned()
    } else if facts.names_itself_as_issuer() {
        "is not signed by its own key: it was altered or made wrongly".to_owned()
    } else {
        format!(
            "is not signed by any authority named {} that we know: it was altered or forged",
            last.issuer()
        )
    };
    let remedy =
        "do not trust it; get the certificate again from its owner, and if it is still wrong, a new one";
    let (status, weight) = (CertificateStatus::Invalid, Weight::Mandatory);
    report.add(Step::Signature, status, weight, last, &message, remedy.to_owned());
}

/// 4: key and signature algorithm fit the policy.
pub(super) fn policy(report: &mut Report<'_>, path: &Path) {
    let Some(rules) = report.context.policy else {
        return report.skip(Step::Policy);
    };
    let (step, status) = (Step::Policy, CertificateStatus::PolicyCheckFailed);
    if let (Some(why), Some(leaf)) = (rules.out_of_use(), path.certificates.first()) {
        let message =
            format!("is to be used with the security policy {rules}, which is deprecated: it {why}");
        let remedy = "use a current security policy".to_owned();
        report.add(step, status, Weight::Mandatory, leaf, &message, remedy);
    }
    for certificate in &path.certificates {
        let key = certificate.public_key().kind();
        if !rules.takes_key(key) {
            let wanted = rules.keys_in_words();
            let message = format!("has {key}; {rules} needs {wanted}");
            let remedy = format!("have a certificate issued for {wanted}");
            report.add(step, status, Weight::Suppressible, certificate, &message, remedy);
        }
        let algorithm = certificate.facts().signature_algorithm;
        let weight = match rules.fit(algorithm) {
            Fit::Good => continue,
            Fit::Tolerated => Weight::Warning,
            Fit::Bad => Weight::Suppressible,
        };
        let (found, wanted) = (algorithm.describe(), rules.signature_in_words());
        let message = format!("is signed by {found}; {rules} asks for {wanted}");
        let remedy = format!("have it issued again with a signature of {wanted}");
        report.add(step, status, weight, certificate, &message, remedy);
    }
}

/// 5: the leaf or one of its issuers is in the trust list. Returns whether.
pub(super) fn trust_list(report: &mut Report<'_>, path: &Path, trust: &TrustList) -> bool {
    if path.certificates.iter().any(|certificate| trust.trusts(certificate)) {
        return true;
    }
    if let Some(leaf) = path.certificates.first() {
        let thumbprint = leaf.thumbprint();
        let message = if path.certificates.len() > 1 {
            "is not trusted, and neither is an authority above it"
        } else {
            "is not trusted"
        };
        let owner = report.owner();
        let mut remedy = format!(
            "compare the thumbprint {} with what {owner} shows; if it is the same, run \
             `lockgate trust accept {thumbprint}`",
            thumbprint.grouped()
        );
        if let Some(root) = path.certificates.last().filter(|_| path.certificates.len() > 1) {
            remedy += &format!(
                "; to trust everything below {}, put its certificate into trusted/certs",
                root.subject()
            );
        }
        let (status, weight) = (CertificateStatus::Untrusted, Weight::Mandatory);
        report.add(Step::TrustList, status, weight, leaf, message, remedy);
    }
    false
}

/// 6: now is within the validity period, ends included.
pub(super) fn validity(report: &mut Report<'_>, path: &Path) {
    let now = report.context.now.as_second();
    for certificate in &path.certificates {
        let (from, to) = (certificate.not_before(), certificate.not_after());
        let (message, remedy) = if now < from.as_second() {
            let clock = report.context.now.strftime("%Y-%m-%dT%H:%M:%SZ");
            let message = format!("is not valid before {from}; it is {clock} now");
            (message, "check the clocks of this computer and of the issuer, or wait".to_owned())
        } else if now > to.as_second() {
            let remedy = if report.is_leaf(certificate) {
                format!("have {}'s certificate renewed", report.owner())
            } else {
                "have the authority's certificate renewed, and put the new one beside the old one".to_owned()
            };
            (format!("expired on {to}"), remedy)
        } else {
            continue;
        };
        let status =
            report.pick(certificate, CertificateStatus::TimeInvalid, CertificateStatus::IssuerTimeInvalid);
        report.add(Step::Validity, status, Weight::Suppressible, certificate, &message, remedy);
    }
}

/// 7: the host that was dialled is named; only for servers, only the leaf.
pub(super) fn host_name(report: &mut Report<'_>, path: &Path) {
    let host = report.context.host.filter(|_| report.context.role == Role::Server);
    let (Some(host), Some(leaf)) = (host, path.certificates.first()) else {
        return report.skip(Step::HostName);
    };
    if host::matches(leaf, host) {
        return;
    }
    let mut names: Vec<String> = leaf.dns_names().to_vec();
    names.extend(leaf.ip_addresses().iter().map(ToString::to_string));
    let named = if names.is_empty() { "no host at all".to_owned() } else { names.join(", ") };
    let hint = if host::is_address_in_dns_name(leaf, host) {
        " (the address is there, but written as a DNS name, which does not count)"
    } else {
        ""
    };
    let message = format!("does not name {host}, the host that was dialled; it names {named}{hint}");
    let remedy = if names.is_empty() {
        format!("have the server's certificate issued again with {host} among its names")
    } else {
        format!(
            "use one of the names in the certificate in the URL, or have the certificate issued again with {host}"
        )
    };
    let (status, weight) = (CertificateStatus::HostNameInvalid, Weight::Suppressible);
    report.add(Step::HostName, status, weight, leaf, &message, remedy);
}

/// 8: the application URI; not for users, only the leaf.
pub(super) fn application_uri(report: &mut Report<'_>, path: &Path) {
    let Some(leaf) = path.certificates.first().filter(|_| report.context.role != Role::User) else {
        return report.skip(Step::ApplicationUri);
    };
    let owner = report.owner();
    let message = match (leaf.facts().names.uris.as_slice(), report.context.application_uri) {
        (_, Some("")) => format!("cannot be compared: {owner} says it has an empty application URI"),
        ([], _) => "has no application URI".to_owned(),
        ([one], _) if one.is_empty() => "has an empty application URI".to_owned(),
        ([one], Some(expected)) if one == expected => return,
        ([one], Some(expected)) => {
            let hint = if loosely(one) == loosely(expected) {
                " (they differ only in upper case, spaces or percent-encoding)"
            } else {
                ""
            };
            format!("has the application URI {one}; expected {expected}{hint}")
        }
        ([_], None) => return report.skip(Step::ApplicationUri),
        (several, _) => {
            format!("has {} URIs ({}); exactly one is allowed", several.len(), several.join(", "))
        }
    };
    let remedy = format!(
        "have a certificate issued whose application URI is the one {owner} is configured with; if {owner} was \
         replaced by another one, remove the source and add it again"
    );
    let (status, weight) = (CertificateStatus::UriInvalid, Weight::Mandatory);
    report.add(Step::ApplicationUri, status, weight, leaf, &message, remedy);
}

/// For hints only: never for deciding.
fn loosely(uri: &str) -> String {
    uri.replace("%20", " ").split_whitespace().collect::<String>().to_lowercase()
}
