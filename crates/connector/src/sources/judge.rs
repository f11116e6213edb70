//! The one decision whether the server of a configured source is trusted: before connecting, and again while connected.

use jiff::Timestamp;
use ua_pki::{Certificate, Role, Store, TrustList, TrustedCertificate, ValidationContext, validate};

use super::turned_away;
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
    now: Timestamp,
) -> Result<TrustedCertificate, Error> {
    let leaf = chain.first().ok_or(Error::NoServerCertificate)?;
    let context = ValidationContext {
        now,
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

#[cfg(test)]
mod tests {
    use ua_channel::MessageSecurityMode;
    use ua_pki::issue::{Authority, AuthorityProfile, Revocation};
    use ua_pki::{
        ApplicationIdentity, ApplicationProfile, CertificateStatus, KeyKind, PrivateKey, SecurityPolicy,
    };

    use super::*;

    const MADE: &str = "2027-01-01T00:00:00Z";

    /// What the watch over an open connection asks, at that moment, of the store as it is then.
    fn status(store: &Store, chain: &[Certificate], now: &str) -> Option<CertificateStatus> {
        let url = "opc.tcp://plc1:4840".parse().unwrap();
        let (policy, mode) = (SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt);
        let source = SourceConfig::new("line1".parse().unwrap(), url, policy, mode);
        let trust = store.trust_list().unwrap();
        match judge(&source, store, &trust, chain, "urn:plc1:app", now.parse().unwrap()) {
            Ok(_) => None,
            Err(Error::ServerNotTrusted { verdict, .. }) => verdict.status(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_server_that_was_trusted_is_not_once_it_is_revoked_or_the_time_has_passed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("pki")).unwrap();
        let key = PrivateKey::generate(KeyKind::Rsa { bits: 2048 }).unwrap();
        let profile = AuthorityProfile {
            common_name: "Plant Root".to_owned(),
            organization: None,
            path_length: None,
            valid_from: MADE.parse().unwrap(),
            days: 3650,
        };
        let root = Authority::root(&profile, key).unwrap();
        let profile = ApplicationProfile {
            common_name: "plc1".to_owned(),
            organization: None,
            application_uri: "urn:plc1:app".to_owned(),
            dns_names: vec!["plc1".to_owned()],
            ip_addresses: Vec::new(),
            key: KeyKind::Rsa { bits: 2048 },
            valid_from: MADE.parse().unwrap(),
            days: 365,
        };
        let applicant = ApplicationIdentity::self_signed(&profile).unwrap();
        let server = root.issue(&profile, applicant.certificate().public_key()).unwrap();
        let chain = [server.clone()];
        let list = |number, revoked: &[Revocation]| {
            let until = "2030-01-01T00:00:00Z".parse().unwrap();
            root.revocation_list(number, MADE.parse().unwrap(), until, revoked).unwrap()
        };
        store.trust(root.certificate()).unwrap();
        store.add_crl(&list(1, &[])).unwrap();
        assert_eq!(status(&store, &chain, "2027-06-01T00:00:00Z"), None);
        // remembered as good, and out of date a year later
        assert_eq!(status(&store, &chain, "2028-06-01T00:00:00Z"), Some(CertificateStatus::TimeInvalid));
        assert_eq!(status(&store, &chain, "2027-06-01T00:00:01Z"), None);
        let serial = server.serial_bytes().to_vec();
        store.add_crl(&list(2, &[Revocation { serial, at: MADE.parse().unwrap() }])).unwrap();
        assert_eq!(status(&store, &chain, "2027-06-01T00:00:02Z"), Some(CertificateStatus::Revoked));
    }
}
