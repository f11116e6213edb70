//! Certificates of users (Part 6 §6.2.3): a trust list of their own, no host and no URI.

use rcgen::KeyUsagePurpose;
use ua_pki::CertificateStatus::{RevocationUnknown, Revoked, TimeInvalid, Untrusted, UseNotAllowed};
use ua_pki::{Role, Step};

use super::{Case, case};
use crate::factory::{self, Node, app_with, crl, root, self_signed_with};

fn user_case(id: &'static str) -> Case {
    case(id).with(|case| {
        case.role = Role::User;
        case.uri = None;
        case.host = None;
    })
}

fn person(params: &mut rcgen::CertificateParams) {
    params.distinguished_name = factory::name("operator");
    params.subject_alt_names.clear();
    params.extended_key_usages.clear();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
}

fn issued(root: &Node) -> Node {
    app_with(root, person)
}

#[test]
fn a_user_needs_neither_host_nor_uri_nor_the_usages_of_an_application() {
    let user = self_signed_with(person);
    let verdict = user_case("UC-01").trusts(&user).presents(&user).good();
    assert!(verdict.findings().is_empty());
    for step in [Step::HostName, Step::ApplicationUri] {
        assert!(verdict.skipped().contains(&step));
    }
    user_case("UC-02").presents(&user).fails_always(Untrusted);
}

#[test]
fn a_user_below_an_authority_follows_the_rules_of_trust() {
    let root = root();
    let user = issued(&root);
    user_case("UC-03").trusts(&user).knows(&root).list(crl(&root, &[])).presents(&user).good();
    user_case("UC-04").knows(&root).list(crl(&root, &[])).presents(&user).fails_always(Untrusted);
    user_case("UC-05").trusts(&user).knows(&root).presents(&user).fails(RevocationUnknown);
    user_case("UC-07")
        .trusts(&user)
        .knows(&root)
        .list(crl(&root, &[3]))
        .presents(&user)
        .fails_always(Revoked);
}

#[test]
fn an_expired_user_is_refused() {
    let user = self_signed_with(|params| {
        person(params);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    });
    user_case("UC-06").trusts(&user).presents(&user).fails(TimeInvalid);
}

#[test]
fn a_user_certificate_that_may_not_sign_is_refused() {
    let user = self_signed_with(|params| {
        person(params);
        params.key_usages = vec![KeyUsagePurpose::DataEncipherment];
    });
    user_case("user usage").trusts(&user).presents(&user).fails_always(UseNotAllowed);
}
