//! A certificate authority in a folder: what it issues, what it takes back, and what is left after a crash.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::LazyLock;

use jiff::Timestamp;
use tempfile::TempDir;
use ua_pki::authority::{AuthorityFolder, IssuedQuery};
use ua_pki::issue::{AuthorityProfile, request};
use ua_pki::{
    ApplicationProfile, CertificateRequest, CertificateRules, CertificateStatus, Crl, Error, KeyKind,
    PrivateKey, Role, TrustList, ValidationContext, validate,
};

static CA_KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate_rsa(2048).unwrap());
static APP_KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate_rsa(2048).unwrap());

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn start() -> Timestamp {
    at("2026-01-01T00:00:00Z")
}

fn later() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

fn end_of_list() -> Timestamp {
    at("2026-12-31T00:00:00Z")
}

fn profile() -> AuthorityProfile {
    AuthorityProfile {
        common_name: "Plant CA".to_owned(),
        organization: Some("Plant".to_owned()),
        path_length: Some(0),
        valid_from: start(),
        days: 3650,
    }
}

fn authority() -> (TempDir, AuthorityFolder) {
    let folder = tempfile::tempdir().unwrap();
    let made = AuthorityFolder::create(folder.path().join("ca"), &profile(), CA_KEY.clone(), end_of_list());
    (folder, made.unwrap())
}

fn application(name: &str) -> ApplicationProfile {
    ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: format!("urn:{name}:app"),
        dns_names: vec![name.to_owned()],
        ip_addresses: Vec::new(),
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: start(),
        days: 365,
    }
}

fn applicant(name: &str) -> CertificateRequest {
    CertificateRequest::from_bytes(&request(&application(name), &APP_KEY).unwrap()).unwrap()
}

fn issue(authority: &mut AuthorityFolder, name: &str) -> ua_pki::Certificate {
    let applicant = applicant(name);
    let profile = applicant.profile(start(), 365).unwrap();
    authority.issue(&profile, applicant.public_key()).unwrap()
}

fn query(text: &str) -> IssuedQuery {
    text.parse().unwrap()
}

fn crl_on_disk(root: &Path) -> Crl {
    Crl::from_bytes(&fs::read(root.join("ca.crl")).unwrap()).unwrap()
}

fn status(
    leaf: &ua_pki::Certificate,
    authority: &AuthorityFolder,
    now: Timestamp,
) -> Option<CertificateStatus> {
    let crls = vec![crl_on_disk(authority.root())];
    let trust = TrustList::new(vec![authority.certificate().clone()], Vec::new(), crls);
    let context = ValidationContext {
        now,
        role: Role::Server,
        policy: Some(CertificateRules::for_key(leaf.public_key().kind())),
        host: Some("plc1"),
        application_uri: Some("urn:plc1:app"),
        suppress: &[],
    };
    validate(std::slice::from_ref(leaf), &trust, &context).status()
}

#[test]
fn what_a_new_authority_issues_is_good_with_the_list_it_starts_with() {
    let (_folder, mut authority) = authority();
    let leaf = issue(&mut authority, "plc1");
    assert_eq!(status(&leaf, &authority, later()), None);
    let file = authority.issued_path(&authority.issued()[0]);
    assert_eq!(fs::read(&file).unwrap(), leaf.der());
    assert_eq!(file.file_name().unwrap().to_str().unwrap(), format!("plc1 [{}].der", leaf.thumbprint()));
}

#[test]
fn the_key_and_the_folder_are_for_the_owner_alone() {
    let (_folder, authority) = authority();
    let mode = |name: &str| fs::metadata(authority.root().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("private/ca.pem"), 0o600);
    assert_eq!((mode(""), mode("private"), mode("issued")), (0o700, 0o700, 0o700));
}

#[test]
fn a_revoked_certificate_is_refused_at_once_and_the_others_are_not() {
    let (_folder, mut authority) = authority();
    let (leaf, other) = (issue(&mut authority, "plc1"), issue(&mut authority, "plc2"));
    let (entry, list) =
        authority.revoke(&query(&leaf.thumbprint().grouped()), later(), end_of_list()).unwrap();
    assert_eq!(entry.serial, leaf.serial_hex());
    assert_eq!(list.len(), 1);
    assert_eq!(status(&leaf, &authority, later()), Some(CertificateStatus::Revoked));
    assert_ne!(status(&other, &authority, later()), Some(CertificateStatus::Revoked));
}

#[test]
fn a_certificate_is_named_by_sha1_sha256_or_serial_number() {
    let (_folder, mut authority) = authority();
    let leaf = issue(&mut authority, "plc1");
    let sha256: String = leaf.sha256().iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [leaf.thumbprint().to_string(), sha256, leaf.serial_hex().to_lowercase()] {
        assert!(query(&text).matches(&authority.issued()[0]), "{text}");
    }
    assert!(!query("AB").matches(&authority.issued()[0]));
    assert!("plc1".parse::<IssuedQuery>().is_err());
    assert!("".parse::<IssuedQuery>().is_err());
    assert!("00".parse::<IssuedQuery>().is_err());
    let unknown = authority.revoke(&query("AB"), later(), end_of_list());
    assert!(matches!(unknown, Err(Error::NotIssued { .. })), "{unknown:?}");
}

#[test]
fn a_certificate_is_revoked_once_and_keeps_the_first_date() {
    let (_folder, mut authority) = authority();
    let leaf = issue(&mut authority, "plc1");
    authority.revoke(&query(&leaf.serial_hex()), later(), end_of_list()).unwrap();
    let again = authority.revoke(&query(&leaf.serial_hex()), at("2026-07-01T00:00:00Z"), end_of_list());
    assert!(matches!(again, Err(Error::AlreadyRevoked { since, .. }) if since == later()), "{again:?}");
}

#[test]
fn everything_is_there_again_after_opening() {
    let (folder, mut authority) = authority();
    let leaf = issue(&mut authority, "plc1");
    issue(&mut authority, "plc2");
    authority.revoke(&query(&leaf.serial_hex()), later(), end_of_list()).unwrap();
    let before = authority.issued().to_vec();
    drop(authority);
    let again = AuthorityFolder::open(folder.path().join("ca")).unwrap();
    assert_eq!(again.issued(), before);
    assert_eq!(again.issued()[0].revoked, Some(later()));
    assert_eq!(again.current_list().unwrap().unwrap().len(), 1);
}

#[test]
fn list_numbers_only_grow_also_when_a_list_never_reached_the_disk() {
    let (folder, mut authority) = authority();
    let number = |crl: &Crl| crl.number().unwrap();
    assert_eq!(number(&crl_on_disk(authority.root())), "1");
    // nothing can be put where the list belongs: the next number is used up all the same
    let place = authority.crl_path();
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    authority.revocation_list(later(), end_of_list()).unwrap_err();
    fs::remove_dir(&place).unwrap();
    drop(authority);
    let mut again = AuthorityFolder::open(folder.path().join("ca")).unwrap();
    assert!(again.current_list().unwrap().is_none());
    assert_eq!(number(&again.revocation_list(later(), end_of_list()).unwrap()), "3");
}

#[test]
fn a_revocation_counts_although_its_list_could_not_be_written() {
    let (_folder, mut authority) = authority();
    let leaf = issue(&mut authority, "plc1");
    let place = authority.crl_path();
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    authority.revoke(&query(&leaf.serial_hex()), later(), end_of_list()).unwrap_err();
    fs::remove_dir(&place).unwrap();
    authority.revocation_list(later(), end_of_list()).unwrap();
    assert_eq!(status(&leaf, &authority, later()), Some(CertificateStatus::Revoked));
}

#[test]
fn a_certificate_that_could_not_be_written_is_in_the_index_and_can_be_revoked() {
    let (_folder, mut authority) = authority();
    fs::remove_dir(authority.root().join("issued")).unwrap();
    let applicant = applicant("plc1");
    let profile = applicant.profile(start(), 365).unwrap();
    authority.issue(&profile, applicant.public_key()).unwrap_err();
    let serial = authority.issued()[0].serial.clone();
    authority.revoke(&query(&serial), later(), end_of_list()).unwrap();
}

#[test]
fn the_same_request_twice_gives_two_certificates_with_serial_numbers_of_their_own() {
    let (_folder, mut authority) = authority();
    let (first, second) = (issue(&mut authority, "plc1"), issue(&mut authority, "plc1"));
    assert_ne!(first.serial_hex(), second.serial_hex());
    authority.revoke(&query(&first.serial_hex()), later(), end_of_list()).unwrap();
    assert_eq!(status(&first, &authority, later()), Some(CertificateStatus::Revoked));
    assert_eq!(status(&second, &authority, later()), None);
}

#[test]
fn an_authority_issues_what_a_security_policy_takes_from_it_and_nothing_else() {
    let kinds = [KeyKind::Rsa { bits: 2048 }, KeyKind::EcP256, KeyKind::EcP384];
    for own in kinds {
        let folder = tempfile::tempdir().unwrap();
        let key = PrivateKey::generate(own).unwrap();
        let mut authority =
            AuthorityFolder::create(folder.path().join("ca"), &profile(), key, end_of_list()).unwrap();
        for kind in kinds {
            let key = PrivateKey::generate(kind).unwrap();
            let wanted = ApplicationProfile { key: kind, ..application("plc1") };
            let applicant = CertificateRequest::from_bytes(&request(&wanted, &key).unwrap()).unwrap();
            let profile = applicant.profile(start(), 365).unwrap();
            let issued = authority.issue(&profile, applicant.public_key());
            let rsa = |kind| matches!(kind, KeyKind::Rsa { .. });
            if rsa(own) != rsa(kind) {
                assert!(matches!(issued, Err(Error::KeyNotTaken { .. })), "{own} for {kind}: {issued:?}");
                continue;
            }
            let leaf = issued.unwrap();
            assert_eq!(status(&leaf, &authority, later()), None, "{own} for {kind}");
            authority.revoke(&query(&leaf.serial_hex()), later(), end_of_list()).unwrap();
            assert_eq!(
                status(&leaf, &authority, later()),
                Some(CertificateStatus::Revoked),
                "{own} for {kind}"
            );
        }
    }
}

#[test]
fn an_authority_is_never_overwritten_not_even_one_that_lost_its_certificate() {
    let (folder, mut authority) = authority();
    issue(&mut authority, "plc1");
    let root = authority.root().to_owned();
    drop(authority);
    let create = || AuthorityFolder::create(&root, &profile(), CA_KEY.clone(), end_of_list());
    assert!(matches!(create(), Err(Error::AuthorityExists(_))));
    fs::remove_file(root.join("ca.der")).unwrap();
    assert!(matches!(create(), Err(Error::AuthorityExists(_))));
    assert!(matches!(AuthorityFolder::open(&root), Err(Error::NoAuthority(_))));
    assert!(matches!(AuthorityFolder::open(folder.path()), Err(Error::NoAuthority(_))));
}

#[test]
fn an_authority_whose_making_was_cut_off_can_be_made_again() {
    let (_folder, authority) = authority();
    let root = authority.root().to_owned();
    drop(authority);
    // the certificate is the last thing written
    fs::remove_file(root.join("ca.der")).unwrap();
    AuthorityFolder::create(&root, &profile(), CA_KEY.clone(), end_of_list()).unwrap();
}

#[test]
fn two_programs_cannot_work_with_one_authority_at_once() {
    let (_folder, authority) = authority();
    let second = AuthorityFolder::open(authority.root());
    assert!(matches!(second, Err(Error::AuthorityBusy(_))), "{second:?}");
    let root = authority.root().to_owned();
    drop(authority);
    AuthorityFolder::open(root).unwrap();
}

#[test]
fn a_damaged_index_is_named_with_its_line_and_nothing_is_issued_without_it() {
    let (_folder, mut authority) = authority();
    issue(&mut authority, "plc1");
    let root = authority.root().to_owned();
    drop(authority);
    let path = root.join("index.txt");
    let good = fs::read_to_string(&path).unwrap();
    let cases = [
        (String::new(), 1),
        ("something else\n".to_owned(), 1),
        (good.replace("crl\t1", "crl\tmany"), 2),
        (good.replace("2026-01-01", "yesterday"), 3),
        (good.trim_end().to_owned(), 3),
        (good.replace('\t', " ").replacen("crl ", "crl\t", 1), 3),
    ];
    for (text, expected) in cases {
        fs::write(&path, &text).unwrap();
        let opened = AuthorityFolder::open(&root);
        assert!(
            matches!(&opened, Err(Error::AuthorityIndex { line, .. }) if *line == expected),
            "{text:?}: {opened:?}"
        );
    }
    fs::write(&path, good).unwrap();
    AuthorityFolder::open(&root).unwrap();
}

#[test]
fn a_hostile_common_name_stays_on_one_line_of_the_index_and_in_its_folder() {
    let (folder, mut authority) = authority();
    let applicant = applicant("plc1");
    let mut profile = applicant.profile(start(), 365).unwrap();
    profile.common_name = "../../evil [AB]".to_owned();
    let leaf = authority.issue(&profile, applicant.public_key()).unwrap();
    let root = authority.root().to_owned();
    drop(authority);
    let again = AuthorityFolder::open(&root).unwrap();
    assert_eq!(again.issued().len(), 1);
    assert_eq!(again.issued()[0].subject, leaf.subject());
    assert_eq!(again.issued_path(&again.issued()[0]).parent().unwrap(), root.join("issued"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn nothing_outlives_the_authority() {
    let (_folder, mut authority) = authority();
    let applicant = applicant("plc1");
    let profile = applicant.profile(at("2035-06-01T00:00:00Z"), 365).unwrap();
    let issued = authority.issue(&profile, applicant.public_key());
    assert!(matches!(&issued, Err(Error::Issue(why)) if why.contains("after the authority")), "{issued:?}");
    let list = authority.revocation_list(at("2035-06-01T00:00:00Z"), at("2045-01-01T00:00:00Z")).unwrap();
    assert_eq!(list.next_update().unwrap(), authority.certificate().not_after());
    authority.revocation_list(at("2037-01-01T00:00:00Z"), at("2045-01-01T00:00:00Z")).unwrap_err();
}

#[test]
fn the_authoritys_own_key_is_not_certified_as_an_application() {
    let (_folder, mut authority) = authority();
    let key = authority.certificate().public_key().clone();
    let issued = authority.issue(&application("plc1"), &key);
    assert!(matches!(&issued, Err(Error::Issue(why)) if why.contains("authority's own")), "{issued:?}");
    assert!(authority.issued().is_empty());
}
