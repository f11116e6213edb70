//! Errors as RFC 9457 wants them: a JSON object with a status, a title, a detail, and a stable code beside them.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connector::documents::json;
use serde::Serialize;

/// An answer that says what is wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    /// For programs, such as `data.no_such_stream`.
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) retry_after: Option<Duration>,
    /// Whom it is about, for the audit; never shown.
    pub(crate) who: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    status: u16,
    title: &'static str,
    detail: &'a str,
    code: &'static str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self { status, code, title, detail: detail.into(), retry_after: None, who: None }
    }

    /// What was asked for makes no sense.
    pub(crate) fn bad(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// A bug, or something nobody thought of. What it is goes to the log.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "this should not happen; the log says more")
    }

    /// Says for the audit whom it is about.
    pub(crate) fn about(mut self, who: &str) -> Self {
        self.who = Some(who.to_owned());
        self
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(&error)
    }
}

impl From<tagstore::Error> for Problem {
    fn from(error: tagstore::Error) -> Self {
        let text = error.to_string();
        match error {
            tagstore::Error::NoJournal { .. } => {
                Self::not_found("data.none", "nothing has been collected here yet")
            }
            tagstore::Error::NoSuchStream { .. } => Self::not_found("data.no_such_stream", text),
            tagstore::Error::AmbiguousStream { .. } => Self::bad("data.ambiguous_stream", text),
            other => {
                tracing::error!(error = %other, "the data folder cannot be used");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "data.unusable", text)
            }
        }
    }
}

impl From<ua_pki::Error> for Problem {
    fn from(error: ua_pki::Error) -> Self {
        let text = error.to_string();
        match error {
            ua_pki::Error::NotFound { .. } => {
                Self::not_found("trust.not_found", "no certificate in the store has this thumbprint")
            }
            ua_pki::Error::Malformed(_)
            | ua_pki::Error::MalformedCrl(_)
            | ua_pki::Error::LimitExceeded { .. }
            | ua_pki::Error::TooLarge { .. } => Self::bad("pki.unreadable", text),
            ua_pki::Error::StoreBusy(_) => Self::new(StatusCode::CONFLICT, "pki.busy", text),
            other => {
                tracing::error!(error = %other, "the certificate store cannot be used");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "pki.unusable", text)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, code, title, detail, retry_after, who: _ } = self;
        let body = Body { kind: "about:blank", status: status.as_u16(), title, detail: &detail, code };
        let mut response = (status, json::line(&body).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(wait) = retry_after {
            headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub(crate) async fn no_such_page() -> Problem {
    Problem::not_found("no_such_page", "there is nothing at this address")
}

pub(crate) async fn other_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "other_method", "this address does not take this method")
}
