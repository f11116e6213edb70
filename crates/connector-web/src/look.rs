//! One look into the data folder at a time, and not more than one a second, however many ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connector::Config;
use connector::overview::Overview;
use tokio::sync::Mutex;

use crate::Served;

/// Looks, and remembers for a moment what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Looker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    served: Served,
    last: Mutex<Option<(Instant, Seen)>>,
}

/// What was seen, or why nothing could be.
pub(crate) type Seen = Result<Arc<Overview>, String>;

impl Looker {
    pub(crate) fn new(served: Served) -> Self {
        Self(Arc::new(Inner { served, last: Mutex::new(None) }))
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        self.0.served.config()
    }

    /// The whole at a glance, at most [`STALE`] old. Who asks meanwhile waits for the look in hand.
    pub(crate) async fn look(&self) -> Seen {
        let mut last = self.0.last.lock().await;
        let now = self.0.served.clock.instant();
        if let Some((at, seen)) = &*last
            && now.saturating_duration_since(*at) < STALE
        {
            return seen.clone();
        }
        let (config, wall) = (self.config(), self.0.served.clock.now());
        let looked = tokio::task::spawn_blocking(move || Overview::look(&config, wall)).await;
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
