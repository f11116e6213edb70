//! What the configuration means, once every value has been parsed into its type.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use ua_channel::MessageSecurityMode;
use ua_client::{EndpointUrl, UserTokenKind};
use ua_pki::{CertificateStatus, SecurityPolicy, Thumbprint};

use super::address_space::AddressSpaceConfig;
use super::omf::OmfConfig;
use crate::alarms::EventRule;
use crate::error::Error;
use crate::naming::{NameTemplate, NamespaceAliases};
use crate::selection::{NodeList, Rule};

/// A checked configuration and the file it came from.
#[derive(Clone, Debug)]
pub struct Config {
    pub(super) path: PathBuf,
    pub(super) document: toml_edit::DocumentMut,
    /// Who we are towards servers.
    pub application: Application,
    /// Where samples are kept.
    pub storage: Storage,
    /// Root of the certificate store, absolute or relative to the working folder of the process.
    pub pki: PathBuf,
    /// The sources, in the order of the file.
    pub sources: Vec<SourceConfig>,
    /// The sinks beside the historian, in the order of the file.
    pub sinks: Vec<SinkConfig>,
    /// Where health and metrics are served, a loopback address; `None` is nowhere.
    pub web: Option<SocketAddr>,
}

/// Who we are towards servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Common name of the certificate and name of the session.
    pub name: String,
    /// The application URI (Part 6 §6.2.2), equal to the one inside our certificate.
    pub uri: String,
}

/// Where samples are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Folder of journal and historian.
    pub data: PathBuf,
    /// Age at which journalled samples are sealed into the historian.
    pub seal_every: Duration,
    /// Bytes beyond which the journal may not grow. `None`: as far as the disk goes.
    pub journal_limit: Option<u64>,
    /// What happens when it has reached them.
    pub journal_full: JournalFull,
    /// What a sink beside the historian has not taken after this time it does not get any more. `None`: it waits for ever.
    pub journal_age: Option<Duration>,
    /// How long the historian keeps samples, counted from their receipt; `None` is for ever.
    pub keep: Option<Duration>,
}

/// What happens when the journal has reached its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JournalFull {
    /// Collecting waits, and nothing is acknowledged, until the sinks have taken some.
    #[default]
    Wait,
    /// The oldest values go, and it is written down who misses them.
    DropOldest,
}

/// Where samples go beside the historian.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkConfig {
    /// Its name: of its cursor in the journal, so that it goes on where it was.
    pub name: SourceName,
    /// What it is.
    pub kind: SinkKind,
    /// How often it delivers what came since.
    pub every: Duration,
}

/// What a sink is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// One file per delivery into a folder.
    File {
        /// The folder.
        folder: PathBuf,
        /// The format of its files.
        format: FileFormat,
    },
    /// Posts to a server that takes OMF.
    Omf(Box<OmfConfig>),
    /// JSON lines on our standard output.
    Stdout,
}

impl SinkKind {
    /// The word for it in the configuration.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Omf(_) => "omf",
            Self::Stdout => "stdout",
        }
    }
}

/// The format of a file sink's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON object a line.
    JsonLines,
    /// RFC 4180 with a header, lines ended by LF.
    Csv,
    /// A table of columns, sorted by stream and time.
    Parquet,
}

impl FileFormat {
    /// How the names of such files end, and how the configuration calls it.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// One OPC UA server we read.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Short name, first part of every stream name.
    pub name: SourceName,
    /// The address as the administrator typed it; the host name check is made against this one.
    pub url: EndpointUrl,
    /// Exactly this security policy.
    pub policy: SecurityPolicy,
    /// Exactly this message security mode.
    pub mode: MessageSecurityMode,
    /// What of policy and mode a person named; the rest was the strongest of what the server offered.
    pub asked_for: AskedFor,
    /// The application URI the server must prove.
    pub server_application_uri: Option<String>,
    /// Thumbprint of the certificate with which the server last proved itself to a command; `None` before the first
    /// time. It tells that the certificate changed, and decides nothing: trust is in the certificate store.
    pub server_thumbprint: Option<Thumbprint>,
    /// How we log in.
    pub login: SourceLogin,
    /// Where browsing starts: `i=85`, `ns=…` forms are refused, `nsu=<uri>;…` names a namespace for good.
    pub roots: Vec<String>,
    /// Publishing interval asked of the server.
    pub publishing_interval: Duration,
    /// Sampling interval asked of the server; zero asks for every change, as fast as the server can.
    pub sampling_interval: Duration,
    /// Queue length per monitored item; `None` computes it, see [`SourceConfig::queue_size`].
    pub configured_queue_size: Option<u32>,
    /// Which nodes are read again and again instead of being subscribed to.
    pub polling: Polling,
    /// Most nodes a browse may visit before it stops with a report.
    pub max_nodes: usize,
    /// Which of the variables found are collected, and how; the first rule that fits decides.
    pub rules: Vec<Rule>,
    /// The nodes collected, each by itself, instead of what browsing and rules find.
    pub nodes: Option<NodeList>,
    /// Which of its alarms and events are collected.
    pub events: Vec<EventRule>,
    /// How its streams are called.
    pub stream_name: NameTemplate,
    /// Short names of namespaces for `stream_name`.
    pub namespace_aliases: NamespaceAliases,
    /// How the server's history is read.
    pub history: History,
    /// When its nodes are browsed again, and what becomes of new ones.
    pub address_space: AddressSpaceConfig,
    /// Connect without any message security; visible for ever in status and log.
    pub danger_without_security: bool,
    /// Certificate findings that are ignored for this server; each is shown in the status.
    pub danger_suppress: Vec<CertificateStatus>,
}

/// Which nodes are read again and again, at their sampling interval, instead of being subscribed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polling {
    /// Those that the server has no subscription for: it knows no subscriptions, or has no room for more.
    #[default]
    WhenRefused,
    /// All.
    Always,
    /// None: what the server refuses is reported and tried again.
    Never,
}

impl Polling {
    /// Every way, with its word in the configuration.
    pub const WORDS: [(Self, &str); 3] =
        [(Self::WhenRefused, "when-refused"), (Self::Always, "always"), (Self::Never, "never")];

    /// The word for it in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::WhenRefused => "when-refused",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// How the history that a server keeps is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// Gaps are filled from it.
    pub repair: bool,
    /// So many values are read of it in a second at most.
    pub values_per_second: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { repair: true, values_per_second: 10_000 }
    }
}

/// Which half of a source's security a person named at `source add`, and so wants even if the server has stronger.
///
/// Until the server has proved itself once, a half that nobody named must be the strongest the server offers: the
/// list it was chosen from came without protection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AskedFor {
    /// The policy.
    pub policy: bool,
    /// The mode.
    pub mode: bool,
}

/// How a source logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceLogin {
    /// No user.
    Anonymous,
    /// User name and password.
    UserName {
        /// The user name.
        user: String,
        /// Where the password is kept.
        password: SecretRef,
    },
    /// X.509 certificate of the user.
    Certificate {
        /// File of the certificate, DER or PEM.
        certificate: PathBuf,
        /// File of the key to it, PKCS#8 PEM, readable by its owner alone.
        key: PathBuf,
    },
    /// JSON Web Token that an authorisation service issued. It is read anew at each connect, so that whoever renews it
    /// only has to replace it.
    IssuedToken {
        /// Where the token is kept.
        token: SecretRef,
    },
}

impl SourceLogin {
    /// The kind of token the server must take.
    #[must_use]
    pub fn kind(&self) -> UserTokenKind {
        match self {
            Self::Anonymous => UserTokenKind::Anonymous,
            Self::UserName { .. } => UserTokenKind::UserName,
            Self::Certificate { .. } => UserTokenKind::Certificate,
            Self::IssuedToken { .. } => UserTokenKind::IssuedToken,
        }
    }

    /// Who logs in, for people to read; `None` is nobody in particular.
    #[must_use]
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::UserName { user, .. } => Some(user.clone()),
            Self::Certificate { certificate, .. } => Some(format!("certificate {}", certificate.display())),
            Self::IssuedToken { .. } => Some("issued token".to_owned()),
        }
    }
}

/// Where a secret is kept. The secret itself is never part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretRef {
    /// A file readable by its owner alone (mode 0600 or 0400).
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A systemd credential: a file in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file that is worth nothing without a key, see [`sealed`](crate::sealed).
    Sealed {
        /// The file.
        path: PathBuf,
        /// Where the key is kept; never sealed itself.
        key: Box<Self>,
    },
}

impl SecretRef {
    /// Where that is, for people.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::File(path) | Self::Sealed { path, .. } => path.display().to_string(),
            Self::Environment(name) => format!("environment variable {name}"),
            Self::Credential(name) => format!("credential {name}"),
        }
    }
}

/// The short name of a source: letters, digits, `_` and `-`, at most 64, beginning with a letter or digit.
///
/// No dot, because it is the first part of dotted stream names; nothing that means something to a path or a shell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SourceName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let rest = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if first && rest && text.len() <= MAX_SOURCE_NAME {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::SourceName { name: text.to_owned() })
        }
    }
}

impl Config {
    /// The file this configuration was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that relative paths in the file start from.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// The source of that name.
    ///
    /// # Errors
    /// [`Error::NoSuchSource`] with the nearest name.
    pub fn source(&self, name: &str) -> Result<&SourceConfig, Error> {
        self.sources.iter().find(|s| s.name.as_str() == name).ok_or_else(|| Error::NoSuchSource {
            name: name.to_owned(),
            nearest: crate::naming::nearest(name, self.sources.iter().map(|s| s.name.as_str()))
                .map(str::to_owned),
        })
    }
}

impl SourceConfig {
    /// A source with every default, as `source add` starts from.
    pub fn new(
        name: SourceName,
        url: EndpointUrl,
        policy: SecurityPolicy,
        mode: MessageSecurityMode,
    ) -> Self {
        Self {
            name,
            url,
            policy,
            mode,
            asked_for: AskedFor::default(),
            server_application_uri: None,
            server_thumbprint: None,
            login: SourceLogin::Anonymous,
            roots: vec![DEFAULT_ROOT.to_owned()],
            publishing_interval: DEFAULT_INTERVAL,
            sampling_interval: DEFAULT_INTERVAL,
            configured_queue_size: None,
            polling: Polling::default(),
            max_nodes: DEFAULT_MAX_NODES,
            rules: Vec::new(),
            events: Vec::new(),
            nodes: None,
            stream_name: NameTemplate::default(),
            namespace_aliases: NamespaceAliases::new(),
            history: History::default(),
            address_space: AddressSpaceConfig::default(),
            danger_without_security: false,
            danger_suppress: Vec::new(),
        }
    }

    /// Queue length per monitored item.
    ///
    /// The default covers a minute without a connection at the sampling interval, between 10 and 1000:
    /// what a server keeps for us while the network is away is the first line of defence, and 1000 doubles per
    /// node is the most that servers commonly accept. A shorter queue that overflows is noticed by the overflow
    /// bit and goes on the ledger.
    pub fn queue_size(&self) -> u32 {
        self.queue_size_at(self.sampling_interval, self.publishing_interval)
    }

    /// The same for items with other intervals. What the server samples between two publishings always fits, twice.
    pub fn queue_size_at(&self, sampling_interval: Duration, publishing_interval: Duration) -> u32 {
        self.configured_queue_size.unwrap_or_else(|| {
            let in_time = |time: Duration| {
                let samples = time.as_millis() / sampling_interval.as_millis().max(1);
                u32::try_from(samples).unwrap_or(u32::MAX)
            };
            let between = if sampling_interval.is_zero() { 0 } else { in_time(publishing_interval * 2) };
            in_time(OUTAGE_COVERED).clamp(MIN_QUEUE, MAX_QUEUE).max(between.min(LONGEST_QUEUE))
        })
    }

    /// Every setting of this source that lowers security, by its name in the file.
    pub fn dangers(&self) -> Vec<String> {
        let mut dangers = Vec::new();
        if self.danger_without_security {
            dangers.push("danger_without_security".to_owned());
        }
        dangers.extend(self.danger_suppress.iter().map(|s| format!("danger_suppress {}", s.name())));
        dangers
    }
}

pub(super) const DEFAULT_ROOT: &str = "i=85";
pub(super) const DEFAULT_INTERVAL: Duration = Duration::from_millis(500);
pub(super) const DEFAULT_SEAL: Duration = Duration::from_secs(60);
pub(super) const DEFAULT_MAX_NODES: usize = 200_000;
/// Time without a connection that the default queue length covers.
const OUTAGE_COVERED: Duration = Duration::from_secs(60);
const MIN_QUEUE: u32 = 10;
const MAX_QUEUE: u32 = 1000;
/// More often nobody is asked to publish.
pub(super) const LEAST_PUBLISHING: Duration = Duration::from_millis(10);
/// The longest queue that is ever asked for.
pub(super) const LONGEST_QUEUE: u32 = 100_000;
const MAX_SOURCE_NAME: usize = 64;
