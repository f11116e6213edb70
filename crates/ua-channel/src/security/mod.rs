//! Cryptography of the channel and of the session handshake.
//!
//! - [`policy`]: a policy is one row of data.
//! - `asymmetric`: RSA blocks of OPN messages.
//! - `symmetric`: one security token's keys; seals and opens chunks.
//! - `key_derivation`: P_SHA256.
//! - [`user_secret`]: proofs and passwords of the session handshake.
//! - [`encrypted_secret`]: secrets too long for that.
//!
//! What is verified is verified before it is looked at, and every failure looks the same from outside.

pub(crate) mod asymmetric;
pub mod encrypted_secret;
pub(crate) mod key_derivation;
pub mod policy;
pub(crate) mod symmetric;
pub mod user_secret;
#[cfg(test)]
mod vectors;

pub use encrypted_secret::{MAX_SECRET, decrypt_secret, encrypt_secret, is_encrypted_secret};
pub use policy::MessageSecurityMode;
pub use user_secret::{
    EncryptedSecret, MAX_LEGACY_SECRET, SignatureBytes, decrypt_password, encrypt_password, sign_peer_proof,
    verify_peer_proof,
};
