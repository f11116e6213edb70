//! A parsed certificate.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{Error, PublicKey};
use jiff::Timestamp;
use std::{net::IpAddr, str::FromStr, sync::Arc};

#[derive(Debug, Clone)]
pub struct Certificate(Arc<Vec<u8>>);
impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for Certificate {}
impl Certificate {
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        todo!()
    }
    pub fn chain_from_der(der: &[u8]) -> Result<Vec<Self>, Error> {
        todo!()
    }
    pub fn chain_from_bytes(bytes: &[u8]) -> Result<Vec<Self>, Error> {
        todo!()
    }
    pub fn der(&self) -> &[u8] {
        &self.0
    }
    pub fn thumbprint(&self) -> Thumbprint {
        todo!()
    }
    pub fn sha256(&self) -> [u8; 32] {
        todo!()
    }
    pub fn subject(&self) -> &str {
        todo!()
    }
    pub fn issuer(&self) -> &str {
        todo!()
    }
    pub fn common_name(&self) -> Option<&str> {
        todo!()
    }
    pub fn serial_hex(&self) -> String {
        todo!()
    }
    pub fn not_before(&self) -> Timestamp {
        todo!()
    }
    pub fn not_after(&self) -> Timestamp {
        todo!()
    }
    pub fn application_uri(&self) -> Option<&str> {
        todo!()
    }
    pub fn dns_names(&self) -> &[String] {
        todo!()
    }
    pub fn ip_addresses(&self) -> &[IpAddr] {
        todo!()
    }
    pub fn public_key(&self) -> &PublicKey {
        todo!()
    }
    pub fn is_self_signed(&self) -> bool {
        todo!()
    }
    pub fn to_pem(&self) -> String {
        todo!()
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint([u8; 20]);
impl Thumbprint {
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
    pub fn grouped(&self) -> String {
        todo!()
    }
}
impl std::fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
impl FromStr for Thumbprint {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        todo!()
    }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThumbprintQuery {
    Sha1(Thumbprint),
    Sha256([u8; 32]),
}
impl ThumbprintQuery {
    pub fn matches(&self, certificate: &Certificate) -> bool {
        todo!()
    }
}
impl FromStr for ThumbprintQuery {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        todo!()
    }
}
impl std::fmt::Display for ThumbprintQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
