//! Our own certificate and key.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{Certificate, Error, KeyKind, PrivateKey};
use jiff::Timestamp;
use std::net::IpAddr;
#[derive(Debug, Clone)]
pub struct ApplicationProfile {
    pub common_name: String,
    pub organization: Option<String>,
    pub application_uri: String,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<IpAddr>,
    pub key: KeyKind,
    pub valid_from: Timestamp,
    pub days: u32,
}
#[derive(Debug, Clone)]
pub struct ApplicationIdentity {
    chain: Vec<Certificate>,
    key: PrivateKey,
}
impl ApplicationIdentity {
    pub fn new(chain: Vec<Certificate>, key: PrivateKey) -> Result<Self, Error> {
        todo!()
    }
    pub fn self_signed(profile: &ApplicationProfile) -> Result<Self, Error> {
        todo!()
    }
    pub fn certificate(&self) -> &Certificate {
        todo!()
    }
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }
    pub fn chain_der(&self) -> Vec<u8> {
        todo!()
    }
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }
    pub fn application_uri(&self) -> &str {
        todo!()
    }
}
