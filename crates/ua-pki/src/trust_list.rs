//! What the store holds at one moment.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::Certificate;
use std::path::PathBuf;
#[derive(Debug, Clone)]
pub struct Crl;
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreProblem {
    pub path: PathBuf,
    pub message: String,
}
#[derive(Debug, Clone, Default)]
pub struct TrustList;
impl TrustList {
    pub fn new(trusted: Vec<Certificate>, issuers: Vec<Certificate>, crls: Vec<Crl>) -> Self {
        todo!()
    }
    pub fn problems(&self) -> &[StoreProblem] {
        todo!()
    }
    pub fn generation(&self) -> u64 {
        todo!()
    }
}
