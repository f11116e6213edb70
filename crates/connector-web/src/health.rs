//! `/livez` and `/readyz`: the status code is the answer.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use connector::overview::Overview;
use connector::status::SourceState;

use crate::look::{Looker, Seen};

/// The process serves.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// What is received can be kept: the storage can be read, a connector writes it, and the disk takes what arrives.
pub(crate) async fn readyz(State(looker): State<Looker>, RawQuery(query): RawQuery) -> (StatusCode, String) {
    let checks = checks(&looker.look().await);
    let ready = checks.iter().all(|(_, trouble)| trouble.is_none());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let verbose = query.is_some_and(|query| query.split('&').any(|word| word == "verbose"));
    (status, if ready && !verbose { "ok\n".to_owned() } else { listed(&checks, ready) })
}

type Check = (&'static str, Option<String>);

fn checks(seen: &Seen) -> Vec<Check> {
    match seen {
        Err(error) => vec![("storage", Some(error.clone()))],
        Ok(overview) => vec![
            ("storage", None),
            ("writer", (!overview.running).then(|| "nobody has the journal open".to_owned())),
            ("disk", disk_trouble(overview)),
        ],
    }
}

fn disk_trouble(overview: &Overview) -> Option<String> {
    let failed =
        |source: &&connector::overview::SourceOverview| source.state == Some(SourceState::StorageFailed);
    let source = overview.sources.iter().find(failed)?;
    let detail =
        source.last.as_ref().and_then(|last| last.detail.as_deref()).unwrap_or("values cannot be kept");
    Some(connector::naming::printable(detail))
}

fn listed(checks: &[Check], ready: bool) -> String {
    let mut text = String::new();
    for (name, trouble) in checks {
        match trouble {
            None => text.push_str(&format!("[+]{name} ok\n")),
            Some(trouble) => text.push_str(&format!("[-]{name} failed: {trouble}\n")),
        }
    }
    text.push_str(if ready { "readyz check passed\n" } else { "readyz check failed\n" });
    text
}
