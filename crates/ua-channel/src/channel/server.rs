//! The server's side of a channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ua_pki::{ApplicationIdentity, Certificate, CertificateStatus, SecurityPolicy, TrustedCertificate};

use super::{ChannelEvent, Phase};
use crate::{Error, Limits, MessageSecurityMode, Random};

/// Decides whether a client's certificate is trusted.
///
/// Asked at every OPN, before any operation with our private key (rule PO-02).
pub trait PeerJudge: Send + Sync {
    /// Validates the chain as presented, leaf first.
    ///
    /// # Errors
    /// The first unsuppressed finding.
    fn judge(
        &self,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<TrustedCertificate, CertificateStatus>;
}

/// What a [`ServerChannel`] needs to know.
pub struct ServerChannelConfig {
    /// Limits.
    pub limits: Limits,
    /// Our certificate and key.
    pub identity: Arc<ApplicationIdentity>,
    /// Policies and modes a client may ask for; `(None, None)` must be listed to be allowed.
    pub offered: Vec<(SecurityPolicy, MessageSecurityMode)>,
    /// Id of this channel, unique in the server and not 0.
    pub channel_id: u32,
    /// Who decides on client certificates.
    pub judge: Arc<dyn PeerJudge>,
    /// Shortest token lifetime granted.
    pub min_lifetime: Duration,
    /// Longest token lifetime granted.
    pub max_lifetime: Duration,
    /// How long HEL may take (5 s are usual), and OPN after it (the same again).
    pub open_timeout: Duration,
    /// How long an open channel may exist before [`ServerChannel::mark_session_active`] is called (rule PO-06; 60 s
    /// are usual). `None` switches the deadline off: for tests only.
    pub session_deadline: Option<Duration>,
    /// Wall time at construction, for `CreatedAt` of tokens. Nothing is decided by it.
    pub wall_clock: jiff::Timestamp,
}

/// A server's secure channel: one accepted connection.
pub struct ServerChannel {
    _private: (),
}

impl ServerChannel {
    /// Begins a channel: HEL is due.
    #[must_use]
    pub fn new(_config: ServerChannelConfig, _rng: Box<dyn Random>, _now: Instant) -> Self {
        todo!()
    }

    /// Takes bytes from the socket. Any violation closes the channel and is reported as an event.
    pub fn handle_bytes(&mut self, _now: Instant, _bytes: &[u8]) {
        todo!()
    }

    /// Acts on deadlines: handshake, session, token expiry.
    pub fn handle_timeout(&mut self, _now: Instant) {
        todo!()
    }

    /// The next bytes for the socket, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        todo!()
    }

    /// When [`Self::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ChannelEvent> {
        todo!()
    }

    /// Answers a request with an encoded response (type `NodeId` and structure).
    ///
    /// # Errors
    /// [`Error::NotOpen`]; [`Error::OutgoingLimit`] when the client would not accept a response of this size: answer
    /// with a `ServiceFault` instead. The channel is unharmed.
    pub fn respond(&mut self, _now: Instant, _request_id: u32, _body: &[u8]) -> Result<(), Error> {
        todo!()
    }

    /// Tells the channel that an activated session lives on it: ends the session deadline and raises the limit on
    /// message size from `max_message_size_before_session` to `max_message_size`.
    pub fn mark_session_active(&mut self) {
        todo!()
    }

    /// Ends the channel with an ERR message.
    pub fn close(&mut self, _status: u32, _reason: &str) {
        todo!()
    }

    /// Whether messages may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        todo!()
    }

    /// Where the channel stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        todo!()
    }

    /// Id of this channel.
    #[must_use]
    pub fn channel_id(&self) -> u32 {
        todo!()
    }

    /// The client's certificate and the proof that it is trusted; `None` before OPN and with policy None.
    #[must_use]
    pub fn peer(&self) -> Option<&TrustedCertificate> {
        todo!()
    }

    /// The policy in use; policy None before OPN.
    #[must_use]
    pub fn policy(&self) -> SecurityPolicy {
        todo!()
    }

    /// The mode in use; mode None before OPN.
    #[must_use]
    pub fn mode(&self) -> MessageSecurityMode {
        todo!()
    }
}
