//! A simulated plant to practise on: machines, signals and counters behind a hardened OPC UA server.
//!
//! It promises: every value is a function of time that anybody can compute again. A counter steps by exactly one at a fixed period,
//! and its source timestamp is the instant of the step, so that a reader can prove that it missed nothing.
//!
//! It must never: open a server without message security or without a user, or be mistaken for a real plant.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ua_pki::SecurityPolicy;

/// What the plant looks like and who may see it.
#[derive(Clone)]
pub struct PlantConfig {
    /// Where to listen. Port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// Folder of the plant's certificate store.
    pub pki_dir: PathBuf,
    /// Number of counters, `Counter0001` and on.
    pub counters: usize,
    /// How often each counter steps.
    pub counter_period: Duration,
    /// Names and passwords of those who may read.
    pub users: Vec<(String, String)>,
    /// Security policies offered.
    pub policies: Vec<SecurityPolicy>,
    /// Host names and addresses for certificate and endpoint URLs.
    pub hosts: Vec<String>,
}

/// A plant that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Plant {
    server: ua_server::Running,
}

impl Plant {
    /// Builds the plant and serves it.
    ///
    /// # Errors
    /// Those of [`ua_server::Server::bind`], and a password that cannot be hashed.
    pub async fn start(config: PlantConfig) -> Result<Self, ua_server::Error> {
        let mut server = ua_server::ServerConfig::new("lockgate plant", "urn:lockgate:plant", config.pki_dir);
        server.listen = config.listen;
        server.hosts = config.hosts;
        server.policies = config.policies;
        for (name, password) in &config.users {
            server.users.push(ua_server::UserAccount::with_password(name, password)?);
        }
        let space = ua_server::AddressSpace::new(&server.application_uri, &server.limits)?;
        let source = std::sync::Arc::new(ua_server::PushedValues::new(config.counters));
        Ok(Self { server: ua_server::Server::bind(server, space, source).await? })
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

    /// Ends it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
