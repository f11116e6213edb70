//! `lockgate/trust-list/1`, `trust-show/1` and `trust-change/1`: the certificates we trust, and those that wait.

use jiff::Timestamp;
use serde::Serialize;
use ua_pki::{Certificate, Error, Role, Store, ThumbprintQuery, ValidationContext, validate};

use super::{CertificateView, Means, ProblemView, VerdictView};

/// A certificate and where it stands.
#[derive(Debug, Serialize)]
pub struct ListedCertificate {
    pub standing: &'static str,
    #[serde(flatten)]
    pub certificate: CertificateView,
}

/// `lockgate/trust-list/1`.
#[derive(Debug, Serialize)]
pub struct TrustList {
    pub store: String,
    pub certificates: Vec<ListedCertificate>,
    pub problems: Vec<ProblemView>,
}

/// `lockgate/trust-show/1`.
#[derive(Debug, Serialize)]
pub struct TrustShown {
    pub standing: &'static str,
    pub certificate: CertificateView,
    pub verdict: VerdictView,
}

/// `lockgate/trust-change/1`.
#[derive(Debug, Serialize)]
pub struct TrustChange {
    pub done: &'static str,
    pub certificate: CertificateView,
}

impl TrustList {
    /// The standing of a certificate that is trusted by itself.
    pub const TRUSTED: &'static str = "trusted";
    /// The standing of an authority that completes chains.
    pub const ISSUER: &'static str = "issuer";
    /// The standing of a certificate that waits for a decision.
    pub const REJECTED: &'static str = "rejected";

    /// What is in the store.
    ///
    /// # Errors
    /// That of reading the store.
    pub fn of(store: &Store) -> Result<Self, Error> {
        let trust_list = store.trust_list()?;
        let listed = |(standing, certificate): &(&'static str, Certificate)| ListedCertificate {
            standing,
            certificate: CertificateView::of(certificate),
        };
        Ok(Self {
            store: store.root().display().to_string(),
            certificates: everything(store)?.iter().map(listed).collect(),
            problems: trust_list.problems().iter().map(ProblemView::of).collect(),
        })
    }
}

impl TrustShown {
    /// The certificate with this thumbprint and what speaks for and against it as that of a server; `None` when there is none.
    ///
    /// # Errors
    /// That of reading the store.
    pub fn find(
        store: &Store,
        wanted: &ThumbprintQuery,
        now: Timestamp,
        means: &Means<'_>,
    ) -> Result<Option<Self>, Error> {
        let all = everything(store)?;
        let Some((standing, certificate)) = all.iter().find(|(_, certificate)| wanted.matches(certificate))
        else {
            return Ok(None);
        };
        let trust_list = store.trust_list()?;
        let rules = ValidationContext {
            now,
            role: Role::Server,
            policy: None,
            host: None,
            application_uri: None,
            suppress: &[],
        };
        let verdict = validate(std::slice::from_ref(certificate), &trust_list, &rules);
        Ok(Some(Self {
            standing,
            certificate: CertificateView::of(certificate),
            verdict: VerdictView::of(&verdict, rules.role, means),
        }))
    }
}

fn everything(store: &Store) -> Result<Vec<(&'static str, Certificate)>, Error> {
    let name = |standing, list: Vec<Certificate>| list.into_iter().map(move |c| (standing, c));
    let (trusted, issuers) = (store.trusted()?, store.issuers()?);
    let rejected = store.rejected()?;
    Ok(name(TrustList::TRUSTED, trusted)
        .chain(name(TrustList::ISSUER, issuers))
        .chain(name(TrustList::REJECTED, rejected))
        .collect())
}
