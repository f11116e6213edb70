//! Names and numbers that are fixed by the standard.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking")]

use ua_pki::{CertificateStatus, EncryptionScheme, SecurityPolicy, SignatureScheme};

#[test]
fn every_status_is_found_again_by_its_name_and_by_its_code() {
    for status in CertificateStatus::ALL {
        assert_eq!(CertificateStatus::from_code(status.code()), Some(status));
        assert_eq!(CertificateStatus::from_name(status.name()), Some(status));
    }
    assert_eq!(CertificateStatus::from_code(0x801A_0000), Some(CertificateStatus::Untrusted));
    assert_eq!(
        CertificateStatus::from_code(0x8013_0000),
        None,
        "BadSecurityChecksFailed says nothing about it"
    );
    assert_eq!(CertificateStatus::from_name("BadCertificateOdd"), None);
}

#[test]
fn what_the_standard_forbids_to_suppress_is_not_suppressible() {
    let never: Vec<_> = CertificateStatus::ALL.into_iter().filter(|status| !status.suppressible()).collect();
    assert_eq!(
        never,
        [
            CertificateStatus::Invalid,
            CertificateStatus::ChainIncomplete,
            CertificateStatus::Untrusted,
            CertificateStatus::UriInvalid,
            CertificateStatus::Revoked,
            CertificateStatus::IssuerRevoked,
        ]
    );
}

#[test]
fn policies_are_known_by_uri_and_by_name_and_ordered_by_strength() {
    for policy in SecurityPolicy::ALL {
        assert_eq!(SecurityPolicy::from_uri(policy.uri()), Some(policy));
        assert_eq!(SecurityPolicy::from_name(policy.name()), Some(policy));
        assert!(policy.uri().ends_with(policy.name()));
    }
    assert!(SecurityPolicy::ALL.is_sorted());
    assert_eq!(SecurityPolicy::from_name("Aes128Sha256RsaOaep"), Some(SecurityPolicy::Aes128Sha256RsaOaep));
    for unknown in [
        "http://opcfoundation.org/UA/SecurityPolicy#Basic128Rsa15",
        "http://opcfoundation.org/UA/SecurityPolicy#Aes128Sha256RsaOaep",
        "http://opcfoundation.org/UA/SecurityPolicy#",
        "http://opcfoundation.org/UA/SecurityPolicy#none",
        "Basic256Sha256",
        "",
    ] {
        assert_eq!(SecurityPolicy::from_uri(unknown), None, "{unknown}");
    }
}

#[test]
fn the_schemes_of_a_policy_are_those_of_part_7() {
    let schemes = SecurityPolicy::ALL.map(|policy| (policy.signature_scheme(), policy.encryption_scheme()));
    assert_eq!(
        schemes,
        [
            (None, None),
            (Some(SignatureScheme::RsaPkcs1Sha256), Some(EncryptionScheme::OaepSha1)),
            (Some(SignatureScheme::RsaPkcs1Sha256), Some(EncryptionScheme::OaepSha1)),
            (Some(SignatureScheme::RsaPssSha256), Some(EncryptionScheme::OaepSha256)),
        ]
    );
    assert_eq!(EncryptionScheme::OaepSha256.plain_block(10), 0);
}
