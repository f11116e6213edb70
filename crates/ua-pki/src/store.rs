//! The folders with certificates.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{ApplicationIdentity, Certificate, Error, ThumbprintQuery, TrustList};
use std::path::{Path, PathBuf};
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
}
impl Store {
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        todo!()
    }
    pub fn root(&self) -> &Path {
        &self.root
    }
    pub fn own(&self) -> Result<Option<ApplicationIdentity>, Error> {
        todo!()
    }
    pub fn save_own(&self, identity: &ApplicationIdentity) -> Result<(), Error> {
        todo!()
    }
    pub fn trust_list(&self) -> Result<TrustList, Error> {
        todo!()
    }
    pub fn generation(&self) -> u64 {
        todo!()
    }
    pub fn trust(&self, certificate: &Certificate) -> Result<PathBuf, Error> {
        todo!()
    }
    pub fn accept(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        todo!()
    }
    pub fn remove(&self, query: &ThumbprintQuery) -> Result<Certificate, Error> {
        todo!()
    }
    pub fn reject(&self, chain: &[Certificate]) -> Result<(), Error> {
        todo!()
    }
    pub fn rejected(&self) -> Result<Vec<Certificate>, Error> {
        todo!()
    }
    pub fn trusted(&self) -> Result<Vec<Certificate>, Error> {
        todo!()
    }
    pub fn issuers(&self) -> Result<Vec<Certificate>, Error> {
        todo!()
    }
}
