//! Keeping the certificates of servers we do not trust, for the administrator to look at.

use ua_pki::{Certificate, Store, TrustList};

use crate::clock;

/// Keeps what of `chain` the store does not know yet among the rejected ones, ready for `trust accept`.
///
/// A disk that fails here is logged and nothing more: the verdict is what the caller has to tell.
pub(super) fn keep(store: &Store, trust: &TrustList, chain: &[Certificate]) {
    let known = |certificate: &Certificate| {
        trust.trusted().contains(certificate) || trust.issuers().contains(certificate)
    };
    let unknown: Vec<Certificate> = chain.iter().filter(|one| !known(one)).cloned().collect();
    if unknown.is_empty() {
        return;
    }
    match store.reject_at(&unknown, clock::now()) {
        Ok(true) => {}
        Ok(false) => tracing::warn!("too many unknown certificates this minute; one is not kept"),
        Err(error) => tracing::warn!(%error, "an unknown certificate cannot be kept among the rejected ones"),
    }
}
