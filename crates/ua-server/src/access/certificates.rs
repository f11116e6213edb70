//! Users who log in with a certificate: a trust list of their own.

use std::{path::Path, sync::Arc};

use ua_pki::{
    Certificate, CertificateStatus, Role, SecurityPolicy, Store, TrustList, TrustedCertificate,
    ValidationContext, validate,
};

use super::mapping::Login;
use crate::{Error, clock::Clock};

/// The certificates of users that are trusted, as the store has them at that moment.
pub(crate) struct UserCertificates {
    store: Store,
    clock: Clock,
}

impl UserCertificates {
    pub(super) fn open(folder: &Path, clock: Clock) -> Result<Self, Error> {
        let store = Store::open(folder).map_err(|source| Error::Store { path: folder.to_owned(), source })?;
        Ok(Self { store, clock })
    }

    /// Whom the store trusts now; nobody, if it cannot be read.
    pub(super) fn trust(&self) -> Option<TrustList> {
        let trust = self.store.trust_list().map_err(|error| {
            tracing::error!(%error, "store of user certificates cannot be read: no user is trusted");
        });
        trust.ok()
    }

    /// Whether a user is trusted, or why not.
    pub(super) fn judge(
        &self,
        trust: &TrustList,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<TrustedCertificate, CertificateStatus> {
        let context = ValidationContext {
            now: self.clock.timestamp(),
            role: Role::User,
            policy: policy.certificate_rules(),
            host: None,
            application_uri: None,
            suppress: &[],
        };
        let verdict = validate(chain, trust, &context).into_trusted();
        verdict.map_err(|verdict| verdict.status().unwrap_or(CertificateStatus::Untrusted))
    }

    /// The user that a certificate stands for, if it is trusted. Who is refused is kept in the store's `rejected` folder.
    pub(crate) fn user(
        &self,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<(Arc<str>, Login), CertificateStatus> {
        let trust = self.trust().ok_or(CertificateStatus::Untrusted)?;
        match self.judge(&trust, chain, policy) {
            Ok(proof) => {
                let certificate = proof.certificate();
                let login = Login::Certificate {
                    thumbprint: certificate.thumbprint().to_string(),
                    subject: certificate.subject().to_owned(),
                    chain: chain.into(),
                    policy,
                };
                Ok((user_name(certificate).into(), login))
            }
            Err(status) => {
                let leaf = chain.first();
                let thumbprint = leaf.map(|leaf| leaf.thumbprint().to_string());
                tracing::warn!(status = status.name(), thumbprint, "user certificate refused");
                if let Err(error) = self.store.reject_at(chain, self.clock.timestamp()) {
                    tracing::error!(%error, "refused user certificate could not be kept");
                }
                Err(status)
            }
        }
    }
}

/// Names are not unique, thumbprints are: two certificates with one name are two users.
fn user_name(certificate: &Certificate) -> String {
    let name: String = certificate.common_name().unwrap_or_default().chars().take(64).collect();
    format!("{name} [{}]", certificate.thumbprint())
}
