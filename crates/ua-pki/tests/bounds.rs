//! Hostile sizes: each is answered within a time and a memory that are said here.
//!
//! Each test runs itself again as a process of its own, whose peak memory the system knows. The times are wide: they tell
//! a bound from none, on a machine that does other things as well.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    clippy::disallowed_methods,
    missing_docs,
    reason = "tests fail by panicking"
)]
#![expect(dead_code, reason = "this test needs a part of the factory only")]

mod factory;

use std::time::{Duration, Instant};

use rcgen::SerialNumber;
use ua_pki::{
    Certificate, CertificateStatus, Crl, EncryptionScheme, Error, Material, PrivateKey, Role, Store,
    TrustList, ValidationContext, Verdict, validate,
};

/// Runs the job in a process of its own, and fails when it takes more than this.
fn within(test: &str, most: Duration, most_mib: u64, job: impl FnOnce()) {
    const CHILD: &str = "BOUNDED_CHILD";
    if std::env::var_os(CHILD).is_some() {
        job();
        println!("peak {}", peak_mib());
        return;
    }
    let start = Instant::now();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args([test, "--exact", "--nocapture"]).env(CHILD, "1").output().unwrap();
    let took = start.elapsed();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let peak: u64 = said.split("peak ").nth(1).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    assert!(took <= most, "took {took:?}, more than {most:?}");
    assert!(peak <= most_mib, "took {peak} MiB, more than {most_mib}");
}

/// What the process has needed at most; 0 where the system does not say.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024)
}

fn judge(chain: &[Certificate], trust: &TrustList) -> Verdict {
    let context = ValidationContext {
        now: factory::NOW.parse().unwrap(),
        role: Role::Server,
        policy: None,
        host: Some("plc1"),
        application_uri: Some("urn:plc1:app"),
        suppress: &[],
    };
    validate(chain, trust, &context)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84], length.as_slice(), content].concat()
}

/// A sequence in a sequence in a sequence, to about this size.
fn nested(size: usize) -> Vec<u8> {
    let levels = size / 6;
    let below = |level: usize| u32::try_from((levels - level - 1) * 6).unwrap().to_be_bytes();
    (0..levels).flat_map(|level| [0x30, 0x84].into_iter().chain(below(level))).collect()
}

const SHORT: Duration = Duration::from_secs(20);

#[test]
fn a_certificate_with_ten_thousand_names_or_70_kib_is_refused_at_once() {
    within("a_certificate_with_ten_thousand_names_or_70_kib_is_refused_at_once", SHORT, 64, || {
        let names: Vec<u8> = (0..10_000).flat_map(|_| [0x82, 4, b'p', b'l', b'c', b'1']).collect();
        let large = element(0x30, &element(0x30, &element(0x30, &names)));
        for bytes in [large.clone(), vec![0x30; 70 * 1024], nested(70 * 1024), nested(8000)] {
            assert!(Certificate::chain_from_der(&bytes).is_err());
            assert!(Certificate::chain_from_bytes(&bytes).is_err());
            assert!(Certificate::from_der(&bytes).is_err());
        }
        assert!(matches!(Certificate::from_der(&large), Err(Error::LimitExceeded { .. })));
    });
}

#[test]
fn nesting_without_end_overflows_no_stack() {
    within("nesting_without_end_overflows_no_stack", SHORT, 200, || {
        let deep = nested(10_000_000);
        assert!(Crl::from_bytes(&deep).is_err());
        assert!(PrivateKey::from_pkcs8_pem(&"-----BEGIN ".repeat(100_000)).is_err());
        assert!(Material::from_bytes(&deep).certificates().next().is_none());
        assert!(
            Material::from_bytes(&b"-----BEGIN CERTIFICATE-----\n".repeat(100_000))
                .certificates()
                .next()
                .is_none()
        );
    });
}

#[test]
fn numbers_that_are_too_large_are_not_calculated_with() {
    within("numbers_that_are_too_large_are_not_calculated_with", SHORT, 64, || {
        let root = factory::root();
        for (modulus, exponent) in [
            (vec![0xff; 3000], vec![1, 0, 1]),
            (vec![0xff; 256], vec![0xff; 3000]),
            (vec![0xff; 1025], vec![3]),
        ] {
            let leaf = factory::app_for_modulus(&root, &modulus, &exponent);
            assert!(leaf.public_key().encrypt_block(EncryptionScheme::OaepSha256, b"secret").is_err());
            let trust = TrustList::new(vec![leaf.clone(), root.certificate.clone()], Vec::new(), Vec::new());
            assert_eq!(judge(std::slice::from_ref(&leaf), &trust).status(), Some(CertificateStatus::Invalid));
            // and as whoever is to have signed something
            let below = [factory::app(&root).certificate, leaf];
            assert!(judge(&below, &trust).status().is_some());
        }
    });
}

/// Each of the five and five has issued all of the other five: few signatures, all of which verify, and thousands of ways up.
#[test]
fn authorities_that_issued_each_other_do_not_make_endless_ways() {
    within("authorities_that_issued_each_other_do_not_make_endless_ways", SHORT, 100, || {
        let left = factory::root_with("Left", factory::SUB_KEY, |_| {});
        let right = factory::root_with("Right", factory::OTHER_KEY, |_| {});
        let crosswise: Vec<Certificate> = (10..15)
            .flat_map(|serial| {
                let numbered = |params: &mut rcgen::CertificateParams| {
                    params.serial_number = Some(SerialNumber::from(vec![serial]));
                };
                [
                    factory::sub_with(&right, "Left", factory::SUB_KEY, numbered).certificate,
                    factory::sub_with(&left, "Right", factory::OTHER_KEY, numbered).certificate,
                ]
            })
            .collect();
        let leaf = factory::app(&left).certificate;
        let trust = TrustList::new(Vec::new(), crosswise, Vec::new());
        assert_eq!(judge(&[leaf], &trust).status(), Some(CertificateStatus::ChainIncomplete));
    });
}

/// As DER: a list of an authority with this many revoked serial numbers of 16 bytes, signed by nobody.
fn large_list(entries: u64) -> Vec<u8> {
    let algorithm = [0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0];
    let name = [0x30, 15, 0x31, 13, 0x30, 11, 6, 3, 0x55, 4, 3, 12, 4, b'R', b'o', b'o', b't'];
    let date = [&[0x17, 13][..], b"270101000000Z"].concat();
    let mut revoked = Vec::new();
    for number in 0..entries {
        revoked.extend([0x30, 33, 2, 16, 1, 0, 0, 0, 0, 0, 0, 0]);
        revoked.extend(number.to_be_bytes());
        revoked.extend(&date);
    }
    let signed = [&[2, 1, 1][..], &algorithm, &name, &date, &date, &element(0x30, &revoked)].concat();
    let signature = element(3, &[0; 257]);
    element(0x30, &[&element(0x30, &signed)[..], &algorithm, &signature].concat())
}

#[test]
fn a_list_of_a_million_entries_is_read_in_a_small_multiple_of_its_size() {
    within("a_list_of_a_million_entries_is_read_in_a_small_multiple_of_its_size", 3 * SHORT, 400, || {
        let list = Crl::from_der(&large_list(1_000_000)).unwrap();
        assert_eq!(list.len(), 1_000_000);
    });
}

#[test]
fn a_list_above_the_limit_is_named_with_the_limit_and_the_rest_of_the_store_counts() {
    within(
        "a_list_above_the_limit_is_named_with_the_limit_and_the_rest_of_the_store_counts",
        SHORT,
        300,
        || {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path()).unwrap();
            let root = factory::root();
            store.trust(&root.certificate).unwrap();
            store.add_crl(&factory::crl(&root, &[])).unwrap();
            let path = folder.path().join("trusted/crl/huge.crl");
            // 100 MB that take no room on the disk
            std::fs::File::create(&path).unwrap().set_len(100_000_000).unwrap();
            let list = store.trust_list().unwrap();
            assert_eq!((list.trusted().len(), list.crls().len()), (1, 1));
            let [problem] = list.problems() else { panic!("{:?}", list.problems()) };
            assert_eq!(problem.path, path);
            assert!(problem.message.contains("50331648"), "{}", problem.message);
        },
    );
}
