//! The connector's HTTP face, on the loopback interface: is it alive, is it ready, every number of it, and the API.
//!
//! | path | answers |
//! |---|---|
//! | `/livez` | 200 as long as the process serves |
//! | `/readyz` | 200 when what is received can be kept, else 503; `?verbose` lists the checks |
//! | `/metrics` | numbers in the OpenMetrics text format, names as Prometheus wants them |
//! | `/`, and every page of the UI | the web UI, as far as it was built into the program |
//! | `/api/v1/…` | what the command line answers and does, for who has logged in (docs/http-api.md) |
//!
//! **Promises**: who may do what is decided in one place ([`routes`] lists it); a flood of requests costs a bounded number
//! of threads; a page in somebody's browser cannot ask it under another name (the `Host` must be the loopback interface's
//! own), nor change anything (only our own pages can send what a change needs); what a server said is data, never markup.
//!
//! **Must never**: be reachable from another machine: there is no TLS yet, so only loopback addresses are taken. Show a
//! secret. A server that is away never makes the connector unready: that is a state of its source, not ours.

mod access;
mod api;
mod audit;
mod headers;
mod health;
mod host;
mod look;
mod metrics;
mod order;
mod problem;
mod serve;
mod ui;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;
use connector::documents::Spell;
use connector::{Clock, Config};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

pub use crate::access::{
    AccessError, NewToken, Role, TokenShown, UserShown, Users, known_setup_link, setup_link,
};
use crate::api::Api;
pub use crate::api::{Listed, Needs, Verb, openapi, routes};
use crate::look::Looker;
pub use crate::order::Order;

/// What is served.
#[derive(Clone, Debug)]
pub struct Served {
    config: watch::Receiver<Arc<Config>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spell: Arc<dyn Spell + Send + Sync>,
    pub(crate) orders: Option<mpsc::Sender<Order>>,
}

impl Served {
    /// What runs, which may change while it is served; the time; and how commands are typed by who reads the answers.
    pub fn new(
        config: watch::Receiver<Arc<Config>>,
        clock: Arc<dyn Clock>,
        spell: Arc<dyn Spell + Send + Sync>,
    ) -> Self {
        Self { config, clock, spell, orders: None }
    }

    /// Changes of the configuration are ordered there. Without, they hold from the next start.
    #[must_use]
    pub fn ordering(self, orders: mpsc::Sender<Order>) -> Self {
        Self { orders: Some(orders), ..self }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }
}

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
    pub async fn bind(listen: SocketAddr, served: Served) -> io::Result<Self> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a loopback address"));
        }
        let listener = TcpListener::bind(listen).await?;
        let looker = Looker::new(served.clone());
        let api = Api::new(served, looker.clone(), listener.local_addr()?);
        Ok(Self { listener, router: router(looker, &api) })
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
        serve::serve(self.listener, self.router).await
    }
}

/// Serves at this address for ever. An address that cannot be had is asked for again until it can: collecting goes on
/// without a face.
pub async fn keep_serving(listen: SocketAddr, served: Served) {
    let mut told = false;
    loop {
        let done = match Web::bind(listen, served.clone()).await {
            Ok(web) => {
                tracing::info!("web at http://{listen}/ (API, /readyz, /metrics)");
                invite(&served.config(), listen);
                told = false;
                web.serve().await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = done
            && !told
        {
            tracing::warn!(%listen, %error, "no API, health and metrics: the address cannot be had; trying again");
            told = true;
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
}

/// As long as there is no user, says how the first one is made.
fn invite(config: &Config, listen: SocketAddr) {
    match setup_link(config, listen) {
        Ok(Some(link)) => tracing::info!("nobody can log in yet; make the first user at {link}"),
        Ok(None) => {}
        Err(error) => tracing::warn!(%error, "nobody can log in"),
    }
}

fn router(looker: Looker, api: &Api) -> Router {
    Router::new()
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .with_state(looker)
        .merge(api::router(api))
        .fallback(ui::page)
        .method_not_allowed_fallback(problem::other_method)
        .layer(from_fn(host::only_loopback))
        .layer(from_fn(headers::on_every_answer))
}

/// How soon an address that could not be had is asked for again.
const TRY_AGAIN: Duration = Duration::from_secs(5);
