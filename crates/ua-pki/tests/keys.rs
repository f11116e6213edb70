//! Our own keys of every kind: made, kept, read from what other tools write, and refused where they do not serve.
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

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ua_pki::issue::{self, Authority, AuthorityProfile, Revocation};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, CertificateRequest, CertificateStatus, EncryptionScheme, Error,
    KeyKind, PrivateKey, Role, SignatureScheme, Store, TrustList, ValidationContext, validate,
};

const CURVES: [KeyKind; 2] = [KeyKind::EcP256, KeyKind::EcP384];

fn profile(key: KeyKind) -> ApplicationProfile {
    ApplicationProfile {
        common_name: "line1".to_owned(),
        organization: Some("Plant".to_owned()),
        application_uri: "urn:line1:app".to_owned(),
        dns_names: vec!["line1".to_owned()],
        ip_addresses: vec!["10.1.2.3".parse().unwrap()],
        key,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 365,
    }
}

fn authority_profile(name: &str) -> AuthorityProfile {
    AuthorityProfile {
        common_name: name.to_owned(),
        organization: None,
        path_length: None,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 3650,
    }
}

fn context() -> ValidationContext<'static> {
    ValidationContext {
        now: "2026-06-01T00:00:00Z".parse().unwrap(),
        role: Role::Server,
        policy: None,
        host: Some("line1"),
        application_uri: Some("urn:line1:app"),
        suppress: &[],
    }
}

/// A file that another tool wrote, copied so that only its owner can read it.
fn foreign(folder: &Path, name: &str) -> PathBuf {
    let from = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    private_file(folder, name, &std::fs::read(from).unwrap())
}

fn private_file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

#[test]
fn a_self_signed_certificate_for_a_curve_passes_validation_where_it_is_trusted() {
    for kind in CURVES {
        let identity = ApplicationIdentity::self_signed(&profile(kind)).unwrap();
        assert_eq!(identity.certificate().public_key().kind(), kind);
        assert_eq!(identity.key().kind(), kind);
        assert!(identity.certificate().is_self_signed());
        let trust = TrustList::new(vec![identity.certificate().clone()], Vec::new(), Vec::new());
        let verdict = validate(identity.chain(), &trust, &context());
        assert_eq!(verdict.status(), None, "{:?}", verdict.findings());
    }
}

#[test]
fn an_rsa_certificate_of_every_size_passes_validation_where_it_is_trusted() {
    for bits in [2048, 3072, 4096] {
        let identity = ApplicationIdentity::self_signed(&profile(KeyKind::Rsa { bits })).unwrap();
        assert_eq!(identity.key().kind(), KeyKind::Rsa { bits });
        assert_eq!(identity.key().key_bytes() * 8, bits);
        let trust = TrustList::new(vec![identity.certificate().clone()], Vec::new(), Vec::new());
        assert_eq!(validate(identity.chain(), &trust, &context()).status(), None);
    }
}

#[test]
fn an_authority_on_a_curve_issues_to_every_kind_of_key_and_revokes() {
    for kind in CURVES {
        let root = Authority::root(&authority_profile("Root"), PrivateKey::generate(kind).unwrap()).unwrap();
        let line = PrivateKey::generate(KeyKind::EcP256).unwrap();
        let line = root.subordinate(&authority_profile("Line"), line).unwrap();
        for applicant in [KeyKind::Rsa { bits: 2048 }, KeyKind::EcP256, KeyKind::EcP384] {
            let key = PrivateKey::generate(applicant).unwrap();
            let request = issue::request(&profile(applicant), &key).unwrap();
            let request = CertificateRequest::from_bytes(&request).unwrap();
            assert_eq!(request.public_key().kind(), applicant);
            let wanted = request.profile("2026-01-01T00:00:00Z".parse().unwrap(), 365).unwrap();
            let leaf = line.issue(&wanted, request.public_key()).unwrap();
            let chain = vec![leaf.clone(), line.certificate().clone()];
            ApplicationIdentity::new(chain.clone(), key).unwrap();
            let status = |revoked: &[Revocation]| {
                let (from, until) =
                    ("2026-05-01T00:00:00Z".parse().unwrap(), "2026-07-01T00:00:00Z".parse().unwrap());
                let lists = vec![
                    root.revocation_list(1, from, until, &[]).unwrap(),
                    line.revocation_list(1, from, until, revoked).unwrap(),
                ];
                let trust = TrustList::new(vec![root.certificate().clone()], Vec::new(), lists);
                validate(&chain, &trust, &context()).status()
            };
            assert_eq!(status(&[]), None, "{applicant}");
            let revoked = Revocation {
                serial: leaf.serial_bytes().to_vec(),
                at: "2026-04-01T00:00:00Z".parse().unwrap(),
            };
            assert_eq!(status(&[revoked]), Some(CertificateStatus::Revoked));
        }
    }
}

#[test]
fn what_needs_rsa_ends_with_a_clear_error_for_a_key_on_a_curve() {
    for kind in CURVES {
        let key = PrivateKey::generate(kind).unwrap();
        assert_eq!(key.key_bytes(), 0);
        for scheme in [SignatureScheme::RsaPkcs1Sha256, SignatureScheme::RsaPssSha256] {
            let error = key.sign(scheme, b"message").unwrap_err();
            assert!(matches!(error, Error::UnsupportedKey { .. }), "{error}");
            assert!(error.to_string().contains("elliptic curve"), "{error}");
        }
        for scheme in [EncryptionScheme::OaepSha1, EncryptionScheme::OaepSha256] {
            for block in [&[][..], &[0; 256]] {
                assert!(matches!(key.decrypt_block(scheme, block), Err(Error::UnsupportedKey { .. })));
            }
        }
    }
}

#[test]
fn a_key_on_a_curve_survives_its_file_and_the_store() {
    for (kind, shown) in CURVES.into_iter().zip(["PrivateKey(EC P-256)", "PrivateKey(EC P-384)"]) {
        let folder = tempfile::tempdir().unwrap();
        let identity = ApplicationIdentity::self_signed(&profile(kind)).unwrap();
        assert_eq!(format!("{:?}", identity.key()), shown);
        let path = folder.path().join("key.pem");
        identity.key().save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let public = identity.certificate().public_key();
        assert!(PrivateKey::load(&path).unwrap().belongs_to(public));
        assert!(!PrivateKey::generate(kind).unwrap().belongs_to(public));
        let store = Store::open(folder.path().join("pki")).unwrap();
        store.save_own(&identity).unwrap();
        assert_eq!(store.own().unwrap().unwrap().certificate(), identity.certificate());
    }
}

#[test]
fn keys_that_openssl_wrote_in_other_forms_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, kind) in [
        ("key-pkcs1-rsa2048.pem", KeyKind::Rsa { bits: 2048 }),
        // with the curve's parameters in a block before the key
        ("key-sec1-p256.pem", KeyKind::EcP256),
        ("key-pkcs8-p384.pem", KeyKind::EcP384),
    ] {
        let key = PrivateKey::load(&foreign(folder.path(), name)).unwrap();
        assert_eq!(key.kind(), kind, "{name}");
        let text = key.to_pkcs8_pem().unwrap();
        let der = pem::parse(text.as_str()).unwrap();
        let path = private_file(folder.path(), "key.der", der.contents());
        let certificate = ApplicationIdentity::self_signed_for(&profile(kind), key).unwrap();
        let again = PrivateKey::load(&path).unwrap();
        assert!(again.belongs_to(certificate.certificate().public_key()), "{name} as DER");
    }
}

#[test]
fn a_key_file_that_does_not_serve_is_named_with_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, word) in [
        ("key-encrypted.pem", "encrypted with a password"),
        ("key-encrypted-old.pem", "encrypted with a password"),
        ("key-rsa1024.pem", "2048 to 8192 bits"),
        ("key-p521.pem", "P-256 or P-384"),
        ("request.pem", "found CERTIFICATE REQUEST"),
        ("v1.der", "PKCS#8"),
    ] {
        let path = foreign(folder.path(), name);
        let error = PrivateKey::load(&path).unwrap_err();
        assert!(matches!(error, Error::UnusableKey(_)), "{error}");
        let error = error.to_string();
        assert!(error.contains(name) && error.contains(word), "{error}");
    }
    for (bytes, word) in [
        (Vec::new(), "no RSA key"),
        (vec![0; 40_000], "more than 32768 bytes"),
        (b"-----BEGIN PRIVATE KEY-----\n".to_vec(), "key.pem"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(), "no RSA key"),
        (b"\xff\xfe-----BEGIN".to_vec(), "no RSA key"),
    ] {
        let error =
            PrivateKey::load(&private_file(folder.path(), "key.pem", &bytes)).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    assert!(matches!(PrivateKey::load(&folder.path().join("none")), Err(Error::Io { .. })));
    let inside = folder.path().join("folder");
    std::fs::create_dir(&inside).unwrap();
    std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(PrivateKey::load(&inside), Err(Error::NotAFile { .. })));
}

#[test]
fn a_profile_that_no_certificate_can_say_is_refused_with_the_name_and_the_reason() {
    type Change = fn(&mut ApplicationProfile);
    let cases: [(Change, &str); 20] = [
        (|p| p.common_name.clear(), "common name \"\": it is empty"),
        (|p| p.common_name = "  ".to_owned(), "it is empty"),
        (|p| p.common_name = " x".to_owned(), "blank"),
        (
            |p| p.common_name = "a\u{1b}[2Jb".to_owned(),
            "common name \"a\\u{1b}[2Jb\": it has control characters",
        ),
        (|p| p.common_name = "a\u{202e}b".to_owned(), "control characters"),
        (|p| p.common_name = "x".repeat(65), "more than 64 characters"),
        (|p| p.organization = Some("a\nb".to_owned()), "organisation \"a\\nb\""),
        (|p| p.application_uri.clear(), "application URI \"\": it is empty"),
        (|p| p.application_uri = "line1".to_owned(), "begins with a scheme"),
        (|p| p.application_uri = ":line1".to_owned(), "begins with a scheme"),
        (|p| p.application_uri = "1urn:x".to_owned(), "begins with a scheme"),
        (|p| p.application_uri = "urn:".to_owned(), "begins with a scheme"),
        (|p| p.application_uri = "urn:a b".to_owned(), "neither blanks"),
        (|p| p.application_uri = "urn:stra\u{df}e".to_owned(), "%XX"),
        (|p| p.dns_names.push("10.1.2.3".to_owned()), "DNS name \"10.1.2.3\": it is an IP address"),
        (|p| p.dns_names.push("opc.tcp://plc1".to_owned()), "DNS name \"opc.tcp://plc1\""),
        (|p| p.dns_names.push("*.plant".to_owned()), "letters, digits and hyphens"),
        (|p| p.dns_names.push(String::new()), "DNS name \"\": it is empty"),
        (|p| p.days = 0, "at least one day"),
        (|p| p.days = 40_000, "a hundred years"),
    ];
    let key = PrivateKey::generate(KeyKind::EcP256).unwrap();
    let root = Authority::root(&authority_profile("Root"), key.clone()).unwrap();
    let public = ApplicationIdentity::self_signed_for(&profile(KeyKind::EcP256), key.clone()).unwrap();
    let public = public.certificate().public_key();
    for (change, word) in cases {
        let mut odd = profile(KeyKind::EcP256);
        change(&mut odd);
        for error in [
            ApplicationIdentity::self_signed(&odd).unwrap_err(),
            issue::request(&odd, &key).unwrap_err(),
            root.issue(&odd, public).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Unsuitable { .. }), "{error}");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
    let many = ApplicationProfile { dns_names: vec!["a".to_owned(); 64], ..profile(KeyKind::EcP256) };
    assert!(matches!(ApplicationIdentity::self_signed(&many), Err(Error::LimitExceeded { .. })));
    let nameless = authority_profile("");
    assert!(matches!(Authority::root(&nameless, key), Err(Error::Unsuitable { .. })));
}

#[test]
fn odd_but_honest_names_are_taken() {
    let honest = ApplicationProfile {
        common_name: "Stra\u{df}e 1, Halle \u{4e2d}".to_owned(),
        application_uri: "http://plant.example/apps/line-1;v=2#a".to_owned(),
        dns_names: ["plc_1", "a.b-c.example", "1plc", "xn--strae-oqa.example"].map(str::to_owned).to_vec(),
        ip_addresses: vec!["fe80::1".parse().unwrap()],
        days: 36_525,
        ..profile(KeyKind::EcP256)
    };
    let made = ApplicationIdentity::self_signed(&honest).unwrap();
    assert_eq!(made.certificate().common_name(), Some(honest.common_name.as_str()));
    assert_eq!(made.certificate().application_uri(), Some(honest.application_uri.as_str()));
    assert_eq!(made.certificate().dns_names(), honest.dns_names);
}
