//! Whether the server is still trusted while a connection to it is open (V-R12 of the security catalogue).
//!
//! A secure channel renews its keys for as long as it likes with the certificate that was validated at its begin. So the
//! store is looked at every two seconds, and when it changed, or a minute is over in which a certificate may have
//! expired, the chain that the server presented is judged again by the same function as before the connection was made.
//! A store that cannot be read trusts nobody.

use std::time::{Duration, Instant};

use tokio::time::{Interval, MissedTickBehavior};
use ua_client::Session;
use ua_pki::Certificate;

use super::supervisor::Context;
use crate::error::Error;
use crate::sources::{Opened, judge};

/// Decides again and again whether the server of one session is trusted.
pub(super) struct TrustWatch<'a> {
    context: &'a Context,
    session: Session,
    application_uri: String,
    /// As the server presented it; empty without security, where there is nothing to decide.
    chain: Vec<Certificate>,
    /// The generation of the trust list that the last decision was made by, and when.
    decided: Option<(u64, Instant)>,
    pace: Interval,
}

impl<'a> TrustWatch<'a> {
    pub(super) fn new(context: &'a Context, opened: &Opened) -> Result<Self, Error> {
        let chain = match opened.session.peer() {
            Some(peer) => Certificate::chain_from_der(peer.chain_der())?,
            None => Vec::new(),
        };
        let mut pace = tokio::time::interval(LOOK_EVERY);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (session, application_uri) = (opened.session.clone(), opened.server_application_uri.clone());
        Ok(Self { context, session, application_uri, chain, decided: None, pace })
    }

    /// Waits until the server is trusted no longer, and says why. Without security that never happens.
    pub(super) async fn lost(&mut self) -> Error {
        loop {
            self.pace.tick().await;
            if let Err(error) = self.look() {
                return error;
            }
        }
    }

    fn look(&mut self) -> Result<(), Error> {
        if self.chain.is_empty() {
            return Ok(());
        }
        let trust = self.context.store.trust_list()?;
        let now = self.context.clock.instant();
        let today = self.context.clock.now();
        let stands = self.decided.is_some_and(|(generation, at)| {
            generation == trust.generation() && now.saturating_duration_since(at) < DECIDE_EVERY
        });
        if stands {
            return Ok(());
        }
        let peer = judge(
            &self.context.source,
            &self.context.store,
            &trust,
            &self.chain,
            &self.application_uri,
            today,
        )?;
        self.session.renew_trust(peer)?;
        self.decided = Some((trust.generation(), now));
        Ok(())
    }
}

/// How soon a change of the store is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How soon the passing of a date is; shorter than a session goes without a renewal of trust.
const DECIDE_EVERY: Duration = Duration::from_secs(60);
