//! The trust list: what an administrator has decided, as it stood at one moment.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::validate::Memory;
use crate::{Certificate, Crl};

/// A file of the store that could not be used. The rest of the store works without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreProblem {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it, as a lowercase fragment.
    pub message: String,
}

/// Trusted certificates, issuers that help to build chains but give no trust, and revocation lists.
///
/// Cheap to clone, never changes: a decision is made against one moment of the store.
#[derive(Debug, Clone, Default)]
pub struct TrustList(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    trusted: Vec<Certificate>,
    /// SHA-256 of the trusted ones.
    trusted_ids: HashSet<[u8; 32]>,
    issuers: Vec<Certificate>,
    crls: Vec<Crl>,
    problems: Vec<StoreProblem>,
    generation: u64,
    memory: Memory,
}

impl TrustList {
    /// A trust list from its parts, for lists that do not live in a [`Store`](crate::Store).
    #[must_use]
    pub fn new(trusted: Vec<Certificate>, issuers: Vec<Certificate>, crls: Vec<Crl>) -> Self {
        Self::read(trusted, issuers, crls, Vec::new(), 0)
    }

    pub(crate) fn read(
        trusted: Vec<Certificate>,
        issuers: Vec<Certificate>,
        crls: Vec<Crl>,
        problems: Vec<StoreProblem>,
        generation: u64,
    ) -> Self {
        let trusted_ids = trusted.iter().map(Certificate::sha256).collect();
        let memory = Memory::default();
        Self(Arc::new(Inner { trusted, trusted_ids, issuers, crls, problems, generation, memory }))
    }

    /// Certificates that are trusted, and authorities that are trusted with everything below them.
    #[must_use]
    pub fn trusted(&self) -> &[Certificate] {
        &self.0.trusted
    }

    /// Authorities that are known but give no trust (ST-R5).
    #[must_use]
    pub fn issuers(&self) -> &[Certificate] {
        &self.0.issuers
    }

    /// Revocation lists, unchecked until validation checks their signature.
    #[must_use]
    pub fn crls(&self) -> &[Crl] {
        &self.0.crls
    }

    /// Files that could not be used.
    #[must_use]
    pub fn problems(&self) -> &[StoreProblem] {
        &self.0.problems
    }

    /// Grows by one whenever the files behind the list changed; what was decided under another generation must be
    /// decided again (Part 12 §7.8.2.5).
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation
    }

    /// Whether this very certificate, byte for byte, is trusted.
    pub(crate) fn trusts(&self, certificate: &Certificate) -> bool {
        self.0.trusted_ids.contains(&certificate.sha256())
    }

    /// What was found good by this list.
    pub(crate) fn memory(&self) -> &Memory {
        &self.0.memory
    }
}
