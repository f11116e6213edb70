//! The one way in: who asks, whether a page of somebody else made the browser ask, what they may do, what exactly is
//! asked, and then the answer, which is written into the audit where it changed something.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, FromRequestParts as _, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Api;
use super::call::Call;
use super::route::{Body, Needs, Route, Run};
use crate::access::{By, Principal, Role};
use crate::audit::Entry;
use crate::problem::Problem;

/// What an answer says for the audit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note {
    pub(crate) detail: String,
    /// Who it was about, where nobody was logged in.
    pub(crate) who: Option<String>,
}

/// Answers a question, whatever it is.
pub(crate) async fn answer(api: Api, route: &'static Route, request: Request) -> Response {
    enter(api, route, request).await.unwrap_or_else(Problem::into_response)
}

async fn enter(api: Api, route: &'static Route, request: Request) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let from = peer(&parts);
    let who = identify(&api, &parts.headers);
    only_our_pages(&parts, who.as_ref())?;
    allowed(route.needs, who.as_ref())?;
    let path = path_of(&mut parts).await?;
    right_kind(route, &parts.headers)?;
    let most = match route.body {
        Body::None => 0,
        Body::Json(_) => JSON_BYTES,
        Body::Bytes { most, .. } => most,
    };
    let body = tokio::time::timeout(BODY_TIME, to_bytes(body, most))
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "usage.slow", "the request came too slowly"))?
        .map_err(|_| too_large(most))?;
    let target = target_of(route, &path);
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let call = Call::new(api.clone(), route, (who.clone(), from), path, &query, body)?;
    let Some(action) = route.audit else { return run(&api, route, call).await };
    // what cannot be written down is not done
    let mut file = api.audit().open().map_err(|error| not_audited(&error))?;
    let at = call.now();
    let response = run(&api, route, call).await.unwrap_or_else(refused);
    let note = response.extensions().get::<Note>().cloned().unwrap_or_default();
    let name = note.who.or_else(|| who.as_ref().map(|who| who.name.clone())).unwrap_or_default();
    let (by, status) = (who.as_ref().map(|who| who.by.word()), response.status().as_u16());
    let entry = Entry { at, who: &name, by, from, action, target: &target, status, detail: &note.detail };
    api.audit().write(&mut file, &entry).map_err(|error| not_audited(&error))?;
    Ok(response)
}

/// A problem, with what it says for the audit.
fn refused(problem: Problem) -> Response {
    let note = Note { detail: problem.detail.to_string(), who: problem.who.clone() };
    let mut response = problem.into_response();
    response.extensions_mut().insert(note);
    response
}

/// An answer, with what it says for the audit.
pub(crate) fn noted(mut response: Response, detail: impl Into<String>) -> Response {
    response.extensions_mut().insert(Note { detail: detail.into(), who: None });
    response
}

async fn run(api: &Api, route: &'static Route, call: Call) -> Result<Response, Problem> {
    let answer = match route.run {
        Run::Later(answer) => return answer(Arc::new(call)).await,
        Run::Now(answer) => answer,
    };
    let busy = || {
        let why = "too many requests at the same time; try again";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", why).after(Duration::from_secs(1))
    };
    let place = tokio::time::timeout(PLACE_TIME, api.places().acquire_owned());
    let place = place.await.map_err(|_| busy())?.map_err(|_| busy())?;
    let working = tokio::task::spawn_blocking(move || {
        let _place = place;
        answer(&call)
    });
    match tokio::time::timeout(WORK_TIME, working).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(_) => {
            Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, "too_long", "this takes too long; ask for less"))
        }
    }
}

fn peer(parts: &Parts) -> IpAddr {
    let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::from([0, 0, 0, 0]), |ConnectInfo(address)| address.ip())
}

fn identify(api: &Api, headers: &HeaderMap) -> Option<Principal> {
    if let Some(header) = headers.get(header::AUTHORIZATION) {
        let secret = header.to_str().ok()?.strip_prefix("Bearer ")?;
        return api.access().by_token(secret.trim());
    }
    api.access().by_cookie(&cookie(headers, api.cookie_name())?)
}

/// The value of a cookie.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// Refuses what a page of somebody else made the browser send. An API token is never sent by a browser on its own.
fn only_our_pages(parts: &Parts, who: Option<&Principal>) -> Result<(), Problem> {
    if who.is_some_and(|who| who.by == By::Token) {
        return Ok(());
    }
    let refused = |why: &'static str| Err(Problem::new(StatusCode::FORBIDDEN, "csrf", why));
    let text = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refused("this was asked by a page of another site");
    }
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return Ok(());
    }
    let host = text("host").unwrap_or_default();
    if text("origin").is_some_and(|origin| origin.strip_prefix("http://") != Some(host)) {
        return refused("this was asked by a page of another site");
    }
    if !parts.headers.contains_key(CSRF_HEADER) {
        return refused("a change needs the header X-Lockgate: 1, which only our own pages send");
    }
    Ok(())
}

fn allowed(needs: Needs, who: Option<&Principal>) -> Result<(), Problem> {
    match (needs, who.map(|who| who.role)) {
        (Needs::Nothing, _) | (Needs::Viewer, Some(_)) | (Needs::Admin, Some(Role::Admin)) => Ok(()),
        (Needs::Admin, Some(Role::Viewer)) => {
            let why = "you may look at everything and change nothing: this needs the role admin";
            Err(Problem::new(StatusCode::FORBIDDEN, "role", why))
        }
        (_, None) => Err(Problem::new(StatusCode::UNAUTHORIZED, "login", "log in first")),
    }
}

async fn path_of(parts: &mut Parts) -> Result<HashMap<String, String>, Problem> {
    let params = RawPathParams::from_request_parts(parts, &()).await;
    let params = params.map_err(|_| Problem::bad("usage.path", "the address is not UTF-8"))?;
    Ok(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// A form on another page can send text and forms, not these.
fn right_kind(route: &Route, headers: &HeaderMap) -> Result<(), Problem> {
    let wanted = match route.body {
        Body::None => return Ok(()),
        Body::Json(_) => "application/json",
        Body::Bytes { kind, .. } => kind,
    };
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    if given.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    let why = format!("the body must be {wanted}");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "usage.content_type", why))
}

fn too_large(most: usize) -> Problem {
    let why = match most {
        0 => "this takes no body".to_owned(),
        most => format!("the body has more than {most} bytes"),
    };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "usage.too_large", why)
}

fn target_of(route: &Route, path: &HashMap<String, String>) -> String {
    let names = route.path.split(['{', '}']).skip(1).step_by(2);
    let parts: Vec<&str> = names.filter_map(|name| path.get(name).map(String::as_str)).collect();
    parts.join(" ")
}

fn not_audited(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "the audit cannot be written");
    let why = "changes are written into the audit, and that cannot be written now";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "audit", why)
}

/// Only a page of ours can send it: a browser asks first when another one wants to.
const CSRF_HEADER: &str = "x-lockgate";
const JSON_BYTES: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a request waits for its turn.
const PLACE_TIME: Duration = Duration::from_secs(10);
const WORK_TIME: Duration = Duration::from_secs(60);
