//! A question that was let in: who asks, and what exactly.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use connector::time_range::{TimeError, When};
use connector::{Config, documents};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tagstore::{Interval, Reader, Timestamp};
use ua_pki::Store;

use super::Api;
use super::route::{Kind, Param, Route};
use crate::access::Principal;
use crate::problem::Problem;

/// Everything an answer is made from.
pub(crate) struct Call {
    pub(crate) api: Api,
    /// None only where the route is for everybody.
    pub(crate) who: Option<Principal>,
    pub(crate) from: IpAddr,
    path: HashMap<String, String>,
    params: Vec<(&'static Param, Vec<String>)>,
    body: Bytes,
}

/// Who sends a question, and from where.
pub(crate) type Sender = (Option<Principal>, IpAddr);

impl Call {
    pub(crate) fn new(
        api: Api,
        route: &'static Route,
        (who, from): Sender,
        path: HashMap<String, String>,
        query: &str,
        body: Bytes,
    ) -> Result<Self, Problem> {
        let params = asked(route, query)?;
        Ok(Self { api, who, from, path, params, body })
    }

    /// What runs now.
    pub(crate) fn config(&self) -> Arc<Config> {
        self.api.config()
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.api.clock().now()
    }

    /// The data folder.
    pub(crate) fn reader(&self) -> Result<Reader, Problem> {
        Ok(Reader::open(&self.config().storage.data)?)
    }

    /// The certificate store, as it is.
    pub(crate) fn store(&self) -> Store {
        Store::as_it_is(&self.config().pki)
    }

    /// A part of the path.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    fn given(&self, name: &str) -> (Option<Kind>, &[String]) {
        let found = self.params.iter().find(|(param, _)| param.name == name);
        found.map_or((None, &[]), |(param, given)| (Some(param.kind), given.as_slice()))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.given(name) {
            (_, [first, ..]) => Some(first),
            (Some(Kind::Choice(words)), []) => words.first().copied(),
            (_, []) => None,
        }
    }

    pub(crate) fn texts(&self, name: &str) -> &[String] {
        self.given(name).1
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    pub(crate) fn count(&self, name: &str) -> Option<usize> {
        let (kind, given) = self.given(name);
        let default = if let Some(Kind::Count { default, .. }) = kind { default } else { None };
        given.first().and_then(|text| text.parse().ok()).or(default)
    }

    /// At most so many.
    pub(crate) fn limit(&self) -> usize {
        self.count("limit").unwrap_or(100)
    }

    /// A time, if one was given or there is a default.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let (kind, given) = self.given(name);
        let default = if let Some(Kind::Time { default }) = kind { default } else { None };
        let Some(text) = given.first().map(String::as_str).or(default) else { return Ok(None) };
        self.instant(text).map(Some)
    }

    /// A time as it was typed.
    pub(crate) fn instant(&self, text: &str) -> Result<Timestamp, Problem> {
        let problem = |error: TimeError| Problem::bad("usage.time", error.to_string());
        let when: When = text.parse().map_err(problem)?;
        Ok(Timestamp::from(when.resolve(self.now(), &TimeZone::system()).map_err(problem)?))
    }

    /// The parameters `from` and `to`.
    pub(crate) fn interval(&self) -> Result<Interval, Problem> {
        match (self.time("from")?, self.time("to")?) {
            (Some(from), Some(to)) => interval(from, to),
            _ => Err(Problem::bad("usage.time", "`from` and `to` say the interval")),
        }
    }

    /// The object that came with the question.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| Problem::bad("usage.body", error.to_string()))
    }

    /// What came with the question.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }
}

/// An interval that ends after it begins.
pub(crate) fn interval(from: Timestamp, to: Timestamp) -> Result<Interval, Problem> {
    if from >= to {
        return Err(Problem::bad("usage.empty_interval", "the interval ends before it begins"));
    }
    Ok(Interval { from, to })
}

/// The parameters by what the route takes. One that it does not take, or that makes no sense, is refused.
fn asked(route: &'static Route, query: &str) -> Result<Vec<(&'static Param, Vec<String>)>, Problem> {
    let mut all: Vec<(&'static Param, Vec<String>)> =
        route.params.iter().map(|param| (param, Vec::new())).collect();
    let wrong = |why: String| Problem::bad("usage.parameter", why);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some((param, given)) = all.iter_mut().find(|(param, _)| param.name == name) else {
            let known: Vec<&str> = route.params.iter().map(|param| param.name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(wrong(format!("an unknown parameter; known are: {known}")));
        };
        check(param, &value).map_err(|why| wrong(format!("`{}` {why}", param.name)))?;
        given.push(value.into_owned());
        let most = if let Kind::Texts { most } = param.kind { most } else { 1 };
        if given.len() > most {
            return Err(wrong(format!("`{}` is given more than {most} times", param.name)));
        }
    }
    Ok(all)
}

fn check(param: &Param, value: &str) -> Result<(), String> {
    if value.len() > LONGEST {
        return Err(format!("is longer than {LONGEST} bytes"));
    }
    match param.kind {
        Kind::Count { least, most, .. } => match value.parse::<usize>() {
            Ok(count) if (least..=most).contains(&count) => Ok(()),
            _ => Err(format!("must be a number from {least} to {most}")),
        },
        Kind::Flag if !matches!(value, "true" | "false") => Err("must be true or false".to_owned()),
        Kind::Choice(words) if !words.contains(&value) => {
            Err(format!("must be one of: {}", words.join(", ")))
        }
        _ => Ok(()),
    }
}

/// The document `lockgate/<name>/1`.
pub(crate) fn document<T: Serialize>(name: &str, body: &T) -> Result<Response, Problem> {
    let text = documents::json::compact(name, body)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

/// Longest value of a parameter, bytes.
const LONGEST: usize = 4096;
