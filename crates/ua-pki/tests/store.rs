//! The folders with certificates, and what administrators and attackers do to them.
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
#![expect(dead_code, reason = "this test needs a part of the factory only")]

mod factory;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use factory::{Node, app, crl, root, self_signed, self_signed_with};
use tempfile::TempDir;
use ua_pki::{Error, Role, Store, ThumbprintQuery, ValidationContext, validate};

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("pki")).unwrap();
    (folder, store)
}

fn files(store: &Store, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(store.root().join(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn query(node: &Node) -> ThumbprintQuery {
    node.certificate.thumbprint().to_string().parse().unwrap()
}

fn named(name: &str) -> Node {
    self_signed_with(|params| params.distinguished_name = factory::name(name))
}

#[test]
fn a_new_store_has_its_folders_and_they_are_for_the_owner_alone() {
    let (_folder, store) = store();
    for name in [
        "",
        "own/certs",
        "own/private",
        "trusted/certs",
        "trusted/crl",
        "issuers/certs",
        "issuers/crl",
        "rejected/certs",
    ] {
        let mode = fs::metadata(store.root().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
    assert!(store.trusted().unwrap().is_empty());
    assert!(store.trust_list().unwrap().problems().is_empty());
}

#[test]
fn trusting_writes_a_file_that_says_who_it_is() {
    let (_folder, store) = store();
    let leaf = self_signed();
    let path = store.trust(&leaf.certificate).unwrap();
    let expected = format!("plc1 [{}].der", leaf.certificate.thumbprint());
    assert_eq!(path, store.root().join("trusted/certs").join(&expected));
    assert_eq!(files(&store, "trusted/certs"), [expected]);
    assert_eq!(fs::read(path).unwrap(), leaf.certificate.der());
    assert_eq!(store.trusted().unwrap(), [leaf.certificate]);
}

#[test]
fn a_hostile_common_name_cannot_leave_its_folder() {
    for name in
        ["../../../etc/passwd", "/etc/passwd", "..", ".hidden", "a\0b\n", "", "\u{202e}cod", "con", "x ."]
    {
        let (_folder, store) = store();
        let leaf = named(name);
        let path = store.trust(&leaf.certificate).unwrap();
        assert_eq!(path.parent(), Some(store.root().join("trusted/certs").as_path()), "{name:?}");
        let file = path.file_name().unwrap().to_str().unwrap();
        assert!(!file.starts_with('.'), "{file}");
        assert!(file.chars().all(|c| c.is_ascii_alphanumeric() || " ._-[]".contains(c)), "{file}");
        assert_eq!(store.trusted().unwrap(), [leaf.certificate]);
    }
    let (_folder, store) = store();
    let path = store.trust(&named(&"n".repeat(300)).certificate).unwrap();
    assert_eq!(path.file_name().unwrap().len(), 64 + " [].der".len() + 40);
}

#[test]
fn a_rejected_certificate_is_accepted_by_either_thumbprint_and_leaves_rejected() {
    let (_folder, store) = store();
    let leaf = self_signed();
    store.reject(std::slice::from_ref(&leaf.certificate)).unwrap();
    assert_eq!(store.rejected().unwrap(), std::slice::from_ref(&leaf.certificate));
    assert!(store.trusted().unwrap().is_empty(), "being rejected gives no trust");
    let sha256: String = leaf.certificate.sha256().iter().map(|byte| format!("{byte:02x}:")).collect();
    let accepted = store.accept(&sha256.trim_end_matches(':').parse().unwrap()).unwrap();
    assert_eq!(accepted, leaf.certificate);
    assert!(store.rejected().unwrap().is_empty());
    assert_eq!(store.trusted().unwrap(), std::slice::from_ref(&leaf.certificate));
    assert!(matches!(store.accept(&query(&leaf)), Err(Error::NotFound { folder: "rejected", .. })));
}

#[test]
fn a_certificate_in_rejected_and_trusted_is_trusted() {
    let (_folder, store) = store();
    let leaf = self_signed();
    store.trust(&leaf.certificate).unwrap();
    store.reject(std::slice::from_ref(&leaf.certificate)).unwrap();
    let context = ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: Role::Server,
        policy: None,
        host: None,
        application_uri: None,
        suppress: &[],
    };
    let verdict = validate(std::slice::from_ref(&leaf.certificate), &store.trust_list().unwrap(), &context);
    assert_eq!(verdict.status(), None, "CV-04");
}

#[test]
fn the_whole_presented_chain_is_kept_and_each_certificate_once() {
    let (_folder, store) = store();
    let root = root();
    let leaf = app(&root);
    let chain = [leaf.certificate.clone(), root.certificate.clone()];
    for _ in 0..3 {
        store.reject(&chain).unwrap();
    }
    let rejected = store.rejected().unwrap();
    assert_eq!(rejected.len(), 2);
    assert!(chain.iter().all(|one| rejected.contains(one)));
}

#[test]
fn a_flood_of_rejected_certificates_pushes_out_the_oldest_and_touches_nothing_else() {
    let (_folder, store) = store();
    let trusted = self_signed();
    store.trust(&trusted.certificate).unwrap();
    let mut last = None;
    for number in 0..130u8 {
        let node = self_signed_with(|params| {
            params.serial_number = Some(rcgen::SerialNumber::from(vec![0x40, number]));
        });
        store.reject(std::slice::from_ref(&node.certificate)).unwrap();
        last = Some(node.certificate);
    }
    assert_eq!(files(&store, "rejected/certs").len(), 100, "CV-116");
    assert!(store.rejected().unwrap().contains(&last.unwrap()));
    assert_eq!(store.trusted().unwrap(), [trusted.certificate]);
}

#[test]
fn a_flood_is_written_slowly() {
    let (_folder, store) = store();
    let flood: Vec<_> = (0..40u8)
        .map(|number| {
            let tweak = |params: &mut rcgen::CertificateParams| {
                params.serial_number = Some(rcgen::SerialNumber::from(vec![0x40, number]));
            };
            self_signed_with(tweak).certificate
        })
        .collect();
    let at = |time: &str| time.parse().unwrap();
    let kept = |time: &str| -> Vec<bool> {
        flood.iter().map(|one| store.reject_at(std::slice::from_ref(one), at(time)).unwrap()).collect()
    };
    let first = kept("2027-06-01T12:00:59Z");
    assert_eq!(first.iter().filter(|kept| **kept).count(), 30);
    assert_eq!(files(&store, "rejected/certs").len(), 30);
    // in the next minute; those that are there already cost nothing
    assert!(kept("2027-06-01T12:01:00Z").iter().all(|kept| *kept));
    assert_eq!(files(&store, "rejected/certs").len(), 40);
}

#[test]
fn a_file_put_in_place_by_hand_counts_at_once_and_a_removed_one_no_more() {
    let (_folder, store) = store();
    let (a, b) = (named("a"), named("b"));
    assert_eq!(store.generation(), 0);
    let first = store.trust_list().unwrap();
    assert_eq!(first.generation(), 1);
    assert_eq!(store.trust_list().unwrap().generation(), 1, "nothing changed");
    let by_hand = store.root().join("trusted/certs/whatever.crt");
    fs::write(&by_hand, a.certificate.to_pem()).unwrap();
    let second = store.trust_list().unwrap();
    assert_eq!(second.generation(), 2);
    assert_eq!(second.trusted(), std::slice::from_ref(&a.certificate));
    assert!(first.trusted().is_empty(), "a list once taken does not change");
    // replaced by a file of the same length and the same time: the inode tells
    let other = store.root().join("trusted/certs/.other");
    fs::write(&other, b.certificate.to_pem()).unwrap();
    let time = fs::metadata(&by_hand).unwrap().modified().unwrap();
    fs::File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    assert_eq!(fs::metadata(&other).unwrap().len(), fs::metadata(&by_hand).unwrap().len());
    fs::rename(&other, &by_hand).unwrap();
    assert_eq!(store.trusted().unwrap(), [b.certificate]);
    fs::remove_file(&by_hand).unwrap();
    assert!(store.trusted().unwrap().is_empty(), "CV-115");
    assert_eq!(store.generation(), 4);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_and_the_others_still_count() {
    let (_folder, store) = store();
    let root = root();
    store.trust(&root.certificate).unwrap();
    let list = crl(&root, &[]);
    assert!(store.add_crl(&list).unwrap().starts_with(store.root().join("trusted/crl")));
    fs::write(store.root().join("trusted/certs/notes.txt"), "call Bob").unwrap();
    fs::write(store.root().join("trusted/crl/broken.crl"), [0x30, 0x82, 0xff]).unwrap();
    fs::write(store.root().join("issuers/certs/huge.der"), vec![0x30; 200_000]).unwrap();
    let pem = pem::encode(&pem::Pem::new("X509 CRL", list.der()));
    fs::write(store.root().join("issuers/crl/list.pem"), pem).unwrap();
    let list = store.trust_list().unwrap();
    assert_eq!(list.trusted(), [root.certificate], "CV-106");
    assert_eq!(list.crls().len(), 2);
    let mut problems: Vec<_> = list
        .problems()
        .iter()
        .map(|problem| problem.path.strip_prefix(store.root()).unwrap().to_owned())
        .collect();
    problems.sort();
    assert_eq!(
        problems,
        ["issuers/certs/huge.der", "trusted/certs/notes.txt", "trusted/crl/broken.crl"].map(PathBuf::from)
    );
}

#[test]
fn issuers_are_read_from_both_spellings_of_the_folder() {
    let (_folder, store) = store();
    let (a, b) = (factory::root_with("A", 0, |_| {}), factory::root_with("B", 1, |_| {}));
    store.add_issuer(&a.certificate).unwrap();
    fs::create_dir_all(store.root().join("issuer/certs")).unwrap();
    fs::create_dir_all(store.root().join("issuer/crl")).unwrap();
    fs::write(store.root().join("issuer/certs/b.der"), b.certificate.der()).unwrap();
    fs::write(store.root().join("issuer/crl/b.crl"), crl(&b, &[]).der()).unwrap();
    assert_eq!(store.issuers().unwrap(), [a.certificate.clone(), b.certificate.clone()]);
    assert_eq!(store.trust_list().unwrap().crls().len(), 1);
    assert!(store.trusted().unwrap().is_empty());
    for node in [&a, &b] {
        store.remove(&query(node)).unwrap();
    }
    assert!(store.issuers().unwrap().is_empty());
}

#[test]
fn removing_takes_a_certificate_out_wherever_it_is() {
    let (_folder, store) = store();
    let leaf = self_signed();
    store.trust(&leaf.certificate).unwrap();
    store.reject(std::slice::from_ref(&leaf.certificate)).unwrap();
    assert_eq!(store.remove(&query(&leaf)).unwrap(), leaf.certificate);
    assert!(store.trusted().unwrap().is_empty());
    assert!(store.rejected().unwrap().is_empty());
    assert!(matches!(store.remove(&query(&leaf)), Err(Error::NotFound { .. })));
}

#[test]
fn removing_takes_a_certificate_out_of_every_bundle_and_leaves_the_others() {
    let (_folder, store) = store();
    let root = root();
    let leaf = app(&root);
    let (ours, theirs) = (leaf.certificate.clone(), root.certificate.clone());
    let folder = store.root().join("trusted/certs");
    fs::write(folder.join("bundle.pem"), format!("{}{}", ours.to_pem(), theirs.to_pem())).unwrap();
    fs::write(folder.join("bundle.der"), [ours.der(), theirs.der()].concat()).unwrap();
    fs::write(store.root().join("rejected/certs/both.der"), [ours.der(), theirs.der()].concat()).unwrap();
    store.trust(&theirs).unwrap();
    assert_eq!(store.trusted().unwrap().iter().filter(|one| **one == theirs).count(), 3);
    assert_eq!(store.rejected().unwrap(), std::slice::from_ref(&ours), "trusting took it out of the bundle");

    assert_eq!(store.remove(&query(&root)).unwrap(), theirs);
    assert_eq!(files(&store, "trusted/certs"), ["bundle.der", "bundle.pem"]);
    assert_eq!(store.trusted().unwrap(), [ours.clone(), ours.clone()]);
    assert!(fs::read_to_string(folder.join("bundle.pem")).unwrap().starts_with("-----BEGIN CERTIFICATE"));
    assert!(matches!(store.remove(&query(&root)), Err(Error::NotFound { .. })));
    assert_eq!(store.remove(&query(&leaf)).unwrap(), ours);
    assert!(files(&store, "trusted/certs").is_empty());
    assert!(store.rejected().unwrap().is_empty());
}

#[test]
fn a_certificate_later_in_a_rejected_bundle_is_listed_and_can_be_accepted() {
    let (_folder, store) = store();
    let root = root();
    let leaf = app(&root);
    let chain = [leaf.certificate.der(), root.certificate.der()].concat();
    fs::write(store.root().join("rejected/certs/chain.der"), chain).unwrap();
    assert_eq!(store.rejected().unwrap(), [leaf.certificate.clone(), root.certificate.clone()]);
    assert_eq!(store.accept(&query(&root)).unwrap(), root.certificate);
    assert_eq!(store.rejected().unwrap(), [leaf.certificate]);
    assert_eq!(store.trusted().unwrap(), [root.certificate]);
}

#[test]
fn a_linked_bundle_is_not_rewritten_and_nobody_is_told_it_was() {
    let (folder, store) = store();
    let root = root();
    let leaf = app(&root);
    let target = folder.path().join("bundle.der");
    fs::write(&target, [leaf.certificate.der(), root.certificate.der()].concat()).unwrap();
    let link = store.root().join("trusted/certs/bundle.der");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(matches!(store.remove(&query(&root)), Err(Error::SymbolicLink(path)) if path == link));
    assert_eq!(store.trusted().unwrap().len(), 2);
}

#[test]
fn nothing_is_written_through_a_link() {
    let (folder, store) = store();
    let leaf = self_signed();
    let target = folder.path().join("elsewhere");
    fs::write(&target, "before").unwrap();
    let path =
        store.root().join("trusted/certs").join(format!("plc1 [{}].der", leaf.certificate.thumbprint()));
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(matches!(store.trust(&leaf.certificate), Err(Error::SymbolicLink(link)) if link == path));
    assert_eq!(fs::read_to_string(&target).unwrap(), "before");
    // nor into a folder that is a link
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir(store.root().join("rejected/certs")).unwrap();
    std::os::unix::fs::symlink(&outside, store.root().join("rejected/certs")).unwrap();
    assert!(matches!(store.reject(std::slice::from_ref(&leaf.certificate)), Err(Error::SymbolicLink(_))));
    assert!(is_empty(&outside));
    assert!(Store::open(store.root()).is_err());
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn nothing_unfinished_stays_behind() {
    let (_folder, store) = store();
    store.trust(&self_signed().certificate).unwrap();
    let node = named("blocked");
    // a folder where the file should go makes the rename fail
    let path =
        store.root().join("trusted/certs").join(format!("blocked [{}].der", node.certificate.thumbprint()));
    fs::create_dir(&path).unwrap();
    assert!(matches!(store.trust(&node.certificate), Err(Error::Io { .. })));
    assert!(files(&store, "trusted/certs").iter().all(|name| !name.starts_with('.')));
}

#[test]
fn thumbprints_are_read_as_people_write_them() {
    let leaf = self_signed().certificate;
    let plain = leaf.thumbprint().to_string();
    for text in [plain.clone(), plain.to_lowercase(), leaf.thumbprint().grouped(), format!(" {plain} ")] {
        assert!(text.parse::<ThumbprintQuery>().unwrap().matches(&leaf), "{text}");
    }
    for text in ["", "00", &plain[1..], &format!("{plain}0"), "not a thumbprint", &"zz".repeat(20)] {
        assert!(matches!(text.parse::<ThumbprintQuery>(), Err(Error::NoThumbprint(_))), "{text}");
    }
    assert!(!"00".repeat(20).parse::<ThumbprintQuery>().unwrap().matches(&leaf));
}

fn status_of(store: &Store, node: &Node) -> Option<ua_pki::CertificateStatus> {
    let context = ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: Role::Server,
        policy: None,
        host: None,
        application_uri: None,
        suppress: &[],
    };
    validate(std::slice::from_ref(&node.certificate), &store.trust_list().unwrap(), &context).status()
}

#[test]
fn what_is_moved_by_hand_decides_the_next_time() {
    use ua_pki::CertificateStatus::{Revoked, Untrusted};
    let (_folder, store) = store();
    let root = root();
    let leaf = app(&root);
    store.add_issuer(&root.certificate).unwrap();
    fs::write(store.root().join("issuers/crl/1.crl"), crl(&root, &[]).der()).unwrap();
    store.reject(std::slice::from_ref(&leaf.certificate)).unwrap();
    assert_eq!(status_of(&store, &leaf), Some(Untrusted));
    let [name] = &files(&store, "rejected/certs")[..] else { panic!("one file") };
    let (rejected, trusted) =
        (store.root().join("rejected/certs").join(name), store.root().join("trusted/certs").join(name));
    let mut generations = vec![store.generation()];
    fs::rename(&rejected, &trusted).unwrap();
    assert_eq!(status_of(&store, &leaf), None);
    generations.push(store.generation());
    fs::rename(&trusted, store.root().join("issuers/certs").join(name)).unwrap();
    assert_eq!(status_of(&store, &leaf), Some(Untrusted), "among the issuers it gives no trust");
    generations.push(store.generation());
    fs::rename(store.root().join("issuers/certs").join(name), &trusted).unwrap();
    fs::write(store.root().join("issuers/crl/2.crl"), crl(&root, &[3]).der()).unwrap();
    assert_eq!(status_of(&store, &leaf), Some(Revoked));
    generations.push(store.generation());
    assert_eq!(generations, [1, 2, 3, 4]);
}

#[test]
fn two_that_share_a_store_see_each_other_and_lose_nothing() {
    let (_folder, ours) = store();
    let theirs = Store::open(ours.root()).unwrap();
    assert!(ours.trusted().unwrap().is_empty() && theirs.trusted().unwrap().is_empty());
    let numbered = |first: u8| -> Vec<Node> {
        let make = |number| named(&format!("peer {number}"));
        (first..first + 10).map(make).collect()
    };
    let (first, second) = (numbered(10), numbered(20));
    let trust = |store: &Store, nodes: &[Node]| {
        for node in nodes {
            store.trust(&node.certificate).unwrap();
            store.reject(std::slice::from_ref(&node.certificate)).unwrap();
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| trust(&ours, &first));
        scope.spawn(|| trust(&theirs, &second));
    });
    for store in [&ours, &theirs] {
        let trusted = store.trusted().unwrap();
        assert_eq!(trusted.len(), 20);
        assert!(first.iter().chain(&second).all(|node| trusted.contains(&node.certificate)));
        assert!(store.trust_list().unwrap().problems().is_empty());
    }
    theirs.remove(&query(&first[0])).unwrap();
    assert_eq!(ours.trusted().unwrap().len(), 19);
    assert!(files(&ours, "trusted/certs").iter().all(|name| !name.starts_with('.')));
}

#[test]
fn what_a_power_cut_left_half_written_is_not_read_and_not_in_the_way() {
    let (_folder, store) = store();
    let leaf = self_signed();
    let half = &leaf.certificate.der()[..leaf.certificate.der().len() / 2];
    for (folder, whole) in [("trusted/certs", true), ("trusted/crl", false), ("rejected/certs", false)] {
        let content = if whole { leaf.certificate.der() } else { half };
        fs::write(store.root().join(folder).join(".unfinished-1-0"), content).unwrap();
    }
    let list = store.trust_list().unwrap();
    assert!(list.trusted().is_empty(), "whole, but never put in place: nobody was told that it is trusted");
    assert!(list.problems().is_empty() && store.rejected().unwrap().is_empty());
    store.trust(&leaf.certificate).unwrap();
    assert_eq!(store.trusted().unwrap(), [leaf.certificate]);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_it_and_the_store_is_as_it_was() {
    let (_folder, store) = store();
    let (known, new) = (self_signed(), named("new"));
    store.trust(&known.certificate).unwrap();
    // a file where the folder should be, for the superuser may write everywhere else
    let rejected = store.root().join("rejected/certs");
    fs::remove_dir(&rejected).unwrap();
    fs::write(&rejected, "in the way").unwrap();
    let refused = store.reject(std::slice::from_ref(&new.certificate));
    assert!(matches!(&refused, Err(Error::Io { path, .. }) if path.starts_with(&rejected)), "{refused:?}");
    assert_eq!(store.trusted().unwrap(), [known.certificate]);
    let readonly = Store::open("/proc/lockgate-pki");
    assert!(matches!(&readonly, Err(Error::Io { path, .. }) if path.starts_with("/proc")), "{readonly:?}");
}

#[test]
fn a_thousand_strangers_in_a_minute_leave_thirty_files() {
    let (_folder, store) = store();
    let trusted = self_signed();
    store.trust(&trusted.certificate).unwrap();
    let template = factory::raw::Raw::of(&trusted);
    let at = "2027-06-01T12:00:00Z".parse().unwrap();
    let kept = (0..1000u16).filter(|number| {
        let serial = factory::raw::integer(&[&[0x11], &number.to_be_bytes()[..]].concat());
        let der = factory::raw::Raw { serial, ..template.clone() }.signed(factory::APP_KEY);
        let stranger = ua_pki::Certificate::from_der(&der).unwrap();
        store.reject_at(&[stranger], at).unwrap()
    });
    assert_eq!(kept.count(), 30, "CV-116");
    assert_eq!(files(&store, "rejected/certs").len(), 30);
    assert_eq!(store.trusted().unwrap(), [trusted.certificate]);
    assert_eq!(store.generation(), 1, "what is rejected changes no decision");
}
