//! `trust import` of files and of whole store folders, and what bad input leaves behind: nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use common::{Lab, Screen};
use ua_pki::issue::{Authority, AuthorityProfile};
use ua_pki::{ApplicationIdentity, ApplicationProfile, Certificate, Crl, KeyKind, PrivateKey};

/// What a plant has: a root, an authority below it, an application below that, and a self-signed one.
struct Plant {
    root: Certificate,
    sub: Certificate,
    leaf: Certificate,
    alone: Certificate,
    root_list: Crl,
    sub_list: Crl,
    /// Signed by another authority of the root's name.
    forged_list: Crl,
}

static PLANT: LazyLock<Plant> = LazyLock::new(|| {
    let authority = |name: &str, path_length| AuthorityProfile {
        common_name: name.to_owned(),
        organization: None,
        path_length,
        valid_from: time("2026-01-01T00:00:00Z"),
        days: 3650,
    };
    let key = || PrivateKey::generate(KeyKind::EcP256).unwrap();
    let root = Authority::root(&authority("Root", None), key()).unwrap();
    let other = Authority::root(&authority("Root", None), key()).unwrap();
    let sub = root.subordinate(&authority("Sub", Some(0)), key()).unwrap();
    let list = |authority: &Authority| {
        authority.revocation_list(1, time("2026-01-02T00:00:00Z"), time("2035-01-01T00:00:00Z"), &[]).unwrap()
    };
    let alone = ApplicationIdentity::self_signed(&application("alone")).unwrap();
    let leaf_key = ApplicationIdentity::self_signed(&application("leaf")).unwrap();
    Plant {
        leaf: sub.issue(&application("leaf"), leaf_key.certificate().public_key()).unwrap(),
        alone: alone.certificate().clone(),
        root_list: list(&root),
        sub_list: list(&sub),
        forged_list: list(&other),
        root: root.certificate().clone(),
        sub: sub.certificate().clone(),
    }
});

fn time(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn application(name: &str) -> ApplicationProfile {
    ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: format!("urn:{name}:app"),
        dns_names: vec![name.to_owned()],
        ip_addresses: Vec::new(),
        key: KeyKind::EcP256,
        valid_from: time("2026-01-01T00:00:00Z"),
        days: 365,
    }
}

fn put(lab: &Lab, path: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = lab.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// Every file of the store, with what is in it; folders with nothing.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(tree(&path));
            all.insert(path, Vec::new());
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

fn standing(lab: &Lab) -> Vec<(String, String)> {
    let listed = lab.run(&["--json", "trust", "list"]).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let mut all: Vec<_> = listed["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["subject"]), text(&one["standing"])))
        .collect();
    all.sort();
    all
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, standing)| (format!("CN={name}"), (*standing).to_owned())).collect()
}

fn ok(screen: Screen) -> Screen {
    assert_eq!(screen.code, 0, "{}", screen.page());
    screen
}

#[test]
fn of_a_chain_only_the_certificate_itself_is_trusted() {
    let plant = &*PLANT;
    let chain = [&plant.leaf, &plant.sub, &plant.root];
    let der: Vec<u8> = chain.iter().flat_map(|one| one.der()).copied().collect();
    let pem: String = chain.iter().rev().map(|one| one.to_pem()).collect();
    for (name, bytes) in [("chain.der", der), ("chain.pem", pem.into_bytes())] {
        let lab = Lab::initialised();
        put(&lab, name, bytes);
        let screen = ok(lab.run(&["trust", "import", name]));
        assert_eq!(standing(&lab), pairs(&[("Root", "issuer"), ("Sub", "issuer"), ("leaf", "trusted")]));
        if name == "chain.der" {
            assert_page!(screen);
        }
    }
}

#[test]
fn as_issuer_takes_every_authority_and_refuses_what_is_none() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "authorities.pem", plant.sub.to_pem() + &plant.root.to_pem());
    ok(lab.run(&["trust", "import", "authorities.pem", "--as", "issuer"]));
    assert_eq!(standing(&lab), pairs(&[("Root", "issuer"), ("Sub", "issuer")]));
    put(&lab, "chain.pem", plant.leaf.to_pem() + &plant.sub.to_pem());
    assert_page!(lab.run(&["trust", "import", "chain.pem", "--as", "issuer"]));
    put(&lab, "leaf.pem", plant.leaf.to_pem());
    assert_page!(lab.run(&["trust", "import", "leaf.pem", "--as", "issuer"]));
    assert_eq!(standing(&lab), pairs(&[("Root", "issuer"), ("Sub", "issuer")]));
}

#[test]
fn several_to_be_trusted_need_a_yes() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "two.pem", plant.leaf.to_pem() + &plant.alone.to_pem());
    let before = tree(&lab.path().join("pki"));
    assert_page!(lab.run(&["trust", "import", "two.pem"]));
    assert_eq!(lab.run_with_input(&["trust", "import", "two.pem"], "yes\n").code, 2);
    ok(lab.run(&["trust", "import", "two.pem", "--dry-run"]));
    assert_eq!(tree(&lab.path().join("pki")), before);
    ok(lab.run(&["trust", "import", "two.pem", "--yes"]));
    assert_eq!(standing(&lab), pairs(&[("alone", "trusted"), ("leaf", "trusted")]));
}

#[test]
fn store_folders_of_other_products_are_understood() {
    let plant = &*PLANT;
    // certificates and lists of trusted, of issuers; rejected; own key
    let layouts: [(&str, [&str; 6]); 5] = [
        (
            "ours",
            ["trusted/certs", "trusted/crl", "issuers/certs", "issuers/crl", "rejected/certs", "own/private"],
        ),
        (
            "annex F",
            ["trusted/certs", "trusted/crl", "issuer/certs", "issuer/crl", "rejected/certs", "own/private"],
        ),
        ("pkiclient", ["trusted", "trusted", "issuers", "issuers", "rejected", "own"]),
        (
            "windows",
            ["Trusted/Certs", "Trusted/CRL", "Issuers/Certs", "Issuers/CRL", "Rejected", "Own/Private"],
        ),
        (
            "node-opcua",
            ["trusted/certs", "trusted/crl", "issuers/certs", "issuers/crl", "rejected", "own/private"],
        ),
    ];
    for (name, [trusted, trusted_lists, issuers, issuer_lists, rejected, own]) in layouts {
        let lab = Lab::initialised();
        let stranger = ApplicationIdentity::self_signed(&application("stranger")).unwrap();
        put(&lab, &format!("{name}/{trusted}/sub.der"), plant.sub.der());
        put(&lab, &format!("{name}/{trusted_lists}/sub.crl"), plant.sub_list.der());
        put(&lab, &format!("{name}/{issuers}/root.pem"), plant.root.to_pem());
        put(&lab, &format!("{name}/{issuer_lists}/root.crl"), plant.root_list.der());
        put(&lab, &format!("{name}/{rejected}/x.der"), stranger.certificate().der());
        put(&lab, &format!("{name}/{own}/key.pem"), stranger.key().to_pkcs8_pem().unwrap().as_bytes());
        let foreign = tree(&lab.path().join(name));

        let refused = lab.run(&["trust", "import", name]);
        assert_eq!(refused.code, 2, "{name}: {}", refused.page());
        assert_eq!(standing(&lab), [], "{name}");
        let done = ok(lab.run(&["--json", "trust", "import", name, "--yes"])).json();
        assert_eq!(done["schema"], "lockgate/trust-import/1");
        assert_eq!(done["entries"].as_array().unwrap().len(), 4, "{name}");
        assert_eq!(done["left"].as_array().unwrap().len(), 2, "{name}");
        assert_eq!(standing(&lab), pairs(&[("Root", "issuer"), ("Sub", "trusted")]), "{name}");
        assert_eq!(fs::read_dir(lab.path().join("pki/trusted/crl")).unwrap().count(), 1, "{name}");
        assert_eq!(fs::read_dir(lab.path().join("pki/issuers/crl")).unwrap().count(), 1, "{name}");
        assert_eq!(tree(&lab.path().join(name)), foreign, "{name}");
        // a second time there is nothing to do, and nothing to ask
        let again = ok(lab.run(&["trust", "import", name]));
        assert_eq!(again.stdout.matches("there already").count(), 4, "{}", again.page());
    }
}

#[test]
fn a_folder_is_shown_as_a_plan_with_everything_that_is_refused() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "pki2/trusted/certs/leaf.der", plant.leaf.der());
    put(&lab, "pki2/trusted/certs/notes.txt", "call Peter");
    put(&lab, "pki2/trusted/certs/empty.der", "");
    put(&lab, "pki2/trusted/crl/forged.crl", plant.forged_list.der());
    put(&lab, "pki2/issuers/certs/root.der", plant.root.der());
    put(&lab, "pki2/issuers/certs/alone.der", plant.alone.der());
    put(&lab, "pki2/rejected/certs/alone.der", plant.alone.der());
    let before = tree(&lab.path().join("pki"));
    let plan = lab.run(&["trust", "import", "pki2", "--dry-run"]);
    assert_eq!(plan.code, 8);
    assert_page!(plan);
    assert_eq!(tree(&lab.path().join("pki")), before);
    assert_page!(lab.run(&["trust", "import", "pki2"]));
    let done = lab.run(&["trust", "import", "pki2", "--yes"]);
    assert_eq!(done.code, 8);
    assert!(
        done.stdout.contains("taken: 1 trusted, 1 issuers, 0 revocation lists; 0 there already, 4 refused")
    );
    assert_eq!(standing(&lab), pairs(&[("Root", "issuer"), ("leaf", "trusted")]));
}

#[test]
fn a_folder_that_is_no_store_is_a_usage_error() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "files/a.der", plant.alone.der());
    assert_page!(lab.run(&["trust", "import", "files", "--yes"]));
    assert_eq!(lab.run(&["trust", "import", "pki", "--yes"]).code, 2);
    put(&lab, "other/trusted/a.der", plant.alone.der());
    assert_eq!(lab.run(&["trust", "import", "other", "--as", "trusted", "--yes"]).code, 2);
    assert_eq!(standing(&lab), []);
}

#[test]
fn a_revocation_list_that_another_key_signed_is_refused() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "root.crl", plant.root_list.der());
    put(&lab, "forged.crl", plant.forged_list.der());
    put(&lab, "root.der", plant.root.der());
    // nobody of that name is known yet
    let early = ok(lab.run(&["trust", "import-crl", "root.crl"]));
    assert!(early.stderr.contains("no authority of this name is in the store"), "{}", early.stderr);
    assert_page!(ok(lab.run(&["trust", "import", "root.der"])));
    let before = tree(&lab.path().join("pki"));
    assert_page!(lab.run(&["trust", "import-crl", "forged.crl"]));
    assert_eq!(tree(&lab.path().join("pki")), before);
    assert!(ok(lab.run(&["trust", "import-crl", "root.crl"])).stdout.starts_with("was there already"));
}

#[test]
fn what_was_rejected_is_trusted_after_it_was_imported() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    let file = put(&lab, "alone.der", plant.alone.der());
    let thumbprint = plant.alone.thumbprint().to_string();
    ok(lab.run(&["trust", "import", &file]));
    ok(lab.run(&["trust", "reject", &thumbprint]));
    assert_eq!(standing(&lab), pairs(&[("alone", "rejected")]));
    ok(lab.run(&["trust", "import", &file]));
    assert_eq!(standing(&lab), pairs(&[("alone", "trusted")]));
}

/// Bytes that are no certificate, each with the exit code of every command that reads a file.
fn bad_files(lab: &Lab) -> Vec<(String, i32)> {
    use std::os::unix::ffi::OsStrExt as _;
    let plant = &*PLANT;
    let der = plant.alone.der();
    let huge = lab.path().join("huge.der");
    fs::File::create(&huge).unwrap().set_len(100 * 1024 * 1024).unwrap();
    let many =
        ApplicationProfile { dns_names: (0..63).map(|n| format!("h{n}")).collect(), ..application("many") };
    let many = ApplicationIdentity::self_signed(&many).unwrap();
    let pipe = lab.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("nowhere", lab.path().join("dangling")).unwrap();
    std::os::unix::fs::symlink("loop", lab.path().join("loop")).unwrap();
    let foreign_name = lab.path().join(std::ffi::OsStr::from_bytes(b"no\xffutf8.der"));
    fs::write(&foreign_name, b"x").unwrap();
    let mut extended = der.to_vec();
    extended.extend_from_slice(b"junk");
    // a name list longer than a certificate may be
    let long =
        [&b"\x30\x83\x03\x00\x00\x30\x83\x02\xff\x00\xa0\x03\x02\x01\x02"[..], &vec![0x41; 0x30000]].concat();
    assert!(many.certificate().dns_names().len() == 63);
    vec![
        (put(lab, "empty", ""), 2),
        (put(lab, "blank", " \n\n"), 2),
        (put(lab, "random", [0x9f; 3000]), 2),
        (put(lab, "zero", [0; 70_000]), 2),
        (put(lab, "cut.der", &der[..der.len() - 1]), 2),
        (put(lab, "cut.pem", plant.alone.to_pem().get(..200).unwrap()), 2),
        (put(lab, "no64.pem", plant.alone.to_pem().replace('M', "!")), 2),
        (put(lab, "indefinite", [0x30, 0x80, 0x30, 0x80, 0xa0]), 2),
        (put(lab, "length", [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]), 2),
        (put(lab, "long", long), 2),
        (put(lab, "nested", [0x30, 0x80].repeat(20_000)), 2),
        (put(lab, "begins.pem", "-----BEGIN ".repeat(50_000)), 2),
        (put(lab, "ansi", "\u{1b}[2J-----BEGIN \u{1b}[2J-----\n-----END \u{1b}[2J-----\n"), 2),
        (huge.display().to_string(), 2),
        (lab.path().join("absent").display().to_string(), 3),
        (lab.path().join("dangling").display().to_string(), 3),
        (lab.path().join("loop").display().to_string(), 3),
        (pipe.display().to_string(), 3),
        ("/dev/zero".to_owned(), 3),
        (foreign_name.to_string_lossy().into_owned(), 3),
    ]
}

#[test]
fn bad_input_is_named_and_changes_nothing() {
    let lab = Lab::initialised();
    ok(lab.run(&["ca", "init", "--key", "ec-p256"]));
    let files = bad_files(&lab);
    let before = (tree(&lab.path().join("pki")), tree(&lab.path().join("ca")));
    for (file, code) in &files {
        for command in [
            &["cert", "show"][..],
            &["trust", "import"],
            &["trust", "import", "--as", "issuer", "--yes"],
            &["trust", "import-crl"],
            &["ca", "issue"],
        ] {
            let screen = lab.run(&[command, &[file.as_str()]].concat());
            let page = screen.page();
            assert_eq!(screen.code, *code, "{command:?} {file}: {page}");
            let name = Path::new(file).file_name().unwrap().to_string_lossy().into_owned();
            assert!(screen.stderr.contains(&name), "{command:?} {file}: {page}");
            assert!(!page.contains('\u{1b}'), "{page}");
        }
    }
    for command in [&["cert", "show", "ca"][..], &["trust", "import-crl", "ca"], &["ca", "issue", "ca"]] {
        let screen = lab.run(command);
        assert_eq!(screen.code, 3, "{}", screen.page());
        assert!(screen.stderr.contains("this is a folder, not a file"), "{}", screen.stderr);
    }
    assert_eq!((tree(&lab.path().join("pki")), tree(&lab.path().join("ca"))), before);
}

#[test]
fn what_cannot_be_written_leaves_the_store_as_it_was() {
    let plant = &*PLANT;
    let lab = Lab::initialised();
    put(&lab, "pki2/trusted/certs/leaf.der", plant.leaf.der());
    put(&lab, "pki2/issuers/certs/root.der", plant.root.der());
    put(&lab, "pki2/issuers/crl/root.crl", plant.root_list.der());
    // a folder stands where the last file of the plan belongs: it cannot be written, whoever tries
    ok(lab.run(&["trust", "import", "pki2", "--yes"]));
    let list = fs::read_dir(lab.path().join("pki/issuers/crl")).unwrap().next().unwrap().unwrap().path();
    for folder in ["trusted/certs", "issuers/certs", "issuers/crl"] {
        for entry in fs::read_dir(lab.path().join("pki").join(folder)).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    fs::create_dir(&list).unwrap();
    let before = tree(&lab.path().join("pki"));
    let screen = lab.run(&["trust", "import", "pki2", "--yes"]);
    assert_eq!(screen.code, 9, "{}", screen.page());
    assert!(screen.stderr.contains(&list.file_name().unwrap().to_string_lossy().into_owned()));
    assert_eq!(tree(&lab.path().join("pki")), before);
}
