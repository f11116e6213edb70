//! From a chosen endpoint to an activated session, with every check on the way (Part 4 §5.6, §5.7; SC-05 to SC-14).
//!
//! The order is the point: the certificate was validated before (the caller holds the proof), then the channel opens
//! with that certificate and no other, then the server proves in CreateSession that it holds the key, then the
//! endpoint lists are compared, and only then is a signature of ours computed or a password encrypted.

use std::sync::Arc;
use std::time::Duration;

use opcua_types::{
    ActivateSessionRequest, ApplicationDescription, ApplicationType, ByteString, CloseSessionRequest,
    CreateSessionRequest, CreateSessionResponse, SignatureData,
};
use ua_channel::{
    ClientChannelConfig, ClientSecurity, Limits, MessageSecurityMode, Random, SystemRandom, sign_peer_proof,
    verify_peer_proof,
};
use ua_pki::{ApplicationIdentity, Certificate, SecurityPolicy, TrustedCertificate};

use crate::compare::compare;
use crate::driver::{Connection, Dial};
use crate::endpoint::Endpoint;
use crate::error::Phase;
use crate::identity::{self, Login};
use crate::request::ReadOnlyRequest;
use crate::session::{Caller, Session};
use crate::{EndpointUrl, Error, clock, codec, status};

/// How long Hello and OpenSecureChannel may take, each (§4.5 of the security catalogue).
pub(crate) const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Lifetime asked for a channel's keys.
pub(crate) const CHANNEL_LIFETIME: Duration = Duration::from_secs(3600);
/// How long a CloseSession may take when the session is given up.
const GIVE_UP_TIMEOUT: Duration = Duration::from_secs(1);

const PRODUCT_URI: &str = "urn:lockgate";
const CLIENT_NONCE: usize = 32;
/// Part 4 §5.7.2.2.
const SERVER_NONCE: std::ops::RangeInclusive<usize> = 32..=128;

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
    let security = security_for(&request)?;
    let token = identity::token_for(&request.endpoint, request.login.kind())?;
    identity::check(&request, token)?;
    let secured = matches!(security, ClientSecurity::Secured { .. });
    let address = match request.endpoint.url.parse() {
        Ok(listed) => request.url.with_path_of(&listed),
        Err(_) => request.url.clone(),
    };
    let connection = Connection::open(Dial {
        address: request.url.clone(),
        channel: ClientChannelConfig {
            endpoint_url: address.as_str().to_owned(),
            security,
            limits: Limits::client(),
            lifetime: CHANNEL_LIFETIME,
            open_timeout: OPEN_TIMEOUT,
            wall_clock: clock::wall(),
        },
        connect_timeout: OPEN_TIMEOUT,
        secured,
    })
    .await?;
    let mut handshake = Handshake { request: &request, connection, address, secured, nonces: Vec::new() };
    let created = handshake.create().await?;
    let caller = Caller::new(
        handshake.connection.clone(),
        created.authentication_token.clone(),
        request.request_timeout,
    );
    if let Err(error) = handshake.judge(&created) {
        give_up(&caller).await;
        return Err(error);
    }
    if let Err(error) = handshake.activate(&caller, &created, token).await {
        give_up(&caller).await;
        return Err(error);
    }
    Session::begin(caller, &request, &created).await
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
fn same_certificate(peer: &TrustedCertificate, shown: &[u8], place: &'static str) -> Result<(), Error> {
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

/// The steps between an open channel and a session, and the nonces seen on the way.
struct Handshake<'a> {
    request: &'a ConnectRequest,
    connection: Connection,
    address: EndpointUrl,
    secured: bool,
    /// Our nonce and every nonce of the server: none may come twice (SC-06, SC-20).
    nonces: Vec<Vec<u8>>,
}

impl Handshake<'_> {
    async fn create(&mut self) -> Result<CreateSessionResponse, Error> {
        let own = &self.request.own;
        let mut nonce = vec![0; CLIENT_NONCE];
        SystemRandom.fill(&mut nonce).map_err(|error| Error::OwnProof { detail: error.to_string() })?;
        let timeout = self.request.session_timeout;
        let mut create = CreateSessionRequest {
            client_description: ApplicationDescription {
                application_uri: own.application_uri().into(),
                product_uri: PRODUCT_URI.into(),
                application_name: own.certificate().common_name().unwrap_or("lockgate").into(),
                application_type: ApplicationType::Client,
                ..Default::default()
            },
            endpoint_url: self.address.as_str().into(),
            session_name: self.request.session_name.as_str().into(),
            client_nonce: ByteString::from(nonce.clone()),
            client_certificate: if self.secured {
                ByteString::from(own.chain_der())
            } else {
                ByteString::null()
            },
            requested_session_timeout: timeout.as_secs_f64() * 1000.0,
            max_response_message_size: Limits::client().max_message_size,
            ..Default::default()
        };
        self.nonces.push(nonce);
        create.request_header.timestamp = clock::ua_time();
        create.request_header.request_handle = 1;
        let body = codec::encode(&create)?;
        let answer =
            self.connection.request(CreateSessionRequest::SERVICE, body, self.request.request_timeout).await;
        answer
            .and_then(|answer| codec::decode::<CreateSessionRequest>(&answer))
            .map_err(|error| refused(error, Phase::CreateSession, self.secured))
    }

    /// Everything that must hold before our key signs anything inside this session (SC-09).
    fn judge(&mut self, created: &CreateSessionResponse) -> Result<(), Error> {
        let endpoint = &self.request.endpoint;
        if let (true, Some(peer), Some(policy)) = (self.secured, &self.request.peer, endpoint.policy) {
            self.fresh(created.server_nonce.as_ref(), "SC-06")?;
            same_certificate(peer, created.server_certificate.as_ref(), "the CreateSession response")?;
            self.server_signature(peer, policy, created)?;
        }
        let listed: Vec<Endpoint> = created
            .server_endpoints
            .iter()
            .flatten()
            .take(crate::discovery::MAX_ENDPOINTS)
            .cloned()
            .filter_map(Endpoint::from_description)
            .collect();
        compare(endpoint, &self.request.advertised, &listed)
    }

    /// SC-08: the server signed our certificate and our nonce with the key of the certificate we validated.
    fn server_signature(
        &self,
        peer: &TrustedCertificate,
        policy: SecurityPolicy,
        created: &CreateSessionResponse,
    ) -> Result<(), Error> {
        let nonce = self.nonces.first().map(Vec::as_slice).unwrap_or_default();
        let key = peer.certificate().public_key();
        let algorithm = created.server_signature.algorithm.value().as_deref();
        let signature = created.server_signature.signature.as_ref();
        let own = &self.request.own;
        let leaf = verify_peer_proof(policy, key, own.certificate().der(), nonce, algorithm, signature);
        // Older servers sign over the whole chain that we sent.
        leaf.or_else(|_| verify_peer_proof(policy, key, &own.chain_der(), nonce, algorithm, signature))
            .map_err(|_| {
                let detail = if signature.is_empty() {
                    "its CreateSession response is not signed"
                } else {
                    "the signature in its CreateSession response is wrong"
                };
                Error::ServerProofInvalid { rule: "SC-08", detail: detail.to_owned() }
            })
    }

    /// SC-06 and SC-20: a nonce of the right length, not all zero, never seen before in this session.
    fn fresh(&mut self, nonce: &[u8], rule: &'static str) -> Result<(), Error> {
        let detail = if !SERVER_NONCE.contains(&nonce.len()) {
            format!("its nonce has {} bytes instead of 32 to 128", nonce.len())
        } else if nonce.iter().all(|byte| *byte == 0) {
            "its nonce is all zero".to_owned()
        } else if self.nonces.iter().any(|seen| seen == nonce) {
            "it used a nonce twice".to_owned()
        } else {
            self.nonces.push(nonce.to_vec());
            return Ok(());
        };
        Err(Error::ServerProofInvalid { rule, detail })
    }

    async fn activate(
        &mut self,
        caller: &Caller,
        created: &CreateSessionResponse,
        token: &crate::UserTokenPolicy,
    ) -> Result<(), Error> {
        let nonce = created.server_nonce.as_ref();
        let activate = ActivateSessionRequest {
            client_signature: self.client_signature(nonce)?,
            user_identity_token: identity::encode(self.request, token, nonce)?,
            ..Default::default()
        };
        let activated = caller.call(activate).await.map_err(|error| match error {
            Error::Service { status, .. } if status::speaks_of_the_login(status) => {
                Error::LoginRefused { status }
            }
            other => refused(other, Phase::ActivateSession, self.secured),
        })?;
        if self.secured { self.fresh(activated.server_nonce.as_ref(), "SC-20") } else { Ok(()) }
    }

    fn client_signature(&self, server_nonce: &[u8]) -> Result<SignatureData, Error> {
        let (true, Some(peer), Some(policy)) =
            (self.secured, &self.request.peer, self.request.endpoint.policy)
        else {
            return Ok(SignatureData::default());
        };
        let proof = sign_peer_proof(policy, self.request.own.key(), peer.certificate().der(), server_nonce)
            .map_err(|error| Error::OwnProof { detail: error.to_string() })?;
        Ok(SignatureData { algorithm: proof.algorithm.into(), signature: ByteString::from(proof.signature) })
    }
}

/// A failure while the session was being made is a refusal of that step: what it means depends on the step.
fn refused(error: Error, phase: Phase, secured: bool) -> Error {
    let (status, reason, socket_closed) = match error {
        Error::Service { status, .. } => (Some(status), String::new(), false),
        Error::ClosedByServer { status, reason } => (Some(status), reason, false),
        Error::ConnectionLost { .. } => (None, String::new(), true),
        other => return other,
    };
    Error::RefusedByServer { phase, status, reason, socket_closed, secured }
}

/// A session that failed a check is closed on the server too; whether that works does not matter any more.
async fn give_up(caller: &Caller) {
    let close = CloseSessionRequest { delete_subscriptions: true, ..Default::default() };
    if let Err(error) = caller.call_within(close, GIVE_UP_TIMEOUT).await {
        tracing::debug!(%error, "the session that failed could not be closed");
    }
}
