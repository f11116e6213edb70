//! Secrets by chance, and digests that stand for them.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, rand};
use serde::{Deserialize, Serialize};

/// SHA-256 of a secret that was made here by chance. Such a secret has 256 bits: nobody finds it from this.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Digest(String);

impl Digest {
    pub(crate) fn of(secret: &str) -> Self {
        Self(hex(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref()))
    }

    /// Its hex digits.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether both stand for the same secret, in a time that tells nothing.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// 256 bits by chance, as 64 hex digits; `None` when the system has no randomness.
pub(crate) fn fresh() -> Option<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
