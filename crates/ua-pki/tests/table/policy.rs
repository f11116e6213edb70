//! Step 4: keys and signature algorithms against the security policy.

use ua_pki::Certificate;
use ua_pki::CertificateStatus::{Invalid, PolicyCheckFailed};
use ua_pki::KeyKind;

use super::{Row, row};
use crate::factory::{
    P256_KEY, P384_KEY, RSA_3072_KEY, RSA_4096_KEY, app_for, app_for_modulus, fixture, root, self_signed,
    self_signed_for,
};

const RSA_POLICIES: [&str; 5] =
    ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "RSA_DH_AesGcm", "RSA_DH_ChaChaPoly"];

fn fixed(name: &str) -> Certificate {
    Certificate::from_der(&fixture(name)).unwrap()
}

/// An odd number of exactly this many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut number = vec![0xa5; bits.div_ceil(8)];
    let extra = number.len() * 8 - bits;
    number[0] = 0xff >> extra;
    number
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = sizes();
    rows.extend(algorithms());
    rows.extend(curves());
    rows.extend(deprecated());
    rows
}

fn sizes() -> Vec<Row> {
    let root = root();
    let small = fixed("rsa1024.der");
    let mut rows =
        vec![row("CV-36", "self_signed_1024").trusts(&small).presents(&small).fails(&[PolicyCheckFailed])];
    for key in [RSA_3072_KEY, RSA_4096_KEY] {
        let (alone, leaf) = (self_signed_for(key, |_| {}), app_for(&root, key, |_| {}));
        let KeyKind::Rsa { bits } = alone.certificate.public_key().kind() else { panic!("an RSA key") };
        rows.push(row("CV-38", format!("self_signed_{bits}")).trusts(&alone).presents(&alone).good());
        rows.push(row("CV-38", format!("issued_{bits}")).trusts_authority(&root).presents(&leaf).good());
    }
    for policy in RSA_POLICIES {
        for (id, bits) in [
            ("CV-36", 1024),
            ("CV-36", 2047),
            ("CV-38", 2048),
            ("CV-38", 3072),
            ("CV-38", 4096),
            ("CV-39", 4097),
            ("CV-39", 8192),
        ] {
            let leaf = app_for_modulus(&root, &modulus(bits), &[1, 0, 1]);
            assert_eq!(leaf.public_key().kind(), KeyKind::Rsa { bits });
            let name = format!("{bits}_under_{}", policy);
            let case = row(id, name).trusts_authority(&root).presents(&leaf).policy(policy);
            let fits = (2048..=4096).contains(&bits);
            rows.push(if fits { case.good() } else { case.fails(&[PolicyCheckFailed]) });
        }
    }
    rows
}

fn algorithms() -> Vec<Row> {
    let (sha1, md5, pss) = (fixed("sha1.der"), fixed("md5.der"), fixed("pss.der"));
    let (p256, p384) = (fixed("prime256v1.der"), fixed("secp384r1.der"));
    let wrong_curve = |name: &str, leaf: &Certificate| {
        row("CV-42", name).trusts(leaf).presents(leaf).fails(&[PolicyCheckFailed, PolicyCheckFailed])
    };
    vec![
        row("CV-33", "signed_with_sha1").trusts(&sha1).presents(&sha1).fails(&[PolicyCheckFailed]),
        row("CV-33", "signed_with_md5")
            .trusts(&md5)
            .presents(&md5)
            .fails(&[Invalid, PolicyCheckFailed])
            .because("MD5 is not even computed"),
        row("CV-33", "signed_with_sha1_without_policy").trusts(&sha1).presents(&sha1).policy("None").good(),
        wrong_curve("p256_under_basic256sha256", &p256),
        wrong_curve("p384_under_basic256sha256", &p384),
        row("CV-44", "signed_with_pss")
            .trusts(&pss)
            .presents(&pss)
            .policy("Aes256_Sha256_RsaPss")
            .good_telling(&[PolicyCheckFailed])
            .because("stronger than what the policy asks for, and newer authorities sign so"),
    ]
}

fn curves() -> Vec<Row> {
    let root = root();
    let rsa = self_signed();
    let mut rows = Vec::new();
    for (key, curve, policy, fits) in [
        (P256_KEY, "p256", "ECC_nistP256", true),
        (P256_KEY, "p256", "ECC_nistP256_AesGcm", true),
        (P256_KEY, "p256", "ECC_nistP384", false),
        (P384_KEY, "p384", "ECC_nistP256", true),
        (P384_KEY, "p384", "ECC_nistP384", true),
        (P384_KEY, "p384", "ECC_nistP384_ChaChaPoly", true),
    ] {
        let leaf = self_signed_for(key, |_| {});
        let case =
            row("CV-41", format!("{curve}_under_{policy}")).trusts(&leaf).presents(&leaf).policy(policy);
        // the key, and what it signs with
        rows.push(if fits { case.good() } else { case.fails(&[PolicyCheckFailed, PolicyCheckFailed]) });
    }
    rows.push(
        row("CV-42", "rsa_under_ecc_nistP256")
            .trusts(&rsa)
            .presents(&rsa)
            .policy("ECC_nistP256")
            .fails(&[PolicyCheckFailed, PolicyCheckFailed]),
    );
    let below_rsa = app_for(&root, P256_KEY, |_| {});
    rows.push(
        row("CV-42", "p256_below_an_rsa_authority_under_ecc_nistP256")
            .trusts_authority(&root)
            .presents(&below_rsa)
            .policy("ECC_nistP256")
            .fails(&[PolicyCheckFailed; 3])
            .because("every certificate of the chain is held to the policy: its key and its signature"),
    );
    rows
}

/// The deprecated policies pass nothing, unless that was allowed by name.
fn deprecated() -> Vec<Row> {
    let (sha1, large) = (fixed("sha1.der"), self_signed_for(RSA_4096_KEY, |_| {}).certificate);
    let under = |id, name: &str, leaf: &Certificate, policy: &str, allowed: bool| {
        row(id, name).trusts(leaf).presents(leaf).policy(policy).with(|case| {
            case.policy =
                case.policy.map(|rules| if allowed { rules.danger_allow_deprecated() } else { rules });
        })
    };
    vec![
        under("CV-34", "sha1_under_basic128rsa15_allowed", &sha1, "Basic128Rsa15", true).good(),
        under("CV-34", "sha1_under_basic128rsa15", &sha1, "Basic128Rsa15", false)
            .fails(&[PolicyCheckFailed])
            .insists(PolicyCheckFailed)
            .because("suppressing a finding is not allowing a deprecated policy"),
        under("CV-40", "rsa4096_under_basic256_allowed", &large, "Basic256", true)
            .fails(&[PolicyCheckFailed]),
    ]
}
