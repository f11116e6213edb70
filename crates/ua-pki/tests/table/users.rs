//! Certificates of users (Part 6 §6.2.3): a trust list of their own, no host and no URI.

use rcgen::KeyUsagePurpose;
use ua_pki::CertificateStatus::{
    PolicyCheckFailed, RevocationUnknown, Revoked, TimeInvalid, Untrusted, UseNotAllowed,
};
use ua_pki::Role;

use super::{Case, Row, row};
use crate::factory::{self, P256_KEY, app_with, crl, root, self_signed_for, self_signed_with};

fn start(id: &'static str, name: &str) -> Case {
    row(id, name).role(Role::User).with(|case| case.host = None).expects(None)
}

pub(super) fn person(params: &mut rcgen::CertificateParams) {
    params.distinguished_name = factory::name("operator");
    params.subject_alt_names.clear();
    params.extended_key_usages.clear();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
}

pub(super) fn rows() -> Vec<Row> {
    let root = root();
    let (user, issued) = (self_signed_with(person), app_with(&root, person));
    let expired = self_signed_with(|params| {
        person(params);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    });
    let silent = self_signed_with(|params| {
        person(params);
        params.key_usages = vec![KeyUsagePurpose::DataEncipherment];
    });
    let curve = self_signed_for(P256_KEY, person);
    vec![
        start("UC-01", "ctt_usrT").trusts(&user).presents(&user).good(),
        start("UC-02", "ctt_usrU")
            .presents(&user)
            .fails(&[Untrusted])
            .because("users have a store of their own; what the store of applications trusts is not in it"),
        start("UC-03", "ctt_ca1I_usrT").trusts(&issued).knows_authority(&root).presents(&issued).good(),
        start("UC-04", "ctt_ca1I_usrU").knows_authority(&root).presents(&issued).fails(&[Untrusted]),
        start("UC-05", "ctt_ca1IC_usrT")
            .trusts(&issued)
            .knows(&root)
            .presents(&issued)
            .fails(&[RevocationUnknown]),
        start("UC-06", "ctt_usrTE").trusts(&expired).presents(&expired).fails(&[TimeInvalid]),
        start("UC-07", "ctt_ca1I_usrTR")
            .trusts(&issued)
            .knows(&root)
            .list(crl(&root, &[3]))
            .presents(&issued)
            .fails(&[Revoked]),
        start("UC-09", "ecc_usrT_under_ecc_nistP256")
            .policy("ECC_nistP256")
            .trusts(&curve)
            .presents(&curve)
            .good(),
        start("UC-09", "ecc_usrT_under_basic256sha256")
            .trusts(&curve)
            .presents(&curve)
            .fails(&[PolicyCheckFailed, PolicyCheckFailed])
            .because("the policy of the token decides, not that of the channel"),
        start("OWN-04", "user_that_may_not_sign")
            .trusts(&silent)
            .presents(&silent)
            .fails(&[UseNotAllowed])
            .insists(UseNotAllowed),
    ]
}
