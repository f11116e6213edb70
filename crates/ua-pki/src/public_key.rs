//! The public key of a certificate.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{EncryptionScheme, Error, SignatureScheme};
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    Rsa { bits: usize },
    EcP256,
    EcP384,
    Other,
}
#[derive(Debug, Clone)]
pub struct PublicKey;
impl PublicKey {
    pub fn kind(&self) -> KeyKind {
        todo!()
    }
    pub fn key_bytes(&self) -> usize {
        todo!()
    }
    pub fn verify(&self, scheme: SignatureScheme, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        todo!()
    }
    pub fn encrypt_block(&self, scheme: EncryptionScheme, plain: &[u8]) -> Result<Vec<u8>, Error> {
        todo!()
    }
}
