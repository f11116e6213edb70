//! From a chosen endpoint to an activated session, with every check on the way (Part 4 §5.6, §5.7; SC-05 to SC-14).
//!
//! The order is the point: the certificate was validated before (the caller holds the proof), then the channel opens
//! with that certificate and no other, then the server proves in CreateSession that it holds the key, then the
//! endpoint lists are compared, and only then is a signature of ours computed or a password encrypted.

use std::sync::Arc;
use std::time::Duration;

use opcua_types::CloseSessionRequest;
use ua_channel::{ClientChannelConfig, ClientSecurity, Limits, MessageSecurityMode};
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy, TrustedCertificate};

use crate::driver::{Connection, Dial};
use crate::endpoint::Endpoint;
use crate::handshake::Handshake;
use crate::identity::{self, Login};
use crate::proof::Proof;
use crate::session::{Caller, Session};
use crate::{EndpointUrl, Error, clock};

/// How long Hello and OpenSecureChannel may take, each (§4.5 of the security catalogue).
pub(crate) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Lifetime asked for a channel's keys.
pub(crate) const CHANNEL_LIFETIME: Duration = Duration::from_secs(3600);
/// How long a CloseSession may take when the session is given up.
const GIVE_UP_TIMEOUT: Duration = Duration::from_secs(1);

/// Everything that is needed for a session.
#[derive(Clone, Debug)]
pub struct ConnectRequest {
    /// The address the user configured: where we connect to, whatever the server says (SC-14).
    pub url: EndpointUrl,
    /// The endpoint that was chosen.
    pub endpoint: Endpoint,
    /// The whole list that the endpoint was chosen from; empty when a stored endpoint is used without asking again.
    pub advertised: Vec<Endpoint>,
    /// The server's certificate with the proof that it was validated. `None` only with `danger_without_security`.
    pub peer: Option<TrustedCertificate>,
    /// Our own certificate and key.
    pub own: Arc<ApplicationIdentity>,
    /// Who logs in.
    pub login: Login,
    /// The session's name, shown on the server.
    pub session_name: String,
    /// How long the server keeps the session without hearing from us.
    pub session_timeout: Duration,
    /// How long a single answer may take.
    pub request_timeout: Duration,
    /// Allow an endpoint that protects nothing.
    pub danger_without_security: bool,
}

/// Opens a session and logs in.
///
/// # Errors
///
/// Anything of [`Error`]: [`Error::side`] tells who refused, [`Error::rule`] which rule.
pub async fn connect(request: ConnectRequest) -> Result<Session, Error> {
    let token = identity::token_for(&request.endpoint, request.login.kind())?;
    identity::check(&request, token)?;
    // counted from here at the latest: the caller validated before
    let proof = Proof::new(request.peer.clone(), clock::now());
    let connection = dial(&request).await?;
    let mut handshake = Handshake::new(&request)?;
    let created = handshake.create(&connection).await?;
    let caller = Caller::new(connection, &created, request.request_timeout);
    if let Err(error) = handshake.judge(&created) {
        give_up(&caller).await;
        return Err(error);
    }
    let mut activation = handshake.into_activation(&created);
    if let Err(error) = activation.activate(&caller, &caller.connection()).await {
        give_up(&caller).await;
        return Err(error);
    }
    Session::begin(caller, activation, proof, &created).await
}

/// Opens a channel with the endpoint's security to the address that the user configured.
pub(crate) async fn dial(request: &ConnectRequest) -> Result<Connection, Error> {
    let security = security_for(request)?;
    Connection::open(Dial {
        address: request.url.clone(),
        channel: ClientChannelConfig {
            endpoint_url: address_in_messages(request).as_str().to_owned(),
            security,
            limits: Limits::client(),
            lifetime: CHANNEL_LIFETIME,
            open_timeout: OPEN_TIMEOUT,
            wall_clock: clock::wall(),
        },
        connect_timeout: OPEN_TIMEOUT,
        secured: request.is_secured(),
    })
    .await
}

/// Our address of the server with the path it gave: what goes into Hello and CreateSession (SC-14).
pub(crate) fn address_in_messages(request: &ConnectRequest) -> EndpointUrl {
    match request.endpoint.url.parse() {
        Ok(listed) => request.url.with_path_of(&listed),
        Err(_) => request.url.clone(),
    }
}

impl ConnectRequest {
    /// Whether certificates are in play.
    pub(crate) fn is_secured(&self) -> bool {
        self.endpoint.policy.is_some_and(|policy| policy != SecurityPolicy::None)
    }
}

/// The channel's security: either none by an explicit wish, or with the certificate that was validated.
fn security_for(request: &ConnectRequest) -> Result<ClientSecurity, Error> {
    let endpoint = &request.endpoint;
    let policy =
        endpoint.policy.ok_or(Error::InvalidRequest("the endpoint's security policy is not supported"))?;
    if (policy == SecurityPolicy::None) != (endpoint.mode == MessageSecurityMode::None) {
        return Err(Error::InvalidRequest("the endpoint's policy and mode contradict each other"));
    }
    let shows_certificate = policy != SecurityPolicy::None || !endpoint.server_certificate.is_empty();
    if let (Some(peer), true) = (&request.peer, shows_certificate) {
        same_certificate(peer, &endpoint.server_certificate, "the endpoint")?;
        same_application(peer, &endpoint.application_uri)?;
    }
    if policy == SecurityPolicy::None {
        return if request.danger_without_security {
            Ok(ClientSecurity::None)
        } else {
            Err(Error::SecurityRequired)
        };
    }
    let peer = request
        .peer
        .clone()
        .ok_or(Error::InvalidRequest("a secured endpoint needs a validated certificate"))?;
    Ok(ClientSecurity::Secured { policy, mode: endpoint.mode, own: Arc::clone(&request.own), peer })
}

/// SC-07: the certificate shown is the one that was validated.
pub(crate) fn same_certificate(
    peer: &TrustedCertificate,
    shown: &[u8],
    place: &'static str,
) -> Result<(), Error> {
    let leaf = Certificate::chain_from_der(shown).ok().and_then(|chain| chain.into_iter().next());
    if leaf.as_ref().is_some_and(|leaf| leaf.der() == peer.certificate().der()) {
        return Ok(());
    }
    Err(Error::CertificateChanged {
        expected: peer.certificate().thumbprint(),
        found: leaf.map_or_else(|| "none".to_owned(), |leaf| leaf.thumbprint().to_string()),
        place,
    })
}

/// SC-12: the application in the certificate is the application that the endpoint names.
fn same_application(peer: &TrustedCertificate, named: &str) -> Result<(), Error> {
    let certificate = peer.certificate().application_uri().unwrap_or_default();
    if certificate == named {
        return Ok(());
    }
    Err(Error::ApplicationUriDiffers {
        certificate: crate::error::clean(certificate),
        endpoint: crate::error::clean(named),
    })
}

/// A session that failed a check is closed on the server too; whether that works does not matter any more.
async fn give_up(caller: &Caller) {
    let close = CloseSessionRequest { delete_subscriptions: true, ..Default::default() };
    if let Err(error) = caller.call_within(close, GIVE_UP_TIMEOUT).await {
        tracing::debug!(%error, "the session that failed could not be closed");
    }
}
