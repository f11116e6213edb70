//! The connector's HTTP face, on the loopback interface: is it alive, is it ready, and every number of it.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 as long as the process serves |
//! | `/readyz` | 200 when what is received can be kept, else 503; `?verbose` lists the checks |
//! | `/metrics` | numbers in the OpenMetrics text format, names as Prometheus wants them |
//!
//! **Promises**: it only reads; a flood of requests costs one look into the data folder a second; a page in somebody's
//! browser cannot ask it under another name (the `Host` must be the loopback interface's own).
//!
//! **Must never**: be reachable from another machine: there is no login yet, so only loopback addresses are taken.
//! A server that is away never makes the connector unready: that is a state of its source, not ours.

mod health;
mod host;
mod look;
mod metrics;
mod problem;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use connector::{Clock, Config};
use tokio::net::TcpListener;

use crate::look::Looker;

/// A bound listener with everything behind it, not serving yet.
#[derive(Debug)]
pub struct Web {
    listener: TcpListener,
    router: Router,
}

impl Web {
    /// Takes the address. Port 0 lets the system choose, see [`Web::address`].
    ///
    /// # Errors
    /// That of the operating system, as when the port is taken; [`io::ErrorKind::InvalidInput`] for an address that
    /// other machines can reach.
    pub async fn bind(listen: SocketAddr, config: Config, clock: Arc<dyn Clock>) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a loopback address"));
        }
        let listener = TcpListener::bind(listen).await?;
        Ok(Self { listener, router: router(Looker::new(config, clock)) })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// That of the operating system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is dropped.
    ///
    /// # Errors
    /// That of the operating system, when the listener itself breaks.
    pub async fn serve(self) -> io::Result<()> {
        axum::serve(self.listener, self.router).await
    }
}

/// Serves at this address for ever. An address that cannot be had is asked for again until it can: collecting goes on
/// without a face.
pub async fn keep_serving(listen: SocketAddr, config: Config, clock: Arc<dyn Clock>) {
    let mut told = false;
    loop {
        let served = match Web::bind(listen, config.clone(), Arc::clone(&clock)).await {
            Ok(web) => {
                tracing::info!("health and metrics at http://{listen}/readyz and http://{listen}/metrics");
                told = false;
                web.serve().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = served
            && !told
        {
            tracing::warn!(%listen, %error, "no health and metrics: the address cannot be had; trying again");
            told = true;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

fn router(looker: Looker) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::only_get)
        .layer(from_fn(host::only_loopback))
        .with_state(looker)
}

/// How soon an address that could not be had is asked for again.
const TRY_AGAIN: Duration = Duration::from_secs(5);
