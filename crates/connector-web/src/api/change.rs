//! One configuration takes another's place: in the file, and in what runs. The former file is kept beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use connector::config::Plan;
use connector::{Config, Error, ErrorKind};

use super::Api;
use super::call::Call;
use crate::access::{Digest, store};
use crate::order::Order;
use crate::problem::Problem;

/// Where the configuration was before the last change.
pub(super) fn former(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".former");
    name.into()
}

/// Stands for a text: who changes it shows that they have seen what they change.
pub(super) fn stamp(text: &str) -> String {
    Digest::of(text).text().to_owned()
}

/// The text of the configuration file.
pub(super) fn text(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map_err(|source| Error::ConfigRead { path: path.to_owned(), source })
        .map_err(Problem::from)
}

/// Writes the configuration and has it run. When what runs refuses it, the file is as it was.
pub(super) async fn take_over(call: &Arc<Call>, new: Config) -> Result<Option<Plan>, Problem> {
    let (path, config) = (new.path().to_owned(), new.clone());
    let before = blocking(move || {
        let before = text(&path)?;
        config.save()?;
        Ok::<_, Problem>(before)
    })
    .await?;
    let path = new.path().to_owned();
    match run(&call.api, new).await {
        Ok(plan) => {
            let keep = move || store::replace(&former(&path), &before).map_err(|error| unwritable(&error));
            blocking(keep).await?;
            Ok(plan)
        }
        Err(problem) => {
            blocking(move || Ok(Config::parse(&before, &path)?.save()?)).await?;
            Err(problem)
        }
    }
}

/// Has it run, if something runs here that can be asked; what it did then.
pub(super) async fn run(api: &Api, new: Config) -> Result<Option<Plan>, Problem> {
    let Some(orders) = api.orders() else { return Ok(None) };
    let gone = || {
        let why = "what collects did not answer; the log says more";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "config.not_taken", why)
    };
    let (order, done) = Order::new(new);
    let asked = async {
        orders.send(order).await.map_err(|_| gone())?;
        done.await.map_err(|_| gone())
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Err(_) => Err(gone()),
        Ok(Err(problem)) => Err(problem),
        Ok(Ok(Ok(plan))) => Ok(Some(plan)),
        Ok(Ok(Err(error))) => Err(error.into()),
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))?
}

/// What a plan does, on one line for the audit.
pub(super) fn in_words(plan: Option<&Plan>) -> String {
    let Some(plan) = plan else { return "holds from the next start".to_owned() };
    let changes: Vec<String> =
        plan.changes.iter().map(|change| format!("{} {}", change.part, change.action)).collect();
    if changes.is_empty() { "nothing is different".to_owned() } else { changes.join("; ") }
}

fn unwritable(error: &std::io::Error) -> Problem {
    let why = format!("the former configuration cannot be kept: {error}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "config.unwritable", why)
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let text = chain(&error);
        match error {
            Error::Storage(inner) => return inner.into(),
            Error::Pki(inner) => return inner.into(),
            _ => {}
        }
        let status = match (&error, error.kind()) {
            (Error::NoSuchSource { .. }, _) => StatusCode::NOT_FOUND,
            (Error::SourceExists { .. }, _) => StatusCode::CONFLICT,
            (Error::ConfigRead { .. } | Error::ConfigWrite { .. } | Error::SecretWrite { .. }, _) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            (_, ErrorKind::Config) => StatusCode::BAD_REQUEST,
            (_, ErrorKind::Unreachable | ErrorKind::Server | ErrorKind::Security) => StatusCode::BAD_GATEWAY,
            (_, ErrorKind::Storage) => StatusCode::SERVICE_UNAVAILABLE,
            (_, _) => StatusCode::CONFLICT,
        };
        Self::new(status, error.code(), text)
    }
}

/// The error with what is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(&format!(": {said}"));
        }
        source = inner.source();
    }
    text
}

/// How long what runs may take: it stops and starts sources.
const PATIENCE: Duration = Duration::from_secs(60);
