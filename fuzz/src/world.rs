//! Who the inputs are judged by: a root, an authority below it, their lists, and keys that everybody may know.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use ua_pki::{
    Certificate, CertificateRules, CertificateStatus, Crl, Role, TrustList, ValidationContext, Verdict,
};

use crate::der;

/// The moment for which everything is decided.
pub const NOW: &str = "2027-06-01T12:00:00Z";
/// The host and the application URI that the honest certificates have.
pub const HOST: &str = "plc1";
/// As [`HOST`].
pub const APPLICATION_URI: &str = "urn:plc1:app";

/// The authorities and their lists.
pub static ROOT: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::from_der(include_bytes!("../world/root.der")).unwrap());
/// Below the root.
pub static SUB: LazyLock<Certificate> =
    LazyLock::new(|| Certificate::from_der(include_bytes!("../world/sub.der")).unwrap());
/// What the authorities have issued: whatever else is Good was forged.
pub static ISSUED: LazyLock<Vec<Certificate>> = LazyLock::new(|| {
    let issued: [&[u8]; 4] = [
        include_bytes!("../world/root.der"),
        include_bytes!("../world/sub.der"),
        include_bytes!("../world/elliptic.der"),
        include_bytes!("../world/rsa.der"),
    ];
    issued.into_iter().map(|der| Certificate::from_der(der).unwrap()).collect()
});
/// The root's list and the one of the authority below it.
pub static LISTS: LazyLock<Vec<Crl>> = LazyLock::new(|| {
    let lists: [&[u8]; 2] = [include_bytes!("../world/root.crl"), include_bytes!("../world/sub.crl")];
    lists.into_iter().map(|der| Crl::from_der(der).unwrap()).collect()
});
/// Trusts the root, and knows the authority below it.
pub static TRUST: LazyLock<TrustList> =
    LazyLock::new(|| TrustList::new(vec![ROOT.clone()], vec![SUB.clone()], LISTS.clone()));

/// A key that is no secret: its number is its private half. 1 is the root's, 2 the one of the authority below it, 3 an
/// application's.
#[must_use]
pub fn key_der(number: u8) -> Vec<u8> {
    let mut secret = [0; 32];
    secret[31] = number;
    // RFC 5915: version, private key, the name of P-256
    let curve = der::element(0xa0, &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    der::element(0x30, &[&[2, 1, 1][..], &der::element(4, &secret), &curve].concat())
}

/// The same in PKCS#8.
#[must_use]
pub fn key_pkcs8(number: u8) -> Vec<u8> {
    let algorithm = [6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let key = der::element(4, &key_der(number));
    der::element(0x30, &[&[2, 1, 0][..], &der::element(0x30, &algorithm), &key].concat())
}

/// Takes the signed part out of a certificate, a list or a request, and has this key sign it: so that the search gets
/// behind the check of the signature, which it would never pass by itself. What cannot be cut is returned as it is.
#[must_use]
pub fn signed_anew(bytes: &[u8], number: u8) -> Vec<u8> {
    static KEYS: LazyLock<Vec<EcdsaKeyPair>> = LazyLock::new(|| {
        let key =
            |number| EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, &key_der(number));
        (1..=3).map(|number| key(number).unwrap()).collect()
    });
    let Some((signed, _)) = der::content(bytes).and_then(der::split) else { return bytes.to_vec() };
    let key = &KEYS[usize::from(number.clamp(1, 3)) - 1];
    let signature = key.sign(&SystemRandom::new(), signed).unwrap();
    let signature = der::element(3, &[&[0], signature.as_ref()].concat());
    der::element(0x30, &[signed, ECDSA_WITH_SHA256, &signature].concat())
}

const ECDSA_WITH_SHA256: &[u8] = &[0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// Validates as one byte of the input says, and checks what must be true of every verdict.
pub fn judge(chain: &[Certificate], trust: &TrustList, choice: u8) -> Verdict {
    let policies =
        ["", "Basic256Sha256", "Aes256_Sha256_RsaPss", "ECC_nistP256"].map(CertificateRules::from_name);
    let bit = |number: u8| choice >> number & 1 == 1;
    let context = ValidationContext {
        now: NOW.parse().unwrap(),
        role: [Role::Server, Role::Client, Role::User, Role::Server][usize::from(choice & 3)],
        policy: policies[usize::from(choice >> 2 & 3)],
        host: bit(4).then_some(HOST),
        application_uri: bit(5).then_some(APPLICATION_URI),
        suppress: if bit(6) { &CertificateStatus::ALL } else { &[] },
    };
    let verdict = ua_pki::validate(chain, trust, &context);
    check(&verdict, &context);
    verdict
}

fn check(verdict: &Verdict, context: &ValidationContext<'_>) {
    assert_eq!(verdict.status().is_none(), verdict.clone().into_trusted().is_ok());
    assert!(verdict.findings().is_sorted_by_key(|finding| finding.step), "the first finding is the status");
    assert!(verdict.findings().len() < 4000, "{} findings", verdict.findings().len());
    for finding in verdict.findings() {
        for text in [&finding.subject, &finding.message, &finding.remedy.text] {
            assert_harmless(text);
        }
        if finding.suppressed && context.suppress.is_empty() {
            assert_eq!(
                finding.status,
                CertificateStatus::PolicyCheckFailed,
                "only a signature may be a warning"
            );
        }
        assert!(!finding.suppressed || finding.status.suppressible());
    }
}

/// What people read can neither move their cursor nor turn the direction of writing.
pub fn assert_harmless(text: &str) {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(harmful), "{text:?}");
}
