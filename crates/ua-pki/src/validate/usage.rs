//! Step 9: the leaf may be used for what it is used for, and its issuers may issue.

use super::Role;
use super::chain::Path;
use super::report::{Report, Weight};
use crate::facts::ExtendedKeyUsage;
use crate::{Certificate, CertificateStatus, KeyKind, Step};

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

fn leaf_usage(report: &mut Report<'_>, leaf: &Certificate, path: &Path) {
    let facts = leaf.facts();
    let needs = needs(report.context.role);
    let mut refuse = |weight: Weight, message: String, remedy: &str| {
        let (step, status) = (Step::Usage, CertificateStatus::UseNotAllowed);
        report.add(step, status, weight, leaf, &message, remedy.to_owned());
    };
    let self_signed = path.certificates.len() == 1 && facts.names_itself_as_issuer();
    if leaf.is_ca() && !self_signed {
        let message = "is the certificate of an authority (cA=TRUE), not of an application".to_owned();
        refuse(Weight::Mandatory, message, "have an application certificate issued, with cA=FALSE");
    }
    let rsa = matches!(leaf.public_key().kind(), KeyKind::Rsa { .. });
    match facts.key_usage {
        None => refuse(
            Weight::Suppressible,
            "has no key usage extension".to_owned(),
            "have it issued again with the key usages of an OPC UA application",
        ),
        Some(usage) => {
            let usages = [
                (usage.digital_signature, "digitalSignature", true),
                (usage.non_repudiation, "nonRepudiation", rsa && needs.application),
                (usage.key_encipherment, "keyEncipherment", rsa && needs.application),
                (usage.data_encipherment, "dataEncipherment", rsa && needs.application),
            ];
            let missing: Vec<_> =
                usages.iter().filter(|(has, _, needed)| *needed && !has).map(|(_, name, _)| *name).collect();
            if !missing.is_empty() {
                let message = format!("lacks the key usage {}", missing.join(", "));
                refuse(weight_of(usage.critical), message, "have it issued again with this key usage");
            }
        }
    }
    let Some((purpose, name)) = needs.purpose else { return };
    match facts.extended_key_usage {
        // Part 6 §6.2.2 asks for it with RSA; elliptic curve profiles leave it open
        None if rsa => refuse(
            Weight::Suppressible,
            format!("has no extended key usage; {name} is needed"),
            "have it issued again with the extended key usages clientAuth and serverAuth",
        ),
        Some(usage) if !purpose.allowed_by(&usage) => refuse(
            weight_of(usage.critical),
            format!("lacks the extended key usage {name}"),
            "have it issued again with the extended key usages clientAuth and serverAuth",
        ),
        _ => {}
    }
}

fn issuer_usage(report: &mut Report<'_>, issuer: &Certificate, below: u32) {
    let facts = issuer.facts();
    let again = "have the authority's certificate issued again as one of an authority (cA=TRUE, keyCertSign, \
                 cRLSign); never let an application issue certificates";
    let mut refuse = |weight: Weight, message: String, remedy: &str| {
        let (step, status) = (Step::Usage, CertificateStatus::IssuerUseNotAllowed);
        report.add(step, status, weight, issuer, &message, remedy.to_owned());
    };
    match facts.basic_constraints {
        // suppressing this would let every trusted application issue certificates
        None => refuse(Weight::Mandatory, "may not issue: it has no basic constraints".to_owned(), again),
        Some(constraints) if !constraints.ca => {
            refuse(Weight::Mandatory, "may not issue: it is not an authority (cA=FALSE)".to_owned(), again);
        }
        Some(constraints) if constraints.path_length.is_some_and(|most| below > most) => {
            let most = constraints.path_length.unwrap_or_default();
            let message = format!("allows at most {most} authorities below it, but the chain has {below}");
            let remedy = "have the certificate issued by an authority higher up";
            refuse(Weight::Mandatory, message, remedy);
        }
        Some(_) => {}
    }
    match facts.key_usage {
        None => refuse(Weight::Suppressible, "has no key usage extension".to_owned(), again),
        Some(usage) => {
            let needed = [(usage.key_cert_sign, "keyCertSign"), (usage.crl_sign, "cRLSign")];
            let missing: Vec<_> = needed.iter().filter(|(has, _)| !has).map(|(_, name)| *name).collect();
            if !missing.is_empty() {
                refuse(
                    weight_of(usage.critical),
                    format!("lacks the key usage {}", missing.join(", ")),
                    again,
                );
            }
        }
    }
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
