//! The client's side of a channel.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy, TrustedCertificate};
use zeroize::Zeroizing;

use super::assembler::Assembled;
use super::config::{ClientChannelConfig, ClientSecurity};
use super::conversation::Conversation;
use super::nonce::{self, PeerNonces};
use super::open::{OpenRequest, OpenResponse, RequestKind, WallClock, close_request, millis};
use super::open_frame::{Ends, derive};
use super::token::{Changeover, Token, TokenTable};
use super::{ChannelEvent, CloseReason, Phase};
use crate::security::policy::{self, PolicyRow};
use crate::wire::chunk::AsymmetricHeader;
use crate::wire::frame::{self, BufferSizes, ChunkKind, FrameKind};
use crate::{Error, MessageSecurityMode, Random};

/// A client's secure channel.
pub struct ClientChannel {
    core: Conversation,
    secured: Option<Secured>,
    rng: Box<dyn Random>,
    wall_clock: WallClock,
    lifetime: Duration,
    open_timeout: Duration,
    max_outstanding: usize,
    /// While connecting.
    connect_deadline: Instant,
    /// The OPN that waits for its answer.
    pending: Option<PendingOpen>,
    server_nonces: PeerNonces,
    outstanding: BTreeSet<u32>,
    last_request_id: u32,
}

struct Secured {
    policy: SecurityPolicy,
    row: PolicyRow,
    mode: MessageSecurityMode,
    own: Arc<ApplicationIdentity>,
    peer: TrustedCertificate,
}

struct PendingOpen {
    request_id: u32,
    /// Empty with policy None.
    nonce: Zeroizing<Vec<u8>>,
    deadline: Instant,
}

impl ClientChannel {
    /// Begins a channel: the HEL message is ready for `poll_transmit`.
    ///
    /// # Errors
    /// [`Error::UnfitSecurity`] when mode and policy do not fit, [`Error::Malformed`] for a URL above 4096 bytes.
    pub fn new(config: ClientChannelConfig, rng: Box<dyn Random>, now: Instant) -> Result<Self, Error> {
        if config.endpoint_url.len() > frame::MAX_TEXT {
            return Err(Error::Malformed { what: "endpoint URL" });
        }
        let secured = Secured::new(config.security)?;
        let mut core = Conversation::new(&config.limits, config.limits.max_message_size);
        core.transmit(frame::hello(BufferSizes::of(&config.limits), &config.endpoint_url));
        Ok(Self {
            core,
            secured,
            rng,
            wall_clock: WallClock::new(now, config.wall_clock),
            lifetime: config.lifetime.max(SHORTEST_LIFETIME),
            open_timeout: config.open_timeout,
            max_outstanding: config.limits.max_outstanding_requests,
            connect_deadline: after(now, config.open_timeout),
            pending: None,
            server_nonces: PeerNonces::default(),
            outstanding: BTreeSet::new(),
            last_request_id: 0,
        })
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
                // nothing goes to the peer: it learns only that the connection is gone (rule SC-19)
                self.core.close(CloseReason::Protocol(error));
            }
        }
        self.core.return_input(input);
    }

    /// Acts on deadlines: handshake, renewal, expiry.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.core.phase == Phase::Closed {
            return;
        }
        let late = match (&self.pending, self.core.phase) {
            (Some(pending), _) => now >= pending.deadline,
            (None, Phase::Connecting) => now >= self.connect_deadline,
            (None, _) => false,
        };
        if late {
            return self.core.close(CloseReason::Timeout);
        }
        let Some(tokens) = &mut self.core.tokens else { return };
        if let Err(error) = tokens.expire(now) {
            return self.core.close(CloseReason::Protocol(error));
        }
        if self.pending.is_none() && now >= tokens.sending().renew_at() {
            self.send_open(now, RequestKind::Renew);
        }
    }

    /// The next bytes for the socket, in order.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.core.poll_transmit()
    }

    /// When [`Self::handle_timeout`] must be called at the latest.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.core.phase, &self.pending, &self.core.tokens) {
            (Phase::Closed, ..) => None,
            (_, Some(pending), _) => Some(pending.deadline),
            (_, None, Some(tokens)) => Some(tokens.sending().renew_at()),
            (_, None, None) => Some(self.connect_deadline),
        }
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.core.poll_event()
    }

    /// Sends an encoded request (type `NodeId` and structure) and returns its request id.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::OutgoingLimit`], [`Error::TooManyRequests`]; the channel is unharmed.
    pub fn send(&mut self, now: Instant, body: &[u8]) -> Result<u32, Error> {
        self.core.tokens.as_mut().ok_or(Error::NotOpen)?.expire(now)?;
        if self.outstanding.len() >= self.max_outstanding {
            return Err(Error::TooManyRequests { limit: self.max_outstanding });
        }
        let request_id = self.next_request_id();
        self.core.send_message(FrameKind::Message(ChunkKind::Final), request_id, body)?;
        self.outstanding.insert(request_id);
        Ok(request_id)
    }

    /// Sends CLO and ends the channel.
    pub fn close(&mut self, now: Instant) {
        if self.core.tokens.is_some() {
            let request_id = self.next_request_id();
            let request = close_request(self.wall_clock.ticks(now));
            if let Err(error) = self.core.send_message(FrameKind::Close, request_id, &request) {
                tracing::debug!(%error, "close message not sent");
            }
        }
        self.core.close(CloseReason::Local);
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

    /// The policy in use.
    #[must_use]
    pub fn policy(&self) -> SecurityPolicy {
        self.secured.as_ref().map_or(SecurityPolicy::None, |secured| secured.policy)
    }

    /// The mode in use.
    #[must_use]
    pub fn mode(&self) -> MessageSecurityMode {
        self.secured.as_ref().map_or(MessageSecurityMode::None, |secured| secured.mode)
    }

    /// The server's certificate; `None` with policy None.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&Certificate> {
        self.secured.as_ref().map(|secured| secured.peer.certificate())
    }

    fn handle_frame(&mut self, now: Instant, kind: FrameKind, frame: &mut [u8]) -> Result<(), Error> {
        match (kind, self.core.phase) {
            (FrameKind::Acknowledge, Phase::Connecting) => {
                self.core.negotiate(frame::read_acknowledge(frame)?);
                self.core.phase = Phase::Opening;
                self.send_open(now, RequestKind::Issue);
                Ok(())
            }
            (FrameKind::Error, _) => {
                let (status, reason) = frame::read_error(frame);
                self.core.close(CloseReason::PeerError { status, reason });
                Ok(())
            }
            (FrameKind::Open, Phase::Opening | Phase::Open) => self.handle_open(now, frame),
            (FrameKind::Message(chunk), Phase::Open) => self.handle_message(now, chunk, frame),
            (FrameKind::Close, Phase::Open) => {
                self.core.open_chunk(now, frame)?;
                self.core.close(CloseReason::Peer);
                Ok(())
            }
            (kind, _) => Err(Error::UnexpectedMessage { found: kind.name() }),
        }
    }

    fn handle_message(&mut self, now: Instant, kind: ChunkKind, frame: &mut [u8]) -> Result<(), Error> {
        let outstanding = &mut self.outstanding;
        let assembled = self.core.handle_message(now, kind, frame, |request_id| {
            // the last chunk of an answer settles the request, so a second answer is a stray one
            let known = match kind {
                ChunkKind::Intermediate => outstanding.contains(&request_id),
                ChunkKind::Final | ChunkKind::Abort => outstanding.remove(&request_id),
            };
            if known { Ok(()) } else { Err(Error::RequestUnknown { request_id }) }
        })?;
        match assembled {
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

    /// Asks for a token. A failure of our own (key, generator, limits) closes the channel.
    fn send_open(&mut self, now: Instant, kind: RequestKind) {
        if let Err(error) = self.try_send_open(now, kind) {
            self.core.close(CloseReason::Protocol(error));
        }
    }

    fn try_send_open(&mut self, now: Instant, kind: RequestKind) -> Result<(), Error> {
        let nonce = match self.secured {
            Some(_) => nonce::fresh(self.rng.as_mut())?,
            None => Zeroizing::default(),
        };
        let request_id = self.next_request_id();
        let request =
            OpenRequest { kind, mode: self.mode().to_u32(), nonce: &nonce, lifetime: millis(self.lifetime) };
        let timestamp = self.wall_clock.ticks(now);
        let ends = self.secured.as_ref().map(Secured::ends);
        self.core.send_open(ends.as_ref(), request_id, |body| request.write(timestamp, body))?;
        let expiry = self.core.tokens.as_ref().map(TokenTable::expires_at);
        let deadline = after(now, self.open_timeout);
        let deadline = expiry.map_or(deadline, |expiry| expiry.min(deadline));
        self.pending = Some(PendingOpen { request_id, nonce, deadline });
        Ok(())
    }

    fn handle_open(&mut self, now: Instant, frame: &[u8]) -> Result<(), Error> {
        // an answer to nothing: one that came twice, or unasked
        let pending = self.pending.take().ok_or(Error::UnexpectedMessage { found: "OPN" })?;
        let header = AsymmetricHeader::read(frame)?;
        if header.policy()? != self.policy() {
            return Err(header.policy_rejected());
        }
        if let Some(secured) = &self.secured {
            secured.check_header(&header)?;
        }
        let ends = self.secured.as_ref().map(Secured::ends);
        let (request_id, body) = self.core.open_open(ends.as_ref(), frame, &header)?;
        if request_id != pending.request_id {
            return Err(Error::RequestUnknown { request_id });
        }
        let response = OpenResponse::read(&body)?;
        if header.channel_id != response.channel_id {
            return Err(Error::ChannelId { found: header.channel_id, expected: response.channel_id });
        }
        if self.secured.is_some() {
            self.server_nonces.accept(response.nonce, Some(&pending.nonce))?;
        }
        self.install(now, &response, &pending.nonce)
    }

    /// Takes over the token of a verified answer.
    fn install(&mut self, now: Instant, response: &OpenResponse<'_>, own_nonce: &[u8]) -> Result<(), Error> {
        // a lifetime of nothing must not make us renew without end, a huge one not keep us from renewing (SC-17)
        let lifetime =
            Duration::from_millis(response.lifetime.into()).clamp(SHORTEST_LIFETIME, self.lifetime);
        let (send, receive) =
            derive(self.secured.as_ref().map(|secured| secured.row), self.mode(), own_nonce, response.nonce)?;
        let token = Token::new(response.token_id, send, receive, now, lifetime);
        match &mut self.core.tokens {
            None if response.channel_id == 0 => return Err(Error::ChannelId { found: 0, expected: 1 }),
            None => {
                self.core.tokens = Some(TokenTable::new(token, Changeover::AtOnce));
                self.core.channel_id = response.channel_id;
                self.core.phase = Phase::Open;
                self.core.event(ChannelEvent::Opened { channel_id: response.channel_id, lifetime });
            }
            Some(_) if response.channel_id != self.core.channel_id => {
                return Err(Error::ChannelId { found: response.channel_id, expected: self.core.channel_id });
            }
            Some(tokens) if tokens.knows(response.token_id) => {
                return Err(Error::TokenUnknown { found: response.token_id });
            }
            Some(tokens) => {
                tokens.install(token);
                self.core.event(ChannelEvent::Renewed);
            }
        }
        Ok(())
    }

    /// The next id that is not 0 and not outstanding; there are always more ids than requests may be outstanding.
    fn next_request_id(&mut self) -> u32 {
        loop {
            self.last_request_id = self.last_request_id.wrapping_add(1);
            if self.last_request_id != 0 && !self.outstanding.contains(&self.last_request_id) {
                return self.last_request_id;
            }
        }
    }
}

impl Secured {
    fn new(security: ClientSecurity) -> Result<Option<Self>, Error> {
        let ClientSecurity::Secured { policy, mode, own, peer } = security else { return Ok(None) };
        let unfit = Error::UnfitSecurity { policy, mode };
        match policy::row(policy) {
            Some(row) if mode != MessageSecurityMode::None => Ok(Some(Self { policy, row, mode, own, peer })),
            _ => Err(unfit),
        }
    }

    fn ends(&self) -> Ends<'_> {
        Ends { policy: self.policy, row: self.row, own: &self.own, peer: self.peer.certificate() }
    }

    /// The answer comes from the certificate we validated and is meant for us (rules SC-01 to SC-03).
    fn check_header(&self, header: &AsymmetricHeader<'_>) -> Result<(), Error> {
        // DER delimits itself, so what starts with the leaf's bytes has this leaf as its first certificate
        if !header.sender_certificate.starts_with(self.peer.certificate().der()) {
            return Err(Error::CertificateChanged);
        }
        if header.receiver_thumbprint != self.own.certificate().thumbprint().as_bytes() {
            return Err(Error::SecurityChecksFailed);
        }
        Ok(())
    }
}

fn after(now: Instant, by: Duration) -> Instant {
    now.checked_add(by).unwrap_or(now)
}

/// Tokens with a shorter life are treated as if they had this one.
const SHORTEST_LIFETIME: Duration = Duration::from_secs(10);
