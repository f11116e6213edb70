//! A server's nodes: looking at them level by level, and choosing which are collected.
//!
//! Looking needs a session on the server, as choosing does. It is kept for a minute, for who opens the next level.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use connector::documents::{NodeView, OfferView, Selected, Tree};
use connector::selection::{Action, PathPattern, Progress, Rule, Sampling, choose};
use connector::sources::{Opened, login, open_as};
use connector::{Config, alarms, identity};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use ua_client::{BrowseFilter, NodeAddress};
use ua_pki::Store;

use super::Api;
use super::call::{Call, document};
use super::change::{blocking, in_words, take_over};
use super::config::on_disk;
use super::guard::noted;
use super::route::{Answer, Body, Field, Kind, Later, Needs, Param, Route, Run, Verb};
use crate::problem::Problem;

const SELECT: &[Field] = &[
    Field {
        name: "include",
        kind: "array",
        required: false,
        about: "Paths that are collected, such as Line1/**",
    },
    Field {
        name: "exclude",
        kind: "array",
        required: false,
        about: "Paths that are not, whatever is included",
    },
    Field {
        name: "write",
        kind: "boolean",
        required: false,
        about: "Whether these rules are put in the place of those of the source, and hold; else it is only tried",
    },
];

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/sources/{name}/browse",
        needs: Needs::Admin,
        about: "The nodes right below a node, asked of the server; `next` begins the next page",
        params: &[
            Param {
                name: "node",
                kind: Kind::Text,
                about: "nsu=URI;s=NAME, ns=2;s=NAME, i=85, or a path; without it /Objects",
            },
            Param {
                name: "offset",
                kind: Kind::Count { least: 0, most: 1_000_000, default: Some(0) },
                about: "Behind so many",
            },
            Param {
                name: "limit",
                kind: Kind::Count { least: 1, most: 10_000, default: Some(1000) },
                about: "At most so many",
            },
        ],
        body: Body::None,
        answer: Answer::Document("browse"),
        audit: None,
        run: Run::Later(browse),
    },
    Route {
        verb: Verb::Post,
        path: "/sources/{name}/select",
        needs: Needs::Admin,
        about: "What rules pick of the server's variables, and what that means; without rules what those of the source do",
        params: &[Param {
            name: "limit",
            kind: Kind::Count { least: 0, most: 10_000, default: Some(100) },
            about: "So many of the streams",
        }],
        body: Body::Json(SELECT),
        answer: Answer::Document("select"),
        audit: Some("source.select"),
        run: Run::Later(select),
    },
];

/// Sessions that are kept for the next question.
#[derive(Default)]
pub(crate) struct Visits(Mutex<HashMap<String, Visit>>);

struct Visit {
    opened: Arc<Opened>,
    /// With which it was opened: another one means another visit.
    config: Arc<Config>,
    last: Instant,
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    tree: Tree,
    /// For the parameter `offset` of the next page; null on the last one.
    next: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Asked {
    include: Vec<String>,
    exclude: Vec<String>,
    write: bool,
}

/// A session on the server of a source.
async fn visit(call: &Call, name: &str) -> Result<Arc<Opened>, Problem> {
    let config = call.config();
    let mut visits = call.api.visits().0.lock().await;
    let now = call.api.clock().instant();
    if let Some(visit) = visits.get_mut(name).filter(|visit| Arc::ptr_eq(&visit.config, &config)) {
        visit.last = now;
        return Ok(Arc::clone(&visit.opened));
    }
    let opened = Arc::new(open(call, &config, name).await?);
    let first = visits.insert(name.to_owned(), Visit { opened: Arc::clone(&opened), config, last: now });
    drop(visits);
    leave(first.map(|visit| visit.opened)).await;
    tokio::spawn(end_when_idle(call.api.clone(), name.to_owned(), Arc::clone(&opened)));
    Ok(opened)
}

async fn open(call: &Call, config: &Config, name: &str) -> Result<Opened, Problem> {
    let source = config.source(name)?;
    let (login, store) = (login(source)?, Store::open(&config.pki)?);
    let identity = Arc::new(identity::load(config, &store, call.now())?);
    let opening = open_as(source, login, &store, identity, &config.application.name);
    Ok(tokio::time::timeout(OPEN_TIME, opening).await.map_err(|_| late())??)
}

/// Ends a visit that nobody has used for a while.
async fn end_when_idle(api: Api, name: String, opened: Arc<Opened>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let mut visits = api.visits().0.lock().await;
        let Some(visit) = visits.get(&name).filter(|visit| Arc::ptr_eq(&visit.opened, &opened)) else {
            return;
        };
        if api.clock().instant().saturating_duration_since(visit.last) >= IDLE {
            let ended = visits.remove(&name).map(|visit| visit.opened);
            drop((visits, opened));
            return leave(ended).await;
        }
    }
}

/// Closes a session that nobody else uses; one that is in use ends with its last use.
async fn leave(opened: Option<Arc<Opened>>) {
    let Some(opened) = opened.and_then(Arc::into_inner) else { return };
    if let Err(error) = opened.session.close().await {
        tracing::debug!(%error, "the server did not confirm the end of the session");
    }
}

fn late() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "network.timeout", "the server did not answer in time")
}

fn browse(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let name = call.part("name");
        let text = call.text("node").unwrap_or("/Objects");
        let address: NodeAddress =
            text.parse().map_err(|error: ua_client::Error| Problem::bad("usage.node", error.to_string()))?;
        let opened = visit(&call, name).await?;
        let looked = tokio::time::timeout(LOOK_TIME, level(&opened, text, &address)).await;
        match looked.map_err(|_| late()).and_then(|looked| looked) {
            Ok(tree) => document("browse", &page(&call, tree)),
            Err(problem) => {
                // it may be the session: the next question gets another one
                if problem.status.is_server_error() {
                    let ended = call.api.visits().0.lock().await.remove(name);
                    drop(opened);
                    leave(ended.map(|visit| visit.opened)).await;
                }
                Err(problem)
            }
        }
    })
}

/// What is right below a node.
async fn level(opened: &Opened, text: &str, address: &NodeAddress) -> Result<Tree, Problem> {
    let session = &opened.session;
    let found = session.resolve(std::slice::from_ref(address)).await.map_err(connector::Error::Client)?.pop();
    let none = |why: String| Problem::not_found("server.node", format!("the node cannot be browsed: {why}"));
    let id = match found {
        Some(Ok(id)) => id,
        Some(Err(why)) => return Err(none(why.to_string())),
        None => return Err(none("the server does not say which it is".to_owned())),
    };
    let namespaces = session.namespaces().await.map_err(connector::Error::Client)?;
    let filter = BrowseFilter { max_references_per_node: MOST, ..BrowseFilter::default() };
    let below = session.browse(&[id], &filter).await.map_err(connector::Error::Client)?.pop();
    let references = match below {
        Some(Ok(references)) => references,
        Some(Err(status)) => return Err(none(ua_client::status_name(status).to_owned())),
        None => Vec::new(),
    };
    let path = text.starts_with('/').then(|| text.trim_end_matches('/'));
    let nodes = references.iter().map(|reference| NodeView::of(reference, &namespaces, path, 1)).collect();
    Ok(Tree { root: text.to_owned(), nodes, truncated: false, refused: Vec::new() })
}

fn page(call: &Call, mut tree: Tree) -> Page {
    let (offset, limit) = (call.count("offset").unwrap_or(0), call.limit());
    let (all, end) = (tree.nodes.len(), offset.saturating_add(limit));
    tree.nodes = tree.nodes.into_iter().skip(offset).take(limit).collect();
    Page { tree, next: (end < all).then_some(end) }
}

fn select(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let asked: Asked = call.json()?;
        let loading = Arc::clone(&call);
        let _one = if asked.write { Some(call.api.changing().await) } else { None };
        let mut config = blocking(move || on_disk(&loading)).await?;
        let name = call.part("name");
        let mut source = config.source(name)?.clone();
        let rules = rules(&asked)?;
        if asked.write && rules.is_empty() {
            return Err(Problem::bad(
                "usage.body",
                "there is nothing to write: `include` or `exclude` something",
            ));
        }
        if !rules.is_empty() {
            (source.rules, source.nodes) = (rules, None);
        }
        let looking = async {
            let opened = open(&call, &config, name).await?;
            let namespaces = opened.session.namespaces().await.map_err(connector::Error::Client)?.into_uris();
            let choice = choose(&opened.session, &source, &namespaces, &Progress::default()).await;
            let offers = alarms::offers(&opened.session, &source).await;
            leave(Some(Arc::new(opened))).await;
            Ok::<_, Problem>((choice?, offers?))
        };
        let (choice, offers) = tokio::time::timeout(CHOOSE_TIME, looking).await.map_err(|_| late())??;
        if asked.write && choice.is_empty() && offers.is_empty() {
            let why = format!(
                "the rules pick none of the {} variables found, and nothing was changed",
                choice.found
            );
            return Err(Problem::bad("select.nothing", why));
        }
        let holds = asked.write || (asked.include.is_empty() && asked.exclude.is_empty());
        let selected = Selected {
            events: offers.into_iter().map(OfferView::of).collect(),
            ..Selected::of(&source, &choice, holds, call.limit())
        };
        let answer = document("select", &selected)?;
        if !asked.write {
            return Ok(noted(answer, "tried only"));
        }
        config.set_rules(name, &source.rules)?;
        let plan = take_over(&call, config).await?;
        Ok(noted(answer, in_words(plan.as_ref())))
    })
}

/// As the command line takes them: what is excluded is excluded, whatever is included.
fn rules(asked: &Asked) -> Result<Vec<Rule>, Problem> {
    let paths = |texts: &[String]| -> Result<Vec<PathPattern>, Problem> {
        let parse = |text: &String| {
            text.parse().map_err(|why: String| Problem::bad("usage.pattern", format!("a path {why}")))
        };
        texts.iter().map(parse).collect()
    };
    let rule = |action, paths: Vec<PathPattern>| Rule {
        action,
        paths,
        data_types: Vec::new(),
        type_definitions: Vec::new(),
        namespaces: Vec::new(),
        historizing: None,
        access_level: 0,
    };
    let mut rules = Vec::new();
    if !asked.exclude.is_empty() {
        rules.push(rule(Action::Exclude, paths(&asked.exclude)?));
    }
    if !asked.include.is_empty() {
        rules.push(rule(Action::Include(Sampling::default()), paths(&asked.include)?));
    }
    Ok(rules)
}

/// A node with more right below it is refused.
const MOST: usize = 100_000;
const IDLE: Duration = Duration::from_secs(60);
const OPEN_TIME: Duration = Duration::from_secs(40);
const LOOK_TIME: Duration = Duration::from_secs(60);
const CHOOSE_TIME: Duration = Duration::from_secs(300);
