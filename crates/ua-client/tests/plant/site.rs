//! A plant to talk to, and how a user comes to talk to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use plant::{Plant, PlantConfig, Practice};
use tempfile::TempDir;
use ua_client::{
    ConnectRequest, Login, SecurityRequirement, Session, UserTokenKind, choose, connect, get_endpoints,
};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, KeyKind, Role, SecurityPolicy, Store, ValidationContext,
    validate,
};
use zeroize::Zeroizing;

pub const COUNTERS: usize = 20;
pub const PERIOD: Duration = Duration::from_millis(50);

pub struct Site {
    pub plant: Plant,
    /// Holds the plant's store, with us among those it trusts.
    pub server: TempDir,
    client: Store,
    _client_folder: TempDir,
    pub own: Arc<ApplicationIdentity>,
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

pub fn identity(name: &str, uri: &str) -> Arc<ApplicationIdentity> {
    let profile = ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: uri.to_owned(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: now(),
        days: 30,
    };
    Arc::new(ApplicationIdentity::self_signed(&profile).unwrap())
}

fn own() -> Arc<ApplicationIdentity> {
    static IDENTITY: OnceLock<Arc<ApplicationIdentity>> = OnceLock::new();
    Arc::clone(IDENTITY.get_or_init(|| identity("test client", "urn:localhost:test-client")))
}

impl Site {
    pub async fn start() -> Self {
        Self::start_to_practise(Practice::default()).await
    }

    pub async fn start_to_practise(practice: Practice) -> Self {
        let server = tempfile::tempdir().unwrap();
        let config = PlantConfig {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pki_dir: server.path().to_owned(),
            counters: COUNTERS,
            counter_period: PERIOD,
            users: vec![("reader".to_owned(), "secret".to_owned())],
            policies: vec![SecurityPolicy::Basic256Sha256, SecurityPolicy::Aes256Sha256RsaPss],
            hosts: vec!["localhost".to_owned()],
        };
        let plant = Plant::start_to_practise(config, practice).await.unwrap();
        let client_folder = tempfile::tempdir().unwrap();
        let client = Store::open(client_folder.path()).unwrap();
        Store::open(server.path()).unwrap().trust(own().certificate()).unwrap();
        Self { plant, server, client, _client_folder: client_folder, own: own() }
    }

    /// The way a user goes: ask, choose, judge the certificate, and only then connect.
    pub async fn request(&self, password: &str) -> ConnectRequest {
        let url = self.plant.endpoint_url().parse().unwrap();
        let advertised = get_endpoints(&url, Duration::from_secs(10)).await.unwrap();
        let choice = choose(&advertised, SecurityRequirement::strongest(UserTokenKind::UserName)).unwrap();
        let endpoint = advertised[choice.index].clone();
        assert_eq!(endpoint.security_name(), "Aes256_Sha256_RsaPss SignAndEncrypt");
        let certificate = endpoint.leaf().unwrap();
        self.client.trust(&certificate).unwrap();
        let context = ValidationContext {
            now: now(),
            role: Role::Server,
            policy: endpoint.policy.and_then(SecurityPolicy::certificate_rules),
            host: Some(url.host()),
            application_uri: Some(&endpoint.application_uri),
            suppress: &[],
        };
        let verdict = validate(&[certificate], &self.client.trust_list().unwrap(), &context);
        let peer = verdict.into_trusted().expect("the plant's certificate is good");
        ConnectRequest {
            url,
            endpoint,
            advertised,
            peer: Some(peer),
            own: Arc::clone(&self.own),
            login: Login::UserName {
                name: "reader".to_owned(),
                password: Zeroizing::new(password.to_owned()),
            },
            session_name: "test".to_owned(),
            session_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(10),
            danger_without_security: false,
        }
    }

    pub async fn connect(&self) -> Session {
        connect(self.request("secret").await).await.unwrap()
    }
}
