//! Starting and stopping.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use ua_pki::{SecurityPolicy, Store};

use crate::{
    AddressSpace, Error, RoleRule, ServerConfig, UserAccount, ValueSource,
    access::Directory,
    audit::AuditTrail,
    clock::Clock,
    core::Core,
    judge::{StoreJudge, own_identity, watch_trust},
    listener::{self, Doorman},
};

/// An OPC UA server, not yet running.
#[derive(Debug)]
pub struct Server;

/// A server that runs until [`Running::stop`] or until this handle is dropped.
pub struct Running {
    address: SocketAddr,
    endpoint_url: String,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 4],
    core: Arc<Core>,
}

impl Server {
    /// Opens the certificate store (making our certificate when there is none), listens, and serves `space` with the values of `source`.
    ///
    /// # Errors
    /// When the configuration contradicts itself, the store cannot be used, or the address cannot be listened on.
    pub async fn bind(
        config: ServerConfig,
        mut space: AddressSpace,
        source: Arc<dyn ValueSource>,
    ) -> Result<Running, Error> {
        if config.policies.contains(&SecurityPolicy::None) {
            return Err(Error::Config("policy None is not offered by listing it"));
        }
        space.finish();
        let clock = Clock::start();
        let prepared = tokio::task::spawn_blocking(move || {
            let store = Store::open(&config.pki_dir)
                .map_err(|source| Error::Store { path: config.pki_dir.clone(), source })?;
            let identity = Arc::new(own_identity(&store, &config, &clock)?);
            let audit = Arc::new(AuditTrail::new(clock, &config.application_uri, config.audit.clone()));
            Ok((config, StoreJudge { store, clock, identity, audit }))
        });
        let (config, judge) =
            prepared.await.map_err(|_| Error::Config("the server could not be prepared"))??;
        let listen_error = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let host = config.hosts.first().cloned().unwrap_or_else(|| address.ip().to_string());
        let (identity, audit) = (Arc::clone(&judge.identity), Arc::clone(&judge.audit));
        let core = tokio::task::spawn_blocking(move || {
            Core::new(config, address.port(), identity, space, source, clock, audit)
        });
        let core = Arc::new(core.await.map_err(|_| Error::Config("the server could not be prepared"))??);
        let (stop, stopped) = watch::channel(false);
        let timing = tokio::spawn(listener::keep_time(Arc::clone(&core), stopped.clone()));
        let users = tokio::spawn(listener::watch_users(Arc::clone(&core), stopped.clone()));
        let judge = Arc::new(judge);
        let (decide_again, decisions) = watch::channel(0);
        let watching = tokio::spawn(watch_trust(Arc::clone(&judge), decide_again, stopped.clone()));
        let doorman = Doorman { judge, decisions };
        let accepting = tokio::spawn(listener::run(Arc::clone(&core), listener, doorman, stopped));
        Ok(Running {
            address,
            endpoint_url: format!("opc.tcp://{host}:{}", address.port()),
            stop,
            tasks: [accepting, timing, watching, users],
            core,
        })
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Running {
    /// Other users and rules from now on. Whoever is logged in has at once what these give: a user who is no longer among them has
    /// what everybody has, and what was subscribed to is told that access is denied.
    ///
    /// # Errors
    /// For roles that cannot be given; then nothing has changed.
    pub fn set_users(&self, users: &[UserAccount], rules: &[RoleRule]) -> Result<(), Error> {
        self.core.replace_directory(Directory::new(users, rules)?);
        Ok(())
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The URL to give to a client.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// Ends every connection and session and waits until nothing runs any more.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // a task that panicked has ended too
            drop(task.await);
        }
    }
}
