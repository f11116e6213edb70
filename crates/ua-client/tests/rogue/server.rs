//! A server made of the honest channel and scripted services.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use ua_channel::{
    ChannelEvent, Limits, MessageSecurityMode, PeerJudge, Random, ServerChannel, ServerChannelConfig,
    SystemRandom, sign_peer_proof,
};
use ua_client::types::{
    ActivateSessionResponse, ApplicationDescription, BinaryDecodable, BinaryEncodable, ByteString,
    CloseSessionResponse, ContextOwned, CreateSessionRequest, CreateSessionResponse, DataValue,
    EndpointDescription, GetEndpointsResponse, MessageInfo, NodeId, ReadRequest, ReadResponse,
    ResponseHeader, ServiceFault, SignatureData, StatusCode, UserTokenPolicy, UserTokenType, Variant,
};
use ua_client::{ConnectRequest, EndpointUrl, Error, Login, Session, connect, get_endpoints};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateStatus, KeyKind, Role, SecurityPolicy,
    Store, TrustedCertificate, ValidationContext, validate,
};

pub const POLICY: SecurityPolicy = SecurityPolicy::Aes256Sha256RsaPss;
pub const SERVER_URI: &str = "urn:localhost:rogue";
pub const REQUEST_TIMEOUT: Duration = Duration::from_millis(1500);

/// What becomes of an honest answer.
pub enum Act {
    Answer(Vec<u8>),
    Nothing,
    HangUp,
}

type Edit<T> = Box<dyn Fn(&mut T) + Send + Sync>;
type Nonce = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;
type Service = Box<dyn Fn(u32, &[u8], Option<Vec<u8>>) -> Act + Send + Sync>;

/// What the server does that it should not.
pub struct Script {
    pub endpoints: Vec<EndpointDescription>,
    /// Inside the session; before the response is sent.
    pub created: Edit<CreateSessionResponse>,
    /// Called with the client's nonce too.
    pub nonce: Nonce,
    pub activated: Edit<ActivateSessionResponse>,
    pub service: Service,
    pub trusts_the_client: bool,
    /// Certificate and key of the channel, whatever the endpoints show.
    pub holds: Arc<ApplicationIdentity>,
}

pub struct Rogue {
    pub url: EndpointUrl,
    seen: Arc<Mutex<Vec<u32>>>,
    connections: Arc<AtomicUsize>,
}

/// Types of requests, binary encoding.
pub const GET_ENDPOINTS: u32 = 428;
pub const CREATE_SESSION: u32 = 461;
pub const ACTIVATE_SESSION: u32 = 467;
pub const CLOSE_SESSION: u32 = 473;
pub const READ: u32 = 631;
pub const BROWSE: u32 = 527;
pub const BROWSE_NEXT: u32 = 533;
pub const HISTORY_READ: u32 = 664;
pub const PUBLISH: u32 = 826;
pub const REPUBLISH: u32 = 832;

pub fn identity_of(name: &str, uri: &str) -> ApplicationIdentity {
    ApplicationIdentity::self_signed(&ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: uri.to_owned(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: now(),
        days: 30,
    })
    .unwrap()
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

pub fn server_identity() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| Arc::new(identity_of("rogue", SERVER_URI))))
}

pub fn client_identity() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| Arc::new(identity_of("client", "urn:localhost:client"))))
}

/// The proof that a certificate passed validation, got the only way there is.
pub fn trusted(certificate: &Certificate, role: Role) -> TrustedCertificate {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.trust(certificate).unwrap();
    let context = ValidationContext {
        now: now(),
        role,
        policy: POLICY.certificate_rules(),
        host: None,
        application_uri: certificate.application_uri(),
        suppress: &[],
    };
    validate(std::slice::from_ref(certificate), &store.trust_list().unwrap(), &context)
        .into_trusted()
        .unwrap()
}

struct Judge(Option<TrustedCertificate>);

impl PeerJudge for Judge {
    fn judge(&self, _: &[Certificate], _: SecurityPolicy) -> Result<TrustedCertificate, CertificateStatus> {
        self.0.clone().ok_or(CertificateStatus::Untrusted)
    }
}

pub fn token(id: &str, kind: UserTokenType, policy: Option<&str>) -> UserTokenPolicy {
    UserTokenPolicy {
        policy_id: id.into(),
        token_type: kind,
        security_policy_uri: policy.into_iter().collect::<String>().into(),
        ..Default::default()
    }
}

pub fn endpoint(policy: SecurityPolicy, mode: ua_client::types::MessageSecurityMode) -> EndpointDescription {
    EndpointDescription {
        endpoint_url: "opc.tcp://somewhere.else.example:4840".into(),
        server: ApplicationDescription { application_uri: SERVER_URI.into(), ..Default::default() },
        server_certificate: ByteString::from(server_identity().chain_der()),
        security_mode: mode,
        security_policy_uri: policy.uri().into(),
        user_identity_tokens: Some(vec![
            token("anonymous", UserTokenType::Anonymous, None),
            token("user", UserTokenType::UserName, None),
        ]),
        transport_profile_uri: ua_client::TRANSPORT_UA_TCP.into(),
        security_level: 1,
    }
}

impl Script {
    /// Nothing wrong at all.
    pub fn honest() -> Self {
        Self {
            endpoints: vec![endpoint(POLICY, ua_client::types::MessageSecurityMode::SignAndEncrypt)],
            created: Box::new(|_| {}),
            nonce: Box::new(<[u8]>::to_vec),
            activated: Box::new(|_| {}),
            service: Box::new(|_, _, honest| honest.map_or(Act::Nothing, Act::Answer)),
            trusts_the_client: true,
            holds: server_identity(),
        }
    }

    pub async fn start(self) -> Rogue {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("opc.tcp://127.0.0.1:{}", listener.local_addr().unwrap().port()).parse().unwrap();
        let seen = Arc::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let rogue = Rogue { url, seen: Arc::clone(&seen), connections: Arc::clone(&connections) };
        let script = Arc::new(self);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&seen)));
            }
        });
        rogue
    }
}

impl Rogue {
    pub fn saw(&self, request: u32) -> usize {
        self.seen.lock().unwrap().iter().filter(|seen| **seen == request).count()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub async fn request(&self) -> ConnectRequest {
        let advertised = get_endpoints(&self.url, Duration::from_secs(5)).await.unwrap();
        let server = server_identity();
        ConnectRequest {
            url: self.url.clone(),
            endpoint: advertised[0].clone(),
            advertised,
            peer: Some(trusted(server.certificate(), Role::Server)),
            own: client_identity(),
            login: Login::Anonymous,
            session_name: "test".to_owned(),
            session_timeout: Duration::from_secs(60),
            request_timeout: REQUEST_TIMEOUT,
            danger_without_security: false,
        }
    }

    pub async fn connect(&self) -> Result<Session, Error> {
        connect(self.request().await).await
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, seen: Arc<Mutex<Vec<u32>>>) {
    let client = trusted(client_identity().certificate(), Role::Client);
    let judge = Judge(script.trusts_the_client.then_some(client));
    let config = ServerChannelConfig {
        limits: Limits { max_message_size_before_session: 4 << 20, ..Limits::server() },
        identity: Arc::clone(&script.holds),
        offered: vec![
            (SecurityPolicy::None, MessageSecurityMode::None),
            (POLICY, MessageSecurityMode::SignAndEncrypt),
            (POLICY, MessageSecurityMode::Sign),
        ],
        channel_id: 7,
        judge: Arc::new(judge),
        min_lifetime: Duration::from_secs(10),
        max_lifetime: Duration::from_secs(3600),
        open_timeout: Duration::from_secs(5),
        session_deadline: Duration::from_secs(3600),
        wall_clock: now(),
    };
    let mut channel = ServerChannel::new(config, Box::new(SystemRandom), Instant::now());
    let mut buffer = vec![0; 65536];
    loop {
        while let Some(bytes) = channel.poll_transmit() {
            if stream.write_all(&bytes).await.is_err() {
                return;
            }
        }
        let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
        channel.handle_bytes(Instant::now(), &buffer[..count]);
        while let Some(event) = channel.poll_event() {
            match event {
                ChannelEvent::Message { request_id, body } => match answer(&script, &seen, &body) {
                    Act::Answer(body) => channel.respond(Instant::now(), request_id, &body).unwrap(),
                    Act::Nothing => {}
                    Act::HangUp => return,
                },
                ChannelEvent::Closed(_) => {
                    while let Some(bytes) = channel.poll_transmit() {
                        stream.write_all(&bytes).await.unwrap_or_default();
                    }
                    return;
                }
                _ => {}
            }
        }
    }
}

fn answer(script: &Script, seen: &Mutex<Vec<u32>>, body: &[u8]) -> Act {
    let (kind, _) = split(body);
    seen.lock().unwrap().push(kind);
    let honest = match kind {
        GET_ENDPOINTS => Some(encode(&GetEndpointsResponse {
            endpoints: Some(script.endpoints.clone()),
            ..Default::default()
        })),
        CREATE_SESSION => Some(encode(&create_session(script, &decode(body)))),
        ACTIVATE_SESSION => {
            let mut response = ActivateSessionResponse { server_nonce: random(32), ..Default::default() };
            (script.activated)(&mut response);
            Some(encode(&response))
        }
        CLOSE_SESSION => Some(encode(&CloseSessionResponse::default())),
        READ => {
            let request: ReadRequest = decode(body);
            // The standard's own nodes, the limits among them, are not there.
            let value = |node: NodeId| match node.namespace {
                0 => DataValue { status: Some(StatusCode::BadNodeIdUnknown), ..Default::default() },
                _ => DataValue::value_only(Variant::UInt32(5)),
            };
            let results = request.nodes_to_read.into_iter().flatten().map(|read| value(read.node_id));
            Some(encode(&ReadResponse { results: Some(results.collect()), ..Default::default() }))
        }
        _ => None,
    };
    (script.service)(kind, body, honest)
}

fn create_session(script: &Script, request: &CreateSessionRequest) -> CreateSessionResponse {
    let server = server_identity();
    let client = Certificate::chain_from_der(request.client_certificate.as_ref()).unwrap().remove(0);
    let nonce = (script.nonce)(request.client_nonce.as_ref());
    let proof = sign_peer_proof(POLICY, server.key(), client.der(), &nonce).unwrap();
    let mut response = CreateSessionResponse {
        session_id: NodeId::new(1, 1),
        authentication_token: NodeId::new(1, "secret"),
        revised_session_timeout: request.requested_session_timeout,
        server_nonce: random(32),
        server_certificate: ByteString::from(server.chain_der()),
        server_endpoints: Some(script.endpoints.clone()),
        server_signature: SignatureData {
            algorithm: proof.algorithm.into(),
            signature: ByteString::from(proof.signature),
        },
        ..Default::default()
    };
    (script.created)(&mut response);
    response
}

pub fn random(count: usize) -> ByteString {
    let mut bytes = vec![0; count];
    SystemRandom.fill(&mut bytes).unwrap();
    ByteString::from(bytes)
}

/// The type of a message and what follows it.
pub fn split(body: &[u8]) -> (u32, &[u8]) {
    let context = ContextOwned::default();
    let mut rest = body;
    let kind = NodeId::decode(&mut rest, &context.context()).unwrap();
    (kind.as_u32().unwrap(), rest)
}

pub fn decode<T: BinaryDecodable>(body: &[u8]) -> T {
    let context = ContextOwned::default();
    T::decode(&mut split(body).1, &context.context()).unwrap()
}

pub fn encode<T: BinaryEncodable + MessageInfo>(message: &T) -> Vec<u8> {
    let context = ContextOwned::default();
    let mut body = BinaryEncodable::encode_to_vec(&NodeId::from(message.type_id()), &context.context());
    body.extend(message.encode_to_vec(&context.context()));
    body
}

pub fn fault(code: u32) -> Vec<u8> {
    let service_result = StatusCode::from(code);
    encode(&ServiceFault { response_header: ResponseHeader { service_result, ..Default::default() } })
}
