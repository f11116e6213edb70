//! Our own pairs in the store: made beside each other, switched, and refused where they do not fit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ua_pki::issue::{self, Authority, AuthorityProfile};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateRequest, Error, KeyKind, OwnRole,
    PrivateKey, Store,
};

fn profile(name: &str, from: &str) -> ApplicationProfile {
    ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: "urn:line1:lockgate".to_owned(),
        dns_names: vec!["line1".to_owned()],
        ip_addresses: Vec::new(),
        key: KeyKind::EcP256,
        valid_from: from.parse().unwrap(),
        days: 365,
    }
}

fn pair(name: &str) -> ApplicationIdentity {
    ApplicationIdentity::self_signed(&profile(name, "2026-01-01T00:00:00Z")).unwrap()
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("pki")).unwrap();
    (folder, store)
}

fn in_role(store: &Store, role: OwnRole) -> Option<Certificate> {
    store.own_of(role).unwrap().map(|identity| identity.certificate().clone())
}

fn roles(store: &Store) -> [Option<String>; 3] {
    [OwnRole::Active, OwnRole::Next, OwnRole::Former]
        .map(|role| in_role(store, role).map(|one| one.common_name().unwrap().to_owned()))
}

fn names(active: &str, next: &str, former: &str) -> [Option<String>; 3] {
    [active, next, former].map(|name| (!name.is_empty()).then(|| name.to_owned()))
}

/// Every file below, with its content.
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.insert(path.display().to_string(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn count(store: &Store, folder: &str) -> usize {
    std::fs::read_dir(store.root().join(folder)).unwrap().count()
}

#[test]
fn a_renewal_goes_from_made_to_used_and_back_with_one_pair_in_use_at_every_moment() {
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    assert_eq!(roles(&store), names("a", "", ""));
    store.save_next(&pair("b")).unwrap();
    assert_eq!(roles(&store), names("a", "b", ""));
    let used = store.use_next().unwrap();
    assert_eq!(used.certificate().common_name(), Some("b"));
    assert_eq!(roles(&store), names("b", "", "a"));
    store.use_former().unwrap();
    assert_eq!(roles(&store), names("a", "", "b"));
    store.use_former().unwrap();
    assert_eq!(roles(&store), names("b", "", "a"));
    store.save_next(&pair("c")).unwrap();
    store.use_next().unwrap();
    assert_eq!(roles(&store), names("c", "", "b"));
    // another process sees the same
    assert_eq!(roles(&Store::open(store.root()).unwrap()), names("c", "", "b"));
    assert_eq!((count(&store, "own/certs"), count(&store, "own/private")), (2, 2), "the pair before is gone");
}

#[test]
fn a_certificate_for_the_same_key_waits_too_although_it_is_younger() {
    let (_folder, store) = store();
    let first = pair("a");
    store.save_own(&first).unwrap();
    let later = profile("b", "2026-06-01T00:00:00Z");
    let second = ApplicationIdentity::self_signed_for(&later, first.key().clone()).unwrap();
    store.save_next(&second).unwrap();
    assert_eq!(roles(&store), names("a", "b", ""));
    assert_eq!(count(&store, "own/private"), 1, "one key, one file");
    store.use_next().unwrap();
    assert_eq!(roles(&store), names("b", "", "a"));
    store.save_next(&pair("c")).unwrap();
    store.use_next().unwrap();
    assert_eq!(roles(&store), names("c", "", "b"), "the shared key outlives its first certificate");
}

#[test]
fn a_waiting_pair_is_not_replaced_unasked_and_goes_with_its_key_when_dropped() {
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    let next = pair("b");
    store.save_next(&next).unwrap();
    let before = everything(store.root());
    let error = store.save_next(&pair("c")).unwrap_err();
    assert!(matches!(&error, Error::OwnPairWaits { thumbprint }
        if *thumbprint == next.certificate().thumbprint().to_string()));
    assert_eq!(everything(store.root()), before);
    store.save_next(&next).unwrap();
    store.replace_next(&pair("c")).unwrap();
    assert_eq!(roles(&store), names("a", "c", ""));
    assert_eq!((count(&store, "own/certs"), count(&store, "own/private")), (2, 2), "the one before is gone");
    // another certificate for the key that waits: the key stays
    let key = store.own_of(OwnRole::Next).unwrap().unwrap().key().clone();
    let later = profile("d", "2026-02-01T00:00:00Z");
    store.replace_next(&ApplicationIdentity::self_signed_for(&later, key).unwrap()).unwrap();
    assert_eq!(roles(&store), names("a", "d", ""));
    store.replace_next(&next).unwrap();
    assert_eq!(store.drop_next().unwrap().as_ref(), Some(next.certificate()));
    assert_eq!(roles(&store), names("a", "", ""));
    assert_eq!((count(&store, "own/certs"), count(&store, "own/private")), (1, 1));
    assert_eq!(store.drop_next().unwrap(), None);
}

#[test]
fn what_is_not_there_cannot_be_used() {
    let (_folder, store) = store();
    for role in [OwnRole::Active, OwnRole::Next, OwnRole::Former] {
        assert!(store.own_pair(role).unwrap().is_none());
    }
    assert!(matches!(store.save_next(&pair("a")), Err(Error::NoOwnPair { role: OwnRole::Active, .. })));
    store.save_own(&pair("a")).unwrap();
    assert!(matches!(store.use_next(), Err(Error::NoOwnPair { role: OwnRole::Next, .. })));
    assert!(matches!(store.use_former(), Err(Error::NoOwnPair { role: OwnRole::Former, .. })));
    assert_eq!(roles(&store), names("a", "", ""));
}

#[test]
fn the_file_to_carry_to_a_server_is_that_of_the_certificate_in_use() {
    let (_folder, store) = store();
    store.save_own(&pair("z")).unwrap();
    store.save_next(&pair("a")).unwrap();
    for (role, name) in [(OwnRole::Active, "z"), (OwnRole::Next, "a")] {
        let pair = store.own_pair(role).unwrap().unwrap();
        let bytes = std::fs::read(&pair.certificate_file).unwrap();
        assert_eq!(Certificate::from_der(&bytes).unwrap().common_name(), Some(name));
        assert!(pair.key_file.is_file());
        assert_eq!(std::fs::metadata(&pair.key_file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_pair_put_in_place_by_hand_under_any_name_stays_in_use_while_a_next_one_is_made() {
    let (_folder, store) = store();
    let ours = pair("a");
    ours.key().save(&store.root().join("own/private/zz our key.key")).unwrap();
    std::fs::write(store.root().join("own/certs/ours.crt"), ours.certificate().to_pem()).unwrap();
    assert_eq!(roles(&store), names("a", "", ""));
    store.save_next(&pair("b")).unwrap();
    assert_eq!(roles(&store), names("a", "b", ""));
    store.use_next().unwrap();
    assert_eq!(roles(&store), names("b", "", "a"));
}

#[test]
fn nobody_switches_to_a_pair_that_does_not_work() {
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    store.save_next(&pair("b")).unwrap();
    let next = store.own_pair(OwnRole::Next).unwrap().unwrap();
    let key = std::fs::read(&next.key_file).unwrap();
    std::fs::set_permissions(&next.key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(store.use_next(), Err(Error::KeyPermissions { .. })));
    std::fs::set_permissions(&next.key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&next.key_file, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        .unwrap();
    assert!(matches!(store.use_next(), Err(Error::UnusableKey(_))));
    pair("c").key().save(&next.key_file).unwrap();
    assert!(matches!(store.use_next(), Err(Error::KeyMismatch { .. })));
    std::fs::write(&next.key_file, key).unwrap();
    std::fs::rename(&next.certificate_file, store.root().join("elsewhere")).unwrap();
    let error = store.use_next().unwrap_err();
    assert!(matches!(error, Error::OwnRoles { .. }), "{error}");
    assert!(error.to_string().contains("roles.txt") && error.to_string().contains("own/certs"), "{error}");
    assert_eq!(in_role(&store, OwnRole::Active).unwrap().common_name(), Some("a"));
}

#[test]
fn a_roles_file_that_says_nonsense_is_an_error_that_names_it_and_changes_nothing() {
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    let thumbprint = in_role(&store, OwnRole::Active).unwrap().thumbprint().to_string();
    let path = store.root().join("own/roles.txt");
    for text in [
        "nonsense".to_owned(),
        "# nothing\n".to_owned(),
        String::new(),
        format!("active {thumbprint} ../../../etc/shadow"),
        format!("active {thumbprint} .hidden"),
        format!("active {thumbprint} a/b.pem"),
        format!("active {thumbprint}"),
        "active ABCD lockgate.pem".to_owned(),
        format!("active {thumbprint} lockgate.pem\nactive {thumbprint} lockgate.pem"),
        format!("active {thumbprint} lockgate.pem\nlatest {thumbprint} lockgate.pem"),
        "\u{0}\u{1}".to_owned(),
    ] {
        std::fs::write(&path, &text).unwrap();
        let before = everything(store.root());
        for error in [
            store.own().unwrap_err(),
            store.save_next(&pair("b")).unwrap_err(),
            store.save_own(&pair("b")).unwrap_err(),
            store.use_next().unwrap_err(),
        ] {
            assert!(matches!(error, Error::OwnRoles { .. }), "{text:?}: {error}");
        }
        assert_eq!(everything(store.root()), before);
    }
    std::fs::write(&path, vec![b'x'; 100_000]).unwrap();
    assert!(matches!(store.own(), Err(Error::TooLarge { .. })));
    // as the message says: without the file the key decides
    std::fs::remove_file(&path).unwrap();
    assert_eq!(roles(&store), names("a", "", ""));
}

#[test]
fn a_pair_cannot_be_put_where_a_link_or_a_folder_is_in_the_way_and_what_is_in_use_stays() {
    let (folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    let private = store.root().join("own/private");
    let moved = folder.path().join("elsewhere");
    std::fs::rename(&private, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &private).unwrap();
    assert!(matches!(store.save_next(&pair("b")), Err(Error::SymbolicLink(_))));
    assert_eq!(roles(&store), names("a", "", ""), "reading through a link does no harm");
    let certs = store.root().join("own/certs");
    std::fs::remove_file(&private).unwrap();
    std::fs::rename(&moved, &private).unwrap();
    let kept = folder.path().join("certs");
    std::fs::rename(&certs, &kept).unwrap();
    std::fs::write(&certs, "a file where a folder should be").unwrap();
    assert!(matches!(store.save_next(&pair("b")), Err(Error::Io { path, .. }) if path.starts_with(&certs)));
    std::fs::remove_file(&certs).unwrap();
    std::fs::rename(&kept, &certs).unwrap();
    assert_eq!(roles(&store), names("a", "", ""));
}

fn authority() -> (Authority, Authority) {
    let profile = |name: &str| AuthorityProfile {
        common_name: name.to_owned(),
        organization: None,
        path_length: None,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 3650,
    };
    let key = || PrivateKey::generate(KeyKind::EcP256).unwrap();
    let root = Authority::root(&profile("Root"), key()).unwrap();
    let line = root.subordinate(&profile("Line"), key()).unwrap();
    (root, line)
}

fn answer(line: &Authority, key: &PrivateKey) -> Certificate {
    let request = issue::request(&profile("asked", "2026-01-01T00:00:00Z"), key).unwrap();
    let request = CertificateRequest::from_bytes(&request).unwrap();
    let wanted = request.profile("2026-02-01T00:00:00Z".parse().unwrap(), 365).unwrap();
    line.issue(&wanted, request.public_key()).unwrap()
}

#[test]
fn the_answer_of_an_authority_finds_the_key_it_is_for_and_its_issuers_become_known() {
    let (root, line) = authority();
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    let key = PrivateKey::generate(KeyKind::EcP256).unwrap();
    store.save_pending_key(&key).unwrap();
    let path = store.root().join("own/pending/key.pem");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);

    let leaf = answer(&line, &key);
    let (line, root) = (line.certificate().clone(), root.certificate().clone());
    let expected = vec![leaf.clone(), line.clone(), root.clone()];
    for order in [[&leaf, &line, &root], [&root, &line, &leaf], [&line, &leaf, &root]] {
        let identity = store.join_own(&order.map(Clone::clone)).unwrap();
        assert_eq!(identity.chain(), expected);
    }
    let identity = store.join_own(&expected).unwrap();
    store.save_next(&identity).unwrap();
    store.drop_pending_key().unwrap();
    assert!(store.pending_key().unwrap().is_none());
    assert_eq!(store.own_of(OwnRole::Next).unwrap().unwrap().chain(), expected, "put together again");
    assert_eq!(count(&store, "own/certs"), 2);
    assert_eq!(store.issuers().unwrap().len(), 2);
    assert!(store.trusted().unwrap().is_empty(), "an answer gives no trust to its authority");
    store.use_next().unwrap();
    assert_eq!(roles(&store), names("asked", "", "a"));
}

#[test]
fn a_certificate_for_nobodys_key_is_refused() {
    let (_, line) = authority();
    let (_folder, store) = store();
    store.save_own(&pair("a")).unwrap();
    store.save_pending_key(&PrivateKey::generate(KeyKind::EcP384).unwrap()).unwrap();
    let leaf = answer(&line, &PrivateKey::generate(KeyKind::EcP256).unwrap());
    let error = store.join_own(&[leaf.clone(), line.certificate().clone()]).unwrap_err();
    assert!(
        matches!(error, Error::KeyMismatch { thumbprint } if thumbprint == leaf.thumbprint().to_string())
    );
    assert!(matches!(store.join_own(&[]), Err(Error::KeyMismatch { .. })));
    assert!(matches!(ApplicationIdentity::join(&[leaf], line.key().clone()), Err(Error::KeyMismatch { .. })));
}

#[test]
fn a_pending_key_that_others_can_read_is_refused() {
    let (_folder, store) = store();
    store.save_pending_key(&PrivateKey::generate(KeyKind::EcP256).unwrap()).unwrap();
    let path = store.root().join("own/pending/key.pem");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(store.pending_key(), Err(Error::KeyPermissions { .. })));
}
