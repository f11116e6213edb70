//! `/api/v1`: everything that the command line does, for programs and for our own pages.
//!
//! Each room here has a list of [`Route`]s; the guard is the one way into all of them. What is answered are the documents
//! of `connector::documents`, as the command line gives them with `--json`.

mod backfill;
pub(crate) mod call;
mod change;
mod config;
mod data;
mod describe;
mod guard;
mod live;
mod nodes;
mod reads;
mod route;
mod session;
mod sources;
mod trust;
mod users;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::routing::{MethodFilter, on};
use connector::documents::Spell;
use connector::{Clock, Config};
use tokio::sync::{Mutex, MutexGuard, Semaphore, mpsc};

use crate::Served;
use crate::access::Access;
use crate::audit::Audit;
use crate::look::Looker;
use crate::order::Order;

pub use describe::openapi;
use nodes::Visits;
use route::Route;
pub use route::{Needs, Verb};

/// What all answers are made from.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    served: Served,
    looker: Looker,
    live_places: Arc<Semaphore>,
    access: Access,
    audit: Audit,
    places: Arc<Semaphore>,
    cookie_name: String,
    changing: Mutex<()>,
    visits: Visits,
}

impl Api {
    pub(crate) fn new(served: Served, looker: Looker, listen: SocketAddr) -> Self {
        let config = served.config();
        Self(Arc::new(Inner {
            access: Access::new(&config, &served.clock),
            audit: Audit::of(&config),
            changing: Mutex::new(()),
            visits: Visits::default(),
            served,
            looker,
            live_places: Arc::new(Semaphore::new(LIVE_PLACES)),
            places: Arc::new(Semaphore::new(PLACES)),
            // cookies do not tell ports apart
            cookie_name: format!("lockgate_session_{}", listen.port()),
        }))
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        self.0.served.config()
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.served.clock
    }

    pub(crate) fn spell(&self) -> &dyn Spell {
        self.0.served.spell.as_ref()
    }

    pub(crate) fn looker(&self) -> &Looker {
        &self.0.looker
    }

    pub(crate) fn live_places(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.live_places)
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.access
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.0.audit
    }

    pub(crate) fn places(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.places)
    }

    /// Holds everybody else off who changes the configuration.
    pub(crate) async fn changing(&self) -> MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    /// Sessions on servers that are kept for the next question.
    pub(crate) fn visits(&self) -> &Visits {
        &self.0.visits
    }

    /// Where what runs takes orders, if something does.
    pub(crate) fn orders(&self) -> Option<&mpsc::Sender<Order>> {
        self.0.served.orders.as_ref()
    }

    pub(crate) fn cookie_name(&self) -> &str {
        &self.0.cookie_name
    }
}

/// A route as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// What is done.
    pub verb: Verb,
    /// The path below `/api/v1`, with `{name}` for what varies.
    pub path: &'static str,
    /// Who may.
    pub needs: Needs,
    /// Whether it is written into the audit.
    pub audited: bool,
}

/// Every route below `/api/v1`, which their paths leave out.
pub fn routes() -> impl Iterator<Item = Listed> {
    all().map(|route| Listed {
        verb: route.verb,
        path: route.path,
        needs: route.needs,
        audited: route.audit.is_some(),
    })
}

fn all() -> impl Iterator<Item = &'static Route> {
    let rooms = [
        session::ROUTES,
        users::ROUTES,
        reads::ROUTES,
        trust::ROUTES,
        sources::ROUTES,
        nodes::ROUTES,
        config::ROUTES,
        data::ROUTES,
        live::ROUTES,
        backfill::ROUTES,
        describe::ROUTES,
    ];
    rooms.into_iter().flatten()
}

pub(crate) fn router(api: &Api) -> Router {
    let mut router = Router::new();
    for route in all() {
        let method = match route.verb {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
            Verb::Put => MethodFilter::PUT,
            Verb::Delete => MethodFilter::DELETE,
        };
        let api = api.clone();
        let answer = move |request: Request| guard::answer(api.clone(), route, request);
        router = router.route(&format!("{BASE}{}", route.path), on(method, answer));
    }
    router
}

/// What all paths begin with.
pub(crate) const BASE: &str = "/api/v1";
/// Requests that work at the same time, each on a thread of its own.
const PLACES: usize = 8;
/// Live views at the same time.
const LIVE_PLACES: usize = 32;
