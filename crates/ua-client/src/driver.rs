//! The one file with a socket: a task that owns the TCP stream and the channel machine.
//!
//! Everybody else talks to the task through a [`Connection`]. The task moves bytes between socket and machine, pairs
//! responses with requests, and gives every request a deadline. All its queues are bounded: requests wait outside
//! while too many are outstanding or too many bytes are unsent.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use ua_channel::{ChannelEvent, ClientChannel, ClientChannelConfig, CloseReason, SystemRandom};

use crate::clock;
use crate::error::{Error, Phase, clean};
use crate::unsent::Unsent;
use crate::{EndpointUrl, status};

/// Requests handed to the task and not yet taken by it.
const COMMAND_QUEUE: usize = 64;
/// Requests outstanding before the task takes no more.
const MAX_OUTSTANDING: usize = 512;
/// Requests the server still owes an answer to although we have given up on them. The channel keeps the number of each
/// until it is answered, and has room for 1024 of both kinds.
const MAX_ABANDONED: usize = 256;
/// Bytes waiting for the socket before the task takes no more requests.
const MAX_UNSENT: usize = 8 << 20;
/// How long the last bytes of an orderly close may take.
const FLUSH_TIME: Duration = Duration::from_secs(1);
const READ_BUFFER: usize = 64 << 10;

/// Where and how to connect.
pub(crate) struct Dial {
    /// The address the user configured.
    pub address: EndpointUrl,
    /// The secure channel to open there.
    pub channel: ClientChannelConfig,
    /// How long name resolution and the TCP connect may take.
    pub connect_timeout: Duration,
    /// Whether our certificate is shown.
    pub secured: bool,
}

/// A handle to the task of one open channel. When the last one is dropped the task closes the channel and ends.
#[derive(Clone)]
pub(crate) struct Connection {
    commands: mpsc::Sender<Request>,
    /// Beside the requests: also a task that takes no more of them is told to end.
    closing: mpsc::UnboundedSender<Closer>,
    state: watch::Receiver<State>,
}

/// One response of a queue of responses, or why there is none.
pub(crate) type Answer = Result<Vec<u8>, Error>;

/// Held until the task is over, and told by being dropped with it.
type Closer = oneshot::Sender<()>;

struct Request {
    what: &'static str,
    body: Vec<u8>,
    deadline: Option<(Instant, Duration)>,
    reply: Reply,
}

enum Reply {
    /// A single question.
    Once(oneshot::Sender<Answer>),
    /// Publish requests: the order of the answers matters. One answer per request, so the number of requests bounds it.
    Queue(mpsc::UnboundedSender<Answer>),
}

#[derive(Clone)]
enum State {
    Opening,
    Open,
    Over(Error),
}

impl Connection {
    /// Connects, says hello and opens the secure channel.
    pub(crate) async fn open(dial: Dial) -> Result<Self, Error> {
        let open_timeout = dial.channel.open_timeout;
        let channel = ClientChannel::new(dial.channel, Box::new(SystemRandom), clock::now())
            .map_err(|source| Error::Protocol { source: Arc::new(source) })?;
        let stream = connect_tcp(&dial.address, dial.connect_timeout).await?;
        let (reader, writer) = stream.into_split();
        let (commands, receiver) = mpsc::channel(COMMAND_QUEUE);
        let (closing, closers) = mpsc::unbounded_channel();
        let (state, mut watched) = watch::channel(State::Opening);
        let task = Task {
            reader,
            writer,
            channel,
            commands: receiver,
            closing: closers,
            state,
            phase: Phase::Hello,
            secured: dial.secured,
            open_timeout,
            unsent: Unsent::default(),
            outstanding: HashMap::new(),
            abandoned: 0,
            deadlines: BTreeSet::new(),
            closers: Vec::new(),
        };
        tokio::spawn(task.run());
        let settled =
            watched.wait_for(|state| !matches!(state, State::Opening)).await.map(|state| state.clone());
        match settled {
            Ok(State::Over(error)) => Err(error),
            Ok(_) => Ok(Self { commands, closing, state: watched }),
            Err(_) => Err(Error::Closed),
        }
    }

    /// Sends a request body and waits for the body of its answer.
    pub(crate) async fn request(&self, what: &'static str, body: Vec<u8>, timeout: Duration) -> Answer {
        let (reply, answer) = oneshot::channel();
        let deadline = Some((deadline_in(timeout), timeout));
        let command = Request { what, body, deadline, reply: Reply::Once(reply) };
        match tokio::time::timeout(timeout, self.commands.send(command)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(self.end()),
            Err(_) => return Err(Error::Timeout { what, after: timeout }),
        }
        answer.await.unwrap_or_else(|_| Err(self.end()))
    }

    /// Sends a request whose answer goes to a queue whenever it comes; it has no deadline of its own.
    pub(crate) async fn request_to(
        &self,
        what: &'static str,
        body: Vec<u8>,
        queue: &mpsc::UnboundedSender<Answer>,
    ) -> Result<(), Error> {
        let command = Request { what, body, deadline: None, reply: Reply::Queue(queue.clone()) };
        self.commands.send(command).await.map_err(|_| self.end())
    }

    /// The same without waiting; `false` when the task takes no more just now or is over.
    pub(crate) fn try_request_to(
        &self,
        what: &'static str,
        body: Vec<u8>,
        queue: &mpsc::UnboundedSender<Answer>,
    ) -> bool {
        let request = Request { what, body, deadline: None, reply: Reply::Queue(queue.clone()) };
        self.commands.try_send(request).is_ok()
    }

    /// Asks the task to close the channel and waits until it has.
    pub(crate) async fn close(&self) {
        let (sender, done) = oneshot::channel();
        if self.closing.send(sender).is_ok() {
            // The sender is dropped when the task ends: that is the answer.
            done.await.unwrap_or_default();
        }
    }

    /// Waits until the connection is over and says why.
    pub(crate) async fn closed(&self) -> Error {
        let mut state = self.state.clone();
        match state.wait_for(|state| matches!(state, State::Over(_))).await.map(|state| state.clone()) {
            Ok(State::Over(error)) => error,
            _ => Error::Closed,
        }
    }

    /// Whether both handles are of the same task.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.commands.same_channel(&other.commands)
    }

    /// Why it is over, for callers whose request found nobody.
    fn end(&self) -> Error {
        match &*self.state.borrow() {
            State::Over(error) => error.clone(),
            _ => Error::Closed,
        }
    }
}

async fn connect_tcp(address: &EndpointUrl, timeout: Duration) -> Result<TcpStream, Error> {
    let unreachable =
        |source: io::Error| Error::Unreachable { url: address.to_string(), source: Arc::new(source) };
    let host = ua_pki::ascii_host_name(address.host());
    let connecting = TcpStream::connect((host.as_ref(), address.port()));
    let stream = match tokio::time::timeout(timeout, connecting).await {
        Ok(result) => result.map_err(unreachable)?,
        Err(_) => return Err(unreachable(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))),
    };
    // A request is one write; waiting to fill a packet only delays it.
    stream.set_nodelay(true).map_err(unreachable)?;
    Ok(stream)
}

struct Task {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    channel: ClientChannel,
    commands: mpsc::Receiver<Request>,
    closing: mpsc::UnboundedReceiver<Closer>,
    state: watch::Sender<State>,
    /// The last phase in which the channel was alive: tells what the server had seen of us when it hung up.
    phase: Phase,
    secured: bool,
    open_timeout: Duration,
    unsent: Unsent,
    outstanding: HashMap<u32, Outstanding>,
    /// How many were given up on and not answered since.
    abandoned: usize,
    deadlines: BTreeSet<(Instant, u32)>,
    closers: Vec<Closer>,
}

struct Outstanding {
    what: &'static str,
    reply: Reply,
    deadline: Option<(Instant, Duration)>,
}

/// What woke the task.
enum Wake {
    Read(io::Result<usize>),
    Written(io::Result<usize>),
    Request(Request),
    /// Somebody waits for the end, or nobody is left.
    Close(Option<Closer>),
    Timer,
}

impl Task {
    async fn run(mut self) {
        let mut buffer = vec![0; READ_BUFFER];
        let end = loop {
            if let Some(end) = self.pump() {
                break end;
            }
            match self.wait(&mut buffer).await {
                Wake::Read(Ok(0)) => break self.hung_up("the server closed the connection".to_owned()),
                Wake::Read(Ok(count)) => {
                    self.note_phase();
                    self.channel.handle_bytes(clock::now(), buffer.get(..count).unwrap_or_default());
                }
                Wake::Written(Ok(count)) => self.unsent.advance(count),
                Wake::Read(Err(error)) | Wake::Written(Err(error)) => break self.hung_up(error.to_string()),
                Wake::Request(request) => self.start(request),
                Wake::Close(closer) => {
                    self.closers.extend(closer);
                    break Error::Closed;
                }
                Wake::Timer => {
                    self.expire(clock::now());
                    self.channel.handle_timeout(clock::now());
                    if self.abandoned > MAX_ABANDONED {
                        break Error::Unanswered { requests: self.abandoned };
                    }
                }
            }
        };
        self.finish(end).await;
    }

    /// Takes what the machine has to give: bytes, events, or its end.
    fn pump(&mut self) -> Option<Error> {
        let mut end = None;
        while let Some(event) = self.channel.poll_event() {
            match event {
                ChannelEvent::Opened { .. } => {
                    self.phase = Phase::Established;
                    self.state.send_replace(State::Open);
                }
                ChannelEvent::Message { request_id, body } => self.answer(request_id, Ok(body)),
                ChannelEvent::Aborted { request_id, status, reason } => {
                    self.abort(request_id, status, &reason)
                }
                ChannelEvent::Closed(reason) => end = Some(self.ended(reason)),
                _ => {}
            }
        }
        while let Some(bytes) = self.channel.poll_transmit() {
            self.unsent.push(bytes);
        }
        end
    }

    async fn wait(&mut self, buffer: &mut [u8]) -> Wake {
        let deadline = [self.channel.poll_timeout(), self.deadlines.first().map(|(at, _)| *at)];
        let deadline = deadline.into_iter().flatten().min();
        let open = self.channel.is_open();
        let room = open && self.outstanding.len() < MAX_OUTSTANDING && self.unsent.bytes() < MAX_UNSENT;
        tokio::select! {
            read = self.reader.read(buffer) => Wake::Read(read),
            written = self.writer.write(self.unsent.front()), if !self.unsent.is_empty() => Wake::Written(written),
            Some(request) = self.commands.recv(), if room => Wake::Request(request),
            closer = self.closing.recv() => Wake::Close(closer),
            () = sleep_until(deadline) => Wake::Timer,
        }
    }

    fn start(&mut self, request: Request) {
        let Request { what, body, deadline, reply } = request;
        match self.channel.send(clock::now(), &body) {
            Ok(request_id) => {
                if let Some((at, _)) = deadline {
                    self.deadlines.insert((at, request_id));
                }
                self.outstanding.insert(request_id, Outstanding { what, reply, deadline });
            }
            Err(error @ ua_channel::Error::OutgoingLimit { .. }) => {
                reply.send(Err(Error::Request { service: what, detail: error.to_string() }));
            }
            Err(error) => reply.send(Err(Error::Protocol { source: Arc::new(error) })),
        }
    }

    /// Hands an answer over. Answers nobody waits for any more are dropped (HC-39).
    fn answer(&mut self, request_id: u32, answer: Answer) {
        let Some(outstanding) = self.outstanding.remove(&request_id) else {
            // the channel lets nothing through that was not asked for
            self.abandoned = self.abandoned.saturating_sub(1);
            return;
        };
        if let Some((at, _)) = outstanding.deadline {
            self.deadlines.remove(&(at, request_id));
        }
        outstanding.reply.send(answer);
    }

    fn abort(&mut self, request_id: u32, status: u32, reason: &str) {
        let service =
            self.outstanding.get(&request_id).map_or("a late answer", |outstanding| outstanding.what);
        tracing::debug!(service, status, reason = clean(reason), "the server gave up on an answer");
        let status = if status::is_bad(status) { status } else { status::BAD_UNEXPECTED_ERROR };
        self.answer(request_id, Err(Error::Service { service, status }));
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, request_id)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop_first();
            if let Some(Outstanding { what, reply, deadline }) = self.outstanding.remove(&request_id) {
                self.abandoned = self.abandoned.saturating_add(1);
                let after = deadline.map(|(_, timeout)| timeout).unwrap_or_default();
                reply.send(Err(Error::Timeout { what, after }));
            }
        }
    }

    fn note_phase(&mut self) {
        match self.channel.phase() {
            ua_channel::Phase::Connecting => self.phase = Phase::Hello,
            ua_channel::Phase::Opening => self.phase = Phase::OpenSecureChannel,
            ua_channel::Phase::Open => self.phase = Phase::Established,
            _ => {}
        }
    }

    fn ended(&mut self, reason: CloseReason) -> Error {
        match reason {
            CloseReason::Local => Error::Closed,
            CloseReason::PeerError { status, reason } => self.refused(status, clean(&reason)),
            CloseReason::Protocol(ua_channel::Error::OpenFailed { status }) => {
                if self.phase == Phase::Hello {
                    self.phase = Phase::OpenSecureChannel;
                }
                self.refused(status, String::new())
            }
            CloseReason::Protocol(error) => Error::Protocol { source: Arc::new(error) },
            CloseReason::Timeout => Error::Timeout {
                what: match self.phase {
                    Phase::Hello => "Hello",
                    Phase::OpenSecureChannel => "OpenSecureChannel",
                    _ => "the renewal of the secure channel",
                },
                after: self.open_timeout,
            },
            _ => self.hung_up("the server closed the secure channel".to_owned()),
        }
    }

    /// The server named a status and ended the connection.
    fn refused(&self, status: u32, reason: String) -> Error {
        if self.phase == Phase::Established {
            return Error::ClosedByServer { status, reason };
        }
        let status = Some(status);
        Error::RefusedByServer {
            phase: self.phase,
            status,
            reason,
            socket_closed: false,
            secured: self.secured,
        }
    }

    /// The connection ended without a word.
    fn hung_up(&mut self, detail: String) -> Error {
        self.note_phase();
        if self.phase == Phase::Established {
            return Error::ConnectionLost { detail };
        }
        Error::RefusedByServer {
            phase: self.phase,
            status: None,
            reason: String::new(),
            socket_closed: true,
            secured: self.secured,
        }
    }

    /// Tells everybody and sends what is left to send.
    async fn finish(mut self, end: Error) {
        if self.channel.is_open() {
            self.channel.close(clock::now());
        }
        while let Some(bytes) = self.channel.poll_transmit() {
            self.unsent.push(bytes);
        }
        self.state.send_replace(State::Over(end.clone()));
        self.commands.close();
        for (_, outstanding) in self.outstanding.drain() {
            outstanding.reply.send(Err(end.clone()));
        }
        while let Ok(request) = self.commands.try_recv() {
            request.reply.send(Err(end.clone()));
        }
        let flushing = async {
            while !self.unsent.is_empty() {
                let count = self.writer.write(self.unsent.front()).await?;
                self.unsent.advance(count);
            }
            self.writer.shutdown().await
        };
        match tokio::time::timeout(FLUSH_TIME, flushing).await {
            Ok(Err(error)) => tracing::trace!(%error, "the last bytes could not be sent"),
            Err(_) => tracing::trace!("the server did not take the last bytes in time"),
            Ok(Ok(())) => {}
        }
    }
}

impl Reply {
    fn send(self, answer: Answer) {
        // Whoever asked may have gone away; then nobody misses the answer.
        let gone = match self {
            Self::Once(sender) => sender.send(answer).is_err(),
            Self::Queue(sender) => sender.send(answer).is_err(),
        };
        if gone {
            tracing::trace!("an answer came for nobody");
        }
    }
}

fn deadline_in(timeout: Duration) -> Instant {
    let now = clock::now();
    now.checked_add(timeout).unwrap_or(now)
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
