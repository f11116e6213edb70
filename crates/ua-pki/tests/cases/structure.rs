//! Step 1: what does not parse is refused, what parses and must never be accepted is Invalid.

use std::time::Duration;

use rcgen::CustomExtension;
use ua_pki::CertificateStatus::Invalid;
use ua_pki::{Certificate, Crl, Error, Step};

use super::case;
use crate::factory::{self, app_for_modulus, crl, dns, fixture, root, self_signed, self_signed_with, uri};

#[test]
fn an_outer_algorithm_that_differs_from_the_signed_one_is_invalid() {
    let honest = self_signed().certificate;
    let oid_sha256 = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
    let mut der = honest.der().to_vec();
    let last = der.windows(9).rposition(|window| window == oid_sha256).unwrap();
    der[last + 8] = 0x0c;
    let odd = Certificate::from_der(&der).unwrap();
    let case = case("CV-29").trusts(&odd).presents(&odd);
    let verdict = case.clone().fails(Invalid);
    assert!(verdict.findings().iter().any(|finding| finding.message.contains("differs from the one inside")));
    case.fails_in(Step::Structure, Invalid);
}

#[test]
fn a_certificate_of_version_1_is_invalid() {
    let old = Certificate::from_der(&fixture("v1.der")).unwrap();
    case("CV-110").trusts(&old).presents(&old).fails_in(Step::Structure, Invalid);
}

#[test]
fn an_unknown_critical_extension_is_invalid_and_an_uncritical_one_is_ignored() {
    for (critical, id) in [(true, "CV-87"), (false, "CV-87 uncritical")] {
        let leaf = self_signed_with(|params| {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
            extension.set_criticality(critical);
            params.custom_extensions.push(extension);
        });
        let case = case(id).trusts(&leaf).presents(&leaf);
        if critical {
            case.fails_in(Step::Structure, Invalid);
        } else {
            case.good();
        }
    }
}

#[test]
fn the_same_extension_twice_is_invalid() {
    let leaf = self_signed_with(|params| {
        // a second basicConstraints, with cA=TRUE
        let ca = CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 3, 1, 1, 0xff]);
        params.custom_extensions.push(ca);
    });
    case("extension twice").trusts(&leaf).presents(&leaf).fails_in(Step::Structure, Invalid);
}

#[test]
fn an_extension_that_cannot_be_read_is_invalid() {
    let leaf = self_signed_with(|params| {
        params.extended_key_usages.clear();
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 37], vec![4, 1, 0]));
    });
    case("broken extension").trusts(&leaf).presents(&leaf).fails_in(Step::Structure, Invalid);
}

#[test]
fn an_empty_name_is_invalid() {
    let nameless = self_signed_with(|params| params.distinguished_name = rcgen::DistinguishedName::new());
    case("CV-109").trusts(&nameless).presents(&nameless).fails_in(Step::Structure, Invalid);
}

#[test]
fn names_with_control_characters_are_invalid() {
    let honest = self_signed_with(|params| {
        params.subject_alt_names = vec![uri("urn:plc1:app"), dns("plc1.evil.example")];
    });
    let odd = factory::replaced(&honest.certificate, b"plc1.evil.example", b"plc1\0evil.example");
    let verdict = case("CV-64").trusts(&odd).presents(&odd).fails(Invalid);
    assert!(verdict.findings()[0].message.contains(r"plc1\u{0}evil"), "{}", verdict.findings()[0].message);
}

#[test]
fn a_subject_cannot_fool_a_terminal() {
    let leaf = self_signed_with(|params| {
        params.distinguished_name = factory::name("plc1\u{1b}[2J\r\n\u{202e}1clp");
    });
    assert_eq!(leaf.certificate.subject(), r"CN=plc1\u{1b}[2J\r\n\u{202e}1clp");
    assert_eq!(leaf.certificate.common_name(), Some(r"plc1\u{1b}[2J\r\n\u{202e}1clp"));
    let umlaut = self_signed_with(|params| params.distinguished_name = factory::name("Ölpumpe 泵"));
    assert_eq!(umlaut.certificate.subject(), "CN=Ölpumpe 泵");
}

#[test]
fn a_weak_rsa_key_is_invalid() {
    let root = root();
    let modulus = |last: u8| {
        let mut modulus = vec![0xc5; 256];
        modulus[255] = last;
        modulus
    };
    let one: &[u8] = &[1];
    // 3 * 2^32 + 1 has 34 bits
    let five_bytes: &[u8] = &[3, 0, 0, 0, 1];
    for (id, modulus, exponent) in [
        ("CV-45 even modulus", modulus(0xc4), &[1, 0, 1][..]),
        ("CV-45 e=1", modulus(0xc5), one),
        ("CV-45 even e", modulus(0xc5), &[1, 0, 0][..]),
        ("CV-45 e too large", modulus(0xc5), five_bytes),
        ("CV-45 modulus too large", vec![0xc5; 1025], &[1, 0, 1][..]),
    ] {
        let leaf = app_for_modulus(&root, &modulus, exponent);
        case(id).trusts(&root).list(crl(&root, &[])).presents(&leaf).fails_in(Step::Structure, Invalid);
    }
}

#[test]
fn a_curve_given_by_its_parameters_is_invalid() {
    let odd = Certificate::from_der(&fixture("explicit-curve.der")).unwrap();
    case("CV-46").trusts(&odd).presents(&odd).fails_in(Step::Structure, Invalid);
}

#[test]
fn bytes_that_are_no_certificate_do_not_parse() {
    let leaf = self_signed().certificate;
    let der = leaf.der();
    let malformed = |bytes: &[u8]| matches!(Certificate::from_der(bytes), Err(Error::Malformed(_)));
    for length in 0..der.len() {
        assert!(malformed(&der[..length]), "CV-110: cut to {length} bytes");
    }
    assert!(malformed(&[der, &[0]].concat()), "CV-17: one stray byte");
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend_from_slice(&der[4..]);
    indefinite.extend_from_slice(&[0, 0]);
    assert!(malformed(&indefinite), "CV-110: BER indefinite length");
    assert!(malformed(crl(&root(), &[]).der()), "CV-112: a revocation list");
    assert!(malformed(&fixture("request.csr")), "CV-112: a signing request");
    assert!(malformed(leaf.to_pem().as_bytes()), "PEM is for files, not for the wire");
}

#[test]
fn a_chain_is_split_where_its_certificates_end() {
    let root = root();
    let leaf = factory::app(&root);
    let both = [leaf.certificate.der(), root.certificate.der()].concat();
    let chain = Certificate::chain_from_der(&both).unwrap();
    assert_eq!(chain, [leaf.certificate.clone(), root.certificate.clone()]);
    assert!(Certificate::chain_from_der(&[]).is_err(), "CV-111");
    assert!(Certificate::chain_from_der(&[&both[..], b"junk"].concat()).is_err(), "CV-17");
    assert!(Certificate::chain_from_der(&both[..both.len() - 1]).is_err());
    assert!(Certificate::chain_from_der(&leaf.certificate.der().repeat(10)).is_ok());
    assert!(matches!(
        Certificate::chain_from_der(&leaf.certificate.der().repeat(11)),
        Err(Error::LimitExceeded { limit: 10, .. })
    ));
    let pem = format!("{}{}", leaf.certificate.to_pem(), root.certificate.to_pem());
    assert_eq!(Certificate::chain_from_bytes(pem.as_bytes()).unwrap(), chain);
    assert_eq!(Certificate::chain_from_bytes(&both).unwrap(), chain);
}

#[test]
fn a_huge_certificate_is_refused_before_it_is_read() {
    assert!(matches!(
        Certificate::from_der(&vec![0x30; 70_000]),
        Err(Error::LimitExceeded { actual: 70_000, limit: 8192, .. })
    ));
    let many = rcgen_with_names(65);
    assert!(matches!(many, Err(Error::LimitExceeded { actual: 66, limit: 64, .. })), "CV-113: {many:?}");
    assert!(rcgen_with_names(63).is_ok());
}

/// A certificate with its URI and this many short DNS names.
fn rcgen_with_names(count: usize) -> Result<Certificate, Error> {
    let mut params = self_signed().params;
    params.subject_alt_names = vec![uri("urn:plc1:app")];
    params.subject_alt_names.extend((0..count).map(|number| dns(&format!("h{number}"))));
    let made = params.self_signed(factory::key(factory::APP_KEY)).unwrap();
    Certificate::from_der(made.der())
}

#[test]
fn bytes_that_are_no_revocation_list_do_not_parse() {
    let list = crl(&root(), &[3]);
    for length in 0..list.der().len() {
        assert!(Crl::from_der(&list.der()[..length]).is_err());
    }
    assert!(matches!(Crl::from_der(self_signed().certificate.der()), Err(Error::MalformedCrl(_))));
    let pem = pem::encode(&pem::Pem::new("X509 CRL", list.der()));
    assert_eq!(Crl::from_bytes(pem.as_bytes()).unwrap().der(), list.der());
}

#[test]
fn certificates_without_well_defined_end_are_read() {
    let leaf = self_signed_with(|params| {
        params.not_before = rcgen::date_time_ymd(1950, 1, 1);
        params.not_after = rcgen::date_time_ymd(9999, 12, 31) + Duration::from_secs(86_399);
    });
    assert_eq!(leaf.certificate.not_before().to_string(), "1950-01-01T00:00:00Z");
    assert_eq!(leaf.certificate.not_after(), jiff::Timestamp::MAX);
    case("CV-55").trusts(&leaf).presents(&leaf).good();
    let pivot = self_signed_with(|params| params.not_after = rcgen::date_time_ymd(2050, 1, 1));
    assert_eq!(pivot.certificate.not_after().to_string(), "2050-01-01T00:00:00Z");
}
