//! P_SHA256 (RFC 5246 §5): how two nonces become the keys of a token.

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// `len` bytes of P_SHA256(secret, seed).
pub(crate) fn p_sha256(secret: &[u8], seed: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut out = Zeroizing::new(Vec::with_capacity(len.saturating_add(32)));
    let mut a = hmac::sign(&key, seed);
    while out.len() < len {
        let mut block = hmac::Context::with_key(&key);
        block.update(a.as_ref());
        block.update(seed);
        out.extend_from_slice(block.sign().as_ref());
        a = hmac::sign(&key, a.as_ref());
    }
    out.truncate(len);
    out
}
