//! Step 9: what certificates may be used for.

use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use ua_pki::CertificateStatus::{IssuerUseNotAllowed, RevocationUnknown, UseNotAllowed};
use ua_pki::Role;

use super::{Case, Row, row};
use crate::factory::{
    self, Node, P256_KEY, ROOT_KEY, SUB_KEY, app, app_with, crl, root, root_with, self_signed_for,
    self_signed_with, sub_with,
};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = leaf_usages();
    rows.extend(leaf_purposes());
    rows.extend(leaf_kinds());
    rows.extend(issuers());
    rows
}

fn alone(id: &'static str, name: impl Into<String>, leaf: &Node) -> Case {
    row(id, name).trusts(leaf).presents(leaf)
}

fn leaf_usages() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, name, missing) in [
        ("CV-73", "data_encipherment", KeyUsagePurpose::DataEncipherment),
        ("CV-74", "digital_signature", KeyUsagePurpose::DigitalSignature),
        ("CV-74", "non_repudiation", KeyUsagePurpose::ContentCommitment),
        ("CV-74", "key_encipherment", KeyUsagePurpose::KeyEncipherment),
    ] {
        let leaf = self_signed_with(|params| params.key_usages.retain(|usage| *usage != missing));
        for (who, role) in [("server", Role::Server), ("client", Role::Client)] {
            rows.push(
                alone(id, format!("{who}_without_{name}"), &leaf)
                    .role(role)
                    .fails(&[UseNotAllowed])
                    .insists(UseNotAllowed)
                    .because("the factory marks keyUsage critical"),
            );
        }
    }
    let uncritical = self_signed_with(|params| {
        params.key_usages.clear();
        // digitalSignature only, not critical
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![3, 2, 7, 0x80]));
    });
    let absent = self_signed_with(|params| params.key_usages.clear());
    rows.push(alone("CV-74", "uncritical_key_usage", &uncritical).fails(&[UseNotAllowed]));
    rows.push(alone("CV-77", "no_key_usage", &absent).fails(&[UseNotAllowed]));
    rows
}

fn leaf_purposes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, name, purpose, good, bad) in [
        ("CV-78", "client_auth_only", ExtendedKeyUsagePurpose::ClientAuth, Role::Client, Role::Server),
        ("CV-79", "server_auth_only", ExtendedKeyUsagePurpose::ServerAuth, Role::Server, Role::Client),
    ] {
        let leaf = self_signed_with(|params| params.extended_key_usages = vec![purpose]);
        rows.push(alone(id, format!("{name}_where_it_fits"), &leaf).role(good).good());
        rows.push(alone(id, name, &leaf).role(bad).fails(&[UseNotAllowed]));
    }
    let none = self_signed_with(|params| params.extended_key_usages.clear());
    rows.push(alone("CV-78", "no_extended_key_usage_server", &none).fails(&[UseNotAllowed]));
    rows.push(
        alone("CV-79", "no_extended_key_usage_client", &none).role(Role::Client).fails(&[UseNotAllowed]),
    );
    let other = self_signed_with(|params| {
        params.extended_key_usages.clear();
        // codeSigning
        let content = vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3];
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], content);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    rows.push(alone("CV-80", "critical_code_signing", &other).fails(&[UseNotAllowed]).insists(UseNotAllowed));
    rows
}

fn leaf_kinds() -> Vec<Row> {
    let root = root();
    let authority = app_with(&root, |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let legacy = self_signed_with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let unsaid = self_signed_with(|params| params.is_ca = IsCa::NoCa);
    let curve = |usage: KeyUsagePurpose| {
        self_signed_for(P256_KEY, |params| {
            params.key_usages = vec![usage];
            params.extended_key_usages.clear();
        })
    };
    let (signs, agrees) = (curve(KeyUsagePurpose::DigitalSignature), curve(KeyUsagePurpose::KeyAgreement));
    vec![
        row("CV-81", "authority_as_application")
            .trusts_authority(&root)
            .presents(&authority)
            .fails(&[UseNotAllowed])
            .insists(UseNotAllowed),
        alone("CV-82", "self_signed_ca_of_older_kits", &legacy).good(),
        alone("OWN-23", "self_signed_without_basic_constraints", &unsaid).good(),
        alone("CV-75", "p256_digital_signature_only", &signs).policy("ECC_nistP256").good(),
        alone("CV-76", "p256_without_digital_signature", &agrees)
            .policy("ECC_nistP256")
            .fails(&[UseNotAllowed])
            .insists(UseNotAllowed),
    ]
}

fn issuers() -> Vec<Row> {
    let mut rows = Vec::new();
    let honest = root();
    // the list must exist even when the authority may not sign lists
    let below = |name: &str, root: &Node| {
        row("CV-85", name).trusts(root).list(crl(&honest, &[])).presents(&app(root))
    };
    for (name, usage) in
        [("only_cert_sign", KeyUsagePurpose::KeyCertSign), ("only_crl_sign", KeyUsagePurpose::CrlSign)]
    {
        let half = root_with("Root", ROOT_KEY, |params| params.key_usages = vec![usage]);
        rows.push(below(name, &half).fails(&[IssuerUseNotAllowed]).insists(IssuerUseNotAllowed));
    }
    let silent = root_with("Root", ROOT_KEY, |params| params.key_usages.clear());
    rows.push(below("no_key_usage", &silent).fails(&[IssuerUseNotAllowed]));
    let application = factory::self_signed();
    let forged = app_with(&application, |params| params.distinguished_name = factory::name("forged"));
    rows.push(
        row("OWN-24", "trusted_application_issues_another")
            .trusts(&application)
            .presents(&forged)
            .presents(&application)
            .fails(&[IssuerUseNotAllowed, IssuerUseNotAllowed, RevocationUnknown])
            .insists(IssuerUseNotAllowed),
    );
    for (length, good) in [(0, false), (1, true)] {
        let constrained = |most| IsCa::Ca(BasicConstraints::Constrained(most));
        let root = root_with("Root", ROOT_KEY, |params| params.is_ca = constrained(length));
        let sub = sub_with(&root, "Sub", SUB_KEY, |params| params.is_ca = constrained(0));
        let case = row("OWN-25", format!("path_length_{length}_with_one_authority_below"))
            .trusts_authority(&root)
            .knows_authority(&sub)
            .presents(&app(&sub));
        rows.push(if good {
            case.good()
        } else {
            case.fails(&[IssuerUseNotAllowed]).insists(IssuerUseNotAllowed)
        });
    }
    rows
}
