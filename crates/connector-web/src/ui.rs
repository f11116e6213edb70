//! The pages of the web UI: the files that were built into the program (`web/dist`). What is no file and no address of
//! another kind is a page of the UI, which finds out by itself which one.
//!
//! A debug build reads the files from the disk at each request, from `LOCKGATE_WEB_DIST` where that is set.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

use crate::problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// What is asked for at an address that is nothing else.
pub(crate) async fn page(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return problem::other_method().await.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return problem::no_such_page().await.into_response();
    }
    if let Some(found) = file(path) {
        let lasting = if path.starts_with(ASSETS) { LASTING } else { "no-cache" };
        return shown(path, found, lasting);
    }
    if path.starts_with(ASSETS) {
        return problem::no_such_page().await.into_response();
    }
    match file(INDEX) {
        Some(index) => shown(INDEX, index, "no-cache"),
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

fn shown(path: &str, bytes: Cow<'static, [u8]>, cached: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind(path))),
        (header::CACHE_CONTROL, HeaderValue::from_static(cached)),
    ];
    (headers, bytes.into_owned()).into_response()
}

/// A file of the UI by its plain name: nothing encoded, nothing that leaves the folder.
fn file(path: &str) -> Option<Cow<'static, [u8]>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let leaves = |part: &str| part.is_empty() || part.starts_with('.');
    if !path.chars().all(plain) || path.split('/').any(leaves) {
        return None;
    }
    #[cfg(debug_assertions)]
    if let Some(folder) = std::env::var_os("LOCKGATE_WEB_DIST") {
        return std::fs::read(std::path::Path::new(&folder).join(path)).ok().map(Cow::Owned);
    }
    Some(Dist::get(path)?.data)
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

const INDEX: &str = "index.html";
/// Names of these files change with what is in them.
const ASSETS: &str = "assets/";
const LASTING: &str = "public, max-age=31536000, immutable";
const NOT_BUILT: &str = "The web UI is not in this program. Build it, and then lockgate anew:\n\n  \
                         cd web && npm ci && npm run build\n\nThe HTTP API at /api/v1, /readyz and /metrics work without it.\n";
