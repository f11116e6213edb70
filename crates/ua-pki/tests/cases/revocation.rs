//! Steps 10 and 11: revocation lists.

use std::time::Duration;

use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint, CrlScope, SerialNumber, date_time_ymd};
use ua_pki::CertificateStatus::{IssuerRevocationUnknown, IssuerRevoked, RevocationUnknown, Revoked};
use ua_pki::{Step, issue};

use super::{Case, case, within};
use crate::factory::{self, Node, OTHER_KEY, app, crl, crl_with, root, self_signed, sub};

/// The serial number of the factory's applications.
const APP: u8 = 3;
/// The serial number of the factory's subordinate authorities.
const SUB: u8 = 2;

fn below_root(id: &'static str) -> (Case, Node) {
    let root = root();
    (case(id).trusts(&root).presents(&app(&root)), root)
}

#[test]
fn an_authority_without_a_list_leaves_revocation_unknown() {
    let (case, _) = below_root("CV-89 CV-93");
    case.fails_unless_suppressed(RevocationUnknown);
    let root = root();
    let leaf = app(&root);
    super::case("CV-91")
        .trusts(&leaf)
        .knows(&root)
        .presents(&leaf)
        .fails_unless_suppressed(RevocationUnknown);
}

#[test]
fn a_self_signed_certificate_needs_no_list() {
    let leaf = self_signed();
    let verdict = case("V-R6").trusts(&leaf).presents(&leaf).good();
    assert!(verdict.skipped().contains(&Step::FindRevocationList));
}

#[test]
fn a_missing_list_higher_up_is_told_apart() {
    let root = root();
    let sub = sub(&root);
    let leaf = app(&sub);
    let case = || case("issuer list").trusts(&root).knows(&sub).presents(&leaf);
    case().list(crl(&sub, &[])).fails_unless_suppressed(IssuerRevocationUnknown);
    case().list(crl(&root, &[])).fails_unless_suppressed(RevocationUnknown);
}

#[test]
fn a_list_counts_within_its_dates_only() {
    for (id, from, to) in [
        ("CV-95", date_time_ymd(2027, 1, 1), date_time_ymd(2027, 5, 31)),
        ("list from the future", date_time_ymd(2027, 6, 2), date_time_ymd(2027, 7, 1)),
    ] {
        let (case, root) = below_root(id);
        let list = crl_with(&root, root.key, &[], |params| {
            params.this_update = from;
            params.next_update = to;
        });
        case.list(list).fails_unless_suppressed(RevocationUnknown);
    }
}

#[test]
fn a_list_that_the_issuer_did_not_sign_is_ignored() {
    // it bears the name and the key identifier of the issuer, and revokes or not: it changes nothing
    let (case, root) = below_root("CV-97");
    case.clone().list(crl_with(&root, OTHER_KEY, &[], |_| {})).fails(RevocationUnknown);
    case.list(crl_with(&root, OTHER_KEY, &[APP], |_| {})).list(crl(&root, &[])).good();
}

#[test]
fn a_list_of_another_issuer_with_the_same_serial_number_says_nothing() {
    let (case, root) = below_root("issuer and serial");
    let other = factory::root_with("Other", OTHER_KEY, |_| {});
    case.knows(&other).list(crl(&root, &[])).list(crl(&other, &[APP])).good();
}

#[test]
fn a_listed_certificate_is_revoked() {
    let (case, root) = below_root("CV-99");
    case.list(crl(&root, &[7, APP, 9])).fails_always(Revoked);
    let leaf = app(&root);
    super::case("CV-100")
        .trusts(&root)
        .trusts(&leaf)
        .list(crl(&root, &[APP]))
        .presents(&leaf)
        .fails_always(Revoked);
}

#[test]
fn a_revoked_issuer_is_told_apart() {
    let root = root();
    let sub = sub(&root);
    let leaf = app(&sub);
    case("CV-101")
        .trusts(&root)
        .knows(&sub)
        .list(crl(&root, &[SUB]))
        .list(crl(&sub, &[]))
        .presents(&leaf)
        .fails_always(IssuerRevoked);
}

#[test]
fn an_old_list_still_revokes() {
    let (case, root) = below_root("revoked wins");
    let old = crl_with(&root, root.key, &[APP], |params| {
        params.this_update = date_time_ymd(2026, 1, 1);
        params.next_update = date_time_ymd(2026, 2, 1);
    });
    case.list(old).fails_always(Revoked);
}

#[test]
fn a_newer_list_takes_a_revocation_back_and_an_older_one_does_not() {
    let (case, root) = below_root("CV-103");
    let numbered = |revoked: &[u8], number: u8| {
        crl_with(&root, root.key, revoked, |params| params.crl_number = SerialNumber::from(vec![number]))
    };
    case.clone().list(numbered(&[APP], 5)).list(numbered(&[], 6)).good();
    case.clone().list(numbered(&[], 6)).list(numbered(&[APP], 5)).good();
    case.clone().list(numbered(&[APP], 5)).list(numbered(&[], 5)).fails(Revoked);
    case.list(numbered(&[APP], 5)).list(numbered(&[], 4)).fails(Revoked);
}

#[test]
fn a_partial_list_is_ignored() {
    let (case, root) = below_root("CV-104");
    let partial = crl_with(&root, root.key, &[], |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec!["http://ca.example/crl".to_owned()] },
            scope: Some(CrlScope::UserCertsOnly),
        });
    });
    case.list(partial).fails(RevocationUnknown);
}

/// What is told when this list is all there is.
fn told(list: ua_pki::Crl) -> String {
    let (case, _) = below_root("unusable list");
    let verdict = case.list(list).fails(RevocationUnknown);
    let finding = verdict.findings().iter().find(|finding| finding.status == RevocationUnknown).unwrap();
    assert!(finding.message.contains("there is no usable revocation list of CN=Root"), "{}", finding.message);
    assert!(
        finding.message.contains("the one from 2027-05-01T00:00:00Z does not count"),
        "{}",
        finding.message
    );
    finding.message.clone()
}

/// A list of the root with the identifier of an extension changed for another one of the same length.
fn renamed(list: &ua_pki::Crl, from: [u8; 3], to: [u8; 3]) -> ua_pki::Crl {
    let mut der = list.der().to_vec();
    let position = der.windows(3).position(|window| window == from).unwrap();
    der[position..position + 3].copy_from_slice(&to);
    ua_pki::Crl::from_der(&der).unwrap()
}

#[test]
fn a_list_that_is_there_but_does_not_count_is_told_with_the_reason() {
    let root = root();
    let partial = crl_with(&root, root.key, &[], |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec!["http://ca.example/crl".to_owned()] },
            scope: None,
        });
    });
    // 2.5.29.28 is the issuing distribution point, 27 the mark of a delta, 20 the list's number, 99 nothing
    let delta = renamed(&partial, [0x55, 0x1d, 28], [0x55, 0x1d, 27]);
    let meek_delta = renamed(&crl(&root, &[]), [0x55, 0x1d, 20], [0x55, 0x1d, 27]);
    let strange = renamed(&partial, [0x55, 0x1d, 28], [0x55, 0x1d, 99]);
    let forged = crl_with(&root, OTHER_KEY, &[], |_| {});
    let other_key = crl_with(&root, OTHER_KEY, &[], |params| {
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    });
    for (list, why) in [
        (partial, "it is a partial or indirect list"),
        (delta, "it is a delta list"),
        (meek_delta, "it is a delta list"),
        (strange, "it has a critical extension that is not supported"),
        (forged, "it is not signed with the key of that authority"),
        (other_key, "it is for another key of an authority of that name"),
    ] {
        let told = told(list);
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_list_signed_with_sha1_does_not_count() {
    let certificate = |name| ua_pki::Certificate::from_der(&factory::fixture(name)).unwrap();
    let list = |name| ua_pki::Crl::from_der(&factory::fixture(name)).unwrap();
    let (authority, leaf) = (certificate("crl-authority.der"), certificate("crl-application.der"));
    let case = || case("CRL SHA-1").trusts(&authority).presents(&leaf);
    case().list(list("sha256.crl")).good();
    let verdict = case().list(list("sha1.crl")).fails(RevocationUnknown);
    let message = &verdict.findings()[0].message;
    assert!(message.contains("it is signed with SHA-1"), "{message}");
    case().list(list("sha1.crl")).fails_unless_suppressed(RevocationUnknown);
}

#[test]
fn a_list_with_very_many_entries_is_read_and_found_in() {
    let key = ua_pki::PrivateKey::generate_rsa(2048).unwrap();
    let profile = issue::AuthorityProfile {
        common_name: "Big".to_owned(),
        organization: None,
        path_length: None,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 1000,
    };
    let authority = issue::Authority::root(&profile, key).unwrap();
    let at = "2027-05-01T00:00:00Z".parse().unwrap();
    let revoked: Vec<_> = (1..=50_000u32)
        .map(|number| issue::Revocation { serial: number.to_be_bytes()[1..].to_vec(), at })
        .collect();
    let until = "2027-07-01T00:00:00Z".parse().unwrap();
    let list = within(Duration::from_secs(30), || authority.revocation_list(7, at, until, &revoked).unwrap());
    assert_eq!(list.len(), 50_000, "CV-107");
    assert!(matches!(
        ua_pki::Crl::from_der(&vec![0x30; 49 * 1024 * 1024]),
        Err(ua_pki::Error::LimitExceeded { .. })
    ));
}
