//! Whatever an administrator brings in a file, and everything that is then shown of it.

use ua_pki::{Item, Material};

use crate::world::assert_harmless;

pub(crate) fn run(bytes: &[u8]) {
    crate::key::run(bytes);
    let material = Material::from_bytes(bytes);
    assert!(material.items().len() <= 1001);
    for item in material.items() {
        assert_harmless(&item.describe());
        match item {
            Item::Certificate(certificate) => {
                let details = certificate.details();
                for text in details.extended_key_usages.iter().flatten() {
                    assert_harmless(text);
                }
                assert_eq!(details.authority == Some(true), certificate.is_ca());
            }
            Item::Crl(list) => assert!(list.entries(50).len() <= 50),
            Item::Request(request) => {
                for text in request.uris().iter().chain(request.dns_names()) {
                    assert_harmless(text);
                }
                let signed = request.is_signed();
                assert_eq!(request.as_ref().clone().prove().is_ok(), signed);
            }
            Item::PrivateKey | Item::Other(_) => {}
        }
    }
}
