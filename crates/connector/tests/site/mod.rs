//! A plant and a connector that know each other, in a folder of their own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connector::config::{SecretRef, SourceLogin};
use connector::{
    Clock, Config, Handle, Runtime, SourceConfig, SourceState, SourceStatus, SystemClock, identity, secrets,
};
use jiff::SignedDuration;
use plant::{Plant, PlantConfig, Practice};
use tagstore::{Gap, GapFilter, OwnedValue, Reader, StreamQuery};
use tempfile::TempDir;
use ua_channel::MessageSecurityMode;
use ua_pki::{ApplicationIdentity, ApplicationProfile, KeyKind, SecurityPolicy, Store, ThumbprintQuery};

pub const SOURCE: &str = "line1";
pub const USER: &str = "reader";
pub const PASSWORD: &str = "only read, please";
/// Longer than anything here takes on a busy machine; reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Site {
    dir: TempDir,
    pub plant: Option<Plant>,
    pub identity: Arc<ApplicationIdentity>,
    pub port: u16,
    pub practice: Practice,
}

impl Site {
    /// A plant that offers `policies` and trusts us, and a configured source with that policy that we trust.
    pub async fn new(policy: SecurityPolicy) -> Self {
        let site = Self::strangers(policy).await;
        site.server_trusts_us();
        site.we_trust_the_server();
        site
    }

    /// As [`Site::new`], with a plant that makes trouble.
    pub async fn to_practise(policy: SecurityPolicy, practice: Practice) -> Self {
        let site = Self::strangers_in(tempfile::tempdir().unwrap(), policy, practice).await;
        site.server_trusts_us();
        site.we_trust_the_server();
        site
    }

    /// As [`Site::new`], with a plant that has this certificate.
    pub async fn with_plant(policy: SecurityPolicy, plant: &ApplicationIdentity) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path().join("plant")).unwrap().save_own(plant).unwrap();
        let site = Self::strangers_in(dir, policy, Practice::default()).await;
        site.server_trusts_us();
        site
    }

    /// The same as [`Site::new`], but neither side trusts the other yet.
    pub async fn strangers(policy: SecurityPolicy) -> Self {
        Self::strangers_in(tempfile::tempdir().unwrap(), policy, Practice::default()).await
    }

    async fn strangers_in(dir: TempDir, policy: SecurityPolicy, practice: Practice) -> Self {
        let path = dir.path().join("lockgate.toml");
        let mut config = Config::create(&path, "lockgate", "urn:localhost:lockgate").unwrap();
        let store = Store::open(&config.pki).unwrap();
        let names = vec!["localhost".to_owned()];
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let (identity, _) = identity::ensure(&config, &store, names, vec![], now).unwrap();
        let mut site = Self { dir, plant: None, identity: Arc::new(identity), port: 0, practice };
        site.start_plant(&[policy]).await;
        let secret = site.secret();
        secrets::write(&secret, PASSWORD).unwrap();
        let url = format!("opc.tcp://localhost:{}", site.port).parse().unwrap();
        let mut source =
            SourceConfig::new(SOURCE.parse().unwrap(), url, policy, MessageSecurityMode::SignAndEncrypt);
        source.login = SourceLogin::UserName { user: USER.to_owned(), password: SecretRef::File(secret) };
        source.sampling_interval = Duration::ZERO;
        source.publishing_interval = Duration::from_millis(100);
        config.add_source(&source).unwrap();
        config.save().unwrap();
        site
    }

    /// Starts the plant, on the port it had before if it had one.
    pub async fn start_plant(&mut self, policies: &[SecurityPolicy]) {
        let config = PlantConfig {
            listen: ([127, 0, 0, 1], self.port).into(),
            pki_dir: self.plant_pki(),
            counters: 5,
            counter_period: Duration::from_millis(50),
            users: vec![(USER.to_owned(), PASSWORD.to_owned())],
            policies: policies.to_vec(),
            hosts: vec!["localhost".to_owned()],
        };
        let plant = Plant::start_to_practise(config, self.practice.clone()).await.unwrap();
        self.port = plant.local_addr().port();
        self.plant = Some(plant);
    }

    pub async fn stop_plant(&mut self) {
        self.plant.take().unwrap().stop().await;
    }

    pub fn server_trusts_us(&self) {
        Store::open(self.plant_pki()).unwrap().trust(self.identity.certificate()).unwrap();
    }

    pub fn we_trust_the_server(&self) {
        let server = Store::open(self.plant_pki()).unwrap().own().unwrap().unwrap();
        Store::open(self.config().pki).unwrap().trust(server.certificate()).unwrap();
    }

    pub fn server_thumbprint(&self) -> ThumbprintQuery {
        let server = Store::open(self.plant_pki()).unwrap().own().unwrap().unwrap();
        ThumbprintQuery::Sha1(server.certificate().thumbprint())
    }

    pub fn our_store(&self) -> Store {
        Store::open(self.config().pki).unwrap()
    }

    pub fn config(&self) -> Config {
        Config::load(&self.dir.path().join("lockgate.toml")).unwrap()
    }

    /// Writes a setting into the section of the source.
    pub fn set(&self, line: &str) {
        let path = self.dir.path().join("lockgate.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("[[source]]", &format!("[[source]]\n{line}"), 1)).unwrap();
    }

    /// Writes more to the end of the file, which is the section of the source.
    pub fn append(&self, text: &str) {
        let path = self.dir.path().join("lockgate.toml");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{before}\n{text}")).unwrap();
    }

    pub fn secret(&self) -> PathBuf {
        self.dir.path().join("secrets/line1")
    }

    pub fn plant_pki(&self) -> PathBuf {
        self.dir.path().join("plant")
    }

    /// Starts with a clock that the test can put ahead.
    pub async fn start_by(&self, clock: &Arc<Ahead>) -> Handle {
        let clock: Arc<dyn Clock> = Arc::<Ahead>::clone(clock);
        Runtime::start_by(clock, self.config()).await.unwrap()
    }

    pub async fn start(&self) -> Handle {
        Runtime::start(self.config()).await.unwrap()
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.config().storage.data).unwrap()
    }

    /// The status of the source as last written; `None` before the first.
    pub fn status(&self) -> Option<SourceStatus> {
        let statuses = self.reader().source_statuses().unwrap();
        statuses.first().and_then(|status| SourceStatus::from_json(&status.json))
    }

    pub fn gaps(&self) -> Vec<Gap> {
        self.reader().gaps(&GapFilter::default()).unwrap()
    }

    /// Every value of every counter, in the order of their times.
    pub fn counters(&self) -> Vec<Vec<u64>> {
        self.counters_of(|_| true)
    }

    /// The same of some sources.
    pub fn counters_of(&self, wanted: impl Fn(&str) -> bool) -> Vec<Vec<u64>> {
        let reader = self.reader();
        let streams = reader.streams().unwrap();
        let counters =
            streams.iter().filter(|stream| stream.name.contains("Counter") && wanted(&stream.source));
        counters
            .map(|stream| {
                let samples = reader.query(&StreamQuery::new(stream.id, usize::MAX)).unwrap();
                samples.iter().map(|sample| count(&sample.value)).collect()
            })
            .collect()
    }

    /// The newest value of the counter that lags most; 0 while there is none.
    pub fn reached(&self) -> u64 {
        let counters = self.counters();
        counters.iter().map(|values| values.last().copied().unwrap_or(0)).min().unwrap_or(0)
    }

    pub async fn until_state(&self, state: SourceState) -> SourceStatus {
        until(&format!("the source is {}", state.words()), || self.status().filter(|s| s.state == state))
            .await
    }

    /// Waits until every counter passed `value`.
    pub async fn until_counters_pass(&self, value: u64) {
        until(&format!("counters pass {value}"), || (self.reached() > value).then_some(())).await;
    }
}

/// The clock of this machine, put ahead.
#[derive(Debug, Default)]
pub struct Ahead(Mutex<Duration>);

impl Ahead {
    pub fn by(&self, more: Duration) {
        *self.0.lock().unwrap() += more;
    }
}

impl Clock for Ahead {
    fn now(&self) -> jiff::Timestamp {
        SystemClock.now() + *self.0.lock().unwrap()
    }

    fn instant(&self) -> std::time::Instant {
        SystemClock.instant() + *self.0.lock().unwrap()
    }
}

/// What the certificate of the plant says, valid from now on.
pub fn plant_profile(days: u32) -> ApplicationProfile {
    ApplicationProfile {
        common_name: "plant".to_owned(),
        organization: None,
        application_uri: "urn:lockgate:plant".to_owned(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: KeyKind::Rsa { bits: 2048 },
        valid_from: SystemClock.now() - SignedDuration::from_hours(1),
        days,
    }
}

/// Fails unless every counter goes up by exactly one, from its first value to its last.
pub fn assert_nothing_missing(counters: &[Vec<u64>]) {
    assert!(!counters.is_empty());
    for values in counters {
        for pair in values.windows(2) {
            assert_eq!(pair[0] + 1, pair[1], "a value is missing or doubled");
        }
    }
}

/// Asks again and again until there is an answer.
pub async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let waiting = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            if let Some(answer) = ask() {
                return answer;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited in vain until {what}"),
    }
}

fn count(value: &OwnedValue) -> u64 {
    match value {
        OwnedValue::UInt(count) => *count,
        OwnedValue::Int(count) => u64::try_from(*count).unwrap(),
        other => panic!("a counter that does not count: {other:?}"),
    }
}
