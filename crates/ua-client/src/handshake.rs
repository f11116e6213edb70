//! The proofs of a session: CreateSession, in which the server proves itself, and ActivateSession, in which we do.
//!
//! [`Handshake`] ends when the server's proof and endpoint list have been judged; only then is there an
//! [`Activation`], and nothing else can sign (SC-09).

use opcua_types::{
    ActivateSessionRequest, ApplicationDescription, ApplicationType, ByteString, CreateSessionRequest,
    CreateSessionResponse, SignatureData,
};
use ua_channel::{Limits, Random, SystemRandom, sign_peer_proof, verify_peer_proof};
use ua_pki::{SecurityPolicy, TrustedCertificate};

use crate::compare::compare;
use crate::connect::{ConnectRequest, address_in_messages, same_certificate};
use crate::driver::Connection;
use crate::endpoint::Endpoint;
use crate::error::Phase;
use crate::request::ReadOnlyRequest;
use crate::session::Caller;
use crate::{Error, clock, codec, identity, status};

const PRODUCT_URI: &str = "urn:lockgate";
const CLIENT_NONCE: usize = 32;
/// Part 4 §5.7.2.2.
const SERVER_NONCE: std::ops::RangeInclusive<usize> = 32..=128;
/// A session is activated anew at each reconnect: this many nonces are remembered.
const REMEMBERED_NONCES: usize = 256;

/// The nonces of a session: none may come twice.
#[derive(Clone, Debug, Default)]
struct Nonces {
    seen: std::collections::VecDeque<Vec<u8>>,
}

impl Nonces {
    fn remember(&mut self, nonce: &[u8]) {
        if self.seen.len() >= REMEMBERED_NONCES {
            self.seen.pop_front();
        }
        self.seen.push_back(nonce.to_vec());
    }

    /// SC-06 and SC-20: a nonce of the right length, not all zero, never seen before in this session.
    fn fresh(&mut self, nonce: &[u8], rule: &'static str) -> Result<(), Error> {
        let detail = if !SERVER_NONCE.contains(&nonce.len()) {
            format!("its nonce has {} bytes instead of 32 to 128", nonce.len())
        } else if nonce.iter().all(|byte| *byte == 0) {
            "its nonce is all zero".to_owned()
        } else if self.seen.iter().any(|seen| seen == nonce) {
            "it used a nonce twice".to_owned()
        } else {
            self.remember(nonce);
            return Ok(());
        };
        Err(Error::ServerProofInvalid { rule, detail })
    }
}

/// The first half: the server proves itself.
pub(crate) struct Handshake<'a> {
    request: &'a ConnectRequest,
    client_nonce: Vec<u8>,
    nonces: Nonces,
}

impl<'a> Handshake<'a> {
    pub(crate) fn new(request: &'a ConnectRequest) -> Result<Self, Error> {
        let mut client_nonce = vec![0; CLIENT_NONCE];
        SystemRandom
            .fill(&mut client_nonce)
            .map_err(|error| Error::OwnProof { detail: error.to_string() })?;
        let mut nonces = Nonces::default();
        nonces.remember(&client_nonce);
        Ok(Self { request, client_nonce, nonces })
    }

    pub(crate) async fn create(&self, connection: &Connection) -> Result<CreateSessionResponse, Error> {
        let own = &self.request.own;
        let secured = self.request.is_secured();
        let timeout = self.request.session_timeout;
        let mut create = CreateSessionRequest {
            client_description: ApplicationDescription {
                application_uri: own.application_uri().into(),
                product_uri: PRODUCT_URI.into(),
                application_name: own.certificate().common_name().unwrap_or("lockgate").into(),
                application_type: ApplicationType::Client,
                ..Default::default()
            },
            endpoint_url: address_in_messages(self.request).as_str().into(),
            session_name: self.request.session_name.as_str().into(),
            client_nonce: ByteString::from(self.client_nonce.clone()),
            client_certificate: if secured { own.chain_der().into() } else { ByteString::null() },
            requested_session_timeout: timeout.as_secs_f64() * 1000.0,
            max_response_message_size: Limits::client().max_message_size,
            ..Default::default()
        };
        create.request_header.timestamp = clock::ua_time();
        create.request_header.request_handle = 1;
        let body = codec::encode(&create)?;
        let answer =
            connection.request(CreateSessionRequest::SERVICE, body, self.request.request_timeout).await;
        answer
            .and_then(|answer| codec::decode::<CreateSessionRequest>(&answer))
            .map_err(|error| refused(error, Phase::CreateSession, secured))
    }

    /// Everything that must hold before our key signs anything inside this session (SC-09).
    pub(crate) fn judge(&mut self, created: &CreateSessionResponse) -> Result<(), Error> {
        let endpoint = &self.request.endpoint;
        if let Some((peer, policy)) = proven(self.request) {
            self.nonces.fresh(created.server_nonce.as_ref(), "SC-06")?;
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
        let nonce = &self.client_nonce;
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

    /// To be called after [`Self::judge`] found nothing.
    pub(crate) fn into_activation(self, created: &CreateSessionResponse) -> Activation {
        Activation {
            request: self.request.clone(),
            nonces: self.nonces,
            server_nonce: created.server_nonce.as_ref().to_vec(),
        }
    }
}

/// The second half: we prove ourselves and log in; again whenever the session moves to another channel.
#[derive(Debug)]
pub(crate) struct Activation {
    request: ConnectRequest,
    nonces: Nonces,
    /// The server's last nonce: what our next signature answers.
    server_nonce: Vec<u8>,
}

impl Activation {
    pub(crate) fn request(&self) -> &ConnectRequest {
        &self.request
    }

    /// From now on the server's certificate is trusted by this proof.
    pub(crate) fn trust(&mut self, peer: Option<TrustedCertificate>) {
        self.request.peer = peer;
    }

    /// Activates the session on a channel.
    pub(crate) async fn activate(&mut self, caller: &Caller, connection: &Connection) -> Result<(), Error> {
        let secured = self.request.is_secured();
        let token = identity::token_for(&self.request.endpoint, self.request.login.kind())?;
        let (user_identity_token, user_token_signature) =
            identity::encode(&self.request, token, &self.server_nonce)?;
        let activate = ActivateSessionRequest {
            client_signature: self.client_signature()?,
            user_identity_token,
            user_token_signature,
            ..Default::default()
        };
        let activated = caller.call_on(connection, activate).await.map_err(|error| match error {
            Error::Service { status, .. } if status::speaks_of_the_login(status) => {
                Error::LoginRefused { status }
            }
            other => refused(other, Phase::ActivateSession, secured),
        })?;
        let nonce = activated.server_nonce.as_ref();
        if secured {
            self.nonces.fresh(nonce, "SC-20")?;
        }
        self.server_nonce = nonce.to_vec();
        Ok(())
    }

    fn client_signature(&self) -> Result<SignatureData, Error> {
        let Some((peer, policy)) = proven(&self.request) else { return Ok(SignatureData::default()) };
        let certificate = peer.certificate().der();
        let proof = sign_peer_proof(policy, self.request.own.key(), certificate, &self.server_nonce)
            .map_err(|error| Error::OwnProof { detail: error.to_string() })?;
        Ok(SignatureData { algorithm: proof.algorithm.into(), signature: proof.signature.into() })
    }
}

/// The validated certificate and the policy, when certificates are in play.
fn proven(request: &ConnectRequest) -> Option<(&TrustedCertificate, SecurityPolicy)> {
    let policy = request.endpoint.policy.filter(|policy| *policy != SecurityPolicy::None)?;
    Some((request.peer.as_ref()?, policy))
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
