//! `lockgate cert verify`: the judgement on a certificate file, as scripts and people get it.

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

mod common;

use common::{Lab, Screen};
use ua_pki::issue::{Authority, AuthorityProfile, Revocation};
use ua_pki::{ApplicationIdentity, ApplicationProfile, Certificate, KeyKind, PrivateKey};

const NOW: &str = "2027-06-01T12:00:00Z";
const RSA: KeyKind = KeyKind::Rsa { bits: 2048 };

fn profile(key: KeyKind) -> ApplicationProfile {
    ApplicationProfile {
        common_name: "plc1".to_owned(),
        organization: None,
        application_uri: "urn:plc1:app".to_owned(),
        dns_names: vec!["plc1".to_owned()],
        ip_addresses: Vec::new(),
        key,
        valid_from: "2027-01-01T00:00:00Z".parse().unwrap(),
        days: 365,
    }
}

fn solo() -> Certificate {
    ApplicationIdentity::self_signed(&profile(RSA)).unwrap().certificate().clone()
}

fn put(lab: &Lab, path: &str, bytes: &[u8]) {
    let path = lab.path().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// Judged at a fixed moment, as JSON.
fn verify(lab: &Lab, args: &[&str]) -> Screen {
    let fixed = ["--json", "cert", "verify", "--pki", "pki", "--at", NOW];
    let words: Vec<&str> = fixed.iter().chain(args).copied().collect();
    lab.run(&words)
}

/// Exit code and status.
fn judged(lab: &Lab, args: &[&str]) -> (i32, String) {
    let screen = verify(lab, args);
    let status = screen.json()["status"].as_str().unwrap_or_else(|| panic!("{}", screen.page())).to_owned();
    (screen.code, status)
}

fn good() -> (i32, String) {
    (0, "Good".to_owned())
}

fn bad(name: &str) -> (i32, String) {
    (5, format!("BadCertificate{name}"))
}

/// Everything below a folder, with content: what must not change.
fn state(lab: &Lab) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &std::path::Path, into: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            into.push((path.display().to_string(), std::fs::read(&path).unwrap_or_default()));
            if path.is_dir() {
                walk(&path, into);
            }
        }
    }
    let mut all = Vec::new();
    walk(&lab.path().join("pki"), &mut all);
    all.sort();
    all
}

/// A root and an authority below it, and a certificate that the latter issued.
struct Plant {
    root: Authority,
    sub: Authority,
    leaf: Certificate,
}

fn plant() -> Plant {
    let authority = |name: &str| AuthorityProfile {
        common_name: name.to_owned(),
        organization: None,
        valid_from: "2027-01-01T00:00:00Z".parse().unwrap(),
        days: 3650,
        path_length: None,
    };
    let key = || PrivateKey::generate(KeyKind::EcP256).unwrap();
    let root = Authority::root(&authority("Plant Root"), key()).unwrap();
    let sub = root.subordinate(&authority("Plant Sub"), key()).unwrap();
    let applicant = ApplicationIdentity::self_signed(&profile(KeyKind::EcP256)).unwrap();
    let leaf = sub.issue(&profile(KeyKind::EcP256), applicant.certificate().public_key()).unwrap();
    Plant { root, sub, leaf }
}

fn list(authority: &Authority, revoked: &[&Certificate]) -> Vec<u8> {
    let at = "2027-05-01T00:00:00Z".parse().unwrap();
    let revoked: Vec<Revocation> =
        revoked.iter().map(|one| Revocation { serial: one.serial_bytes().to_vec(), at }).collect();
    let crl = authority.revocation_list(1, at, "2027-07-01T00:00:00Z".parse().unwrap(), &revoked).unwrap();
    crl.der().to_vec()
}

#[test]
fn a_verdict_is_one_object_with_status_and_findings_and_changes_nothing() {
    let lab = Lab::empty();
    let leaf = solo();
    put(&lab, "plc1.der", leaf.der());
    put(&lab, "pki/trusted/crl/garbage.crl", b"no list");
    let before = state(&lab);
    let screen = verify(&lab, &["plc1.der"]);
    let said = screen.json();
    assert_eq!(screen.code, 5, "{}", screen.page());
    assert_eq!(said["schema"], "lockgate/cert-verify/1");
    assert_eq!(said["status"], "BadCertificateUntrusted");
    let finding = &said["findings"][0];
    assert_eq!(finding["step"], "trust-list");
    assert_eq!(finding["thumbprint"], leaf.thumbprint().to_string());
    assert_eq!(finding["subject"], "CN=plc1");
    assert_eq!(finding["status"], "BadCertificateUntrusted");
    assert_eq!(finding["suppressed"], false);
    for text in ["message", "remedy"] {
        assert!(!finding[text].as_str().unwrap().is_empty());
    }
    assert_eq!(
        said["skipped"],
        serde_json::json!(["host-name", "application-uri", "revocation-list", "revocation"])
    );
    assert!(said["problems"][0]["path"].as_str().unwrap().ends_with("garbage.crl"));
    assert_eq!(state(&lab), before);
}

#[test]
fn der_pem_and_chains_are_read_leaf_first() {
    let lab = Lab::empty();
    let plant = plant();
    let parts = [&plant.leaf, plant.sub.certificate(), plant.root.certificate()];
    let der: Vec<u8> = parts.iter().flat_map(|one| one.der().to_vec()).collect();
    let pem: String = parts.iter().map(|one| one.to_pem()).collect();
    put(&lab, "chain.der", &der);
    put(&lab, "chain.pem", pem.as_bytes());
    put(&lab, "text.pem", format!("Certificate:\n    Data:\n{pem}").as_bytes());
    put(&lab, "pki/trusted/certs/root.der", plant.root.certificate().der());
    put(&lab, "pki/trusted/crl/root.crl", &list(&plant.root, &[]));
    put(&lab, "pki/trusted/crl/sub.crl", &list(&plant.sub, &[]));
    for file in ["chain.der", "chain.pem", "text.pem"] {
        assert_eq!(judged(&lab, &[file]), good(), "{file}");
        assert_eq!(judged(&lab, &[file, "--policy", "ECC_nistP256"]), good(), "{file}");
        assert_eq!(judged(&lab, &[file, "--policy", "Basic256Sha256"]), bad("PolicyCheckFailed"), "{file}");
    }
    put(&lab, "pki/trusted/crl/sub.crl", &list(&plant.sub, &[&plant.leaf]));
    assert_eq!(judged(&lab, &["chain.der"]), bad("Revoked"));
    put(&lab, "pki/trusted/crl/root.crl", &list(&plant.root, &[plant.sub.certificate()]));
    put(&lab, "pki/trusted/crl/sub.crl", &list(&plant.sub, &[]));
    assert_eq!(judged(&lab, &["chain.der"]), bad("IssuerRevoked"));
    std::fs::remove_file(lab.path().join("pki/trusted/crl/root.crl")).unwrap();
    assert_eq!(judged(&lab, &["chain.der"]), bad("IssuerRevocationUnknown"));
    std::fs::remove_file(lab.path().join("pki/trusted/crl/sub.crl")).unwrap();
    assert_eq!(judged(&lab, &["chain.der"]), bad("RevocationUnknown"));
    put(&lab, "leaf.der", plant.leaf.der());
    assert_eq!(judged(&lab, &["leaf.der"]), bad("ChainIncomplete"));
}

#[test]
fn what_is_compared_with_decides_and_what_is_not_given_is_skipped() {
    let lab = Lab::empty();
    let leaf = solo();
    put(&lab, "plc1.der", leaf.der());
    put(&lab, "pki/trusted/certs/plc1.der", leaf.der());
    assert_eq!(judged(&lab, &["plc1.der"]), good());
    assert_eq!(judged(&lab, &["plc1.der", "--url", "opc.tcp://PLC1:4840/x"]), good());
    assert_eq!(judged(&lab, &["plc1.der", "--url", "opc.tcp://plc2"]), bad("HostNameInvalid"));
    assert_eq!(judged(&lab, &["plc1.der", "--url", "opc.tcp://plc2", "--role", "client"]), good());
    assert_eq!(judged(&lab, &["plc1.der", "--application-uri", "urn:plc1:app"]), good());
    assert_eq!(judged(&lab, &["plc1.der", "--application-uri", "urn:plc2:app"]), bad("UriInvalid"));
    let expired =
        ["--json", "cert", "verify", "plc1.der", "--pki", "pki", "--at", "2028-06-01T00:00:00+02:00"];
    assert_eq!(lab.run(&expired).json()["status"], "BadCertificateTimeInvalid");
    let suppressed = lab.run(&[&expired[..], &["--suppress", "Bad_CertificateTimeInvalid"]].concat());
    assert_eq!((suppressed.code, &suppressed.json()["findings"][0]["suppressed"]), (0, &true.into()));
}

#[test]
fn without_pki_the_store_of_the_configuration_judges() {
    let lab = Lab::initialised();
    put(&lab, "plc1.der", solo().der());
    let words = ["cert", "verify", "plc1.der", "--at", NOW, "--url", "opc.tcp://plc2:4840"];
    assert_page!(lab.run(&words));
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_verdict() {
    let lab = Lab::empty();
    put(&lab, "plc1.der", solo().der());
    put(&lab, "pki/trusted/certs/plc1.der", solo().der());
    assert_page!(lab.run(&["cert", "verify", "plc2.der", "--pki", "pki"]));
    assert_page!(lab.run(&["cert", "verify", "plc1.der", "--pki", "elsewhere"]));
    assert_eq!(lab.run(&["cert", "verify", "pki", "--pki", "pki"]).code, 3);
    assert!(!lab.path().join("elsewhere").exists());
}

#[test]
fn what_holds_no_certificate_is_an_invalid_one() {
    let lab = Lab::empty();
    let (plant, leaf) = (plant(), solo());
    put(&lab, "pki/trusted/certs/plc1.der", leaf.der());
    let files: [(&str, Vec<u8>); 8] = [
        ("garbage", b"\x00\xffgarbage".to_vec()),
        ("empty", Vec::new()),
        ("list.crl", list(&plant.root, &[])),
        ("trailing", [leaf.der(), b"junk"].concat()),
        ("cut", leaf.der()[..leaf.der().len() - 1].to_vec()),
        ("indefinite", [&[0x30, 0x80][..], &leaf.der()[4..], &[0, 0]].concat()),
        ("long", vec![0x30; 3 << 20]),
        ("key.pem", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec()),
    ];
    for (name, bytes) in files {
        put(&lab, name, &bytes);
        let screen = verify(&lab, &[name]);
        let said = screen.json();
        assert_eq!((screen.code, &said["status"]), (5, &"BadCertificateInvalid".into()), "{name}");
        assert_eq!(said["findings"].as_array().unwrap().len(), 1, "{name}");
        assert_eq!(said["findings"][0]["step"], "structure", "{name}");
    }
}

#[test]
fn what_is_something_else_is_called_by_its_name_and_a_key_leaves_no_trace() {
    let lab = Lab::empty();
    put(&lab, "pki/trusted/certs/plc1.der", solo().der());
    let key = PrivateKey::generate(RSA).unwrap();
    key.save(&lab.path().join("key.pem")).unwrap();
    put(&lab, "list.crl", &list(&plant().root, &[]));
    put(&lab, "plc1.csr", include_bytes!("../../ua-pki/tests/fixtures/request.csr"));
    for (file, what) in [
        ("list.crl", "a revocation list"),
        ("plc1.csr", "a certificate request"),
        ("key.pem", "a private key"),
    ] {
        let said = verify(&lab, &[file]).json();
        let message = said["findings"][0]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("this is no certificate, but {what}")), "{message}");
        assert!(!message.contains("malformed"), "{message}");
    }
    let told = verify(&lab, &["key.pem"]);
    let page = told.page();
    let of_nothing = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
    assert_eq!(told.json()["findings"][0]["thumbprint"].as_str().unwrap().replace(':', ""), of_nothing);
    let bytes = std::fs::read(lab.path().join("key.pem")).unwrap();
    let lines = String::from_utf8(bytes).unwrap();
    assert!(
        lines
            .lines()
            .filter(|line| line.len() > 20 && !line.starts_with('-'))
            .all(|line| !page.contains(line))
    );
}

#[test]
fn a_wrong_option_is_a_usage_error_that_says_what_is_right() {
    let lab = Lab::empty();
    put(&lab, "plc1.der", solo().der());
    put(&lab, "pki/trusted/certs/plc1.der", solo().der());
    for (option, value, says) in [
        ("--suppress", "BadCertificateRevoked", "can never be suppressed"),
        ("--suppress", "BadCertificate", "BadCertificateTimeInvalid"),
        ("--policy", "Basic512", "Basic256Sha256"),
        ("--role", "printer", "server"),
        ("--url", "http://plc1", "opc.tcp://"),
        ("--at", "tomorrow", "RFC 3339"),
    ] {
        let screen = lab.run(&["cert", "verify", "plc1.der", "--pki", "pki", option, value]);
        assert_eq!(screen.code, 2, "{}", screen.page());
        assert!(screen.stderr.contains(says), "{option}: {}", screen.stderr);
    }
}
