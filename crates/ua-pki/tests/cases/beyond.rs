//! Skipped steps, hints in messages, bounded work, and parsing over whole ranges of bytes.

use std::time::{Duration, Instant};

use rcgen::{CrlDistributionPoint, CrlIssuingDistributionPoint};
use ua_pki::CertificateStatus::{self, RevocationUnknown};
use ua_pki::{Certificate, Crl, Error, Role, Step, Verdict};

use super::{Case, case};
use crate::factory::{
    self, OTHER_KEY, ROOT_KEY, SUB_KEY, app, crl, crl_with, dns, fixture, ip, root, self_signed,
    self_signed_with, sub, uri,
};

/// Runs work that must stay bounded whatever the input; the limit leaves room for a slow machine.
#[expect(clippy::disallowed_methods, reason = "measures, decides nothing by the time")]
fn within<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < limit, "took {:?}", started.elapsed());
    result
}

/// The verdict, which has to be this.
fn judged(case: &Case, status: Option<CertificateStatus>) -> Verdict {
    let verdict = case.verdict();
    assert_eq!(verdict.status(), status, "{:#?}", verdict.findings());
    verdict
}

#[test]
fn what_has_nothing_to_compare_with_is_skipped_and_says_so() {
    let leaf = self_signed();
    let alone = || case("").trusts(&leaf).presents(&leaf);
    let skipped = |case: Case| judged(&case, None).skipped().to_vec();
    let no_lists = [Step::FindRevocationList, Step::Revocation];
    assert_eq!(skipped(alone()), no_lists, "a self-signed certificate needs no list (V-R6)");
    for role in [Role::Client, Role::User] {
        assert!(skipped(alone().role(role)).contains(&Step::HostName));
    }
    assert!(skipped(alone().role(Role::User)).contains(&Step::ApplicationUri));
    assert!(skipped(alone().expects(None)).contains(&Step::ApplicationUri));
    assert!(skipped(alone().policy("None")).contains(&Step::Policy));
}

#[test]
fn a_stranger_does_not_make_us_hash_our_lists() {
    let (root, sub) = (root(), sub(&root()));
    let strangers = case("").lists_of(&[&root, &sub]).presents(&app(&sub)).presents(&sub).presents(&root);
    let verdict = judged(&strangers, Some(CertificateStatus::Untrusted));
    assert!(verdict.skipped().contains(&Step::FindRevocationList));
}

#[test]
fn nothing_presented_is_invalid() {
    judged(&case(""), Some(CertificateStatus::Invalid));
    judged(&case("").suppressing(CertificateStatus::Invalid), Some(CertificateStatus::Invalid));
}

#[test]
fn near_misses_are_explained() {
    let message = |case: &Case| case.verdict().findings()[0].message.clone();
    let leaf = self_signed_with(|params| {
        params.subject_alt_names = vec![uri("urn:plc1:my%20app"), dns("plc1"), dns("10.0.0.1")];
    });
    let alone = || case("").trusts(&leaf).presents(&leaf).expects(Some("urn:plc1:my%20app"));
    assert!(message(&alone().expects(Some("urn:plc1:my app"))).contains("differ only in"));
    assert!(message(&alone().dials("10.0.0.1")).contains("written as a DNS name"));
    let (a, b) = (factory::root_with("A", ROOT_KEY, |_| {}), factory::root_with("B", SUB_KEY, |_| {}));
    let a_by_b = factory::sub_with(&b, "A", ROOT_KEY, |_| {});
    let looped = app(&a_by_b);
    let walked =
        case("").presents(&looped).presents(&a_by_b).presents(&factory::sub_with(&a, "B", SUB_KEY, |_| {}));
    assert!(message(&walked).contains("was issued by CN="), "the loop was walked round");
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
    let zero =
        self_signed_with(|params| params.subject_alt_names = vec![uri("urn:plc1:app"), dns("plc1.evil")]);
    let odd = factory::replaced(&zero.certificate, b"plc1.evil", b"plc1\0evil");
    let told = case("").trusts(&odd).presents(&odd).verdict();
    assert!(told.findings()[0].message.contains(r"plc1\u{0}evil"), "{}", told.findings()[0].message);
}

#[test]
fn cross_certified_authorities_cost_bounded_work() {
    // each of eight levels exists four times, all with the same name and key per level: 4^8 ways up, none complete
    let lost = factory::root_with("Lost", OTHER_KEY, |_| {});
    let mut case = case("");
    let mut issuer = lost.clone();
    for level in 0..8u8 {
        let number = [ROOT_KEY, SUB_KEY][usize::from(level) % 2];
        let mut last = None;
        for copy in 0..4u8 {
            let node = factory::sub_with(&issuer, &format!("Level {level}"), number, |params| {
                params.serial_number = Some(rcgen::SerialNumber::from(vec![0x20 + level, copy]));
            });
            case = case.knows(&node);
            last = Some(node);
        }
        issuer = last.unwrap();
    }
    let leaf = app(&issuer);
    let case = case.trusts(&leaf).presents(&leaf);
    within(Duration::from_secs(10), || judged(&case, Some(CertificateStatus::ChainIncomplete)));
}

#[test]
fn bytes_that_are_no_certificate_do_not_parse() {
    let leaf = self_signed().certificate;
    let der = leaf.der();
    let malformed = |bytes: &[u8]| matches!(Certificate::from_der(bytes), Err(Error::Malformed(_)));
    for length in 0..der.len() {
        assert!(malformed(&der[..length]), "cut to {length} bytes");
    }
    assert!(malformed(&[der, &[0]].concat()), "one stray byte");
    assert!(malformed(crl(&root(), &[]).der()), "a revocation list");
    assert!(malformed(&fixture("request.csr")), "a signing request");
    assert!(malformed(leaf.to_pem().as_bytes()), "PEM is for files, not for the wire");
    assert!(matches!(
        Certificate::from_der(&vec![0x30; 70_000]),
        Err(Error::LimitExceeded { actual: 70_000, limit: 8192, .. })
    ));
}

#[test]
fn a_chain_is_split_where_its_certificates_end() {
    let root = root();
    let leaf = app(&root);
    let both = [leaf.certificate.der(), root.certificate.der()].concat();
    let chain = Certificate::chain_from_der(&both).unwrap();
    assert_eq!(chain, [leaf.certificate.clone(), root.certificate.clone()]);
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
fn sixty_four_names_are_read_and_one_more_is_not() {
    let with_names = |count: usize| {
        let mut params = self_signed().params;
        params.subject_alt_names = vec![uri("urn:plc1:app"), ip("10.1.2.3")];
        params.subject_alt_names.extend((2..count).map(|number| dns(&format!("h{number}"))));
        Certificate::from_der(params.self_signed(factory::key(factory::APP_KEY)).unwrap().der())
    };
    assert!(with_names(64).is_ok());
    assert!(matches!(with_names(65), Err(Error::LimitExceeded { actual: 65, limit: 64, .. })));
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
fn dates_are_read_as_they_are_written() {
    let leaf = self_signed_with(|params| {
        params.not_before = rcgen::date_time_ymd(1950, 1, 1);
        params.not_after = rcgen::date_time_ymd(9999, 12, 31) + Duration::from_secs(86_399);
    });
    assert_eq!(leaf.certificate.not_before().to_string(), "1950-01-01T00:00:00Z");
    assert_eq!(leaf.certificate.not_after(), jiff::Timestamp::MAX);
    let pivot = self_signed_with(|params| params.not_after = rcgen::date_time_ymd(2050, 1, 1));
    assert_eq!(pivot.certificate.not_after().to_string(), "2050-01-01T00:00:00Z");
}

/// A list of the root with the identifier of an extension changed for another one of the same length.
fn renamed(list: &Crl, from: [u8; 3], to: [u8; 3]) -> Crl {
    let mut der = list.der().to_vec();
    let position = der.windows(3).position(|window| window == from).unwrap();
    der[position..position + 3].copy_from_slice(&to);
    Crl::from_der(&der).unwrap()
}

#[test]
fn a_list_that_is_there_but_does_not_count_is_told_with_the_reason() {
    let root = root();
    let partial = crl_with(&root, root.key, &[], |params| {
        params.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
            distribution_point: CrlDistributionPoint { uris: vec!["http://ca.example/crl".to_owned()] },
            scope: None,
        });
    });
    // 2.5.29.28 is the issuing distribution point, 27 the mark of a delta, 20 the list's number, 99 nothing
    let delta = renamed(&partial, [0x55, 0x1d, 28], [0x55, 0x1d, 27]);
    let meek_delta = renamed(&crl(&root, &[]), [0x55, 0x1d, 20], [0x55, 0x1d, 27]);
    let strange = renamed(&partial, [0x55, 0x1d, 28], [0x55, 0x1d, 99]);
    let forged = crl_with(&root, OTHER_KEY, &[], |_| {});
    let other_key = crl_with(&root, OTHER_KEY, &[], |params| {
        params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    });
    let told = |root: &factory::Node, list: Crl| {
        let verdict = judged(&case("").trusts(root).list(list).presents(&app(root)), Some(RevocationUnknown));
        let message = verdict.findings()[0].message.clone();
        assert!(message.contains("there is no usable revocation list of CN=Root"), "{message}");
        assert!(message.contains("the one from 2027-05-01T00:00:00Z does not count"), "{message}");
        message
    };
    for (list, why) in [
        (partial, "it is a partial or indirect list"),
        (delta, "it is a delta list"),
        (meek_delta, "it is a delta list"),
        (strange, "it has a critical extension that is not supported"),
        (forged, "it is not signed with the key of that authority"),
        (other_key, "it is for another key of an authority of that name"),
    ] {
        let told = told(&root, list);
        assert!(told.contains(why), "{told}");
    }
    let fixed = |name| Certificate::from_der(&fixture(name)).unwrap();
    let old = case("")
        .trusts(&fixed("crl-authority.der"))
        .list(Crl::from_der(&fixture("sha1.crl")).unwrap())
        .presents(&fixed("crl-application.der"));
    let message = judged(&old, Some(RevocationUnknown)).findings()[0].message.clone();
    assert!(message.contains("it is signed with SHA-1"), "{message}");
}
