//! Users who log in with a certificate: a trust list of their own.

use std::{path::Path, sync::Arc};

use ua_pki::{Certificate, Role, SecurityPolicy, Store, ValidationContext, validate};

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

    /// The user that a certificate stands for, if it is trusted. Who is refused is kept in the store's `rejected` folder.
    pub(crate) fn user(&self, chain: &[Certificate], policy: SecurityPolicy) -> Option<(Arc<str>, Login)> {
        let leaf = chain.first()?;
        let trust = self.store.trust_list().map_err(|error| {
            tracing::error!(%error, "store of user certificates cannot be read: no user is trusted");
        });
        let context = ValidationContext {
            now: self.clock.timestamp(),
            role: Role::User,
            policy: policy.certificate_rules(),
            host: None,
            application_uri: None,
            suppress: &[],
        };
        match validate(chain, &trust.ok()?, &context).into_trusted() {
            Ok(proof) => {
                let certificate = proof.certificate();
                let login = Login::Certificate {
                    thumbprint: certificate.thumbprint().to_string(),
                    subject: certificate.subject().to_owned(),
                };
                Some((user_name(certificate).into(), login))
            }
            Err(verdict) => {
                let status = verdict.status().map_or("unknown", |status| status.name());
                tracing::warn!(status, thumbprint = %leaf.thumbprint(), subject = ?leaf.subject(), "user certificate refused");
                if let Err(error) = self.store.reject_at(chain, self.clock.timestamp()) {
                    tracing::error!(%error, "refused user certificate could not be kept");
                }
                None
            }
        }
    }
}

/// Names are not unique, thumbprints are: two certificates with one name are two users.
fn user_name(certificate: &Certificate) -> String {
    let name: String = certificate.common_name().unwrap_or_default().chars().take(64).collect();
    format!("{name} [{}]", certificate.thumbprint())
}
