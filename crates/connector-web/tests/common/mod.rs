//! A face on a real socket over a real data folder, and questions to it.

#![allow(dead_code, reason = "each test file takes what it needs")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use connector::documents::Spell;
use connector::{Clock, Config};
use connector_web::{Order, Role, Served, Users, Web};
use tagstore::{Commit, Journal, JournalOptions, NewStream, Sample, SampleBatch, StreamId, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

pub(crate) const CONFIG: &str = r#"
[application]
uri = "urn:test:lockgate"

[[source]]
name = "line1"
url = "opc.tcp://localhost:4840"
policy = "Basic256Sha256"
mode = "SignAndEncrypt"
danger_suppress = ["BadCertificateHostNameInvalid"]

[[sink]]
name = "files"
kind = "file"
folder = "out"
"#;

/// The machine's time, moved on by so many seconds.
#[derive(Debug, Default)]
pub(crate) struct Moved(AtomicU64);

impl Moved {
    pub(crate) fn by(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for Moved {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now() + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn instant(&self) -> Instant {
        *START + START.elapsed() + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Debug)]
struct Plain;

impl Spell for Plain {
    fn spell(&self, words: &[String]) -> String {
        format!("lockgate {}", words.join(" "))
    }
}

pub(crate) struct Face {
    pub(crate) address: SocketAddr,
    pub(crate) config: watch::Sender<Arc<Config>>,
    pub(crate) clock: Arc<Moved>,
    pub(crate) folder: tempfile::TempDir,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// The cookie as a browser sends it back.
    pub(crate) fn cookie(&self) -> String {
        self.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }
}

impl Face {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config::parse(CONFIG, &folder.path().join("lockgate.toml")).unwrap();
        Self::over(folder, config, None).await
    }

    /// The face of what is configured in this folder.
    pub(crate) async fn over(
        folder: tempfile::TempDir,
        config: Config,
        orders: Option<mpsc::Sender<Order>>,
    ) -> Self {
        let config = watch::Sender::new(Arc::new(config));
        let clock = Arc::new(Moved::default());
        let mut served = Served::new(config.subscribe(), clock.clone(), Arc::new(Plain));
        if let Some(orders) = orders {
            served = served.ordering(orders);
        }
        let web = Web::bind("127.0.0.1:0".parse().unwrap(), served).await.unwrap();
        let address = web.address().unwrap();
        tokio::spawn(web.serve());
        Self { address, config, clock, folder }
    }

    pub(crate) fn users(&self) -> Users {
        Users::of(&self.config.borrow())
    }

    /// A new token of this role.
    pub(crate) fn token(&self, role: Role) -> String {
        self.users().add_token(role.word(), role, jiff::Timestamp::now()).unwrap().secret
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Sends what is given, word for word, and reads until the other side closes.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        let talk = async {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8(answer).unwrap()
        };
        let answer = tokio::time::timeout(Duration::from_secs(30), talk).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Asks with these header lines and this body.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for line in headers {
            request.push_str(&format!("{line}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        self.ask(&request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn get_with(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &[&format!("Authorization: Bearer {token}")], "").await
    }

    /// As our pages send it.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &["X-Lockgate: 1", "Content-Type: application/json"], body).await
    }

    pub(crate) async fn post_with(&self, token: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        self.send("POST", path, &[&bearer, "Content-Type: application/json"], body).await
    }

    /// The begin of an answer that never ends.
    pub(crate) async fn begin_of(&self, request: &str, until: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = async {
            while !answer.contains(until) {
                let mut bytes = [0; 4096];
                let count = stream.read(&mut bytes).await.unwrap();
                assert!(count > 0, "closed after: {answer}");
                answer.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reading).await.unwrap();
        answer
    }
}

pub(crate) fn journal(data: &Path) -> Journal {
    std::fs::create_dir_all(data).unwrap();
    Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap()
}

/// A stream of this name.
pub(crate) fn stream(journal: &mut Journal, name: &str) -> StreamId {
    let stream = NewStream {
        key: format!("urn:plant|s={name}"),
        name: name.into(),
        source: "line1".into(),
        ..NewStream::default()
    };
    journal.register_streams(&[stream]).unwrap()[0]
}

/// A value of it, now.
pub(crate) fn append(journal: &mut Journal, stream: StreamId, value: Value<'_>) {
    let now: tagstore::Timestamp = jiff::Timestamp::now().into();
    let mut batch = SampleBatch::new();
    batch.push(Sample { stream, source_time: now, server_time: now, receive_time: now, status: 0, value });
    journal.append(&Commit { batches: &[&batch], now, ..Commit::default() }).unwrap();
}
