//! Errors as RFC 9457 wants them: a JSON object with a status, a title and a detail.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that says what is wrong.
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
}

#[derive(Serialize)]
struct Body {
    status: u16,
    title: &'static str,
    detail: &'static str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self { status, title, detail } = self;
        let body =
            serde_json::to_string(&Body { status: status.as_u16(), title, detail }).unwrap_or_default();
        let mut response = (status, body).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

pub(crate) async fn no_such_page() -> Problem {
    let detail = "there are /livez, /readyz and /metrics";
    Problem { status: StatusCode::NOT_FOUND, title: "No such page", detail }
}

pub(crate) async fn only_get() -> Problem {
    let detail = "this service only answers questions: use GET";
    Problem { status: StatusCode::METHOD_NOT_ALLOWED, title: "Only GET", detail }
}
