//! A plant and clients of it, on the loopback interface.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use opcua_types::NodeId;
use plant::{Plant, PlantConfig, Practice};
use tempfile::TempDir;
use ua_channel::{DataValueRef, MessageSecurityMode, ValueRef};
use ua_client::{
    ConnectRequest, Delivery, EndpointUrl, Error, ItemRequest, Login, NotificationVisitor,
    SecurityRequirement, Session, SubscriptionInfo, SubscriptionRequest, SubscriptionWatch, UserTokenKind,
    choose, connect, get_endpoints,
};
use ua_pki::{
    ApplicationIdentity, ApplicationProfile, Certificate, KeyKind, Role, SecurityPolicy, Store, TrustList,
    ValidationContext, validate,
};

pub(crate) const PERIOD: Duration = Duration::from_millis(20);
pub(crate) const PERIOD_TICKS: i64 = 200_000;
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Bench {
    pub(crate) plant: Plant,
    pub(crate) folder: TempDir,
    pub(crate) url: EndpointUrl,
}

impl Bench {
    pub(crate) async fn start(counters: usize) -> Self {
        Self::start_to_practise(counters, Practice::default()).await
    }

    pub(crate) async fn start_to_practise(counters: usize, practice: Practice) -> Self {
        let folder = TempDir::new().unwrap();
        let config = config(&folder, "127.0.0.1:0".parse().unwrap(), counters);
        let plant = Plant::start_to_practise(config, practice).await.unwrap();
        let url = plant.endpoint_url().parse().unwrap();
        Self { plant, folder, url }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.folder.path().join("plant")).unwrap()
    }

    /// A client that the plant trusts.
    pub(crate) fn trusted_client(&self, name: &str) -> Arc<ApplicationIdentity> {
        let identity = client(name);
        self.store().trust(identity.certificate()).unwrap();
        identity
    }

    pub(crate) async fn connect(
        &self,
        own: &Arc<ApplicationIdentity>,
        login: Login,
    ) -> Result<Session, Error> {
        self.connect_with(own, login, SecurityPolicy::Basic256Sha256, MessageSecurityMode::SignAndEncrypt)
            .await
    }

    pub(crate) async fn connect_with(
        &self,
        own: &Arc<ApplicationIdentity>,
        login: Login,
        policy: SecurityPolicy,
        mode: MessageSecurityMode,
    ) -> Result<Session, Error> {
        let advertised = get_endpoints(&self.url, PATIENCE).await?;
        let endpoint =
            advertised.iter().find(|e| e.policy == Some(policy) && e.mode == mode).unwrap().clone();
        let chain = Certificate::chain_from_der(&endpoint.server_certificate).unwrap();
        let trust = TrustList::new(vec![chain[0].clone()], vec![], vec![]);
        let context = ValidationContext {
            now: ua_server::Clock::start().timestamp(),
            role: Role::Server,
            policy: policy.certificate_rules(),
            host: Some("127.0.0.1"),
            application_uri: Some(&endpoint.application_uri),
            suppress: &[],
        };
        let peer = validate(&chain, &trust, &context).into_trusted().unwrap();
        connect(ConnectRequest {
            url: self.url.clone(),
            endpoint,
            advertised,
            peer: Some(peer),
            own: Arc::clone(own),
            login,
            session_name: "bench".to_owned(),
            session_timeout: Duration::from_secs(60),
            request_timeout: PATIENCE,
            danger_without_security: false,
        })
        .await
    }
}

pub(crate) fn config(folder: &TempDir, listen: SocketAddr, counters: usize) -> PlantConfig {
    PlantConfig {
        listen,
        pki_dir: folder.path().join("plant"),
        counters,
        counter_period: PERIOD,
        users: vec![("reader".to_owned(), "lesen".to_owned()), ("other".to_owned(), "auch lesen".to_owned())],
        policies: vec![
            SecurityPolicy::Basic256Sha256,
            SecurityPolicy::Aes128Sha256RsaOaep,
            SecurityPolicy::Aes256Sha256RsaPss,
        ],
        hosts: vec!["127.0.0.1".to_owned()],
    }
}

pub(crate) fn client(name: &str) -> Arc<ApplicationIdentity> {
    let profile = ApplicationProfile {
        common_name: name.to_owned(),
        organization: None,
        application_uri: format!("urn:bench:{name}"),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: ua_server::Clock::start().timestamp(),
        days: 1,
    };
    Arc::new(ApplicationIdentity::self_signed(&profile).unwrap())
}

pub(crate) fn login(name: &str, password: &str) -> Login {
    Login::UserName { name: name.to_owned(), password: password.to_owned().into() }
}

pub(crate) fn reader() -> Login {
    login("reader", "lesen")
}

pub(crate) fn node(path: &str) -> NodeId {
    NodeId::new(2, path)
}

/// A subscription to the first counters; the client handle is the counter's number.
pub(crate) async fn subscribe(session: &Session, counters: u32, publishing: Duration) -> SubscriptionInfo {
    let info = session
        .create_subscription(SubscriptionRequest {
            publishing_interval: publishing,
            lifetime_count: 1000,
            keep_alive_count: 10,
            max_notifications_per_publish: 0,
            priority: 0,
        })
        .await
        .unwrap();
    let items: Vec<_> = (1..=counters)
        .map(|number| ItemRequest {
            node: node(&format!("Counter{number:04}")),
            client_handle: number,
            sampling_interval: PERIOD,
            queue_size: 1000,
            discard_oldest: true,
        })
        .collect();
    for made in session.create_monitored_items(info.id, &items).await.unwrap() {
        assert_eq!(made.unwrap().revised_sampling_interval, PERIOD);
    }
    info
}

pub(crate) async fn watch(session: &Session, info: &SubscriptionInfo, last_sequence: Option<u32>) {
    let watch = SubscriptionWatch { id: info.id, keep_alive: info.keep_alive(), last_sequence };
    session.start_publishing(&[watch], 3).await.unwrap();
}

pub(crate) async fn next(session: &Session) -> Delivery {
    tokio::time::timeout(PATIENCE, session.next_publish()).await.unwrap().unwrap()
}

/// What arrived: (counter, value, source timestamp), in order of arrival.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) values: Vec<(u32, i64, i64)>,
}

impl NotificationVisitor for Received {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        assert_eq!(value.status, 0, "a counter is always good");
        match value.value {
            ValueRef::Int64(number) => self.values.push((client_handle, number, value.source_timestamp)),
            ref other => panic!("a counter is an Int64, not {other:?}"),
        }
    }

    fn status_change(&mut self, status: u32) {
        panic!("status change {status:#x}");
    }

    fn unsupported(&mut self, type_id: u32) {
        panic!("notification of type {type_id}");
    }
}

impl Received {
    /// Every counter went up by one from value to value, each with the instant of its step. Returns how many steps one counter took.
    pub(crate) fn assert_no_hole(&self, counters: u32, start: i64) -> i64 {
        let mut shortest = i64::MAX;
        for counter in 1..=counters {
            let of_one: Vec<_> = self.values.iter().filter(|(handle, ..)| *handle == counter).collect();
            let first = of_one.first().expect("every counter arrived").1;
            for (expected, (_, value, time)) in (first..).zip(&of_one) {
                assert_eq!(*value, expected, "counter {counter}");
                assert_eq!(*time, start + value * PERIOD_TICKS, "counter {counter} at {value}");
            }
            shortest = shortest.min(i64::try_from(of_one.len()).unwrap());
        }
        shortest
    }
}

/// The endpoint our own ranking takes.
pub(crate) fn strongest(endpoints: &[ua_client::Endpoint]) -> &ua_client::Endpoint {
    let choice = choose(endpoints, SecurityRequirement::strongest(UserTokenKind::UserName)).unwrap();
    &endpoints[choice.index]
}

pub(crate) fn file_count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
