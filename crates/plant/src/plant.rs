//! Starting and stopping the plant.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use ua_pki::SecurityPolicy;
use ua_server::{
    AddressSpace, AnonymousLogin, AuditSink, Clock, Criterion, Error, Limits, Role, RoleRule, Roles, Running,
    Server, ServerConfig, Ticks, Trouble, UserAccount, ValueSource,
};

use crate::{
    control::Control,
    layout,
    signals::{Signals, ticks},
    specimens::Specimens,
};

/// What the plant looks like and who may see it.
#[derive(Clone)]
pub struct PlantConfig {
    /// Where to listen. Port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// Folder of the plant's certificate store.
    pub pki_dir: PathBuf,
    /// Number of counters, `Counter0001` and on.
    pub counters: usize,
    /// How often each counter steps; not less than 10 ms, the fastest pace at which the server samples.
    pub counter_period: Duration,
    /// Names and passwords of users, each an Observer.
    pub users: Vec<(String, String)>,
    /// Security policies offered.
    pub policies: Vec<SecurityPolicy>,
    /// Host names and addresses for certificate and endpoint URLs.
    pub hosts: Vec<String>,
}

/// A plant that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Plant {
    server: Running,
    signals: Arc<Signals>,
}

/// Connections from one address: a bench with several connectors on one machine is what this is for.
const CONNECTIONS_PER_ADDRESS: usize = 150;
const OPENS_PER_SECOND: u32 = 250;
/// The URI by which clients know the plant.
const APPLICATION_URI: &str = "urn:lockgate:plant";
const FASTEST_COUNTER: Duration = Duration::from_millis(10);

/// What makes a plant hard to read, for practice and for tests.
#[derive(Debug, Clone, Default)]
pub struct Practice {
    /// Bounds other than the usual ones, for example tiny limits of operations.
    pub limits: Option<Limits>,
    /// What the server does wrong; can be switched while it runs.
    pub trouble: Arc<Trouble>,
    /// Namespaces that stand before the plant's own in the table, so that it is numbered another way.
    pub namespaces_before: Vec<String>,
    /// Variables of a works of any size: areas, lines and machines, each variable at the pace of the counters.
    pub streams: usize,
    /// Variables of rare kinds.
    pub specimens: Specimens,
    /// Whether somebody may come in without saying who it is.
    pub anonymous: bool,
    /// Who keeps the audit records.
    pub audit: Option<Arc<dyn AuditSink>>,
    /// Nodes that not everybody may use.
    pub control: Control,
    /// Users beside those of the configuration, and who has which role. Without it everybody who logs in is an Observer.
    pub users: Option<(Vec<UserAccount>, Vec<RoleRule>)>,
    /// Folder of the certificate store of users: whom it trusts may log in with a certificate.
    pub user_certificates: Option<PathBuf>,
}

impl Plant {
    /// Builds the plant and serves it.
    ///
    /// # Errors
    /// Those of [`Server::bind`], a password that cannot be hashed, and a counter that is too fast.
    pub async fn start(config: PlantConfig) -> Result<Self, Error> {
        Self::start_to_practise(config, Practice::default()).await
    }

    /// The same with trouble.
    ///
    /// # Errors
    /// As [`Plant::start`].
    pub async fn start_to_practise(config: PlantConfig, practice: Practice) -> Result<Self, Error> {
        if config.counter_period < FASTEST_COUNTER {
            return Err(Error::Config("the counters are faster than the server samples"));
        }
        let mut server = ServerConfig::new("lockgate plant", APPLICATION_URI, config.pki_dir);
        server.listen = config.listen;
        server.hosts = config.hosts;
        server.policies = config.policies;
        server.limits = practice.limits.unwrap_or_else(|| limits(config.counters, practice.streams));
        server.trouble = practice.trouble;
        server.audit = practice.audit;
        server.limits.connections_per_address = CONNECTIONS_PER_ADDRESS;
        server.limits.opens_per_second_per_address = OPENS_PER_SECOND;
        server.users = hash_passwords(config.users).await?;
        let (users, rules) = practice.users.unwrap_or_else(|| (Vec::new(), everybody_observes()));
        server.users.extend(users);
        server.role_rules = rules;
        if practice.anonymous {
            server.anonymous = AnonymousLogin::Allowed;
        }
        server.user_certificates = practice.user_certificates;
        let mut space = AddressSpace::new(&server.application_uri, &server.limits)?;
        for uri in &practice.namespaces_before {
            space.add_namespace(uri)?;
        }
        let start = Clock::start().now();
        let signals = Arc::new(layout::build(
            &mut space,
            start,
            config.counters,
            ticks(config.counter_period),
            practice.streams,
            practice.specimens,
            practice.control,
        )?);
        let source: Arc<dyn ValueSource> = Arc::<Signals>::clone(&signals);
        let server = Server::bind(server, space, source).await?;
        Ok(Self { server, signals })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.server.local_addr()
    }

    /// The URL to give to a client.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        self.server.endpoint_url()
    }

    /// Other users and roles from now on, also for those who are connected.
    ///
    /// # Errors
    /// For roles that cannot be given; then nothing has changed.
    pub fn set_users(&self, users: &[UserAccount], rules: &[RoleRule]) -> Result<(), Error> {
        self.server.set_users(users, rules)
    }

    /// The instant at which every counter was 0.
    #[must_use]
    pub fn started(&self) -> Ticks {
        self.signals.start()
    }

    /// The truth about every value, to compare with what arrived.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Ends it, with every connection.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// Every variable can be subscribed twice, and more than a hundred sessions can stay: the bench is one machine.
fn limits(counters: usize, streams: usize) -> Limits {
    let mut limits = Limits::default();
    limits.items = limits.items.max(counters.saturating_add(streams).saturating_mul(2));
    limits.connections = CONNECTIONS_PER_ADDRESS;
    limits.sessions = CONNECTIONS_PER_ADDRESS;
    limits
}

fn everybody_observes() -> Vec<RoleRule> {
    vec![RoleRule { role: Role::Observer, criterion: Criterion::AuthenticatedUser }]
}

/// Hashing is made to be slow: off the async threads.
async fn hash_passwords(users: Vec<(String, String)>) -> Result<Vec<UserAccount>, Error> {
    let hashing = move || {
        let observer = Roles::default().with(Role::Observer);
        let hash = |(name, password): &(String, String)| {
            UserAccount::with_password(name, password).map(|user| user.with_roles(observer))
        };
        users.iter().map(hash).collect()
    };
    tokio::task::spawn_blocking(hashing)
        .await
        .map_err(|_| Error::Config("the passwords could not be hashed"))?
}
