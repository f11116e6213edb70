//! Bytes from anybody: parsing and validating end with an answer and never with a panic.
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

use std::sync::LazyLock;

use proptest::prelude::*;
use ua_pki::{Certificate, Crl, Role, SecurityPolicy, TrustList, ValidationContext, validate};

static CHAIN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let root = factory::root();
    [factory::app(&root).certificate.der(), root.certificate.der()].concat()
});
static LIST: LazyLock<Vec<u8>> = LazyLock::new(|| factory::crl(&factory::root(), &[3]).der().to_vec());

/// Parses, and if it parses, validates with everything trusted and uses every getter.
fn survive(bytes: &[u8]) {
    let lists = Crl::from_bytes(bytes).into_iter().collect::<Vec<_>>();
    let Ok(chain) = Certificate::chain_from_bytes(bytes) else { return };
    let trust = TrustList::new(chain.clone(), chain.clone(), lists);
    for role in [Role::Server, Role::Client, Role::User] {
        let context = ValidationContext {
            now: factory::NOW.parse().unwrap(),
            role,
            policy: SecurityPolicy::Aes256Sha256RsaPss.certificate_rules(),
            host: Some("plc1"),
            application_uri: Some("urn:plc1:app"),
            suppress: &[],
        };
        let verdict = validate(&chain, &trust, &context);
        assert_eq!(verdict.status().is_none(), verdict.into_trusted().is_ok());
    }
    for certificate in &chain {
        assert!(!format!("{certificate:?}").contains(char::is_control));
        assert!(format!("{} {}", certificate.serial_hex(), certificate.to_pem()).is_ascii());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survive(&bytes);
    }

    #[test]
    fn changed_certificates_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = CHAIN.clone();
        for (index, value) in changes {
            let position = index.index(bytes.len());
            bytes[position] = value;
        }
        survive(&bytes);
    }

    #[test]
    fn cut_and_joined_certificates_never_panic(
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        filler in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let bytes = &*CHAIN;
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        survive(&[&bytes[..from], &filler, &bytes[to..]].concat());
    }

    #[test]
    fn changed_revocation_lists_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = LIST.clone();
        for (index, value) in changes {
            let position = index.index(bytes.len());
            bytes[position] = value;
        }
        survive(&bytes);
    }
}

/// Every single changed bit of a certificate ends its trust: the strongest statement about steps 1 and 3.
#[test]
fn no_single_changed_bit_is_accepted() {
    let honest = factory::self_signed().certificate;
    let context = ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: Role::Server,
        policy: SecurityPolicy::Basic256Sha256.certificate_rules(),
        host: Some("plc1"),
        application_uri: Some("urn:plc1:app"),
        suppress: &[],
    };
    for position in 0..honest.der().len() {
        for bit in 0..8 {
            let mut der = honest.der().to_vec();
            der[position] ^= 1 << bit;
            let Ok(changed) = Certificate::from_der(&der) else { continue };
            // the administrator may even have trusted the changed one
            let trust = TrustList::new(vec![honest.clone(), changed.clone()], Vec::new(), Vec::new());
            let verdict = validate(&[changed], &trust, &context);
            assert!(verdict.status().is_some(), "bit {bit} of byte {position}");
        }
    }
}

/// Found by fuzzing: the PEM reader's own errors repeat the line that it did not understand.
#[test]
fn a_key_that_cannot_be_read_is_told_without_its_content() {
    for text in [
        "-----BEGIN PRIVATE KEY-----\nMIISECRET: 1\n\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END MIISECRET-----\n",
        "-----BEGIN MIISECRET-----\nAAAA\n-----END MIISECRET-----\n",
        "-----BEGIN MIISECRET\nMIISECRET\n-----\nAAAA\n-----END MIISECRET\nMIISECRET\n-----\n",
    ] {
        let error = ua_pki::PrivateKey::from_pkcs8_pem(text).unwrap_err().to_string();
        assert!(!error.contains("SECRET"), "{error}");
    }
}
