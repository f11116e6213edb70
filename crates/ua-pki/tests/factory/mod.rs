//! A certificate factory for tests: builds whatever a case needs, with facts that do not change from run to run
//! (keys do, dates and names do not).

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
    PublicKeyData, RevokedCertParams, RsaKeySize, SanType, SerialNumber, date_time_ymd,
};
use ua_pki::{Certificate, Crl};

/// The moment for which everything is decided unless a case says otherwise.
pub(crate) const NOW: &str = "2027-06-01T12:00:00Z";

/// Which of the factory's RSA-2048 keys.
pub(crate) const ROOT_KEY: usize = 0;
pub(crate) const SUB_KEY: usize = 1;
pub(crate) const APP_KEY: usize = 2;
pub(crate) const OTHER_KEY: usize = 3;

static KEYS: [LazyLock<KeyPair>; 4] =
    [LazyLock::new(rsa_2048), LazyLock::new(rsa_2048), LazyLock::new(rsa_2048), LazyLock::new(rsa_2048)];

fn rsa_2048() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

pub(crate) fn key(number: usize) -> &'static KeyPair {
    &KEYS[number]
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
    let mut params = application();
    tweak(&mut params);
    issue(issuer, params, APP_KEY)
}

/// A self-signed application certificate.
pub(crate) fn self_signed() -> Node {
    self_signed_with(|_| {})
}

pub(crate) fn self_signed_with(tweak: impl FnOnce(&mut CertificateParams)) -> Node {
    let mut params = application();
    params.key_usages.push(KeyUsagePurpose::KeyCertSign);
    tweak(&mut params);
    let made = params.self_signed(key(APP_KEY)).unwrap();
    Node { certificate: Certificate::from_der(made.der()).unwrap(), params, key: APP_KEY }
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
    let key_der = sequence(&[integer(modulus), integer(exponent)].concat());
    let signer = Issuer::from_params(&issuer.params, key(issuer.key));
    Certificate::from_der(application().signed_by(&Bare(key_der), &signer).unwrap().der()).unwrap()
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

fn application() -> CertificateParams {
    let mut params = common("plc1");
    params.serial_number = Some(SerialNumber::from(vec![3]));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::ContentCommitment,
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
    ];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = vec![uri("urn:plc1:app"), dns("plc1"), ip("10.1.2.3")];
    params
}

fn sequence(content: &[u8]) -> Vec<u8> {
    element(0x30, content)
}

fn integer(number: &[u8]) -> Vec<u8> {
    let positive = if number[0] >= 0x80 { [&[0], number].concat() } else { number.to_vec() };
    element(0x02, &positive)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&header, content].concat()
}
