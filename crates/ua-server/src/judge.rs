//! Our own certificate, and the judgement on others'.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::sync::watch;
use ua_channel::PeerJudge;
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateStatus, KeyKind, Role, SecurityPolicy,
    Store, TrustedCertificate, ValidationContext, validate,
};

use crate::{
    Error, ServerConfig,
    audit::{AuditTrail, certificate_refused},
    clock::Clock,
    listener::{Stopped, stop_requested},
};

/// Validity of a certificate made at first start: five years.
const VALID_DAYS: u32 = 5 * 365;

/// Our certificate from the store, made there if there is none. Making an RSA key takes a moment: not for an async thread.
pub(crate) fn own_identity(
    store: &Store,
    config: &ServerConfig,
    clock: &Clock,
) -> Result<ApplicationIdentity, Error> {
    let fail = |source| Error::Store { path: config.pki_dir.clone(), source };
    if let Some(identity) = store.own().map_err(fail)? {
        if identity.application_uri() != config.application_uri {
            return Err(Error::Config("the certificate in the store is for another application URI"));
        }
        return Ok(identity);
    }
    let (addresses, names): (Vec<_>, Vec<_>) =
        config.hosts.iter().partition(|host| host.parse::<IpAddr>().is_ok());
    let profile = ApplicationProfile {
        common_name: config.application_name.clone(),
        organization: None,
        application_uri: config.application_uri.clone(),
        dns_names: names.into_iter().cloned().collect(),
        ip_addresses: addresses.into_iter().filter_map(|address| address.parse().ok()).collect(),
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: clock.timestamp(),
        days: VALID_DAYS,
    };
    let identity = ApplicationIdentity::self_signed(&profile).map_err(fail)?;
    store.save_own(&identity).map_err(fail)?;
    Ok(identity)
}

/// Judges clients by the certificate store as it is at that moment: a certificate accepted while the server runs is accepted.
pub(crate) struct StoreJudge {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) identity: Arc<ApplicationIdentity>,
    pub(crate) audit: Arc<AuditTrail>,
}

impl PeerJudge for StoreJudge {
    fn judge(
        &self,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<TrustedCertificate, CertificateStatus> {
        // OR-03: who comes with our own key reflects our signatures back at us
        let own_key = self.identity.certificate().public_key();
        if chain.first().is_some_and(|leaf| leaf.public_key() == own_key) {
            if let Some(leaf) = chain.first() {
                self.audit.record(certificate_refused(leaf, CertificateStatus::UseNotAllowed));
            }
            return Err(CertificateStatus::UseNotAllowed);
        }
        let trust = self.store.trust_list().map_err(|error| {
            tracing::error!(%error, "certificate store cannot be read: nobody is trusted");
            CertificateStatus::Untrusted
        })?;
        let context = ValidationContext {
            now: self.clock.timestamp(),
            role: Role::Client,
            policy: policy.certificate_rules(),
            host: None,
            application_uri: None,
            suppress: &[],
        };
        validate(chain, &trust, &context).into_trusted().map_err(|verdict| {
            let status = verdict.status().unwrap_or(CertificateStatus::Untrusted);
            self.turn_away(chain, status);
            status
        })
    }
}

/// Tells every connection when its client has to be judged again, until told to stop: when the store has changed, and once
/// a minute, in which a certificate or a revocation list may have run out (Part 12 §7.8.2.5).
pub(crate) async fn watch_trust(
    judge: Arc<StoreJudge>,
    decide_again: watch::Sender<Decision>,
    mut stopped: Stopped,
) {
    let mut generation = None;
    let mut since = judge.clock.instant();
    loop {
        let looking = Arc::clone(&judge);
        let look =
            tokio::task::spawn_blocking(move || looking.store.trust_list().map(|list| list.generation()));
        // a store that cannot be read trusts nobody: that is a change as well
        let now = look.await.ok().and_then(Result::ok);
        let passed = judge.clock.instant().saturating_duration_since(since);
        if now != generation || passed >= DECIDE_EVERY {
            generation = now;
            since = judge.clock.instant();
            decide_again.send_modify(|decision| *decision = decision.wrapping_add(1));
        }
        tokio::select! {
            () = stop_requested(&mut stopped) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Counts how often everybody had to be judged again.
pub(crate) type Decision = u64;

/// How soon a change of the store is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How soon the passing of a date is.
const DECIDE_EVERY: Duration = Duration::from_secs(60);

impl StoreJudge {
    fn turn_away(&self, chain: &[Certificate], status: CertificateStatus) {
        let Some(leaf) = chain.first() else { return };
        self.audit.record(certificate_refused(leaf, status));
        tracing::warn!(status = status.name(), thumbprint = %leaf.thumbprint(), subject = ?leaf.subject(), "client certificate refused");
        match self.store.reject_at(chain, self.clock.timestamp()) {
            Ok(true) => {}
            Ok(false) => tracing::warn!("too many refused certificates this minute: this one is not kept"),
            Err(error) => tracing::error!(%error, "refused certificate could not be kept"),
        }
    }
}
