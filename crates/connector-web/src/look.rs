//! One look into the data folder at a time, and not more than one a second, however many ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connector::overview::Overview;
use connector::{Clock, Config};
use tokio::sync::Mutex;

/// Looks, and remembers for a moment what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Looker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<(Instant, Seen)>>,
}

/// What was seen, or why nothing could be.
pub(crate) type Seen = Result<Arc<Overview>, String>;

impl Looker {
    pub(crate) fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { config, clock, last: Mutex::new(None) }))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    /// The whole at a glance, at most [`STALE`] old. Who asks meanwhile waits for the look in hand.
    pub(crate) async fn look(&self) -> Seen {
        let mut last = self.0.last.lock().await;
        let now = self.0.clock.instant();
        if let Some((at, seen)) = &*last
            && now.saturating_duration_since(*at) < STALE
        {
            return seen.clone();
        }
        let (inner, wall) = (Arc::clone(&self.0), self.0.clock.now());
        let looked = tokio::task::spawn_blocking(move || Overview::look(&inner.config, wall)).await;
        let seen = match looked {
            Ok(Ok(overview)) => Ok(Arc::new(overview)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        *last = Some((now, seen.clone()));
        seen
    }
}

const STALE: Duration = Duration::from_secs(1);
