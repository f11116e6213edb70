//! What a client sends in place of a password, in both forms.

use ua_channel::{decrypt_secret, is_encrypted_secret};
use ua_pki::SecurityPolicy;

use crate::channel::IDENTITY;

/// When the seeds were signed.
const SIGNED: i64 = 134_398_836_000_000_000;

pub(crate) fn run(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let policy = [
        SecurityPolicy::Basic256Sha256,
        SecurityPolicy::Aes128Sha256RsaOaep,
        SecurityPolicy::Aes256Sha256RsaPss,
    ][usize::from(choice % 3)];
    let Some((nonce, secret)) = bytes.split_at_checked(32) else { return };
    // the legacy form costs a private key's work each time and nothing in it is parsed before
    if !is_encrypted_secret(secret) && secret.len() != 256 {
        return;
    }
    let algorithm = policy.encryption_scheme().map(|scheme| scheme.uri());
    if let Ok(read) = decrypt_secret(policy, &IDENTITY, algorithm, secret, nonce, &(SIGNED..=SIGNED)) {
        assert!(read.len() <= secret.len());
    }
}
