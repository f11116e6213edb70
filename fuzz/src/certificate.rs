//! One certificate or several, in DER or PEM, as a peer sends them or an administrator brings them.

use ua_pki::{Certificate, EncryptionScheme, SignatureScheme, TrustList};

use crate::world::{assert_harmless, judge};

pub(crate) fn run(bytes: &[u8]) {
    let lenient = Certificate::chain_from_bytes(bytes);
    if let Ok(chain) = Certificate::chain_from_der(bytes) {
        assert_eq!(Some(&chain), lenient.as_ref().ok(), "DER is one of the forms that are read");
        let joined: Vec<u8> = chain.iter().flat_map(|one| one.der().to_vec()).collect();
        assert_eq!(joined, bytes, "nothing is passed over");
    }
    let chain = match lenient {
        Ok(chain) => chain,
        Err(error) => return assert_harmless(&error.to_string()),
    };
    for certificate in &chain {
        read(certificate);
    }
    // an administrator may have trusted even this
    let trust = TrustList::new(chain.clone(), chain.clone(), Vec::new());
    for choice in [0x00, 0x35, 0x7a] {
        judge(&chain, &trust, choice);
    }
}

fn read(certificate: &Certificate) {
    assert_eq!(Certificate::from_der(certificate.der()).as_ref().ok(), Some(certificate));
    let again = Certificate::chain_from_bytes(certificate.to_pem().as_bytes()).unwrap();
    assert_eq!(again, std::slice::from_ref(certificate));
    let texts = certificate.dns_names().iter().map(String::as_str);
    let texts = texts.chain([certificate.subject(), certificate.issuer()]);
    for text in texts.chain(certificate.common_name()).chain(certificate.application_uri()) {
        assert_harmless(text);
    }
    assert!(certificate.dns_names().len() + certificate.ip_addresses().len() <= 64);
    assert!(format!("{certificate:?} {}", certificate.serial_hex()).len() < 100_000);
    std::hint::black_box((certificate.is_self_signed(), certificate.is_ca()));
    let key = certificate.public_key();
    assert!(key.spki_der().len() <= certificate.der().len());
    for scheme in [SignatureScheme::RsaPkcs1Sha256, SignatureScheme::RsaPssSha256] {
        assert!(key.verify(scheme, b"message", &vec![1; key.key_bytes()]).is_err(), "nobody has signed it");
    }
    if let Ok(block) = key.encrypt_block(EncryptionScheme::OaepSha256, b"secret") {
        assert_eq!(block.len(), key.key_bytes());
    }
}
