//! Step 9: the leaf may be used for what it is used for, and its issuers may issue.

use super::Role;
use super::chain::Path;
use super::report::{Fault, Report, Weight};
use crate::facts::ExtendedKeyUsage;
use crate::{Certificate, CertificateStatus, Fact, KeyKind, Remedy, Step};

/// 9: the leaf may be used for this, its issuers may issue.
pub(super) fn check(report: &mut Report<'_>, path: &Path) {
    let Some((leaf, issuers)) = path.certificates.split_first() else { return };
    leaf_usage(report, leaf, path);
    let mut below = 0u32;
    for issuer in issuers {
        issuer_usage(report, issuer, below);
        // self-issued certificates do not count (RFC 5280 §4.2.1.9)
        if issuer.facts().subject_key != issuer.facts().issuer_key {
            below = below.saturating_add(1);
        }
    }
}

/// Says that a certificate may not be used like this.
fn refuse(
    report: &mut Report<'_>,
    certificate: &Certificate,
    weight: Weight,
    message: String,
    facts: Vec<Fact>,
    remedy: &str,
) {
    report.add(Fault {
        step: Step::Usage,
        status: report.pick(
            certificate,
            CertificateStatus::UseNotAllowed,
            CertificateStatus::IssuerUseNotAllowed,
        ),
        weight,
        certificate,
        message,
        facts,
        remedy: Remedy::new(report.holder(certificate), remedy),
    });
}

fn leaf_usage(report: &mut Report<'_>, leaf: &Certificate, path: &Path) {
    let facts = leaf.facts();
    let needs = needs(report.context.role);
    authority_as_leaf(report, leaf, path);
    let rsa = matches!(leaf.public_key().kind(), KeyKind::Rsa { .. });
    let application = rsa && needs.application;
    match facts.key_usage {
        None => refuse(
            report,
            leaf,
            Weight::Suppressible,
            "has no key usage extension".to_owned(),
            missing("keyUsage", &["digitalSignature"]),
            if application {
                "have it issued again with the key usages digitalSignature, nonRepudiation, keyEncipherment and \
                 dataEncipherment"
            } else {
                "have it issued again with the key usage digitalSignature"
            },
        ),
        Some(usage) => {
            let usages = [
                (usage.digital_signature, "digitalSignature", true),
                (usage.non_repudiation, "nonRepudiation", application),
                (usage.key_encipherment, "keyEncipherment", application),
                (usage.data_encipherment, "dataEncipherment", application),
            ];
            let lacks: Vec<_> =
                usages.iter().filter(|(has, _, needed)| *needed && !has).map(|(_, name, _)| *name).collect();
            if !lacks.is_empty() {
                let message = format!("lacks the key usage {}", lacks.join(", "));
                let remedy = "have it issued again with every key usage that it lacks";
                let facts = missing("keyUsage", &lacks);
                refuse(report, leaf, weight_of(usage.critical), message, facts, remedy);
            }
        }
    }
    extended_usage(report, leaf, &needs, rsa);
}

fn authority_as_leaf(report: &mut Report<'_>, leaf: &Certificate, path: &Path) {
    if !leaf.is_ca() {
        return;
    }
    // older kits made self-signed application certificates so (Part 6 §6.2.2); for users it was never allowed (§6.2.3)
    let self_signed = path.certificates.len() == 1 && leaf.facts().names_itself_as_issuer();
    if self_signed && report.context.role != Role::User {
        return;
    }
    let kind = if report.context.role == Role::User { "a user" } else { "an application" };
    // alone it can vouch for nobody but those that name it, and the administrator has chosen it
    let weight = if self_signed { Weight::Suppressible } else { Weight::Mandatory };
    refuse(
        report,
        leaf,
        weight,
        format!("is the certificate of an authority (cA=TRUE), not of {kind}"),
        vec![Fact::new("cA", "TRUE")],
        &format!("have a certificate issued for {kind}, with cA=FALSE"),
    );
}

fn extended_usage(report: &mut Report<'_>, leaf: &Certificate, needs: &Needs, rsa: bool) {
    let Some((purpose, name)) = needs.purpose else { return };
    let again = "have it issued again with the extended key usages clientAuth and serverAuth";
    match leaf.facts().extended_key_usage {
        // Part 6 §6.2.2 asks for it with RSA; elliptic curve profiles leave it open
        None if rsa => {
            let message = format!("has no extended key usage; {name} is needed");
            refuse(report, leaf, Weight::Suppressible, message, missing("extendedKeyUsage", &[name]), again);
        }
        Some(usage) if !purpose.allowed_by(&usage) => {
            let message = format!("lacks the extended key usage {name}");
            let facts = missing("extendedKeyUsage", &[name]);
            refuse(report, leaf, weight_of(usage.critical), message, facts, again);
        }
        _ => {}
    }
}

fn issuer_usage(report: &mut Report<'_>, issuer: &Certificate, below: u32) {
    let facts = issuer.facts();
    let again = "have the authority's certificate issued again as one of an authority (cA=TRUE, keyCertSign, \
                 cRLSign); never let an application issue certificates";
    match facts.basic_constraints {
        // suppressing this would let every trusted application issue certificates
        None => {
            let message = "may not issue: it has no basic constraints".to_owned();
            refuse(report, issuer, Weight::Mandatory, message, missing("basicConstraints", &["cA"]), again);
        }
        Some(constraints) if !constraints.ca => {
            let message = "may not issue: it is not an authority (cA=FALSE)".to_owned();
            refuse(report, issuer, Weight::Mandatory, message, vec![Fact::new("cA", "FALSE")], again);
        }
        Some(constraints) if constraints.path_length.is_some_and(|most| below > most) => {
            let most = constraints.path_length.unwrap_or_default();
            let message = format!("allows at most {most} authorities below it, but the chain has {below}");
            let facts = vec![Fact::new("path_length", most), Fact::new("authorities_below", below)];
            let remedy = "have the certificate issued by an authority higher up";
            refuse(report, issuer, Weight::Mandatory, message, facts, remedy);
        }
        Some(_) => {}
    }
    match facts.key_usage {
        None => {
            let message = "has no key usage extension".to_owned();
            let facts = missing("keyUsage", &["keyCertSign", "cRLSign"]);
            refuse(report, issuer, Weight::Suppressible, message, facts, again);
        }
        Some(usage) => {
            let needed = [(usage.key_cert_sign, "keyCertSign"), (usage.crl_sign, "cRLSign")];
            let lacks: Vec<_> = needed.iter().filter(|(has, _)| !has).map(|(_, name)| *name).collect();
            if !lacks.is_empty() {
                let message = format!("lacks the key usage {}", lacks.join(", "));
                let facts = missing("keyUsage", &lacks);
                refuse(report, issuer, weight_of(usage.critical), message, facts, again);
            }
        }
    }
}

fn missing(extension: &'static str, names: &[&str]) -> Vec<Fact> {
    std::iter::once(Fact::new("extension", extension))
        .chain(names.iter().map(|name| Fact::new("missing", name)))
        .collect()
}

/// "May be suppressed unless the extension is critical" (Part 4 §6.1.3 step 9).
fn weight_of(critical: bool) -> Weight {
    if critical { Weight::Mandatory } else { Weight::Suppressible }
}

/// What a role needs of its certificate.
struct Needs {
    /// The key usages of an application (Part 6 §6.2.2), not only those of a user (§6.2.3).
    application: bool,
    /// The extended key usage, and its name.
    purpose: Option<(Purpose, &'static str)>,
}

#[derive(Clone, Copy)]
enum Purpose {
    ServerAuth,
    ClientAuth,
}

impl Purpose {
    fn allowed_by(self, usage: &ExtendedKeyUsage) -> bool {
        match self {
            Self::ServerAuth => usage.server_auth,
            Self::ClientAuth => usage.client_auth,
        }
    }
}

fn needs(role: Role) -> Needs {
    match role {
        Role::Server => Needs { application: true, purpose: Some((Purpose::ServerAuth, "serverAuth")) },
        Role::Client => Needs { application: true, purpose: Some((Purpose::ClientAuth, "clientAuth")) },
        Role::User => Needs { application: false, purpose: None },
    }
}
