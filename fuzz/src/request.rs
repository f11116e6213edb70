//! A request for a certificate; also signed anew with the key that it asks for, when it is one that we know.

use ua_pki::{CertificateRequest, KeyKind};

use crate::world::{self, NOW, assert_harmless};

pub(crate) fn run(bytes: &[u8]) {
    read(bytes);
    read(&world::signed_anew(bytes, 3));
}

fn read(bytes: &[u8]) {
    let request = match CertificateRequest::from_bytes(bytes) {
        Ok(request) => request,
        Err(error) => return assert_harmless(&error.to_string()),
    };
    assert_harmless(request.subject());
    for text in request.dns_names().iter().map(String::as_str).chain(request.application_uri()) {
        assert_harmless(text);
    }
    assert!(request.dns_names().len() + request.ip_addresses().len() <= 64);
    assert_ne!(request.public_key().kind(), KeyKind::Other, "its signature has been verified");
    if let Ok(profile) = request.profile(NOW.parse().unwrap(), 365) {
        assert_eq!(profile.key, request.public_key().kind());
        assert_harmless(&profile.common_name);
    }
}
