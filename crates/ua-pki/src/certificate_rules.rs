//! What each security policy asks of certificates (Part 7 §6.6), one row of data per policy.
//!
//! There are more rows here than policies that our channel speaks ([`SecurityPolicy`]): a certificate can be judged for
//! a policy that somebody else will use it with.

use std::fmt;
use std::ops::RangeInclusive;

use crate::certificate_signature::CertificateSignature::{self, *};
use crate::{KeyKind, SecurityPolicy};

/// The rules of one security policy for certificates: step 4 of Part 4 §6.1.3.
///
/// Made from a policy that the channel speaks by [`SecurityPolicy::certificate_rules`], or by its name.
#[derive(Debug, Clone, Copy)]
pub struct CertificateRules {
    row: &'static Row,
    deprecated_allowed: bool,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    keys: &'static [Keys],
    /// How certificates may be signed, what the standard names first.
    signatures: &'static [CertificateSignature],
    /// At least as strong and not what the standard names: accepted with a warning.
    tolerated: &'static [CertificateSignature],
    /// Out of use, for the reason that is given as a fragment to go after "it".
    deprecated: Option<&'static str>,
}

/// Keys that a policy takes.
#[derive(Debug)]
enum Keys {
    Rsa(RangeInclusive<usize>),
    P256,
    P384,
}

/// How well a signature algorithm fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Good,
    Tolerated,
    Bad,
}

const RSA_CURRENT: &[Keys] = &[Keys::Rsa(2048..=4096)];
const RSA_OLD: &[Keys] = &[Keys::Rsa(1024..=2048)];
const P256: &[Keys] = &[Keys::P256, Keys::P384];
const P384: &[Keys] = &[Keys::P384];
const SHA2: &[CertificateSignature] = &[RsaSha256, RsaSha384, RsaSha512];
const SHA1_OR_SHA2: &[CertificateSignature] = &[RsaSha1, RsaSha256, RsaSha384, RsaSha512];
const PSS: &[CertificateSignature] = &[RsaPssSha256, RsaPssSha384, RsaPssSha512];
const ECDSA_256: &[CertificateSignature] = &[EcdsaSha256, EcdsaSha384, EcdsaSha512];
const ECDSA_384: &[CertificateSignature] = &[EcdsaSha384, EcdsaSha512];

const fn row(
    name: &'static str,
    keys: &'static [Keys],
    signatures: &'static [CertificateSignature],
    tolerated: &'static [CertificateSignature],
) -> Row {
    Row { name, keys, signatures, tolerated, deprecated: None }
}

const fn deprecated(name: &'static str, why: &'static str) -> Row {
    Row { name, keys: RSA_OLD, signatures: SHA1_OR_SHA2, tolerated: PSS, deprecated: Some(why) }
}

static ROWS: [Row; 13] = [
    row("Basic256Sha256", RSA_CURRENT, SHA2, PSS),
    row("Aes128_Sha256_RsaOaep", RSA_CURRENT, SHA2, PSS),
    row("Aes256_Sha256_RsaPss", RSA_CURRENT, SHA2, PSS),
    row("RSA_DH_AesGcm", RSA_CURRENT, SHA2, PSS),
    row("RSA_DH_ChaChaPoly", RSA_CURRENT, SHA2, PSS),
    row("ECC_nistP256", P256, ECDSA_256, &[]),
    row("ECC_nistP256_AesGcm", P256, ECDSA_256, &[]),
    row("ECC_nistP256_ChaChaPoly", P256, ECDSA_256, &[]),
    row("ECC_nistP384", P384, ECDSA_384, &[]),
    row("ECC_nistP384_AesGcm", P384, ECDSA_384, &[]),
    row("ECC_nistP384_ChaChaPoly", P384, ECDSA_384, &[]),
    deprecated("Basic256", "signs with SHA-1"),
    deprecated("Basic128Rsa15", "signs with SHA-1 and encrypts with PKCS#1 v1.5"),
];

const PREFIX: &str = "http://opcfoundation.org/UA/SecurityPolicy#";

impl CertificateRules {
    /// The rules of every policy that certificates can be judged for.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(Self::of)
    }

    /// The rules of the policy of this name or URI. Case and underscores do not matter. `None` for a policy that we
    /// do not know, and for `None`, which asks nothing of certificates.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
        let name = name.strip_prefix(PREFIX).unwrap_or(name);
        Self::all().find(|rules| plain(rules.name()) == plain(name))
    }

    /// The rules that the current policies have for a key of this kind: the weakest ones that are not deprecated.
    #[must_use]
    pub fn for_key(key: KeyKind) -> Self {
        let [rsa, ..] = &ROWS;
        let mut current = Self::all().filter(|rules| !rules.is_deprecated());
        current.find(|rules| rules.takes_key(key)).unwrap_or(Self::of(rsa))
    }

    /// The name of the policy, as in the fragment of its URI.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row.name
    }

    /// The URI of the policy.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{PREFIX}{}", self.row.name)
    }

    /// Whether the policy is deprecated (Part 7). No certificate passes it, unless that was
    /// [allowed](Self::danger_allow_deprecated).
    #[must_use]
    pub fn is_deprecated(self) -> bool {
        self.row.deprecated.is_some()
    }

    /// Judges by the rules of a policy although it is deprecated. Only what is judged changes: our channel does not
    /// speak such a policy.
    #[must_use]
    pub fn danger_allow_deprecated(self) -> Self {
        Self { deprecated_allowed: true, ..self }
    }

    /// Whether the policy takes a key of this kind and size.
    #[must_use]
    pub fn takes_key(self, key: KeyKind) -> bool {
        self.row.keys.iter().any(|keys| match (keys, key) {
            (Keys::Rsa(range), KeyKind::Rsa { bits }) => range.contains(&bits),
            (Keys::P256, KeyKind::EcP256) | (Keys::P384, KeyKind::EcP384) => true,
            _ => false,
        })
    }

    /// The keys that the policy takes, in words to go after "needs".
    pub(crate) fn keys_in_words(self) -> String {
        let curves: Vec<&str> = self
            .row
            .keys
            .iter()
            .filter_map(|keys| match keys {
                Keys::Rsa(_) => None,
                Keys::P256 => Some("P-256"),
                Keys::P384 => Some("P-384"),
            })
            .collect();
        match self.row.keys {
            [Keys::Rsa(range), ..] => {
                format!("an RSA key of {} to {} bits", range.start(), range.end())
            }
            _ => format!("an elliptic curve key ({})", curves.join(" or ")),
        }
    }

    /// Why nothing may pass, as a fragment to go after "it".
    pub(crate) fn out_of_use(self) -> Option<&'static str> {
        self.row.deprecated.filter(|_| !self.deprecated_allowed)
    }

    pub(crate) fn fit(self, signature: CertificateSignature) -> Fit {
        if self.row.signatures.contains(&signature) {
            Fit::Good
        } else if self.row.tolerated.contains(&signature) {
            Fit::Tolerated
        } else {
            Fit::Bad
        }
    }

    /// The signature algorithm that the policy names, in words.
    pub(crate) fn signature_in_words(self) -> &'static str {
        let named = self.row.signatures.iter().find(|signature| **signature != RsaSha1);
        named.map_or("", |signature| signature.describe())
    }

    fn of(row: &'static Row) -> Self {
        Self { row, deprecated_allowed: false }
    }
}

impl SecurityPolicy {
    /// What this policy asks of certificates; `None` for the policy `None`, which asks nothing.
    #[must_use]
    pub fn certificate_rules(self) -> Option<CertificateRules> {
        CertificateRules::from_name(self.name())
    }
}

impl PartialEq for CertificateRules {
    fn eq(&self, other: &Self) -> bool {
        (self.name(), self.deprecated_allowed) == (other.name(), other.deprecated_allowed)
    }
}

impl Eq for CertificateRules {}

impl std::hash::Hash for CertificateRules {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.name(), self.deprecated_allowed).hash(state);
    }
}

impl fmt::Display for CertificateRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_found_by_name_and_by_uri_in_any_case_and_with_or_without_underscores() {
        for text in [
            "Aes128_Sha256_RsaOaep",
            "aes128sha256rsaoaep",
            "http://opcfoundation.org/UA/SecurityPolicy#Aes128_Sha256_RsaOaep",
        ] {
            assert_eq!(CertificateRules::from_name(text).unwrap().name(), "Aes128_Sha256_RsaOaep");
        }
        for text in
            ["", "None", "Basic", "http://opcfoundation.org/UA/SecurityPolicy#", "ECC_brainpoolP256r1"]
        {
            assert_eq!(CertificateRules::from_name(text), None, "{text}");
        }
        for rules in CertificateRules::all() {
            assert_eq!(CertificateRules::from_name(rules.name()), Some(rules));
            assert_eq!(CertificateRules::from_name(&rules.uri()), Some(rules));
        }
    }

    #[test]
    fn every_policy_of_the_channel_but_none_has_its_rules() {
        for policy in SecurityPolicy::ALL {
            let rules = policy.certificate_rules();
            assert_eq!(rules.map(CertificateRules::name), Some(policy.name()).filter(|name| *name != "None"));
            assert!(!rules.is_some_and(CertificateRules::is_deprecated));
        }
    }

    #[test]
    fn each_kind_of_key_has_current_rules() {
        let name = |key| CertificateRules::for_key(key).name();
        assert_eq!(name(KeyKind::Rsa { bits: 2048 }), "Basic256Sha256");
        assert_eq!(name(KeyKind::Rsa { bits: 1024 }), "Basic256Sha256");
        assert_eq!(name(KeyKind::EcP256), "ECC_nistP256");
        assert_eq!(name(KeyKind::EcP384), "ECC_nistP256");
    }
}
