//! The one decision whether the server of a configured source is trusted: before connecting, and again while connected.

use ua_pki::{Certificate, Role, Store, TrustList, TrustedCertificate, ValidationContext, validate};

use super::turned_away;
use crate::clock;
use crate::config::SourceConfig;
use crate::error::Error;

/// Validates the chain that the server presented, leaf first. `shown_uri` is the application URI of its endpoint; one that
/// the configuration names counts more.
///
/// # Errors
/// [`Error::ServerNotTrusted`]; the chain has been kept among the rejected ones. [`Error::NoServerCertificate`].
pub(crate) fn judge(
    source: &SourceConfig,
    store: &Store,
    trust: &TrustList,
    chain: &[Certificate],
    shown_uri: &str,
) -> Result<TrustedCertificate, Error> {
    let leaf = chain.first().ok_or(Error::NoServerCertificate)?;
    let context = ValidationContext {
        now: clock::now(),
        role: Role::Server,
        policy: source.policy.certificate_rules(),
        host: Some(source.url.host()),
        application_uri: Some(source.server_application_uri.as_deref().unwrap_or(shown_uri)),
        suppress: &source.danger_suppress,
    };
    validate(chain, trust, &context).into_trusted().map_err(|verdict| {
        turned_away::keep(store, trust, chain);
        Error::ServerNotTrusted {
            thumbprint: leaf.thumbprint(),
            pinned: source.server_thumbprint,
            verdict: Box::new(verdict),
        }
    })
}
