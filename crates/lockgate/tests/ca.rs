//! `lockgate ca …` and `cert show` of what it makes: the screens, the files, and that trust follows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::{Lab, Screen};
use ua_pki::issue::request;
use ua_pki::{ApplicationProfile, KeyKind, PrivateKey};

/// An authority in `ca`, made by the command.
fn with_authority() -> Lab {
    let lab = Lab::initialised();
    let made = lab.run(&["ca", "init", "--name", "Plant CA", "--key", "rsa-2048"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    lab
}

fn profile(key: KeyKind) -> ApplicationProfile {
    ApplicationProfile {
        common_name: "plc1".to_owned(),
        organization: Some("Plant".to_owned()),
        application_uri: "urn:plc1:app".to_owned(),
        dns_names: vec!["plc1".to_owned()],
        ip_addresses: vec!["10.0.0.1".parse().unwrap()],
        key,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 1,
    }
}

/// A request file of an application `plc1`.
fn applicant(lab: &Lab, kind: KeyKind) -> PathBuf {
    let key = PrivateKey::generate(kind).unwrap();
    let path = lab.path().join("plc1.csr");
    fs::write(&path, request(&profile(kind), &key).unwrap()).unwrap();
    path
}

fn ok(screen: Screen) -> Screen {
    assert_eq!(screen.code, 0, "{}", screen.page());
    screen
}

#[test]
fn an_authority_is_made_and_says_what_goes_where() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["ca", "init", "--name", "Plant CA", "--organization", "Plant"]));
    for file in ["ca/ca.der", "ca/ca.crl", "ca/private/ca.pem", "ca/index.txt"] {
        assert!(lab.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn an_authority_is_never_overwritten() {
    let lab = with_authority();
    let before = fs::read(lab.path().join("ca/private/ca.pem")).unwrap();
    assert_page!(lab.run(&["ca", "init"]));
    assert_eq!(fs::read(lab.path().join("ca/private/ca.pem")).unwrap(), before);
}

#[test]
fn without_an_authority_the_way_to_one_is_shown() {
    let lab = Lab::initialised();
    assert_page!(lab.run(&["ca", "list"]));
    assert!(lab.run(&["ca", "crl", "--dir", "other place"]).stderr.contains("ca init --dir 'other place'"));
    assert!(!lab.path().join("ca").exists());
}

#[test]
fn a_request_is_shown_signed_and_the_certificate_goes_back() {
    let lab = with_authority();
    applicant(&lab, KeyKind::Rsa { bits: 2048 });
    assert_page!(lab.run(&[
        "ca",
        "issue",
        "plc1.csr",
        "--dns",
        "plc1.plant.example",
        "--output",
        "plc1.der"
    ]));
    assert_page!(ok(lab.run(&["ca", "list"])));
    assert_page!(ok(lab.run(&["cert", "show", "plc1.der"])));
}

#[test]
fn what_was_signed_is_trusted_until_it_is_revoked() {
    let lab = with_authority();
    applicant(&lab, KeyKind::Rsa { bits: 2048 });
    ok(lab.run(&["ca", "issue", "plc1.csr", "--output", "plc1.der"]));
    ok(lab.run(&["trust", "import", "ca/ca.der"]));
    ok(lab.run(&["trust", "import-crl", "ca/ca.crl"]));
    let verdict = |lab: &Lab| {
        // the leaf is looked at among the issuers: there it gives no trust of its own
        fs::copy(lab.path().join("plc1.der"), lab.path().join("pki/issuers/certs/plc1.der")).unwrap();
        let shown = ok(lab.run(&["--json", "cert", "show", "plc1.der"])).json();
        let thumbprint = shown["certificates"][0]["thumbprint"].as_str().unwrap().to_owned();
        let shown = ok(lab.run(&["--json", "trust", "show", &thumbprint])).json();
        (thumbprint, shown["verdict"]["status"].as_str().unwrap().to_owned())
    };
    let (thumbprint, status) = verdict(&lab);
    assert_eq!(status, "Good");
    assert_page!(lab.run(&["ca", "revoke", &thumbprint]));
    ok(lab.run(&["trust", "import-crl", "ca/ca.crl"]));
    assert_eq!(verdict(&lab).1, "BadCertificateRevoked");
    let again = ok(lab.run(&["--json", "ca", "revoke", &thumbprint])).json();
    assert_eq!(again["done"], "was revoked already");
    assert_eq!(again["crl"]["number"], "2");
}

#[test]
fn a_fresh_list_has_the_next_number_and_says_what_happens_when_it_ends() {
    let lab = with_authority();
    assert_page!(lab.run(&["ca", "crl", "--days", "30"]));
    assert_page!(lab.run(&["cert", "show", "ca/ca.crl"]));
    let soon = lab.run(&["ca", "crl", "--days", "3"]);
    assert_eq!(soon.code, 0);
    assert!(lab.run(&["ca", "list"]).stderr.contains("the revocation list ends on"));
}

#[test]
fn json_names_its_schemas() {
    let lab = with_authority();
    applicant(&lab, KeyKind::Rsa { bits: 2048 });
    let other = lab.run(&["--json", "ca", "init", "--dir", "other", "--key", "ec-p256"]).json();
    assert_eq!(other["schema"], "lockgate/ca-init/1");
    assert_eq!(other["certificate"]["key"], "EC P-256");
    assert_eq!(other["certificate"]["authority"], true);
    let issued = lab.run(&["--json", "ca", "issue", "plc1.csr"]).json();
    assert_eq!(issued["schema"], "lockgate/ca-issue/1");
    let serial = issued["certificate"]["serial"].as_str().unwrap();
    assert_eq!(lab.run(&["--json", "ca", "crl"]).json()["schema"], "lockgate/ca-crl/1");
    let revoked = lab.run(&["--json", "ca", "revoke", serial]).json();
    assert_eq!(revoked["schema"], "lockgate/ca-revoke/1");
    assert_eq!(revoked["crl"]["entries"][0]["serial"], serial);
    let list = lab.run(&["--json", "ca", "list"]).json();
    assert_eq!(list["schema"], "lockgate/ca-list/1");
    assert_eq!(list["certificates"][0]["standing"], "revoked");
}

#[test]
fn a_key_that_no_policy_takes_from_this_authority_is_refused() {
    let lab = with_authority();
    applicant(&lab, KeyKind::EcP256);
    assert_page!(lab.run(&["ca", "issue", "plc1.csr"]));
    ok(lab.run(&["ca", "init", "--dir", "curves", "--key", "ec-p384"]));
    ok(lab.run(&["ca", "issue", "plc1.csr", "--dir", "curves"]));
}

#[test]
fn what_is_no_honest_request_is_refused_and_nothing_is_issued() {
    let lab = with_authority();
    let path = applicant(&lab, KeyKind::Rsa { bits: 2048 });
    let good = fs::read(&path).unwrap();
    let mut tampered = good.clone();
    let uri = good.windows(8).position(|window| window == b"urn:plc1").unwrap();
    tampered[uri + 7] = b'2';
    fs::write(&path, tampered).unwrap();
    assert_page!(lab.run(&["ca", "issue", "plc1.csr"]));
    assert_page!(lab.run(&["ca", "issue", "ca/ca.der"]));
    assert_page!(lab.run(&["ca", "issue", "lockgate.toml"]));
    assert_page!(lab.run(&["ca", "issue", "missing.csr"]));
    fs::write(&path, good).unwrap();
    assert_eq!(lab.run(&["ca", "issue", "plc1.csr", "--days", "36000"]).code, 2);
    assert_eq!(lab.run(&["ca", "issue", "plc1.csr", "--dns", "*.plant.example"]).code, 2);
    assert_eq!(lab.run(&["ca", "issue", "plc1.csr", "--output", "lockgate.toml"]).code, 2);
    assert_eq!(lab.run(&["--json", "ca", "list"]).json()["certificates"].as_array().unwrap().len(), 0);
}

#[test]
fn a_copy_that_cannot_be_written_does_not_lose_the_certificate() {
    let lab = with_authority();
    applicant(&lab, KeyKind::Rsa { bits: 2048 });
    let screen = lab.run(&["ca", "issue", "plc1.csr", "--output", "no/such/folder/plc1.der"]);
    assert_eq!(screen.code, 9, "{}", screen.page());
    let listed = lab.run(&["--json", "ca", "list"]).json();
    let path = listed["certificates"][0]["path"].as_str().unwrap();
    assert!(screen.stderr.contains(path), "{}", screen.stderr);
    ok(lab.run(&["cert", "show", path]));
}

#[test]
fn only_what_the_authority_issued_can_be_revoked() {
    let lab = with_authority();
    assert_page!(lab.run(&["ca", "revoke", &"AB".repeat(20)]));
    assert_page!(lab.run(&["ca", "revoke", "plc1"]));
}

#[test]
fn cert_show_recognises_what_a_file_holds() {
    let lab = with_authority();
    applicant(&lab, KeyKind::EcP256);
    assert_page!(lab.run(&["cert", "show", "plc1.csr"]));
    // one file with certificate, revocation list and key, and text around them
    ok(lab.run(&["cert", "export", "--output", "ours.pem"]));
    let key = fs::read_to_string(lab.path().join("pki/own/private/lockgate.pem")).unwrap();
    let certificate = fs::read_to_string(lab.path().join("ours.pem")).unwrap();
    fs::write(lab.path().join("bundle.pem"), format!("Bag Attributes\n  x: y\n{certificate}and\n{key}"))
        .unwrap();
    let shown = ok(lab.run(&["cert", "show", "bundle.pem"]));
    assert_eq!(shown.stdout, ok(lab.run(&["cert", "show", "ours.pem"])).stdout);
    assert!(shown.stderr.contains("private key, of which nothing is shown"), "{}", shown.stderr);
}

#[test]
fn nothing_of_a_private_key_is_ever_shown() {
    let lab = with_authority();
    let key = fs::read_to_string(lab.path().join("ca/private/ca.pem")).unwrap();
    let line = key.lines().nth(3).unwrap();
    for command in [
        &["cert", "show", "ca/private/ca.pem"][..],
        &["trust", "import", "ca/private/ca.pem"],
        &["trust", "import-crl", "ca/private/ca.pem"],
        &["ca", "issue", "ca/private/ca.pem"],
    ] {
        let screen = lab.run(command);
        assert_eq!(screen.code, 2, "{}", screen.page());
        assert!(screen.stderr.contains("a private key"), "{}", screen.stderr);
        assert!(!screen.page().contains(line));
    }
    assert_page!(lab.run(&["cert", "show", "ca/private/ca.pem"]));
}
