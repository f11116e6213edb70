//! One kind of work for a while, and the processor time of this process alone: what `cargo xtask bench client` holds
//! against the C client of interop/open62541, which takes the same arguments and prints the same line.
//!
//! `measure subscribe|read|browse|history|connect|idle --url URL [--items N] [--secs S]`, and for an encrypted channel
//! `--policy Basic256Sha256 --certificate OURS.der --key OURS.pem --server-certificate THEIRS.der`. Where the server is our
//! plant: `--namespace URI --first 1 --user NAME --password WORD`. With `--server-pid N` also what the server's process needed;
//! with `--below NODE` the variables below a node instead of counters.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a tool for developers: what goes wrong ends it, with the place where it went wrong"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use ua_client::{
    AttributeId, BrowseFilter, ConnectRequest, DataValueRef, Endpoint, EndpointUrl, HistoryRange,
    HistoryVisitor, ItemRequest, Login, NodeId, NotificationVisitor, RawHistory, ReferenceRef, Session,
    SubscriptionRequest, SubscriptionWatch, connect, get_endpoints, to_node_id,
};
use ua_pki::{
    ApplicationIdentity, Certificate, PrivateKey, Role, TrustList, TrustedCertificate, ValidationContext,
    validate,
};

const NODES_PER_CALL: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(20);
const WARM_UP: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let work = std::env::args().nth(1).unwrap_or_default();
    let options = Options::read();
    if work == "connect" {
        println!("{}", connect_again_and_again(&options).await);
        return;
    }
    if work == "idle" {
        println!("{}", stay_idle(&options).await);
        return;
    }
    let session = options.session().await;
    let namespaces = session.namespaces().await.unwrap();
    let ns = namespaces.index(options.word("namespace").unwrap_or("urn:lockgate:interop:counters")).unwrap();
    let measured = match work.as_str() {
        "subscribe" => subscribe(&session, ns, &options).await,
        "read" => read(&session, ns, &options).await,
        "browse" => browse(&session, ns, &options).await,
        "history" => history(&session, ns, &options).await,
        _ => panic!("subscribe, read, browse or history?"),
    };
    println!("{}", measured.line());
    session.close().await.unwrap();
}

struct Options(HashMap<String, String>);

impl Options {
    fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(2).collect();
        let pairs =
            words.chunks(2).map(|pair| (pair[0].trim_start_matches("--").to_owned(), pair[1].clone()));
        Self(pairs.collect())
    }

    fn items(&self) -> usize {
        self.0.get("items").map_or(10_000, |items| items.parse().unwrap())
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.0.get("secs").map_or(5.0, |secs| secs.parse().unwrap()))
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Number of the first counter.
    fn first(&self) -> usize {
        self.word("first").map_or(0, |first| first.parse().unwrap())
    }

    /// The process of the server, if its costs are of interest.
    fn server(&self) -> Option<u32> {
        self.0.get("server-pid").map(|process| process.parse().unwrap())
    }

    fn login(&self) -> Login {
        match (self.word("user"), self.word("password")) {
            (Some(name), Some(password)) => {
                Login::UserName { name: name.to_owned(), password: password.to_owned().into() }
            }
            _ => Login::Anonymous,
        }
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(&self.0[name]).unwrap()
    }

    async fn session(&self) -> Session {
        connect(self.request().await).await.unwrap()
    }

    async fn request(&self) -> ConnectRequest {
        let url: EndpointUrl = self.0["url"].parse().unwrap();
        let advertised = get_endpoints(&url, PATIENCE).await.unwrap();
        let policy = self.0.get("policy");
        let wanted = policy.map_or("None".to_owned(), |policy| format!("{policy} SignAndEncrypt"));
        let endpoint = advertised.iter().find(|endpoint| endpoint.security_name() == wanted).unwrap().clone();
        let (own, peer) =
            if policy.is_some() { (self.own(), Some(self.trusted(&endpoint))) } else { (nobody(), None) };
        ConnectRequest {
            url,
            endpoint,
            advertised,
            peer,
            own: Arc::new(own),
            login: self.login(),
            session_name: "measure".to_owned(),
            session_timeout: Duration::from_mins(1),
            request_timeout: PATIENCE,
            danger_without_security: policy.is_none(),
        }
    }

    fn own(&self) -> ApplicationIdentity {
        let chain = Certificate::chain_from_der(&self.file("certificate")).unwrap();
        ApplicationIdentity::new(chain, PrivateKey::load(Path::new(&self.0["key"])).unwrap()).unwrap()
    }

    fn trusted(&self, endpoint: &Endpoint) -> TrustedCertificate {
        let chain = Certificate::chain_from_der(&endpoint.server_certificate).unwrap();
        let trusted = Certificate::chain_from_der(&self.file("server-certificate")).unwrap();
        let context = ValidationContext {
            now: now(),
            role: Role::Server,
            policy: endpoint.policy.unwrap().certificate_rules(),
            host: Some("localhost"),
            application_uri: Some(&endpoint.application_uri),
            suppress: &[],
        };
        validate(&chain, &TrustList::new(trusted, vec![], vec![]), &context).into_trusted().unwrap()
    }
}

/// An identity that no server is shown.
fn nobody() -> ApplicationIdentity {
    ApplicationIdentity::self_signed(&ua_pki::ApplicationProfile {
        common_name: "measure".to_owned(),
        organization: None,
        application_uri: "urn:localhost:interop:client".to_owned(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![],
        key: ua_pki::KeyKind::Rsa { bits: 2048 },
        valid_from: now(),
        days: 1,
    })
    .unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the edge: nobody below asks the clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Processor time of this process and time on the wall, since the same moment.
struct Window {
    cpu: Duration,
    wall: Duration,
    server: Option<u32>,
    server_cpu: u64,
}

impl Window {
    fn open(server: Option<u32>) -> Self {
        Self {
            cpu: clock(ClockId::ProcessCPUTime),
            wall: clock(ClockId::Monotonic),
            server,
            server_cpu: server.map_or(0, processor_time),
        }
    }

    fn lasted(&self) -> Duration {
        clock(ClockId::Monotonic) - self.wall
    }

    fn close(self, values: usize) -> Measured {
        Measured {
            values,
            cpu: clock(ClockId::ProcessCPUTime) - self.cpu,
            wall: self.lasted(),
            server: self.server.map(|server| processor_time(server) - self.server_cpu),
        }
    }
}

fn clock(id: ClockId) -> Duration {
    clock_gettime(id).try_into().unwrap()
}

struct Measured {
    values: usize,
    cpu: Duration,
    wall: Duration,
    /// Nanoseconds of the server's process.
    server: Option<u64>,
}

impl Measured {
    fn line(&self) -> String {
        let server = self.server.map_or(String::new(), |server| format!(r#", "server_cpu_ns": {server}"#));
        format!(
            r#"{{"values": {}, "cpu_ns": {}, "wall_ns": {}, "peak_kib": {}{server}}}"#,
            self.values,
            self.cpu.as_nanos(),
            self.wall.as_nanos(),
            memory("VmHWM:")
        )
    }
}

/// Nanoseconds that all threads of a process ran.
fn processor_time(process: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_one = |task: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    tasks.filter_map(of_one).sum()
}

fn memory(name: &str) -> u64 {
    memory_of("self", name)
}

/// A line of a process's status in KiB.
fn memory_of(process: &str, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Does as much with each value as the C client's callback.
#[derive(Default)]
struct Counter {
    values: usize,
    newest: i64,
}

impl Counter {
    fn take(&mut self, value: &DataValueRef<'_>) {
        self.values += 1;
        self.newest = self.newest.max(value.source_timestamp);
    }
}

impl NotificationVisitor for Counter {
    fn data_change(&mut self, _: u32, value: &DataValueRef<'_>) {
        self.take(value);
    }

    fn status_change(&mut self, status: u32) {
        panic!("status change {status:#x}");
    }

    fn unsupported(&mut self, type_id: u32) {
        panic!("notification of type {type_id}");
    }
}

impl HistoryVisitor for Counter {
    fn begin_node(&mut self, _: usize, status: u32, _: Option<&[u8]>) {
        assert_eq!(status >> 30, 0, "history is refused: {status:#x}");
    }

    fn value(&mut self, value: &DataValueRef<'_>) {
        self.take(value);
    }

    fn unsupported(&mut self, type_id: u32) {
        panic!("history of type {type_id}");
    }

    fn end_node(&mut self, _: usize) {}
}

fn counter(ns: u16, index: usize) -> NodeId {
    NodeId::new(ns, format!("Counter{index:04}"))
}

/// Most items of one subscription: our plant's limit.
const ITEMS_PER_SUBSCRIPTION: usize = 10_000;

async fn subscribe(session: &Session, ns: u16, options: &Options) -> Measured {
    let nodes = match options.word("below") {
        Some(root) => variables_below(session, NodeId::new(ns, root), options.items()).await,
        None => (0..options.items()).map(|index| counter(ns, options.first() + index)).collect(),
    };
    assert_eq!(nodes.len(), options.items(), "there are fewer variables");
    let mut watches = Vec::new();
    for nodes in nodes.chunks(ITEMS_PER_SUBSCRIPTION) {
        watches.push(subscribe_to(session, nodes).await);
    }
    session.start_publishing(&watches, 10).await.unwrap();
    receive(session, WARM_UP, None).await;
    receive(session, options.time(), options.server()).await
}

async fn subscribe_to(session: &Session, nodes: &[NodeId]) -> SubscriptionWatch {
    let info = session
        .create_subscription(SubscriptionRequest {
            publishing_interval: Duration::from_millis(100),
            lifetime_count: 10_000,
            keep_alive_count: 10,
            max_notifications_per_publish: 0,
            priority: 0,
        })
        .await
        .unwrap();
    let items: Vec<_> = (0..)
        .zip(nodes)
        .map(|(client_handle, node)| ItemRequest {
            node: node.clone(),
            client_handle,
            sampling_interval: Duration::ZERO,
            queue_size: 100,
            discard_oldest: true,
        })
        .collect();
    for made in session.create_monitored_items(info.id, &items).await.unwrap() {
        made.unwrap();
    }
    SubscriptionWatch::from(&info)
}

/// The first variables below a node that are no properties.
async fn variables_below(session: &Session, root: NodeId, most: usize) -> Vec<NodeId> {
    const VARIABLE: i32 = 2;
    let (mut level, mut found) = (vec![root], Vec::new());
    let property_type = NodeId::new(0, 68_u32);
    while !level.is_empty() {
        let mut next = Vec::new();
        for nodes in level.chunks(NODES_PER_CALL) {
            let keep = |_: usize, reference: &ReferenceRef<'_>| {
                let id = to_node_id(&reference.node_id.node_id);
                let is_property = to_node_id(&reference.type_definition.node_id) == property_type;
                match reference.node_class {
                    VARIABLE if is_property => {}
                    VARIABLE => found.push(id),
                    _ => next.push(id),
                }
            };
            for browsed in session.browse_each(nodes, &BrowseFilter::default(), keep).await.unwrap() {
                browsed.unwrap();
            }
        }
        level = next;
    }
    found.truncate(most);
    found
}

async fn receive(session: &Session, time: Duration, server: Option<u32>) -> Measured {
    let mut counter = Counter::default();
    let window = Window::open(server);
    while window.lasted() < time {
        let delivery = session.next_publish().await.unwrap();
        delivery.walk(&mut counter).unwrap();
        session.acknowledge(delivery.token());
    }
    window.close(counter.values)
}

async fn read(session: &Session, ns: u16, options: &Options) -> Measured {
    let nodes: Vec<_> = (0..options.items()).map(|index| (counter(ns, index), AttributeId::Value)).collect();
    let mut counter = Counter::default();
    let window = Window::open(options.server());
    for call in nodes.chunks(NODES_PER_CALL).cycle() {
        session.read_each(call, |_, value| counter.take(value)).await.unwrap();
        if window.lasted() >= options.time() {
            break;
        }
    }
    window.close(counter.values)
}

async fn browse(session: &Session, ns: u16, options: &Options) -> Measured {
    let mut references = 0;
    let window = Window::open(options.server());
    while window.lasted() < options.time() {
        let mut level = vec![NodeId::new(ns, "Tree")];
        while !level.is_empty() {
            let mut next = Vec::new();
            for nodes in level.chunks(NODES_PER_CALL) {
                let keep = |_: usize, reference: &ReferenceRef<'_>| {
                    next.push(to_node_id(&reference.node_id.node_id))
                };
                for found in session.browse_each(nodes, &BrowseFilter::default(), keep).await.unwrap() {
                    found.unwrap();
                }
            }
            references += next.len();
            level = next;
        }
    }
    window.close(references)
}

async fn history(session: &Session, ns: u16, options: &Options) -> Measured {
    let mut counter = Counter::default();
    let window = Window::open(options.server());
    for index in (0..10).cycle() {
        let range = HistoryRange::since(ua_client::ticks(jiff::Timestamp::UNIX_EPOCH));
        let node = NodeId::new(ns, format!("History{index:02}"));
        let mut pages = session.history_raw(vec![node], RawHistory::new(range)).unwrap();
        while pages.next_page(&mut counter).await.unwrap().is_some() {}
        if window.lasted() >= options.time() {
            break;
        }
    }
    window.close(counter.values)
}

/// A hundred sessions a second if the machine gives it, each opened and closed, and what that leaves behind.
async fn connect_again_and_again(options: &Options) -> String {
    const WARM_UP: usize = 20;
    const PACE: Duration = Duration::from_millis(10);
    let request = options.request().await;
    for _ in 0..WARM_UP {
        connect(request.clone()).await.unwrap().close().await.unwrap();
    }
    let (memory_before, files_before) = (memory("VmRSS:"), open_files());
    let window = Window::open(options.server());
    let mut tick = tokio::time::interval(PACE);
    let mut sessions = 0;
    while window.lasted() < options.time() {
        tick.tick().await;
        connect(request.clone()).await.unwrap().close().await.unwrap();
        sessions += 1;
    }
    let measured = window.close(sessions).line();
    let (memory_after, files_after) = (memory("VmRSS:"), open_files());
    format!(
        r#"{}, "kib_before": {memory_before}, "kib_after": {memory_after}, "files_before": {files_before}, "files_after": {files_after}}}"#,
        measured.trim_end_matches('}')
    )
}

/// Sessions that stand and ask for nothing, and what they take of the server's memory.
async fn stay_idle(options: &Options) -> String {
    let server = options.server().unwrap().to_string();
    let resident = || memory_of(&server, "VmRSS:");
    let request = options.request().await;
    // the first one wakes what all of them share
    let first = connect(request.clone()).await.unwrap();
    let before = resident();
    let mut sessions = Vec::new();
    for _ in 0..options.items() {
        sessions.push(connect(request.clone()).await.unwrap());
    }
    let window = Window::open(options.server());
    tokio::time::sleep(options.time()).await;
    let measured = window.close(sessions.len()).line();
    let after = resident();
    for session in sessions {
        session.close().await.unwrap();
    }
    first.close().await.unwrap();
    format!(
        r#"{}, "server_kib_before": {before}, "server_kib_after": {after}}}"#,
        measured.trim_end_matches('}')
    )
}
