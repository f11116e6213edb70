//! Deciding trust: Part 4 §6.1.3.
#![allow(missing_docs, clippy::todo, unused_variables)]
use crate::{Certificate, CertificateStatus, SecurityPolicy, TrustList, Verdict};
use jiff::Timestamp;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Server,
    Client,
    User,
}
#[derive(Debug, Clone)]
pub struct ValidationContext<'a> {
    pub now: Timestamp,
    pub role: Role,
    pub policy: Option<SecurityPolicy>,
    pub host: Option<&'a str>,
    pub application_uri: Option<&'a str>,
    pub suppress: &'a [CertificateStatus],
}
#[must_use]
pub fn validate(chain: &[Certificate], trust: &TrustList, context: &ValidationContext<'_>) -> Verdict {
    todo!()
}
