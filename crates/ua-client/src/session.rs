//! A session that is logged in: the handle that everything else hangs on.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use opcua_types::{CloseSessionRequest, CreateSessionResponse, NodeId};
use tokio::sync::Mutex;
use ua_pki::TrustedCertificate;

use crate::connect;
use crate::driver::Connection;
use crate::handshake::Activation;
use crate::limits::{Limits, OperationLimits};
use crate::proof::Proof;
use crate::publish::{AnswersGuard, Publishing};
use crate::request::ReadOnlyRequest;
use crate::structure::DataTypes;
use crate::{Error, clock, codec, pipeline};

/// A logged-in session. Cheap to clone; all clones are one session on one connection.
///
/// When the last clone is dropped the channel is closed, but the session is not: the server keeps it and its
/// subscriptions for their lifetimes, so that a new process can take the subscriptions over. [`Session::close`]
/// ends both.
#[derive(Clone, Debug)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) caller: Caller,
    pub(crate) limits: Limits,
    pub(crate) publishing: Publishing,
    pub(crate) activation: Mutex<Activation>,
    proof: std::sync::Mutex<Proof>,
    pub(crate) types: std::sync::Mutex<DataTypes>,
    session_id: NodeId,
    revised_timeout: Duration,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("id", &self.session_id).finish_non_exhaustive()
    }
}

impl Session {
    /// Begins with an activated session: asks the server for its limits.
    pub(crate) async fn begin(
        caller: Caller,
        activation: Activation,
        proof: Proof,
        created: &CreateSessionResponse,
    ) -> Result<Self, Error> {
        let revised_timeout = duration_from_ms(created.revised_session_timeout);
        let announced = crate::limits::read_from_server(&caller).await?;
        tracing::debug!(session = %created.session_id, name = activation.request().session_name, "session activated");
        Ok(Self {
            inner: Arc::new(Inner {
                caller,
                limits: Limits::new(announced),
                publishing: Publishing::new(),
                activation: Mutex::new(activation),
                proof: std::sync::Mutex::new(proof),
                types: std::sync::Mutex::new(DataTypes::new()),
                session_id: created.session_id.clone(),
                revised_timeout,
            }),
        })
    }

    /// The session's id, as the server shows it in its diagnostics. Not the secret token.
    #[must_use]
    pub fn session_id(&self) -> &NodeId {
        &self.inner.session_id
    }

    /// How long the server keeps the session without hearing from us.
    #[must_use]
    pub fn revised_timeout(&self) -> Duration {
        self.inner.revised_timeout
    }

    /// The limits the server announced; 0 where it names none.
    #[must_use]
    pub fn operation_limits(&self) -> OperationLimits {
        self.inner.limits.announced
    }

    /// The server's certificate as it was validated last; `None` without security.
    #[must_use]
    pub fn peer(&self) -> Option<TrustedCertificate> {
        self.proof().peer().cloned()
    }

    /// Tells that the server's certificate was validated anew and is still trusted (V-R12).
    ///
    /// The session itself never validates, and its channel goes on renewing its keys: who keeps a session for long
    /// validates [`peer`](Session::peer) now and then, and either renews the trust here or closes the session. A
    /// session whose trust is older than two minutes does not move to another connection.
    ///
    /// # Errors
    ///
    /// [`Error::CertificateChanged`] when the proof is of another certificate; [`Error::InvalidRequest`] without
    /// security.
    pub fn renew_trust(&self, peer: TrustedCertificate) -> Result<(), Error> {
        self.proof().renew(peer, clock::now())
    }

    fn proof(&self) -> MutexGuard<'_, Proof> {
        // nothing panics while it is held
        self.inner.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the connection is over and says why. A session that moved to another connection is not over.
    pub async fn closed(&self) -> Error {
        loop {
            let connection = self.inner.caller.connection();
            let reason = connection.closed().await;
            if self.inner.caller.connection().is_same(&connection) {
                return reason;
            }
        }
    }

    /// Moves the session to a new connection, after the old one was lost (Part 4 §6.7).
    ///
    /// Within the session's timeout the server still has it, with its subscriptions and all they collected: nothing
    /// needs to be transferred or made anew. A move that has begun goes on when the future is dropped: half done, the
    /// session would be of no use on either connection. Publishing goes on where it stood with the next
    /// [`next_publish`](Session::next_publish); messages that were under way show up as missing and can be republished.
    ///
    /// # Errors
    ///
    /// [`Error::TrustNotRenewed`] when trust was decided more than two minutes ago, see
    /// [`renew_trust`](Session::renew_trust); otherwise as [`connect`](crate::connect). After a refusal by the server the session is gone: connect anew and transfer.
    pub async fn resume(&self) -> Result<(), Error> {
        let answers = self.inner.publishing.answers().await;
        self.move_to_new_connection(answers).await.map(drop)
    }

    /// The answers' guard shows that nobody waits on the old connection; it comes back when the move is over.
    ///
    /// In a task of its own, which ends by the time limits of its steps whatever becomes of the caller.
    pub(crate) async fn move_to_new_connection(
        &self,
        mut answers: AnswersGuard,
    ) -> Result<AnswersGuard, Error> {
        let session = self.clone();
        let moving = tokio::spawn(async move {
            session.moved(&mut answers).await?;
            Ok(answers)
        });
        moving.await.unwrap_or(Err(Error::Closed))
    }

    async fn moved(&self, answers: &mut AnswersGuard) -> Result<(), Error> {
        let caller = &self.inner.caller;
        let mut activation = self.inner.activation.lock().await;
        activation.trust(self.proof().fresh(clock::now())?);
        let fresh = connect::dial(activation.request()).await?;
        activation.activate(caller, &fresh).await?;
        caller.replace(fresh).close().await;
        self.inner.publishing.settle(answers);
        Ok(())
    }

    /// Ends the session and deletes its subscriptions.
    ///
    /// # Errors
    ///
    /// When the server did not answer; the session is of no use then either.
    pub async fn close(&self) -> Result<(), Error> {
        self.end(true).await
    }

    /// Ends the session but leaves its subscriptions on the server, to be taken over within their lifetime by
    /// [`Session::transfer_subscriptions`] of a later session.
    ///
    /// # Errors
    ///
    /// As [`Session::close`].
    pub async fn close_keeping_subscriptions(&self) -> Result<(), Error> {
        self.end(false).await
    }

    async fn end(&self, delete_subscriptions: bool) -> Result<(), Error> {
        let close = CloseSessionRequest { delete_subscriptions, ..Default::default() };
        let result = self.inner.caller.call_within(close, CLOSE_TIMEOUT).await.map(|_| ());
        self.inner.caller.connection().close().await;
        result
    }

    pub(crate) async fn call<R: ReadOnlyRequest>(&self, request: R) -> Result<R::Response, Error> {
        self.inner.caller.call(request).await
    }
}

/// Asks questions in the name of one session.
pub(crate) struct Caller {
    /// Replaced when the session moves.
    connection: RwLock<Connection>,
    token: NodeId,
    handle: AtomicU32,
    timeout: Duration,
    /// The largest request body the server takes.
    max_request: usize,
    /// In microseconds, 0 when not known.
    round_trip: AtomicU64,
}

impl Caller {
    pub(crate) fn new(connection: Connection, created: &CreateSessionResponse, timeout: Duration) -> Self {
        let max_request = match usize::try_from(created.max_request_message_size) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(size) => size.max(SMALLEST_MAX_REQUEST),
        };
        Self {
            connection: RwLock::new(connection),
            token: created.authentication_token.clone(),
            // Handle 1 was CreateSession's.
            handle: AtomicU32::new(2),
            timeout,
            max_request,
            round_trip: AtomicU64::new(0),
        }
    }

    /// The connection in use now.
    pub(crate) fn connection(&self) -> Connection {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, fresh: Connection) -> Connection {
        std::mem::replace(&mut *self.connection.write().unwrap_or_else(PoisonError::into_inner), fresh)
    }

    /// How long a single answer may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) async fn call<R: ReadOnlyRequest>(&self, request: R) -> Result<R::Response, Error> {
        self.call_within(request, self.timeout).await
    }

    pub(crate) async fn call_within<R: ReadOnlyRequest>(
        &self,
        request: R,
        timeout: Duration,
    ) -> Result<R::Response, Error> {
        let begun = clock::now();
        let answer = self.call_raw(request, timeout).await?;
        self.took(clock::now().saturating_duration_since(begun));
        codec::decode::<R>(&answer)
    }

    /// How long an answer takes on this connection, smoothed; `None` before the first.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        match self.round_trip.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }

    fn took(&self, took: Duration) {
        let smoothed = pipeline::smoothed(self.round_trip(), took);
        let micros = u64::try_from(smoothed.as_micros()).unwrap_or(u64::MAX).max(1);
        self.round_trip.store(micros, Ordering::Relaxed);
    }

    /// Asks on another connection than the one in use: the one that the session is to move to.
    pub(crate) async fn call_on<R: ReadOnlyRequest>(
        &self,
        connection: &Connection,
        request: R,
    ) -> Result<R::Response, Error> {
        let body = self.encode(request, self.timeout)?;
        let answer = connection.request(R::SERVICE, body, self.timeout).await?;
        codec::decode::<R>(&answer)
    }

    /// The answer's bytes, for services whose answers have a decoder of their own.
    pub(crate) async fn call_raw<R: ReadOnlyRequest>(
        &self,
        request: R,
        timeout: Duration,
    ) -> Result<Vec<u8>, Error> {
        let body = self.encode(request, timeout)?;
        self.connection().request(R::SERVICE, body, timeout).await
    }

    /// A request's bytes with this session's token; a zero `timeout` tells the server that there is none.
    pub(crate) fn encode<R: ReadOnlyRequest>(
        &self,
        mut request: R,
        timeout: Duration,
    ) -> Result<Vec<u8>, Error> {
        let header = request.header_mut();
        header.authentication_token = self.token.clone();
        header.timestamp = clock::ua_time();
        header.request_handle = self.handle.fetch_add(1, Ordering::Relaxed);
        header.timeout_hint = u32::try_from(timeout.as_millis()).unwrap_or(0);
        let body = codec::encode(&request)?;
        if body.len() > self.max_request {
            let detail = format!("it has {} bytes, the server takes {}", body.len(), self.max_request);
            return Err(Error::Request { service: R::SERVICE, detail });
        }
        Ok(body)
    }
}

/// How long a server may take to confirm the end of a session. It ends for us in any case.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// What a server may call its largest request at least: less than one chunk is nonsense (HC-25).
const SMALLEST_MAX_REQUEST: usize = 8192;

/// A server's milliseconds, whatever nonsense they are: never negative, never more than a year (HC-25).
pub(crate) fn duration_from_ms(ms: f64) -> Duration {
    const YEAR: f64 = 365.0 * 86_400.0;
    let seconds = if ms.is_nan() { 0.0 } else { (ms / 1000.0).clamp(0.0, YEAR) };
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_durations_are_clamped() {
        for ms in [f64::NAN, f64::NEG_INFINITY, -1.0, 0.0] {
            assert_eq!(duration_from_ms(ms), Duration::ZERO);
        }
        assert_eq!(duration_from_ms(f64::INFINITY), Duration::from_secs(365 * 86_400));
        assert_eq!(duration_from_ms(1e308), Duration::from_secs(365 * 86_400));
        assert_eq!(duration_from_ms(1500.0), Duration::from_millis(1500));
    }
}
