//! The server's side of a channel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ua_pki::{Certificate, SecurityPolicy, TrustedCertificate};

use super::assembler::Assembled;
use super::config::ServerChannelConfig;
use super::conversation::Conversation;
use super::nonce::{self, PeerNonces};
use super::open::{OpenRequest, OpenResponse, RequestKind, WallClock, millis};
use super::open_frame::{Ends, derive};
use super::token::{Changeover, Token, TokenTable};
use super::{ChannelEvent, CloseReason, Phase};
use crate::security::asymmetric;
use crate::security::policy::{self, PolicyRow};
use crate::wire::chunk::AsymmetricHeader;
use crate::wire::frame::{self, ChunkKind, FrameKind};
use crate::{Error, MessageSecurityMode, Random};

/// A server's secure channel: one accepted connection.
pub struct ServerChannel {
    core: Conversation,
    config: ServerChannelConfig,
    rng: Box<dyn Random>,
    wall_clock: WallClock,
    /// For HEL, then for OPN, then for a session.
    deadline: Option<Instant>,
    session_active: bool,
    /// Set by the first OPN and never changed.
    secured: Option<Secured>,
    mode: MessageSecurityMode,
    client_nonces: PeerNonces,
    last_token_id: u32,
    /// When the last token was issued.
    issued_at: Option<Instant>,
}

struct Secured {
    policy: SecurityPolicy,
    row: PolicyRow,
    peer: TrustedCertificate,
}

impl ServerChannel {
    /// Begins a channel: HEL is due.
    #[must_use]
    pub fn new(config: ServerChannelConfig, rng: Box<dyn Random>, now: Instant) -> Self {
        let before_session =
            config.limits.max_message_size_before_session.min(config.limits.max_message_size);
        Self {
            core: Conversation::new(&config.limits, before_session),
            rng,
            wall_clock: WallClock::new(now, config.wall_clock),
            deadline: now.checked_add(config.open_timeout),
            session_active: false,
            secured: None,
            mode: MessageSecurityMode::None,
            client_nonces: PeerNonces::default(),
            last_token_id: 0,
            issued_at: None,
            config,
        }
    }

    /// Takes bytes from the socket. Any violation closes the channel and is reported as an event.
    pub fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        if self.core.phase == Phase::Closed {
            return;
        }
        let mut input = self.core.take_input(bytes);
        while self.core.phase != Phase::Closed {
            let handled = match input.next(self.core.own.receive_buffer) {
                Ok(None) => break,
                Ok(Some((kind, frame))) => self.handle_frame(now, kind, frame),
                Err(error) => Err(error),
            };
            if let Err(error) = handled {
                self.fail(error);
            }
        }
        self.core.return_input(input);
    }

    /// Acts on deadlines: handshake, session, token expiry.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.core.phase == Phase::Closed {
            return;
        }
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.core.transmit(frame::error(BAD_TIMEOUT, ""));
            return self.core.close(CloseReason::Timeout);
        }
        if let Some(Err(error)) = self.core.tokens.as_mut().map(|tokens| tokens.expire(now)) {
            self.fail(error);
        }
    }

    /// The next bytes for the socket, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.core.poll_transmit()
    }

    /// When [`Self::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.core.phase == Phase::Closed {
            return None;
        }
        let expiry = self.core.tokens.as_ref().map(TokenTable::expires_at);
        [self.deadline, expiry].into_iter().flatten().min()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.core.poll_event()
    }

    /// Answers a request with an encoded response (type `NodeId` and structure).
    ///
    /// # Errors
    /// [`Error::NotOpen`]; [`Error::OutgoingLimit`] when the client would not accept a response of this size: answer
    /// with a `ServiceFault` instead. The channel is unharmed.
    pub fn respond(&mut self, now: Instant, request_id: u32, body: &[u8]) -> Result<(), Error> {
        self.core.tokens.as_mut().ok_or(Error::NotOpen)?.expire(now)?;
        self.core.send_message(FrameKind::Message(ChunkKind::Final), request_id, body)
    }

    /// Tells the channel that an activated session lives on it: ends the session deadline and raises the limit on
    /// message size from `max_message_size_before_session` to `max_message_size`.
    pub fn mark_session_active(&mut self) {
        self.session_active = true;
        self.core.assembler.set_max_bytes(self.config.limits.max_message_size);
        if self.core.phase == Phase::Open {
            self.deadline = None;
        }
    }

    /// Ends the channel with an ERR message.
    pub fn close(&mut self, status: u32, reason: &str) {
        if self.core.phase != Phase::Closed {
            self.core.transmit(frame::error(status, reason));
            self.core.close(CloseReason::Local);
        }
    }

    /// Whether messages may be sent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.core.phase == Phase::Open
    }

    /// Where the channel stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.core.phase
    }

    /// Id of this channel.
    #[must_use]
    pub fn channel_id(&self) -> u32 {
        self.config.channel_id
    }

    /// The client's certificate and the proof that it is trusted; `None` before OPN and with policy None.
    #[must_use]
    pub fn peer(&self) -> Option<&TrustedCertificate> {
        self.secured.as_ref().map(|secured| &secured.peer)
    }

    /// The policy in use; policy None before OPN.
    #[must_use]
    pub fn policy(&self) -> SecurityPolicy {
        self.secured.as_ref().map_or(SecurityPolicy::None, |secured| secured.policy)
    }

    /// The mode in use; mode None before OPN.
    #[must_use]
    pub fn mode(&self) -> MessageSecurityMode {
        self.mode
    }

    /// Tells the client one status code without a reason, whatever went wrong in detail (rule PO-04).
    fn fail(&mut self, error: Error) {
        self.core.transmit(frame::error(error.status(), ""));
        self.core.close(CloseReason::Protocol(error));
    }

    fn handle_frame(&mut self, now: Instant, kind: FrameKind, frame: &mut [u8]) -> Result<(), Error> {
        match (kind, self.core.phase) {
            (FrameKind::Hello, Phase::Connecting) => {
                let (sizes, endpoint_url) = frame::read_hello(frame)?;
                self.core.negotiate(sizes);
                self.core.transmit(frame::acknowledge(self.core.own));
                self.core.phase = Phase::Opening;
                self.deadline = now.checked_add(self.config.open_timeout);
                self.core.event(ChannelEvent::Hello { endpoint_url });
                Ok(())
            }
            (FrameKind::Open, Phase::Opening | Phase::Open) => self.handle_open(now, frame),
            (FrameKind::Message(chunk), Phase::Open) => {
                match self.core.handle_message(now, chunk, frame, |_| Ok(()))? {
                    None => {}
                    Some(Assembled::Message { request_id, body }) => {
                        self.core.event(ChannelEvent::Message { request_id, body });
                    }
                    Some(Assembled::Aborted { request_id, status, reason }) => {
                        self.core.event(ChannelEvent::Aborted { request_id, status, reason });
                    }
                }
                Ok(())
            }
            (FrameKind::Close, Phase::Open) => {
                self.core.open_chunk(now, frame)?;
                self.core.close(CloseReason::Peer);
                Ok(())
            }
            (kind, _) => Err(Error::UnexpectedMessage { found: kind.name() }),
        }
    }

    fn handle_open(&mut self, now: Instant, frame: &[u8]) -> Result<(), Error> {
        let header = AsymmetricHeader::read(frame)?;
        let renewing = self.core.phase == Phase::Open;
        if header.channel_id != self.core.channel_id {
            return Err(Error::ChannelId { found: header.channel_id, expected: self.core.channel_id });
        }
        if renewing
            && self.issued_at.is_some_and(|at| now.saturating_duration_since(at) < self.renewal_interval())
        {
            return Err(Error::RenewedTooSoon { interval: self.renewal_interval() });
        }
        let secured = self.admit(&header, frame.len(), renewing)?;
        let identity = Arc::clone(&self.config.identity);
        let ends = secured.as_ref().map(|secured| Ends {
            policy: secured.policy,
            row: secured.row,
            own: &identity,
            peer: secured.peer.certificate(),
        });
        let (request_id, body) = self.core.open_open(ends.as_ref(), frame, &header)?;
        let (request_handle, request) = OpenRequest::read(&body)?;
        let mode =
            self.admit_mode(ends.as_ref().map_or(SecurityPolicy::None, |ends| ends.policy), &request)?;
        if renewing != (request.kind == RequestKind::Renew) || (renewing && mode != self.mode) {
            return Err(Error::SecurityChecksFailed);
        }
        let own_nonce = match ends {
            Some(_) => nonce::fresh(self.rng.as_mut())?,
            None => zeroize::Zeroizing::default(),
        };
        if ends.is_some() {
            self.client_nonces.accept(request.nonce, Some(&own_nonce))?;
        }
        let (send, receive) = derive(ends.as_ref().map(|ends| ends.row), mode, &own_nonce, request.nonce)?;
        let lifetime = self.grant(request.lifetime);
        self.last_token_id = self.last_token_id.wrapping_add(1).max(1);
        let token = Token::new(self.last_token_id, send, receive, now, lifetime);
        let response = OpenResponse {
            channel_id: self.config.channel_id,
            token_id: self.last_token_id,
            created_at: self.wall_clock.ticks(now),
            lifetime: millis(lifetime),
            nonce: &own_nonce,
        };
        self.core.channel_id = self.config.channel_id;
        self.core.send_open(ends.as_ref(), request_id, |body| response.write(request_handle, body))?;
        self.secured = secured;
        self.mode = mode;
        self.install(now, token, lifetime);
        Ok(())
    }

    /// Everything that can be refused before our private key is touched (rule PO-02): policy, certificate, its trust,
    /// the thumbprint, the number of blocks.
    fn admit(
        &self,
        header: &AsymmetricHeader<'_>,
        frame_len: usize,
        renewing: bool,
    ) -> Result<Option<Secured>, Error> {
        let policy = header.policy()?;
        if !self.config.offered.iter().any(|(offered, _)| *offered == policy)
            || (renewing && policy != self.policy())
        {
            return Err(header.policy_rejected());
        }
        let Some(row) = policy::row(policy) else { return Ok(None) };
        let own = self.config.identity.certificate();
        let chain = Certificate::chain_from_der(header.sender_certificate)
            .map_err(|_| Error::SecurityChecksFailed)?;
        let leaf = chain.first().ok_or(Error::SecurityChecksFailed)?;
        // a client that presents our own certificate reflects our own messages (rule OR-03)
        if header.receiver_thumbprint != own.thumbprint().as_bytes() || leaf == own {
            return Err(Error::SecurityChecksFailed);
        }
        if renewing && self.peer().is_none_or(|peer| peer.certificate() != leaf) {
            return Err(Error::CertificateChanged);
        }
        let peer =
            self.config.judge.judge(&chain, policy).map_err(|status| Error::CertificateRefused { status })?;
        if peer.certificate() != leaf {
            return Err(Error::CertificateChanged);
        }
        let limit = self.config.identity.key().key_bytes().saturating_mul(asymmetric::MAX_OPEN_BLOCKS);
        if frame_len.saturating_sub(header.len) > limit {
            return Err(Error::SecurityChecksFailed);
        }
        Ok(Some(Secured { policy, row, peer }))
    }

    /// The mode is inside the encrypted body, so it is the first thing checked behind the signature.
    fn admit_mode(
        &self,
        policy: SecurityPolicy,
        request: &OpenRequest<'_>,
    ) -> Result<MessageSecurityMode, Error> {
        let rejected = Error::ModeRejected { found: request.mode };
        let mode = MessageSecurityMode::from_u32(request.mode).ok_or_else(|| rejected.clone())?;
        let fits = (policy == SecurityPolicy::None) == (mode == MessageSecurityMode::None);
        if fits && self.config.offered.contains(&(policy, mode)) { Ok(mode) } else { Err(rejected) }
    }

    /// The lifetime asked for, within our bounds; 0 asks for the longest.
    fn grant(&self, requested: u32) -> Duration {
        match requested {
            0 => self.config.max_lifetime,
            millis => Duration::from_millis(millis.into())
                .max(self.config.min_lifetime)
                .min(self.config.max_lifetime.max(self.config.min_lifetime)),
        }
    }

    /// Each renewal costs two operations with our private key, which even a trusted client must not ask for in a loop.
    /// Well below what any lifetime we grant calls for.
    fn renewal_interval(&self) -> Duration {
        SHORTEST_RENEWAL_INTERVAL.min(self.config.min_lifetime / 4)
    }

    fn install(&mut self, now: Instant, token: Token, lifetime: Duration) {
        self.issued_at = Some(now);
        if let Some(tokens) = &mut self.core.tokens {
            tokens.install(token);
            self.core.event(ChannelEvent::Renewed);
            return;
        }
        self.core.tokens = Some(TokenTable::new(token, Changeover::OnFirstUse));
        self.core.phase = Phase::Open;
        self.deadline = match self.session_active {
            true => None,
            false => now.checked_add(self.config.session_deadline),
        };
        self.core.event(ChannelEvent::Opened { channel_id: self.config.channel_id, lifetime });
    }
}

/// Shortest time between two tokens, for lifetimes of eight seconds and more.
const SHORTEST_RENEWAL_INTERVAL: Duration = Duration::from_secs(2);
const BAD_TIMEOUT: u32 = 0x800A_0000;
