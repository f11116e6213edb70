//! Step 5, and who gives trust to whom.

use ua_pki::CertificateStatus::{ChainIncomplete, RevocationUnknown, TimeInvalid, Untrusted};
use ua_pki::Step;

use super::case;
use crate::factory::{self, app, app_with, crl, root, self_signed, self_signed_with, sub};

#[test]
fn a_trusted_self_signed_certificate_is_good() {
    let leaf = self_signed();
    let verdict = case("CV-01").trusts(&leaf).presents(&leaf).good();
    assert!(verdict.findings().is_empty());
}

#[test]
fn a_self_signed_certificate_that_nobody_trusts_is_untrusted() {
    let leaf = self_signed();
    case("CV-02").presents(&leaf).fails_always(Untrusted);
    // knowing an authority is not trusting it (ST-R5)
    case("CV-03").knows(&leaf).presents(&leaf).fails_always(Untrusted);
}

#[test]
fn one_trusted_certificate_in_the_chain_is_enough() {
    let (root, sub) = (root(), sub(&root()));
    let (leaf, deep) = (app(&root), app(&sub));
    let lists = |case: super::Case| case.list(crl(&root, &[])).list(crl(&sub, &[]));
    lists(case("CV-05")).trusts(&root).presents(&leaf).good();
    lists(case("CV-06")).trusts(&leaf).knows(&root).presents(&leaf).good();
    lists(case("CV-08")).trusts(&sub).knows(&root).presents(&deep).good();
    lists(case("CV-09")).trusts(&root).knows(&sub).presents(&deep).good();
    lists(case("CV-10")).trusts(&deep).knows(&sub).knows(&root).presents(&deep).good();
}

#[test]
fn issuers_that_are_only_known_give_no_trust() {
    let (root, sub) = (root(), sub(&root()));
    let (leaf, deep) = (app(&root), app(&sub));
    let lists = |case: super::Case| case.list(crl(&root, &[])).list(crl(&sub, &[]));
    lists(case("CV-07")).knows(&root).presents(&leaf).fails_always(Untrusted);
    lists(case("CV-11")).knows(&root).knows(&sub).presents(&deep).fails_always(Untrusted);
}

#[test]
fn issuers_that_the_peer_sends_complete_the_chain_and_give_no_trust() {
    let (root, sub) = (root(), sub(&root()));
    let leaf = app(&sub);
    let lists = |case: super::Case| case.list(crl(&root, &[])).list(crl(&sub, &[]));
    lists(case("CV-14")).trusts(&root).presents(&leaf).presents(&sub).good();
    let strangers = lists(case("CV-15")).presents(&leaf).presents(&sub).presents(&root);
    let verdict = strangers.clone().fails(Untrusted);
    // a stranger must not make us hash our revocation lists with authorities that bear the names of ours
    assert!(verdict.skipped().contains(&Step::FindRevocationList));
    strangers.fails_always(Untrusted);
}

#[test]
fn a_trusted_leaf_still_needs_its_whole_chain() {
    let leaf = app(&root());
    case("CV-12").trusts(&leaf).presents(&leaf).fails_always(ChainIncomplete);
}

#[test]
fn untrusted_is_reported_before_what_later_steps_find() {
    let old = self_signed_with(|params| params.not_after = rcgen::date_time_ymd(2027, 5, 31));
    let verdict = case("CV-49").presents(&old).fails(Untrusted);
    assert!(verdict.findings().iter().any(|finding| finding.status == TimeInvalid));
    let root = root();
    let leaf = app(&root);
    let verdict = case("CV-92").knows(&root).presents(&leaf).fails(Untrusted);
    assert!(verdict.findings().iter().any(|finding| finding.status == RevocationUnknown));
}

#[test]
fn trust_is_in_the_certificate_and_not_in_its_key_or_name() {
    let old = self_signed();
    let renewed = self_signed_with(|params| params.serial_number = Some(rcgen::SerialNumber::from(vec![99])));
    assert_eq!(old.certificate.public_key(), renewed.certificate.public_key());
    case("CV-118").trusts(&old).presents(&renewed).fails_always(Untrusted);
}

#[test]
fn a_root_with_the_name_of_a_trusted_one_is_not_that_one() {
    let (real, forged) = (root(), factory::root_with("Root", factory::OTHER_KEY, |_| {}));
    let leaf = app(&forged);
    case("peer brings its own root")
        .trusts(&real)
        .list(crl(&real, &[]))
        .presents(&leaf)
        .presents(&forged)
        .fails_always(Untrusted);
}

#[test]
fn a_renewed_root_serves_while_the_old_one_has_expired() {
    let expired = factory::root_with("Root", factory::ROOT_KEY, |params| {
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    });
    let renewed = root();
    let leaf = app(&renewed);
    case("same key, two certificates")
        .trusts(&expired)
        .trusts(&renewed)
        .list(crl(&renewed, &[]))
        .presents(&leaf)
        .presents(&expired)
        .good();
}

#[test]
fn nothing_presented_is_invalid() {
    case("CV-111").fails_always(ua_pki::CertificateStatus::Invalid);
}

#[test]
fn extra_certificates_that_do_not_belong_do_no_harm() {
    let leaf = self_signed();
    let stranger = app_with(&root(), |params| params.distinguished_name = factory::name("stranger"));
    case("extra certificates").trusts(&leaf).presents(&leaf).presents(&stranger).good();
}
