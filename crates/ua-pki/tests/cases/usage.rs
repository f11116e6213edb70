//! Step 9: what certificates may be used for.

use rcgen::{BasicConstraints, CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use ua_pki::CertificateStatus::{IssuerUseNotAllowed, UseNotAllowed};
use ua_pki::{Certificate, Role};

use super::{Case, case};
use crate::factory::{
    self, Node, ROOT_KEY, SUB_KEY, app, app_with, crl_with, fixture, root, root_with, self_signed_with,
    sub_with,
};

fn alone(id: &'static str, leaf: &Node) -> Case {
    case(id).trusts(leaf).presents(leaf)
}

#[test]
fn an_rsa_application_needs_all_four_key_usages() {
    for (id, missing) in [
        ("CV-73", KeyUsagePurpose::DataEncipherment),
        ("CV-74", KeyUsagePurpose::DigitalSignature),
        ("CV-74", KeyUsagePurpose::ContentCommitment),
        ("CV-74", KeyUsagePurpose::KeyEncipherment),
    ] {
        let leaf = self_signed_with(|params| params.key_usages.retain(|usage| *usage != missing));
        // the factory marks key usage critical
        alone(id, &leaf).fails_always(UseNotAllowed);
        alone(id, &leaf).with(|case| case.role = Role::Client).fails_always(UseNotAllowed);
    }
}

#[test]
fn a_key_usage_that_is_not_critical_or_absent_may_be_suppressed() {
    let leaf = self_signed_with(|params| {
        params.key_usages.clear();
        // digitalSignature only, not critical
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![3, 2, 7, 0x80]));
    });
    alone("CV-74 uncritical", &leaf).fails_unless_suppressed(UseNotAllowed);
    let leaf = self_signed_with(|params| params.key_usages.clear());
    alone("CV-77", &leaf).fails_unless_suppressed(UseNotAllowed);
}

#[test]
fn servers_need_server_auth_and_clients_client_auth() {
    for (id, purpose, good, bad) in [
        ("CV-78", ExtendedKeyUsagePurpose::ClientAuth, Role::Client, Role::Server),
        ("CV-79", ExtendedKeyUsagePurpose::ServerAuth, Role::Server, Role::Client),
    ] {
        let leaf = self_signed_with(|params| params.extended_key_usages = vec![purpose]);
        alone(id, &leaf).with(|case| case.role = good).good();
        alone(id, &leaf).with(|case| case.role = bad).fails_unless_suppressed(UseNotAllowed);
    }
    let leaf = self_signed_with(|params| params.extended_key_usages.clear());
    for role in [Role::Server, Role::Client] {
        alone("no EKU", &leaf).with(|case| case.role = role).fails_unless_suppressed(UseNotAllowed);
    }
}

#[test]
fn a_critical_extended_key_usage_for_something_else_is_final() {
    let leaf = self_signed_with(|params| {
        params.extended_key_usages.clear();
        // codeSigning
        let content = vec![0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3];
        let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], content);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    alone("CV-80", &leaf).fails_always(UseNotAllowed);
}

#[test]
fn the_certificate_of_an_authority_is_no_application() {
    let root = root();
    let leaf = app_with(&root, |params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    case("CV-81").trusts(&root).list(factory::crl(&root, &[])).presents(&leaf).fails_always(UseNotAllowed);
}

#[test]
fn a_self_signed_application_that_says_ca_is_accepted_as_older_kits_made_them() {
    let leaf = self_signed_with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    alone("CV-82", &leaf).good();
    let leaf = self_signed_with(|params| params.is_ca = IsCa::NoCa);
    alone("no basic constraints", &leaf).good();
}

#[test]
fn an_elliptic_curve_application_needs_digital_signature_only() {
    let leaf = Certificate::from_der(&fixture("prime256v1.der")).unwrap();
    case("CV-75").trusts(&leaf).presents(&leaf).with(|case| case.policy = None).good();
}

/// A chain whose root may be odd; everything else is fine.
fn below(id: &'static str, root: &Node) -> Case {
    let leaf = app(root);
    // the list must exist even when the authority may not sign lists
    let list = crl_with(&Node { params: factory::root().params, ..root.clone() }, root.key, &[], |params| {
        params.key_identifier_method =
            rcgen::KeyIdMethod::PreSpecified(root.params.key_identifier(factory::key(root.key)));
    });
    case(id).trusts(root).list(list).presents(&leaf)
}

#[test]
fn only_an_authority_may_issue() {
    below("an authority", &root()).good();
    let plain = root_with("Root", ROOT_KEY, |params| params.is_ca = IsCa::NoCa);
    below("CV-84", &plain).fails_always(IssuerUseNotAllowed);
    let denied = root_with("Root", ROOT_KEY, |params| params.is_ca = IsCa::ExplicitNoCa);
    below("CV-84", &denied).fails_always(IssuerUseNotAllowed);
}

#[test]
fn an_authority_needs_the_key_usages_to_sign_certificates_and_lists() {
    for usage in [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign] {
        let half = root_with("Root", ROOT_KEY, |params| params.key_usages = vec![usage]);
        below("CV-85", &half).fails_always(IssuerUseNotAllowed);
    }
    let silent = root_with("Root", ROOT_KEY, |params| params.key_usages.clear());
    below("CV-85 absent", &silent).fails_unless_suppressed(IssuerUseNotAllowed);
}

#[test]
fn a_trusted_application_cannot_issue_for_others() {
    let leaf = factory::self_signed();
    let forged = app_with(&leaf, |params| params.distinguished_name = factory::name("forged"));
    case("application as authority")
        .trusts(&leaf)
        .presents(&forged)
        .presents(&leaf)
        .suppressing(IssuerUseNotAllowed)
        .suppressing(ua_pki::CertificateStatus::RevocationUnknown)
        .fails(IssuerUseNotAllowed);
}

#[test]
fn path_length_counts_the_authorities_below() {
    for (length, good) in [(0, false), (1, true)] {
        let root = root_with("Root", ROOT_KEY, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(length));
        });
        let sub = sub_with(&root, "Sub", SUB_KEY, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        });
        let case = case("pathLen")
            .trusts(&root)
            .knows(&sub)
            .list(factory::crl(&root, &[]))
            .list(factory::crl(&sub, &[]))
            .presents(&app(&sub));
        if good {
            case.good();
        } else {
            case.fails_always(IssuerUseNotAllowed);
        }
    }
}
