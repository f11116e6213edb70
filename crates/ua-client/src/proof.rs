//! How long trust counts once it was decided.
//!
//! A certificate that passed validation may be distrusted, revoked or out of its time an hour later. Who keeps a session
//! for long decides anew now and then and says so with [`Session::renew_trust`](crate::Session::renew_trust); a session
//! does not sign or log in on a new connection with a proof older than [`MAX_AGE`].

use std::time::{Duration, Instant};

use ua_pki::TrustedCertificate;

use crate::Error;

/// How old a proof may be when the session moves to a new connection.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(120);

/// The proof that a session goes by, and since when.
#[derive(Debug)]
pub(crate) struct Proof {
    peer: Option<TrustedCertificate>,
    since: Instant,
}

impl Proof {
    /// `None` is a session without security, which has nothing to go stale.
    pub(crate) fn new(peer: Option<TrustedCertificate>, since: Instant) -> Self {
        Self { peer, since }
    }

    /// The certificate that was validated.
    pub(crate) fn peer(&self) -> Option<&TrustedCertificate> {
        self.peer.as_ref()
    }

    /// Takes a new proof of the same certificate.
    pub(crate) fn renew(&mut self, peer: TrustedCertificate, now: Instant) -> Result<(), Error> {
        let Some(known) = &self.peer else {
            return Err(Error::InvalidRequest("a session without security has no certificate to trust"));
        };
        if known.certificate() != peer.certificate() {
            return Err(Error::CertificateChanged {
                expected: known.certificate().thumbprint(),
                found: peer.certificate().thumbprint().to_string(),
                place: "a renewed proof",
            });
        }
        *self = Self { peer: Some(peer), since: now };
        Ok(())
    }

    /// The proof, if it is young enough to sign by.
    pub(crate) fn fresh(&self, now: Instant) -> Result<Option<TrustedCertificate>, Error> {
        let age = now.saturating_duration_since(self.since);
        if self.peer.is_some() && age > MAX_AGE {
            return Err(Error::TrustNotRenewed { age });
        }
        Ok(self.peer.clone())
    }
}

#[cfg(test)]
mod tests {
    use ua_pki::{
        ApplicationIdentity, ApplicationProfile, KeyKind, Role, Store, ValidationContext, validate,
    };

    use super::*;
    use crate::clock;

    fn trusted(name: &str) -> TrustedCertificate {
        let now = clock::wall();
        let identity = ApplicationIdentity::self_signed(&ApplicationProfile {
            common_name: name.to_owned(),
            organization: None,
            application_uri: format!("urn:localhost:{name}"),
            dns_names: vec!["localhost".to_owned()],
            ip_addresses: vec![],
            key: KeyKind::Rsa { bits: 2048 },
            valid_from: now,
            days: 1,
        })
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.trust(identity.certificate()).unwrap();
        let context = ValidationContext {
            now,
            role: Role::Server,
            policy: None,
            host: None,
            application_uri: None,
            suppress: &[],
        };
        let chain = std::slice::from_ref(identity.certificate());
        validate(chain, &store.trust_list().unwrap(), &context).into_trusted().unwrap()
    }

    #[test]
    fn trust_that_is_not_renewed_signs_nothing_any_more() {
        let start = clock::now();
        let peer = trusted("plant");
        let mut proof = Proof::new(Some(peer.clone()), start);
        assert!(proof.fresh(start + MAX_AGE).unwrap().is_some());
        let late = start + MAX_AGE + Duration::from_secs(1);
        assert!(matches!(proof.fresh(late), Err(Error::TrustNotRenewed { .. })));
        proof.renew(peer, late).unwrap();
        assert!(proof.fresh(late + MAX_AGE).unwrap().is_some());
    }

    #[test]
    fn trust_in_another_certificate_does_not_count() {
        let start = clock::now();
        let mut proof = Proof::new(Some(trusted("plant")), start);
        let other = proof.renew(trusted("stranger"), start);
        assert!(matches!(other, Err(Error::CertificateChanged { .. })), "{other:?}");
        let mut unsecured = Proof::new(None, start);
        assert!(unsecured.renew(trusted("plant"), start).is_err());
        assert!(unsecured.fresh(start + MAX_AGE * 2).unwrap().is_none());
    }
}
