//! A client and a server machine against each other, with a clock that the test turns.
#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ua_channel::{
    ChannelEvent, ClientChannel, ClientChannelConfig, ClientSecurity, Error, Limits, MessageSecurityMode,
    PeerJudge, Random, ServerChannel, ServerChannelConfig,
};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, CertificateStatus, KeyKind, Role, SecurityPolicy,
    TrustList, TrustedCertificate, ValidationContext, validate,
};

pub(crate) const WALL: &str = "2026-11-23T05:00:00Z";

pub(crate) const SECURED: [(SecurityPolicy, MessageSecurityMode); 6] = [
    (SecurityPolicy::Basic256Sha256, MessageSecurityMode::Sign),
    (SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt),
    (SecurityPolicy::Aes128Sha256RsaOaep, MessageSecurityMode::Sign),
    (SecurityPolicy::Aes128Sha256RsaOaep, MessageSecurityMode::SignAndEncrypt),
    (SecurityPolicy::Aes256Sha256RsaPss, MessageSecurityMode::Sign),
    (SecurityPolicy::Aes256Sha256RsaPss, MessageSecurityMode::SignAndEncrypt),
];

pub(crate) fn all() -> Vec<(SecurityPolicy, MessageSecurityMode)> {
    let mut all = vec![(SecurityPolicy::None, MessageSecurityMode::None)];
    all.extend(SECURED);
    all
}

/// Numbers that repeat with the seed.
pub(crate) struct Seeded(pub(crate) u64);

impl Random for Seeded {
    fn fill(&mut self, buf: &mut [u8]) -> Result<(), Error> {
        for byte in buf {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}

fn identity(name: &str, bits: usize) -> Arc<ApplicationIdentity> {
    let profile = ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: format!("urn:test:{name}"),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits },
        valid_from: WALL.parse().unwrap(),
        days: 30,
    };
    Arc::new(ApplicationIdentity::self_signed(&profile).unwrap())
}

pub(crate) fn client_identity() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| identity("client", 2048)))
}

pub(crate) fn server_identity() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| identity("server", 3072)))
}

pub(crate) fn stranger() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| identity("stranger", 2048)))
}

/// Validates with exactly `trusted` in the trust list.
pub(crate) fn judge(
    chain: &[Certificate],
    trusted: &Certificate,
    role: Role,
    policy: SecurityPolicy,
) -> Result<TrustedCertificate, CertificateStatus> {
    let trust = TrustList::new(vec![trusted.clone()], vec![], vec![]);
    let uri = chain.first().and_then(|leaf| leaf.application_uri()).map(str::to_owned);
    let context = ValidationContext {
        now: WALL.parse::<jiff::Timestamp>().unwrap() + Duration::from_secs(3600),
        role,
        policy: policy.certificate_rules(),
        host: (role == Role::Server).then_some("localhost"),
        application_uri: uri.as_deref(),
        suppress: &[],
    };
    let verdict = validate(chain, &trust, &context);
    let status = verdict.status();
    verdict.into_trusted().map_err(|_| status.unwrap())
}

pub(crate) fn trusted(identity: &ApplicationIdentity, policy: SecurityPolicy) -> TrustedCertificate {
    judge(identity.chain(), identity.certificate(), Role::Server, policy).unwrap()
}

/// Trusts the client identity of these tests alone, and counts how often it was asked.
#[derive(Default)]
pub(crate) struct TrustsTheClient(pub(crate) std::sync::atomic::AtomicUsize);

impl PeerJudge for TrustsTheClient {
    fn judge(
        &self,
        chain: &[Certificate],
        policy: SecurityPolicy,
    ) -> Result<TrustedCertificate, CertificateStatus> {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        judge(chain, client_identity().certificate(), Role::Client, policy)
    }
}

pub(crate) struct Setup {
    pub(crate) policy: SecurityPolicy,
    pub(crate) mode: MessageSecurityMode,
    pub(crate) client_identity: Arc<ApplicationIdentity>,
    /// Whom the client takes the server for.
    pub(crate) expected_server: Arc<ApplicationIdentity>,
    pub(crate) client_limits: Limits,
    pub(crate) server_limits: Limits,
    pub(crate) offered: Vec<(SecurityPolicy, MessageSecurityMode)>,
    pub(crate) lifetime: Duration,
    pub(crate) session_deadline: Duration,
    pub(crate) judge: Arc<dyn PeerJudge>,
    pub(crate) server_seed: u64,
}

impl Setup {
    pub(crate) fn new(policy: SecurityPolicy, mode: MessageSecurityMode) -> Self {
        Self {
            policy,
            mode,
            client_identity: client_identity(),
            expected_server: server_identity(),
            client_limits: Limits::client(),
            server_limits: Limits::server(),
            offered: all(),
            lifetime: Duration::from_secs(3600),
            session_deadline: Duration::from_secs(60),
            judge: Arc::new(TrustsTheClient::default()),
            server_seed: 2,
        }
    }

    pub(crate) fn pair(self) -> Pair {
        let now = base();
        let security = match self.policy {
            SecurityPolicy::None => ClientSecurity::None,
            policy => ClientSecurity::Secured {
                policy,
                mode: self.mode,
                own: self.client_identity,
                peer: trusted(&self.expected_server, policy),
            },
        };
        let client = ClientChannelConfig {
            endpoint_url: "opc.tcp://localhost:4840".to_owned(),
            security,
            limits: self.client_limits,
            lifetime: self.lifetime,
            open_timeout: Duration::from_secs(10),
            wall_clock: WALL.parse().unwrap(),
        };
        let server = ServerChannelConfig {
            limits: self.server_limits,
            identity: server_identity(),
            offered: self.offered,
            channel_id: 4711,
            judge: self.judge,
            min_lifetime: Duration::from_secs(10),
            max_lifetime: Duration::from_secs(3600),
            open_timeout: Duration::from_secs(5),
            session_deadline: self.session_deadline,
            wall_clock: WALL.parse().unwrap(),
        };
        Pair {
            now,
            client: ClientChannel::new(client, Box::new(Seeded(1)), now).unwrap(),
            server: ServerChannel::new(server, Box::new(Seeded(self.server_seed)), now),
            client_events: Vec::new(),
            server_events: Vec::new(),
            transmitted: Vec::new(),
        }
    }
}

/// An instant to count from; which one does not matter.
#[allow(clippy::disallowed_methods, reason = "there is no other way to get a first instant")]
pub(crate) fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) client: ClientChannel,
    pub(crate) server: ServerChannel,
    pub(crate) client_events: Vec<ChannelEvent>,
    pub(crate) server_events: Vec<ChannelEvent>,
    /// Everything that went over the wire: (from the client, bytes).
    pub(crate) transmitted: Vec<(bool, Vec<u8>)>,
}

impl Pair {
    /// Opened, with the events of opening taken out.
    pub(crate) fn open(setup: Setup) -> Self {
        let mut pair = setup.pair();
        pair.run();
        assert!(
            pair.client.is_open() && pair.server.is_open(),
            "{:?} {:?}",
            pair.client_events,
            pair.server_events
        );
        pair.client_events.clear();
        pair.server_events.clear();
        pair
    }

    /// Carries bytes both ways until nobody has anything to say, then collects events.
    pub(crate) fn run(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(bytes) = self.client.poll_transmit() {
                quiet = false;
                self.server.handle_bytes(self.now, &bytes);
                self.transmitted.push((true, bytes));
            }
            while let Some(bytes) = self.server.poll_transmit() {
                quiet = false;
                self.client.handle_bytes(self.now, &bytes);
                self.transmitted.push((false, bytes));
            }
            if quiet {
                break;
            }
        }
        self.collect();
    }

    pub(crate) fn collect(&mut self) {
        while let Some(event) = self.client.poll_event() {
            self.client_events.push(event);
        }
        while let Some(event) = self.server.poll_event() {
            self.server_events.push(event);
        }
    }

    /// Turns the clock and lets both sides act on it.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.now += by;
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
        self.run();
    }

    /// Sends a request and answers it with `response`; asserts that both arrive unchanged.
    pub(crate) fn exchange(&mut self, request: &[u8], response: &[u8]) {
        let request_id = self.client.send(self.now, request).unwrap();
        self.run();
        let expected = ChannelEvent::Message { request_id, body: request.to_vec() };
        assert_eq!(self.server_events.pop(), Some(expected));
        self.server.respond(self.now, request_id, response).unwrap();
        self.run();
        let expected = ChannelEvent::Message { request_id, body: response.to_vec() };
        assert_eq!(self.client_events.pop(), Some(expected));
    }
}
