//! A server that takes OMF 1.2 as PI Web API, Edge Data Store and CONNECT do, on loopback: it keeps types, containers and
//! points, refuses what they refuse, and can be told to behave badly.

mod http;
mod rules;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

pub use http::Tls;

/// What the server is and what it demands.
#[derive(Clone)]
pub struct Rules {
    /// Bytes of a body before compression.
    pub limit: usize,
    pub login: Login,
    /// PI Web API's defence against forged requests.
    pub csrf: bool,
    pub mode: CreateMode,
    /// PI Web API answers message by message in a 202, the others refuse the request as a whole.
    pub by_message: bool,
    /// Whether it knows enumerations.
    pub enumerations: bool,
    /// A value that it will not take, whatever its container says.
    pub poison: Option<Value>,
}

#[derive(Clone, PartialEq)]
pub enum Login {
    None,
    Basic(&'static str, &'static str),
    Bearer(&'static str),
    /// Client id and secret; tokens come from `/token` and last so many seconds.
    ClientCredentials(&'static str, &'static str, u64),
}

/// PI Web API's `OmfCreateMode`.
#[derive(Clone, Copy, PartialEq)]
pub enum CreateMode {
    Replace,
    NoReplace,
    Insert,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            limit: 4 << 20,
            login: Login::None,
            csrf: true,
            mode: CreateMode::Replace,
            by_message: true,
            enumerations: true,
            poison: None,
        }
    }
}

/// What it does instead of answering a request about values as it should.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answers this and does nothing.
    Answer { status: u16, kind: &'static str, body: String },
    /// Does what was asked and closes the connection without an answer.
    ResetAfter,
    /// Says 202 and forgets the values.
    Lose,
    /// Waits before it answers.
    Slow(Duration),
    /// Answers with a body that never ends.
    Endless,
    /// Answers with bytes that are no HTTP.
    Garbage,
    /// Forgets all types and containers, then answers as it should.
    Forget,
    /// Tokens that were given out are worth nothing any more, then answers as it should.
    Revoke,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Answer { status, kind: "application/json", body: "{}".to_owned() }
    }
}

/// A point's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    pub time: String,
    pub value: Value,
    pub status: u64,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub about: String,
    pub status: u16,
    /// Before compression.
    pub bytes: usize,
    pub gzip: bool,
}

#[derive(Default)]
pub struct State {
    types: BTreeMap<String, Value>,
    containers: BTreeMap<String, Value>,
    /// With the place of each time among them.
    points: BTreeMap<String, (Vec<Point>, HashMap<String, usize>)>,
    elements: BTreeMap<String, String>,
    /// From element (empty: the root) to element, or to `|` and a container.
    links: BTreeSet<(String, String)>,
    pub requests: Vec<Request>,
    faults: VecDeque<Fault>,
    tokens: Vec<String>,
    tokens_given: usize,
}

pub struct Double {
    address: SocketAddr,
    encrypted: bool,
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    rules: Mutex<Rules>,
    state: Mutex<State>,
    stop: AtomicBool,
}

impl Double {
    pub fn start(rules: Rules) -> Self {
        Self::start_with(rules, None)
    }

    pub fn start_with(rules: Rules, tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            rules: Mutex::new(rules),
            state: Mutex::default(),
            stop: AtomicBool::new(false),
        });
        let encrypted = tls.is_some();
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || http::accept(&listener, &accepting, tls.as_ref()));
        Self { address, encrypted, shared }
    }

    pub fn url(&self) -> String {
        self.path("/piwebapi/omf")
    }

    pub fn path(&self, path: &str) -> String {
        let scheme = if self.encrypted { "https" } else { "http" };
        format!("{scheme}://localhost:{}{path}", self.address.port())
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Changes what it demands.
    pub fn rules(&self) -> MutexGuard<'_, Rules> {
        self.shared.rules.lock().unwrap()
    }

    /// The next requests about values meet these faults, one each.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    pub fn faults_left(&self) -> usize {
        self.state().faults.len()
    }

    /// The values of a container, in the order in which they came.
    pub fn points(&self, container: &str) -> Vec<Point> {
        self.state()
            .points
            .get(&container.to_lowercase())
            .map(|(points, _)| points.clone())
            .unwrap_or_default()
    }

    pub fn containers(&self) -> Vec<Value> {
        self.state().containers.values().cloned().collect()
    }

    pub fn types(&self) -> Vec<Value> {
        self.state().types.values().cloned().collect()
    }

    pub fn requests(&self, about: &str) -> Vec<Request> {
        self.state().requests.iter().filter(|request| request.about == about).cloned().collect()
    }

    pub fn tokens_given(&self) -> usize {
        self.state().tokens_given
    }

    pub fn links(&self) -> Vec<(String, String)> {
        self.state().links.iter().cloned().collect()
    }

    pub fn define_container(&self, definition: Value) {
        let id = definition["id"].as_str().unwrap().to_lowercase();
        self.state().containers.insert(id, definition);
    }

    pub fn define_type(&self, definition: Value) {
        let id = definition["id"].as_str().unwrap().to_lowercase();
        self.state().types.insert(id, definition);
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        // so that it notices
        drop(std::net::TcpStream::connect(self.address));
    }
}

/// An answer: status, kind of content, body.
pub(crate) type Reply = (u16, &'static str, Vec<u8>);

/// What to do with a request.
pub(crate) enum Act {
    Reply(Reply),
    Close,
    Endless,
    Garbage,
}

impl Shared {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(SeqCst)
    }

    pub(crate) fn handle(&self, request: &http::Received) -> Act {
        let rules = self.rules.lock().unwrap().clone();
        if request.path == "/token" {
            return Act::Reply(self.give_token(&rules, &request.body));
        }
        let about = request.header("messagetype").unwrap_or_default().to_owned();
        let fault = (about == "data").then(|| self.state.lock().unwrap().faults.pop_front()).flatten();
        match &fault {
            Some(Fault::Answer { status, kind, body }) => {
                self.note(&about, *status, 0, false);
                return Act::Reply((*status, kind, body.clone().into_bytes()));
            }
            Some(Fault::Lose) => {
                self.note(&about, 202, 0, false);
                return Act::Reply((202, "application/json", br#"{"OperationId":"1"}"#.to_vec()));
            }
            Some(Fault::Endless) => return Act::Endless,
            Some(Fault::Garbage) => return Act::Garbage,
            Some(Fault::Slow(time)) => std::thread::sleep(*time),
            Some(Fault::Forget) => {
                let mut state = self.state.lock().unwrap();
                state.types.clear();
                state.containers.clear();
            }
            Some(Fault::Revoke) => self.state.lock().unwrap().tokens.clear(),
            Some(Fault::ResetAfter) | None => {}
        }
        let (status, body, bytes) = self.take(&rules, request, &about);
        self.note(&about, status, bytes, request.header("compression") == Some("gzip"));
        if matches!(fault, Some(Fault::ResetAfter)) {
            return Act::Close;
        }
        Act::Reply((status, "application/json", body.to_string().into_bytes()))
    }

    fn note(&self, about: &str, status: u16, bytes: usize, gzip: bool) {
        let request = Request { about: about.to_owned(), status, bytes, gzip };
        self.state.lock().unwrap().requests.push(request);
    }

    fn take(&self, rules: &Rules, request: &http::Received, about: &str) -> (u16, Value, usize) {
        let whole = |status: u16, why: &str| (status, rules::answer(&[(None, status, why.to_owned())]), 0);
        if request.path != "/piwebapi/omf" || request.method != "POST" {
            return whole(404, "no such place");
        }
        if !self.let_in(rules, request.header("authorization")) {
            return whole(401, "who are you?");
        }
        if rules.csrf && request.header("x-requested-with").is_none() {
            return whole(400, "CSRF defence: X-Requested-With is missing");
        }
        for (name, value) in [("omfversion", "1.2"), ("messageformat", "json"), ("action", "create")] {
            if request.header(name) != Some(value) {
                return whole(400, &format!("header {name} must be {value}"));
            }
        }
        let body = match request.header("compression") {
            Some("gzip") => match http::gunzip(&request.body) {
                Some(body) => body,
                None => return whole(400, "no gzip"),
            },
            _ => request.body.clone(),
        };
        if body.len() > rules.limit {
            return (413, json!({}), body.len());
        }
        let Ok(Value::Array(messages)) = serde_json::from_slice(&body) else {
            return whole(400, "not an array of JSON");
        };
        let mut state = self.state.lock().unwrap();
        let (status, answer) = state.process(rules, about, &messages);
        (status, answer, body.len())
    }

    fn let_in(&self, rules: &Rules, shown: Option<&str>) -> bool {
        match &rules.login {
            Login::None => true,
            Login::Basic(user, password) => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
                shown == Some(&format!("Basic {pair}"))
            }
            Login::Bearer(token) => shown == Some(&format!("Bearer {token}")),
            Login::ClientCredentials(..) => {
                let tokens = &self.state.lock().unwrap().tokens;
                tokens.iter().any(|token| shown == Some(&format!("Bearer {token}")))
            }
        }
    }

    fn give_token(&self, rules: &Rules, body: &[u8]) -> Reply {
        let Login::ClientCredentials(id, secret, lasts) = &rules.login else {
            return (404, "text/plain", Vec::new());
        };
        let expected = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        if body != expected.as_bytes() {
            return (401, "application/json", br#"{"error":"invalid_client"}"#.to_vec());
        }
        let mut state = self.state.lock().unwrap();
        state.tokens_given += 1;
        let token = format!("token-{}", state.tokens_given);
        state.tokens.push(token.clone());
        let given = json!({ "access_token": token, "token_type": "Bearer", "expires_in": lasts });
        (200, "application/json", given.to_string().into_bytes())
    }
}
