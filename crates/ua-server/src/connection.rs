//! One connection: bytes between the socket and the channel, requests between the channel and the services.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use opcua_types::{ContextOwned, ObjectTypeId, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    sync::watch,
};
use ua_channel::{
    ChannelEvent, CloseReason, Limits, MessageSecurityMode, PeerJudge, ServerChannel, ServerChannelConfig,
    SystemRandom,
};
use ua_pki::{Certificate, SecurityPolicy};

use crate::{
    audit::{Entry, short},
    core::{Core, Peer},
    judge::Decision,
    listener::{Doorman, Stopped, stop_requested},
    services::{self, Scope},
    subscription::Answer,
    wire::service_fault,
};

/// Bytes waiting for the socket above which no further request is read.
const READ_PAUSE: usize = 1 << 20;
/// How long a closing connection may take to take our last bytes.
const LINGER: Duration = Duration::from_secs(1);

pub(crate) async fn run(
    core: Arc<Core>,
    stream: TcpStream,
    address: SocketAddr,
    mut doorman: Doorman,
    stopped: Stopped,
) {
    // small answers must not wait for more to come; if the socket refuses, they wait
    drop(stream.set_nodelay(true));
    let id = core.next_channel.fetch_add(1, Ordering::Relaxed).max(1);
    let (answers, answered) = unbounded_channel();
    let now = core.clock.instant();
    doorman.decisions.mark_unchanged();
    let connection = Connection {
        channel: ServerChannel::new(
            channel_config(&core, id, Arc::clone(&doorman.judge)),
            Box::new(SystemRandom),
            now,
        ),
        context: Arc::new(core.decoding_context()),
        core: Arc::clone(&core),
        id,
        address,
        answers,
        outgoing: Vec::new(),
        over: false,
        said_hello: false,
        is_open: false,
        judge: doorman.judge,
    };
    connection.drive(stream, answered, doorman.decisions, stopped).await;
    core.channel_gone(id);
}

fn channel_config(core: &Core, channel_id: u32, judge: Arc<dyn PeerJudge>) -> ServerChannelConfig {
    // a channel without security is there for discovery; the services refuse it a session
    let mut offered = vec![(SecurityPolicy::None, MessageSecurityMode::None)];
    for policy in &core.config.policies {
        offered
            .extend([(*policy, MessageSecurityMode::Sign), (*policy, MessageSecurityMode::SignAndEncrypt)]);
    }
    let mut limits = Limits::server();
    // as much as the chunks can carry and no more: some clients find fault with a limit that cannot be reached
    limits.max_message_size = limits.receive_buffer.saturating_mul(limits.max_chunk_count);
    ServerChannelConfig {
        limits,
        identity: Arc::clone(&core.identity),
        offered,
        channel_id,
        judge,
        min_lifetime: Duration::from_secs(10),
        max_lifetime: Duration::from_secs(3600),
        open_timeout: core.config.limits.open_timeout,
        session_deadline: core.config.limits.idle_channel,
        wall_clock: core.clock.timestamp(),
    }
}

struct Connection {
    core: Arc<Core>,
    channel: ServerChannel,
    context: Arc<ContextOwned>,
    id: u32,
    address: SocketAddr,
    answers: UnboundedSender<Answer>,
    outgoing: Vec<u8>,
    over: bool,
    said_hello: bool,
    is_open: bool,
    judge: Arc<dyn PeerJudge>,
}

impl Connection {
    async fn drive(
        mut self,
        stream: TcpStream,
        answered: UnboundedReceiver<Answer>,
        decisions: watch::Receiver<Decision>,
        stopped: Stopped,
    ) {
        self.exchange(stream, answered, decisions, stopped).await;
        if !self.over {
            self.tell_end("the connection is gone");
        }
    }

    async fn exchange(
        &mut self,
        mut stream: TcpStream,
        mut answered: UnboundedReceiver<Answer>,
        mut decisions: watch::Receiver<Decision>,
        mut stopped: Stopped,
    ) {
        let (mut reader, mut writer) = stream.split();
        let mut buffer = vec![0; 64 << 10];
        loop {
            self.handle_events().await;
            while let Some(bytes) = self.channel.poll_transmit() {
                self.outgoing.extend_from_slice(&bytes);
            }
            if self.over || self.outgoing.len() > self.core.config.limits.send_backlog {
                break;
            }
            let deadline = self.channel.poll_timeout();
            tokio::select! {
                () = stop_requested(&mut stopped) => self.channel.close(StatusCode::BadServerHalted.bits(), "server is stopping"),
                Ok(()) = decisions.changed() => self.judge_again(),
                () = sleep_until(deadline) => self.channel.handle_timeout(self.core.clock.instant()),
                written = writer.write(&self.outgoing), if !self.outgoing.is_empty() => match written {
                    Ok(count) if count > 0 => drop(self.outgoing.drain(..count.min(self.outgoing.len()))),
                    _ => return,
                },
                Some(answer) = answered.recv() => self.respond(answer.request_id, &answer.body),
                read = reader.read(&mut buffer), if self.outgoing.len() < READ_PAUSE => match read {
                    Ok(count) if count > 0 => {
                        let bytes = buffer.get(..count).unwrap_or_default();
                        self.channel.handle_bytes(self.core.clock.instant(), bytes);
                    }
                    _ => return,
                },
            }
        }
        // the last bytes say why; a peer that does not take them is not waited for
        drop(tokio::time::timeout(LINGER, writer.write_all(&self.outgoing)).await);
        drop(tokio::time::timeout(LINGER, writer.shutdown()).await);
    }

    /// Ends the connection when its client is trusted no longer (V-R12 of the security catalogue).
    fn judge_again(&mut self) {
        let Some(peer) = self.channel.peer() else { return };
        let stands = Certificate::chain_from_der(peer.chain_der())
            .is_ok_and(|chain| self.judge.judge(&chain, self.channel.policy()).is_ok());
        if !stands {
            tracing::warn!(channel = self.id, address = %self.address, "client is trusted no longer: connection ended");
            // as before the connection was made: the peer is not told what is wrong with its certificate
            self.channel.close(StatusCode::BadSecurityChecksFailed.bits(), "");
        }
    }

    async fn handle_events(&mut self) {
        while let Some(event) = self.channel.poll_event() {
            match event {
                ChannelEvent::Message { request_id, body } => self.handle_request(request_id, body).await,
                ChannelEvent::Hello { .. } => self.said_hello = true,
                ChannelEvent::Opened { .. } => {
                    self.is_open = true;
                    self.tell(
                        ObjectTypeId::AuditOpenSecureChannelEventType,
                        StatusCode::Good,
                        "channel opened",
                        None,
                    );
                    tracing::debug!(channel = self.id, address = %self.address, policy = self.channel.policy().name(), "channel opened");
                }
                ChannelEvent::Closed(reason) => {
                    tracing::debug!(channel = self.id, address = %self.address, ?reason, "channel closed");
                    self.over = true;
                    self.tell_end(&words(&reason));
                }
                _ => {}
            }
        }
    }

    /// That the channel is gone, or never came about. Who only connected is not worth an entry.
    fn tell_end(&self, why: &str) {
        if self.is_open {
            self.tell(ObjectTypeId::AuditChannelEventType, StatusCode::Good, "channel closed", Some(why));
        } else if self.said_hello {
            let (kind, status) =
                (ObjectTypeId::AuditOpenSecureChannelEventType, StatusCode::BadSecurityChecksFailed);
            self.tell(kind, status, "channel refused", Some(why));
        }
    }

    fn tell(&self, kind: ObjectTypeId, status: StatusCode, message: &str, why: Option<&str>) {
        let source = if kind == ObjectTypeId::AuditChannelEventType {
            "SecureChannel/CloseSecureChannel"
        } else {
            "SecureChannel/OpenSecureChannel"
        };
        let mut entry = Entry::new(kind, source, status, message).by(&self.peer());
        if status.is_good() {
            entry = entry.protection(self.channel.policy().uri(), self.channel.mode());
        }
        if let Some(why) = why {
            entry = entry.note("Reason", why);
        }
        self.core.audit.record(entry);
    }

    fn peer(&self) -> Peer {
        Peer {
            channel: self.id,
            address: self.address.ip(),
            policy: self.channel.policy(),
            mode: self.channel.mode(),
            certificate: self.channel.peer().map(|peer| peer.certificate().clone()),
            answers: self.answers.clone(),
        }
    }

    async fn handle_request(&mut self, request_id: u32, body: Vec<u8>) {
        let peer = self.peer();
        let (core, context) = (Arc::clone(&self.core), Arc::clone(&self.context));
        let answer = if services::needs_blocking(&body, &context) {
            let Ok(_permit) = self.core.logins.acquire().await else { return };
            let login = move || dispatch(&core, &peer, request_id, &body, &context);
            let answer = tokio::task::spawn_blocking(login).await.ok().flatten();
            if self.core.sessions().is_active_on(self.id) {
                self.channel.mark_session_active();
            }
            answer
        } else {
            dispatch(&core, &peer, request_id, &body, &context)
        };
        if let Some(answer) = answer {
            self.respond(request_id, &answer);
        }
    }

    fn respond(&mut self, request_id: u32, body: &[u8]) {
        let now = self.core.clock.instant();
        if let Err(error) = self.channel.respond(now, request_id, body) {
            tracing::debug!(channel = self.id, %error, "answer cannot be sent");
            let fault = service_fault(
                self.core.clock.now(),
                request_handle(body),
                StatusCode::BadResponseTooLarge.bits(),
            );
            // if even the fault does not fit, the channel is closed and its own event says so
            drop(self.channel.respond(now, request_id, &fault));
        }
    }
}

fn dispatch(
    core: &Core,
    peer: &Peer,
    request_id: u32,
    body: &[u8],
    context: &ContextOwned,
) -> Option<Vec<u8>> {
    let scope = Scope { core, peer, request_id, now: core.clock.now() };
    services::dispatch(&scope, body, context)
}

/// The request handle in an answer of ours: behind a four byte type id and a timestamp.
fn request_handle(answer: &[u8]) -> u32 {
    answer.get(12..16).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// Why a channel ended, for the audit trail: the peer gets none of it.
fn words(reason: &CloseReason) -> String {
    match reason {
        CloseReason::Local => "ended by the server".to_owned(),
        CloseReason::Peer => "closed by the client".to_owned(),
        CloseReason::PeerError { status, reason } => {
            format!("the client said {status:#010x} {}", short(reason))
        }
        CloseReason::Protocol(error) => error.to_string(),
        CloseReason::Timeout => "it took too long".to_owned(),
        _ => "another reason".to_owned(),
    }
}

async fn sleep_until(deadline: Option<std::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}
