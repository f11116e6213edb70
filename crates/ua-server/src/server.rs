//! Starting and stopping.

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use ua_pki::Store;

use crate::{AddressSpace, Error, ServerConfig, ValueSource};

/// An OPC UA server, not yet running.
#[derive(Debug)]
pub struct Server;

/// A server that runs until [`Running::stop`] or until this handle is dropped.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    endpoint_url: String,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Opens the certificate store (making our certificate when there is none), listens, and serves `space` with the values of `source`.
    ///
    /// # Errors
    /// When the configuration contradicts itself, the store cannot be used, or the address cannot be listened on.
    pub async fn bind(config: ServerConfig, space: AddressSpace, source: Arc<dyn ValueSource>) -> Result<Running, Error> {
        let store = Store::open(&config.pki_dir).map_err(|source| Error::Store { path: config.pki_dir.clone(), source })?;
        let listen_error = |source| Error::Listen { address: config.listen, source };
        let listener = TcpListener::bind(config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let host = config.hosts.first().cloned().unwrap_or_else(|| address.ip().to_string());
        let (stop, mut stopped) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            let _kept = (store, space, source, listener);
            drop(stopped.wait_for(|stop| *stop).await);
        });
        Ok(Running { address, endpoint_url: format!("opc.tcp://{host}:{}", address.port()), stop, accepting })
    }
}

impl Running {
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
        drop(self.accepting.await);
    }
}
