//! A certificate factory for tests: builds whatever a case needs. Keys, serial numbers, names and dates are fixed, and
//! RSA signatures (PKCS#1 v1.5) have no chance in them, so two runs make the same bytes; ECDSA signatures differ.

#[allow(dead_code, reason = "each test needs a part of it")]
pub(crate) mod raw;

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use ua_pki::{Certificate, Crl};

/// The moment for which everything is decided unless a case says otherwise.
pub(crate) const NOW: &str = "2027-06-01T12:00:00Z";

/// Which of the keys in `fixtures/keys`; the first five are RSA-2048.
pub(crate) const ROOT_KEY: usize = 0;
pub(crate) const SUB_KEY: usize = 1;
pub(crate) const APP_KEY: usize = 2;
pub(crate) const OTHER_KEY: usize = 3;
/// The key of nobody in particular.
pub(crate) const NOBODY_KEY: usize = 4;
pub(crate) const RSA_3072_KEY: usize = 5;
pub(crate) const RSA_4096_KEY: usize = 6;
pub(crate) const P256_KEY: usize = 7;
pub(crate) const P256_AUTHORITY_KEY: usize = 8;
pub(crate) const P384_KEY: usize = 9;
pub(crate) const P384_AUTHORITY_KEY: usize = 10;
pub(crate) const ED25519_KEY: usize = 11;

static KEYS: LazyLock<[KeyPair; 12]> = LazyLock::new(|| {
    [
        "rsa2048-root",
        "rsa2048-sub",
        "rsa2048-app",
        "rsa2048-other",
        "rsa2048-third",
        "rsa3072",
        "rsa4096",
        "p256-a",
        "p256-b",
        "p384-a",
        "p384-b",
        "ed25519",
    ]
    .map(|name| {
        let text = String::from_utf8(fixture(&format!("keys/{name}.pem"))).unwrap();
        KeyPair::from_pem(&text).unwrap()
    })
});

pub(crate) fn key(number: usize) -> &'static KeyPair {
    &KEYS[number]
}

/// Whether the key is one of the RSA keys.
pub(crate) fn is_rsa(number: usize) -> bool {
    number <= RSA_4096_KEY
}

/// A certificate together with what is needed to issue below it.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) certificate: Certificate,
    pub(crate) params: CertificateParams,
    pub(crate) key: usize,
}

/// A root authority, fine in every way.
pub(crate) fn root() -> Node {
    root_with("Root", ROOT_KEY, |_| {})
}

pub(crate) fn root_with(name: &str, number: usize, tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    let mut params = authority(name);
    params.serial_number = Some(SerialNumber::from(vec![1]));
    tweak(&mut params);
    let made = params.self_signed(key(number)).unwrap();
    Node { certificate: Certificate::from_der(made.der()).unwrap(), params, key: number }
}

/// An authority below another one.
pub(crate) fn sub(issuer: &Node) -> Node {
    sub_with(issuer, "Sub", SUB_KEY, |_| {})
}

pub(crate) fn sub_with(
    issuer: &Node,
    name: &str,
    number: usize,
    tweak: impl FnOnce(&mut CertificateParams),
) -> Node {
    let mut params = authority(name);
    params.serial_number = Some(SerialNumber::from(vec![2]));
    tweak(&mut params);
    issue(issuer, params, number)
}

/// An application certificate for `urn:plc1:app` on host `plc1`, fine in every way.
pub(crate) fn app(issuer: &Node) -> Node {
    app_with(issuer, |_| {})
}

pub(crate) fn app_with(issuer: &Node, tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    app_for(issuer, APP_KEY, tweak)
}

/// As [`app_with`], for one of the other keys. One that is not RSA asks for digitalSignature only (Part 6 §6.2.2).
pub(crate) fn app_for(issuer: &Node, number: usize, tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    let mut params = application(number);
    tweak(&mut params);
    issue(issuer, params, number)
}

/// A self-signed application certificate.
pub(crate) fn self_signed() -> Node {
    self_signed_with(|_| {})
}

pub(crate) fn self_signed_with(tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    self_signed_for(APP_KEY, tweak)
}

pub(crate) fn self_signed_for(number: usize, tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    let mut params = application(number);
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    tweak(&mut params);
    let made = params.self_signed(key(number)).unwrap();
    Node { certificate: Certificate::from_der(made.der()).unwrap(), params, key: number }
}

/// Issues for a key that only exists as a number: any size, no private half.
pub(crate) fn app_for_modulus(issuer: &Node, modulus: &[u8], exponent: &[u8]) -> Certificate {
    struct Bare(Vec<u8>);
    impl PublicKeyData for Bare {
        fn der_bytes(&self) -> &[u8] {
            &self.0
        }
        fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
            &PKCS_RSA_SHA256
        }
    }
    let key_der = raw::sequence(&[raw::integer(modulus), raw::integer(exponent)]);
    let signer = Issuer::from_params(&issuer.params, key(issuer.key));
    Certificate::from_der(application(APP_KEY).signed_by(&Bare(key_der), &signer).unwrap().der()).unwrap()
}

/// The current revocation list of an authority, which revokes these serial numbers.
pub(crate) fn crl(issuer: &Node, revoked: &[u8]) -> Crl {
    crl_with(issuer, issuer.key, revoked, |_| {})
}

pub(crate) fn crl_with(
    issuer: &Node,
    signing_key: usize,
    revoked: &[u8],
    tweak: impl FnOnce(&mut CertificateRevocationListParams),
) -> Crl {
    let mut params = CertificateRevocationListParams {
        this_update: date_time_ymd(2027, 5, 1),
        next_update: date_time_ymd(2027, 7, 1),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|serial| RevokedCertParams {
                serial_number: SerialNumber::from(vec![*serial]),
                revocation_time: date_time_ymd(2027, 4, 1),
                reason_code: None,
                invalidity_date: None,
            })
            .collect(),
        // the key identifier stays that of the real authority, also when another key signs
        key_identifier_method: KeyIdMethod::PreSpecified(issuer.params.key_identifier(key(issuer.key))),
    };
    tweak(&mut params);
    let signer = Issuer::from_params(&issuer.params, key(signing_key));
    Crl::from_der(params.signed_by(&signer).unwrap().der()).unwrap()
}

/// The same certificate with one byte changed: the n-th from the end.
pub(crate) fn flipped(certificate: &Certificate, from_end: usize) -> Certificate {
    let mut der = certificate.der().to_vec();
    let position = der.len() - 1 - from_end;
    der[position] ^= 1;
    Certificate::from_der(&der).unwrap()
}

/// The same certificate with the first occurrence of some bytes replaced by others of the same length.
pub(crate) fn replaced(certificate: &Certificate, old: &[u8], new: &[u8]) -> Certificate {
    assert_eq!(old.len(), new.len());
    let mut der = certificate.der().to_vec();
    let position = der.windows(old.len()).position(|window| window == old).expect("bytes to replace");
    der[position..position + new.len()].copy_from_slice(new);
    Certificate::from_der(&der).unwrap()
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

pub(crate) fn ip(text: &str) -> SanType {
    SanType::IpAddress(text.parse().unwrap())
}

pub(crate) fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn issue(issuer: &Node, params: CertificateParams, number: usize) -> Node {
    let signer = Issuer::from_params(&issuer.params, key(issuer.key));
    let made = params.signed_by(key(number), &signer).unwrap();
    Node { certificate: Certificate::from_der(made.der()).unwrap(), params, key: number }
}

fn common(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common_name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = common(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn application(number: usize) -> CertificateParams {
    let mut params = common("plc1");
    params.serial_number = Some(SerialNumber::from(vec![3]));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if is_rsa(number) {
        params.key_usages.extend([
            KeyUsagePurpose::ContentCommitment,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::DataEncipherment,
        ]);
    }
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![uri("urn:plc1:app"), dns("plc1"), ip("10.1.2.3")];
    params
}
