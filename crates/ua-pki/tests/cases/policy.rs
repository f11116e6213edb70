//! Step 4: keys and signature algorithms against the security policy.

use ua_pki::Certificate;
use ua_pki::CertificateStatus::{Invalid, PolicyCheckFailed};
use ua_pki::{KeyKind, SecurityPolicy, Step};

use super::case;
use crate::factory::{app_for_modulus, crl, fixture, root, self_signed};

const RSA_POLICIES: [SecurityPolicy; 3] =
    [SecurityPolicy::Basic256Sha256, SecurityPolicy::Aes128Sha256RsaOaep, SecurityPolicy::Aes256Sha256RsaPss];

fn fixed(name: &str) -> Certificate {
    Certificate::from_der(&fixture(name)).unwrap()
}

#[test]
fn a_signature_with_sha1_does_not_fit_the_policy() {
    let leaf = fixed("sha1.der");
    case("CV-33").trusts(&leaf).presents(&leaf).fails_unless_suppressed(PolicyCheckFailed);
}

#[test]
fn a_signature_with_md5_is_not_even_checked() {
    let leaf = fixed("md5.der");
    case("MD5").trusts(&leaf).presents(&leaf).fails_always(Invalid);
}

#[test]
fn a_key_of_1024_bits_does_not_fit_the_policy() {
    let leaf = fixed("rsa1024.der");
    assert_eq!(leaf.public_key().kind(), KeyKind::Rsa { bits: 1024 });
    let verdict = case("CV-36").trusts(&leaf).presents(&leaf).fails(PolicyCheckFailed);
    assert!(verdict.findings()[0].message.contains("1024 bits"), "{}", verdict.findings()[0].message);
    case("CV-36").trusts(&leaf).presents(&leaf).fails_unless_suppressed(PolicyCheckFailed);
}

#[test]
fn keys_between_2048_and_4096_bits_fit_every_rsa_policy_and_others_none() {
    let root = root();
    for policy in RSA_POLICIES {
        for (id, bits) in [
            ("CV-36", 1024),
            ("CV-36 one bit short", 2047),
            ("CV-38", 2048),
            ("CV-38", 3072),
            ("CV-38", 4096),
            ("CV-39", 4097),
            ("CV-39", 8192),
        ] {
            let leaf = app_for_modulus(&root, &modulus(bits), &[1, 0, 1]);
            assert_eq!(leaf.public_key().kind(), KeyKind::Rsa { bits });
            let case = case(id)
                .trusts(&root)
                .list(crl(&root, &[]))
                .presents(&leaf)
                .with(|case| case.policy = Some(policy));
            if (2048..=4096).contains(&bits) {
                case.good();
            } else {
                case.fails_unless_suppressed(PolicyCheckFailed);
            }
        }
    }
}

/// An odd number of exactly this many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut number = vec![0xa5; bits.div_ceil(8)];
    let extra = number.len() * 8 - bits;
    number[0] = 0xff >> extra;
    number
}

#[test]
fn an_elliptic_curve_key_does_not_fit_an_rsa_policy() {
    for name in ["prime256v1.der", "secp384r1.der"] {
        let leaf = fixed(name);
        case("CV-42").trusts(&leaf).presents(&leaf).fails(PolicyCheckFailed);
    }
}

#[test]
fn a_curve_that_we_cannot_check_is_invalid() {
    let leaf = fixed("brainpoolP256r1.der");
    assert_eq!(leaf.public_key().kind(), KeyKind::Other);
    case("brainpool").trusts(&leaf).presents(&leaf).fails_always(Invalid);
}

#[test]
fn a_pss_signature_on_a_certificate_is_accepted_with_a_warning() {
    let leaf = fixed("pss.der");
    let verdict = case("CV-44").trusts(&leaf).presents(&leaf).good();
    assert_eq!(verdict.findings().len(), 1);
    assert!(verdict.findings()[0].suppressed);
    assert_eq!(verdict.findings()[0].status, PolicyCheckFailed);
}

#[test]
fn without_a_policy_the_step_is_skipped_and_says_so() {
    let leaf = fixed("sha1.der");
    for policy in [None, Some(SecurityPolicy::None)] {
        let verdict =
            case("no policy").trusts(&leaf).presents(&leaf).with(|case| case.policy = policy).good();
        assert!(verdict.skipped().contains(&Step::Policy));
    }
    let good = self_signed();
    let verdict = case("policy").trusts(&good).presents(&good).good();
    assert!(!verdict.skipped().contains(&Step::Policy));
}
