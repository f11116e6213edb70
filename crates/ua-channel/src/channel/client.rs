//! The client's side of a channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy, TrustedCertificate};

use super::{ChannelEvent, Phase};
use crate::{Error, Limits, MessageSecurityMode, Random};

/// With whom a client talks, and how.
pub enum ClientSecurity {
    /// Policy None: no secrecy, no authenticity. For discovery, and where the user insists.
    None,
    /// A policy with keys.
    Secured {
        /// The policy.
        policy: SecurityPolicy,
        /// The mode; [`MessageSecurityMode::None`] is refused.
        mode: MessageSecurityMode,
        /// Our certificate and key.
        own: Arc<ApplicationIdentity>,
        /// The server's certificate: validated before our key signs anything (trust before talk).
        peer: TrustedCertificate,
    },
}

/// What a [`ClientChannel`] needs to know.
pub struct ClientChannelConfig {
    /// URL for the HEL message, at most 4096 bytes.
    pub endpoint_url: String,
    /// Policy, mode, certificates.
    pub security: ClientSecurity,
    /// Limits.
    pub limits: Limits,
    /// Token lifetime to ask for. One hour is usual.
    pub lifetime: Duration,
    /// How long HEL and OPN may take, each; also the deadline of a renewal. Ten seconds are usual.
    pub open_timeout: Duration,
    /// Wall time at construction, for the timestamp in OPN and CLO headers. Nothing is decided by it.
    pub wall_clock: jiff::Timestamp,
}

/// A client's secure channel.
pub struct ClientChannel {
    _private: (),
}

impl ClientChannel {
    /// Begins a channel: the HEL message is ready for `poll_transmit`.
    ///
    /// # Errors
    /// [`Error::UnfitSecurity`] when mode and policy do not fit, [`Error::Malformed`] for a URL above 4096 bytes.
    pub fn new(_config: ClientChannelConfig, _rng: Box<dyn Random>, _now: Instant) -> Result<Self, Error> {
        todo!()
    }

    /// Takes bytes from the socket. Any violation closes the channel and is reported as an event.
    pub fn handle_bytes(&mut self, _now: Instant, _bytes: &[u8]) {
        todo!()
    }

    /// Acts on deadlines: handshake, renewal, expiry.
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

    /// Sends an encoded request (type `NodeId` and structure) and returns its request id.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::OutgoingLimit`], [`Error::TooManyRequests`]; the channel is unharmed.
    pub fn send(&mut self, _now: Instant, _body: &[u8]) -> Result<u32, Error> {
        todo!()
    }

    /// Sends CLO and ends the channel.
    pub fn close(&mut self, _now: Instant) {
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

    /// The policy in use.
    #[must_use]
    pub fn policy(&self) -> SecurityPolicy {
        todo!()
    }

    /// The mode in use.
    #[must_use]
    pub fn mode(&self) -> MessageSecurityMode {
        todo!()
    }

    /// The server's certificate; `None` with policy None.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&Certificate> {
        todo!()
    }
}
