//! The starred cases for elliptic curve keys. No policy of ours uses them yet, so step 4 is left out.

use std::sync::LazyLock;

use rcgen::{KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};
use ua_pki::CertificateStatus::{Invalid, RevocationUnknown, TimeInvalid, Untrusted, UseNotAllowed};
use ua_pki::{Certificate, Crl, KeyKind, Role, Step};

use super::{Case, case};
use crate::factory;

static KEYS: LazyLock<[(KeyKind, KeyPair, KeyPair); 2]> = LazyLock::new(|| {
    let pair = |algorithm| KeyPair::generate_for(algorithm).unwrap();
    [
        (KeyKind::EcP256, pair(&PKCS_ECDSA_P256_SHA256), pair(&PKCS_ECDSA_P256_SHA256)),
        (KeyKind::EcP384, pair(&PKCS_ECDSA_P384_SHA384), pair(&PKCS_ECDSA_P384_SHA384)),
    ]
});

fn curve_case(id: &'static str) -> Case {
    case(id).with(|case| case.policy = None)
}

fn parse(made: &rcgen::Certificate) -> Certificate {
    Certificate::from_der(made.der()).unwrap()
}

/// Part 6 asks for digitalSignature only.
fn application() -> rcgen::CertificateParams {
    let mut params = factory::self_signed().params;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages.clear();
    params
}

#[test]
fn self_signed_elliptic_curve_certificates_follow_the_same_rules() {
    for (kind, key, _) in KEYS.iter() {
        let leaf = parse(&application().self_signed(key).unwrap());
        assert_eq!(leaf.public_key().kind(), *kind);
        let case = || curve_case("CV-01 CV-75").trusts(&leaf).presents(&leaf);
        case().good();
        case().with(|case| case.role = Role::Client).good();
        case().with(|case| case.now = "2029-01-01T00:00:00Z".parse().unwrap()).fails(TimeInvalid);
        curve_case("CV-02").presents(&leaf).fails_always(Untrusted);
        let bad = factory::flipped(&leaf, 5);
        curve_case("CV-25").trusts(&bad).presents(&bad).fails_in(Step::Signature, Invalid);
        let mut silent = application();
        silent.key_usages = vec![KeyUsagePurpose::KeyAgreement];
        let leaf = parse(&silent.self_signed(key).unwrap());
        curve_case("CV-76").trusts(&leaf).presents(&leaf).fails_always(UseNotAllowed);
    }
}

#[test]
fn chains_of_elliptic_curve_certificates_follow_the_same_rules() {
    for (_, root_key, key) in KEYS.iter() {
        let root_params = factory::root().params;
        let root = parse(&root_params.self_signed(root_key).unwrap());
        let issuer = rcgen::Issuer::from_params(&root_params, root_key);
        let leaf = parse(&application().signed_by(key, &issuer).unwrap());
        let list = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2027, 5, 1),
            next_update: rcgen::date_time_ymd(2027, 7, 1),
            crl_number: rcgen::SerialNumber::from(vec![1]),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        let list = Crl::from_der(list.signed_by(&issuer).unwrap().der()).unwrap();
        curve_case("CV-05").trusts(&root).list(list.clone()).presents(&leaf).good();
        curve_case("CV-06").trusts(&leaf).knows(&root).list(list).presents(&leaf).good();
        curve_case("CV-89").trusts(&root).presents(&leaf).fails_unless_suppressed(RevocationUnknown);
    }
}

#[test]
fn a_signature_of_zeros_is_invalid() {
    // ECDSA-Sig-Value { r = 0, s = 0 } (CVE-2022-21449), in a bit string
    let leaf = parse(&application().self_signed(&KEYS[0].1).unwrap());
    let der = leaf.der();
    let signed_part = 4 + 4 + usize::from(der[6]) * 256 + usize::from(der[7]);
    let algorithm = &der[signed_part..signed_part + 12];
    for zeros in [&[0x30, 6, 2, 1, 0, 2, 1, 0][..], &[0x30, 6, 2, 1, 1, 2, 1, 0], &[0x30, 0], &[]] {
        let length = u8::try_from(zeros.len() + 1).unwrap();
        let content = [&der[4..signed_part], algorithm, &[3, length, 0], zeros].concat();
        let header = [&[0x30, 0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes()].concat();
        let forged = Certificate::from_der(&[header, content].concat()).unwrap();
        curve_case("CV-31").trusts(&forged).presents(&forged).fails_in(Step::Signature, Invalid);
    }
}
