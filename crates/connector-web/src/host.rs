//! Who may ask: only requests to the loopback interface under its own names.
//!
//! A page in a browser on this machine can be made to send requests here (DNS rebinding: its own host name, resolved to
//! 127.0.0.1). Such a request names the page's host, so it is refused.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::problem::Problem;

pub(crate) async fn only_loopback(request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).map(|host| host.to_str().is_ok_and(is_loopback));
    // HTTP/1.0 need not name a host; a browser always does
    if named == Some(false) {
        let detail = "this service answers to localhost only";
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, "other_host", detail).into_response();
    }
    next.run(request).await
}

/// Whether a `Host` header, with or without a port, is the loopback interface.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
            _ => return false,
        },
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_the_loopback_interface_pass() {
        for host in ["localhost", "LocalHost:8480", "127.0.0.1:8480", "127.9.9.9", "[::1]:8480", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "[::1]x",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
