//! Making, keeping and using our own identity.
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

use std::net::IpAddr;
use std::sync::LazyLock;

use ua_pki::issue::{self, Authority, AuthorityProfile, Revocation};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateRequest, CertificateStatus,
    EncryptionScheme, Error, KeyKind, PrivateKey, Role, SecurityPolicy, SignatureScheme, Store, TrustList,
    ValidationContext, validate,
};

static IDENTITY: LazyLock<ApplicationIdentity> =
    LazyLock::new(|| ApplicationIdentity::self_signed(&profile()).unwrap());

fn profile() -> ApplicationProfile {
    ApplicationProfile {
        common_name: "lockgate on line1".to_owned(),
        organization: Some("Plant".to_owned()),
        application_uri: "urn:line1:lockgate".to_owned(),
        dns_names: vec!["line1".to_owned(), "line1.plant.example".to_owned()],
        ip_addresses: vec!["10.1.2.3".parse().unwrap(), "fd00::1".parse().unwrap()],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 365,
    }
}

#[test]
fn a_self_signed_certificate_says_what_its_profile_says() {
    let certificate = IDENTITY.certificate();
    assert_eq!(certificate.subject(), "O=Plant, CN=lockgate on line1");
    assert_eq!(certificate.subject(), certificate.issuer());
    assert_eq!(certificate.common_name(), Some("lockgate on line1"));
    assert_eq!(certificate.application_uri(), Some("urn:line1:lockgate"));
    assert_eq!(certificate.dns_names(), ["line1", "line1.plant.example"]);
    assert_eq!(certificate.ip_addresses(), ["10.1.2.3", "fd00::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    assert_eq!(certificate.not_before().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(certificate.not_after().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(certificate.public_key().kind(), KeyKind::Rsa { bits: 2048 });
    assert_eq!(certificate.public_key().key_bytes(), 256);
    assert_eq!(certificate.serial_hex().len(), 32);
    assert!(certificate.is_self_signed());
    assert!(!certificate.is_ca());
}

#[test]
fn a_signature_verifies_with_its_own_scheme_and_message_only() {
    for scheme in [SignatureScheme::RsaPkcs1Sha256, SignatureScheme::RsaPssSha256] {
        let key = IDENTITY.certificate().public_key();
        let signature = IDENTITY.key().sign(scheme, b"message").unwrap();
        assert_eq!(signature.len(), 256);
        key.verify(scheme, b"message", &signature).unwrap();
        assert!(matches!(key.verify(scheme, b"massage", &signature), Err(Error::BadSignature)));
        let other = match scheme {
            SignatureScheme::RsaPkcs1Sha256 => SignatureScheme::RsaPssSha256,
            SignatureScheme::RsaPssSha256 => SignatureScheme::RsaPkcs1Sha256,
        };
        assert!(key.verify(other, b"message", &signature).is_err());
        assert!(key.verify(scheme, b"message", &signature[1..]).is_err());
        assert!(key.verify(scheme, b"message", &[]).is_err());
    }
}

#[test]
fn a_full_block_survives_encryption_and_one_byte_more_is_refused() {
    for (scheme, plain_block) in [(EncryptionScheme::OaepSha1, 214), (EncryptionScheme::OaepSha256, 190)] {
        let key = IDENTITY.certificate().public_key();
        assert_eq!(scheme.plain_block(key.key_bytes()), plain_block);
        for length in [0, 1, plain_block] {
            let plain = vec![7; length];
            let block = key.encrypt_block(scheme, &plain).unwrap();
            assert_eq!(block.len(), 256);
            assert_eq!(*IDENTITY.key().decrypt_block(scheme, &block).unwrap(), plain);
        }
        assert!(matches!(
            key.encrypt_block(scheme, &vec![7; plain_block + 1]),
            Err(Error::LimitExceeded { limit, .. }) if limit == plain_block
        ));
    }
}

#[test]
fn every_bad_block_fails_to_decrypt_in_the_same_way() {
    let key = IDENTITY.key();
    let block =
        IDENTITY.certificate().public_key().encrypt_block(EncryptionScheme::OaepSha256, b"x").unwrap();
    let mut flipped = block.clone();
    flipped[9] ^= 1;
    for bad in [&flipped[..], &block[1..], &[0; 256], &[0xff; 256], &[]] {
        assert!(matches!(key.decrypt_block(EncryptionScheme::OaepSha256, bad), Err(Error::Crypto)));
    }
    assert!(matches!(key.decrypt_block(EncryptionScheme::OaepSha1, &block), Err(Error::Crypto)));
}

#[test]
fn the_debug_text_of_a_key_shows_nothing_of_it() {
    assert_eq!(format!("{:?}", IDENTITY.key()), "PrivateKey(RSA, 2048 bits)");
}

#[test]
fn a_saved_key_is_for_its_owner_alone_and_a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    IDENTITY.key().save(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(PrivateKey::load(&path).unwrap().belongs_to(IDENTITY.certificate().public_key()));
    for mode in [0o640, 0o604, 0o660] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = PrivateKey::load(&path).unwrap_err();
        assert!(matches!(error, Error::KeyPermissions { mode: found, .. } if found == mode & 0o077));
        assert!(error.to_string().contains("chmod 600"));
    }
}

#[test]
fn a_key_is_never_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("target");
    std::fs::write(&target, "before").unwrap();
    let link = folder.path().join("key.pem");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(matches!(IDENTITY.key().save(&link), Err(Error::SymbolicLink(path)) if path == link));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "before");
}

#[test]
fn an_identity_comes_back_from_the_store_as_it_was_saved() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("pki")).unwrap();
    assert!(store.own().unwrap().is_none());
    store.save_own(&IDENTITY).unwrap();
    let own = store.own().unwrap().unwrap();
    assert_eq!(own.certificate(), IDENTITY.certificate());
    assert_eq!(own.chain_der(), IDENTITY.chain_der());
    assert_eq!(own.application_uri(), "urn:line1:lockgate");
    assert!(own.key().belongs_to(IDENTITY.certificate().public_key()));
}

#[test]
fn a_renewed_certificate_for_the_same_key_takes_the_place_of_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.save_own(&IDENTITY).unwrap();
    let authority = authority("Plant CA");
    let renewed = ApplicationProfile { valid_from: "2026-12-01T00:00:00Z".parse().unwrap(), ..profile() };
    let leaf = authority.issue(&renewed, IDENTITY.certificate().public_key()).unwrap();
    let chain = vec![leaf, authority.certificate().clone()];
    store.save_own(&ApplicationIdentity::new(chain.clone(), IDENTITY.key().clone()).unwrap()).unwrap();
    let own = store.own().unwrap().unwrap();
    assert_eq!(own.chain(), chain, "the issuer beside it is part of the chain again");
}

#[test]
fn a_key_without_certificate_says_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    IDENTITY.key().save(&folder.path().join("own/private/lockgate.pem")).unwrap();
    let error = store.own().unwrap_err().to_string();
    assert!(error.contains("own/certs") && error.contains("lockgate.pem"), "{error}");
}

fn authority(name: &str) -> Authority {
    let profile = AuthorityProfile {
        common_name: name.to_owned(),
        organization: Some("Plant".to_owned()),
        path_length: None,
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 3650,
    };
    Authority::root(&profile, PrivateKey::generate_rsa(2048).unwrap()).unwrap()
}

#[test]
fn what_our_authority_issues_passes_validation_until_it_is_revoked() {
    let root = authority("Plant CA");
    let below = AuthorityProfile {
        common_name: "Line CA".to_owned(),
        organization: None,
        path_length: Some(0),
        valid_from: "2026-01-01T00:00:00Z".parse().unwrap(),
        days: 1000,
    };
    let line = root.subordinate(&below, PrivateKey::generate_rsa(2048).unwrap()).unwrap();
    let leaf = line.issue(&profile(), IDENTITY.certificate().public_key()).unwrap();
    let now = "2026-06-01T00:00:00Z".parse().unwrap();
    let context = ValidationContext {
        now,
        role: Role::Server,
        policy: SecurityPolicy::Aes256Sha256RsaPss.certificate_rules(),
        host: Some("line1"),
        application_uri: Some("urn:line1:lockgate"),
        suppress: &[],
    };
    let until = "2026-07-01T00:00:00Z".parse().unwrap();
    let status = |number, revoked: &[Revocation]| {
        let lists = vec![
            root.revocation_list(1, now, until, &[]).unwrap(),
            line.revocation_list(number, now, until, revoked).unwrap(),
        ];
        let trust = TrustList::new(vec![root.certificate().clone()], Vec::new(), lists);
        validate(&[leaf.clone(), line.certificate().clone()], &trust, &context).status()
    };
    assert_eq!(status(1, &[]), None);
    let revoked = Revocation { serial: leaf.serial_bytes().to_vec(), at: now };
    assert_eq!(status(2, &[revoked]), Some(CertificateStatus::Revoked));
}

#[test]
fn a_request_becomes_the_certificate_it_asks_for() {
    let der = issue::request(&profile(), IDENTITY.key()).unwrap();
    let pem = pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", der.as_slice()));
    for bytes in [&der, pem.as_bytes()] {
        let request = CertificateRequest::from_bytes(bytes).unwrap();
        assert_eq!(request.subject(), IDENTITY.certificate().subject());
        assert_eq!(request.application_uri(), Some("urn:line1:lockgate"));
        assert_eq!(request.dns_names(), profile().dns_names);
        assert_eq!(request.ip_addresses(), profile().ip_addresses);
        assert_eq!(request.public_key(), IDENTITY.certificate().public_key());
        let wanted = request.profile("2026-02-01T00:00:00Z".parse().unwrap(), 30).unwrap();
        let leaf = authority("Plant CA").issue(&wanted, request.public_key()).unwrap();
        assert_eq!(leaf.common_name(), Some("lockgate on line1"));
        assert_eq!(leaf.application_uri(), Some("urn:line1:lockgate"));
        assert_eq!(leaf.not_after().to_string(), "2026-03-03T00:00:00Z");
        ApplicationIdentity::new(vec![leaf], IDENTITY.key().clone()).unwrap();
    }
}

#[test]
fn a_request_that_its_key_did_not_sign_is_refused() {
    let der = issue::request(&profile(), IDENTITY.key()).unwrap();
    let mut changed = der.clone();
    let position = der.windows(5).position(|window| window == b"urn:l").unwrap();
    changed[position + 4] = b'm';
    assert!(matches!(CertificateRequest::from_bytes(&changed), Err(Error::BadSignature)));
    for length in 0..der.len() {
        assert!(CertificateRequest::from_bytes(&der[..length]).is_err());
    }
    let certificate = IDENTITY.certificate().der();
    assert!(matches!(CertificateRequest::from_bytes(certificate), Err(Error::Malformed(_))));
}

#[test]
fn a_request_of_another_tool_is_read() {
    let path = format!("{}/tests/fixtures/request.csr", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(path).unwrap();
    // made for a curve given by parameters, which no key of ours may be
    assert!(matches!(CertificateRequest::from_bytes(&bytes), Err(Error::BadSignature)));
    let path = format!("{}/tests/fixtures/request.pem", env!("CARGO_MANIFEST_DIR"));
    let request = CertificateRequest::from_bytes(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(request.subject(), "CN=plc1");
    assert_eq!(request.application_uri(), Some("urn:plc1:app"));
    assert_eq!(request.dns_names(), ["plc1"]);
}

#[test]
fn two_certificates_of_one_key_have_different_serial_numbers() {
    let authority = authority("Plant CA");
    let key = IDENTITY.certificate().public_key();
    let first = authority.issue(&profile(), key).unwrap();
    let again = ApplicationProfile { valid_from: "2026-01-01T00:00:01Z".parse().unwrap(), ..profile() };
    let second = authority.issue(&again, key).unwrap();
    assert_ne!(first.serial_bytes(), second.serial_bytes());
    for certificate in [first, second] {
        assert_eq!(certificate.serial_bytes().len(), 16);
        assert!(certificate.serial_bytes()[0] < 0x80, "positive");
    }
}

#[test]
fn a_validity_that_no_calendar_has_is_refused() {
    for (valid_from, days) in [("1969-12-31T23:59:59Z", 1), ("9999-06-01T00:00:00Z", 36_525)] {
        let odd = ApplicationProfile { valid_from: valid_from.parse().unwrap(), days, ..profile() };
        let error = authority("CA").issue(&odd, IDENTITY.certificate().public_key()).unwrap_err();
        assert!(matches!(error, Error::Issue(_)), "{error}");
    }
}

#[test]
fn a_key_of_somebody_else_makes_no_identity() {
    let other = PrivateKey::generate_rsa(2048).unwrap();
    let error = ApplicationIdentity::new(vec![IDENTITY.certificate().clone()], other).unwrap_err();
    assert!(matches!(error, Error::KeyMismatch { .. }));
}

#[test]
fn a_certificate_survives_pem() {
    let pem = IDENTITY.certificate().to_pem();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert_eq!(Certificate::chain_from_bytes(pem.as_bytes()).unwrap(), [IDENTITY.certificate().clone()]);
}

#[test]
fn key_sizes_that_no_policy_allows_are_not_made() {
    for bits in [0, 512, 1024, 2047, 8192, usize::MAX] {
        assert!(matches!(PrivateKey::generate_rsa(bits), Err(Error::UnsupportedKey { .. })));
    }
}
