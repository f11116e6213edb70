//! Our own private key.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{EncryptionScheme, Error, SignatureScheme};
use std::path::Path;
use zeroize::Zeroizing;
#[derive(Clone)]
pub struct PrivateKey;
impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}
impl PrivateKey {
    pub fn generate_rsa(bits: usize) -> Result<Self, Error> {
        todo!()
    }
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, Error> {
        todo!()
    }
    pub fn load(path: &Path) -> Result<Self, Error> {
        todo!()
    }
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        todo!()
    }
    pub fn key_bytes(&self) -> usize {
        todo!()
    }
    pub fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        todo!()
    }
    pub fn decrypt_block(&self, scheme: EncryptionScheme, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        todo!()
    }
}
