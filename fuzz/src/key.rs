//! Texts that people give: a private key, a thumbprint. Part of the target `material`.

use ua_pki::{PrivateKey, Thumbprint, ThumbprintQuery};

use crate::world::assert_harmless;

pub(crate) fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(thumbprint) = text.parse::<Thumbprint>() {
        assert_eq!(thumbprint.to_string().parse::<Thumbprint>().ok(), Some(thumbprint));
    }
    if let Ok(query) = text.parse::<ThumbprintQuery>() {
        assert!(query.to_string().parse::<ThumbprintQuery>().is_ok());
    }
    match PrivateKey::from_pkcs8_pem(&text) {
        Ok(key) => assert!(format!("{key:?}").len() < 200, "a key is never printed"),
        Err(error) => {
            let told = error.to_string();
            assert_harmless(&told);
            // the content may be secret, so nothing of it is repeated
            assert!(told.len() < 200, "{told}");
        }
    }
}
