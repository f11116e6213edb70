//! What is large: bounded time and memory, and a clear answer.
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

use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, Instant};

use factory::raw;
use ua_pki::{Certificate, Crl, Error, Store};

/// Runs work that must stay bounded whatever the input; the limit leaves room for a slow machine.
#[expect(clippy::disallowed_methods, reason = "measures, decides nothing by the time")]
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    result
}

#[test]
fn a_list_with_a_million_entries_is_read_and_one_of_49_megabytes_is_not() {
    let root = factory::root();
    let mut list = raw::RawList::of(&root);
    list.entries = (0..1_000_000u32).map(|number| (number.to_be_bytes().to_vec(), Vec::new())).collect();
    let der = list.signed(root.key);
    assert!(der.len() > 20_000_000, "CV-107: {} bytes", der.len());
    let read = within(Duration::from_secs(60), || Crl::from_der(&der).unwrap());
    assert_eq!(read.len(), 1_000_000);
    let refused = within(Duration::from_secs(1), || Crl::from_der(&vec![0x30; 49 * 1024 * 1024]));
    assert!(matches!(refused, Err(Error::LimitExceeded { .. })));
}

/// A file that is as large as this without taking the room.
fn large(path: &std::path::Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn whatever_lies_in_the_store_the_rest_of_it_works_and_in_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let root = factory::root();
    store.trust(&root.certificate).unwrap();
    store.add_crl(&factory::crl(&root, &[])).unwrap();
    large(&folder.path().join("trusted/certs/large.der"), 100 << 20);
    large(&folder.path().join("issuers/certs/larger.pem"), 1 << 40);
    large(&folder.path().join("trusted/crl/large.crl"), 100 << 20);
    let names: Vec<String> = (0..10_000).map(|number| format!("host{number}")).collect();
    let names: Vec<(u8, &[u8])> = names.iter().map(|name| (2, name.as_bytes())).collect();
    let crowded = raw::forged(&factory::self_signed(), factory::APP_KEY, |raw| raw.names(&names));
    fs::write(folder.path().join("trusted/certs/names.der"), crowded).unwrap();
    fs::write(folder.path().join("trusted/certs/empty.der"), []).unwrap();
    let list = within(Duration::from_secs(20), || store.trust_list().unwrap());
    assert_eq!(list.trusted(), [root.certificate]);
    assert_eq!(list.crls().len(), 1);
    let mut problems: Vec<_> =
        list.problems().iter().map(|one| one.path.file_name().unwrap().to_str().unwrap()).collect();
    problems.sort_unstable();
    assert_eq!(problems, ["empty.der", "large.crl", "large.der", "larger.pem", "names.der"]);
    let told = list.problems().iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; ");
    assert!(told.contains("above the limit"), "{told}");
}

#[test]
fn links_in_a_circle_pipes_and_folders_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let leaf = factory::self_signed().certificate;
    store.trust(&leaf).unwrap();
    let certs = folder.path().join("trusted/certs");
    std::os::unix::fs::symlink(certs.join("b.der"), certs.join("a.der")).unwrap();
    std::os::unix::fs::symlink(certs.join("a.der"), certs.join("b.der")).unwrap();
    std::os::unix::fs::symlink(folder.path(), certs.join("up")).unwrap();
    fs::create_dir(certs.join("folder.der")).unwrap();
    // nobody writes into it: whoever opened it would wait for ever
    assert!(Command::new("mkfifo").arg(certs.join("pipe.der")).status().unwrap().success());
    let list = within(Duration::from_secs(5), || store.trust_list().unwrap());
    assert_eq!(list.trusted(), [leaf]);
}

#[test]
fn five_hundred_issuers_with_one_name_in_the_store_are_judged_in_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let root = factory::root();
    let template = raw::Raw::of(&root);
    let mut bundle = String::new();
    for number in 0..500u16 {
        let [high, low] = number.to_be_bytes();
        let copy = raw::Raw { serial: raw::integer(&[0x11, high, low]), ..template.clone() };
        // each has the key of the root and so signed the leaf, and none is signed by its own key
        bundle += &Certificate::from_der(&copy.signed(factory::OTHER_KEY)).unwrap().to_pem();
        if number % 10 == 9 {
            fs::write(folder.path().join(format!("issuers/certs/{number}.pem")), &bundle).unwrap();
            bundle.clear();
        }
    }
    let list = store.trust_list().unwrap();
    assert_eq!(list.issuers().len(), 500);
    let context = ua_pki::ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: ua_pki::Role::Server,
        policy: None,
        host: None,
        application_uri: None,
        suppress: &[],
    };
    let chain = [factory::app(&root).certificate];
    let verdict = within(Duration::from_secs(5), || ua_pki::validate(&chain, &list, &context));
    assert!(verdict.status().is_some(), "none of them is a root");
}
