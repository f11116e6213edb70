//! Starting and stopping the whole: the journal's writer, the historian, one supervisor per source.

use tokio::sync::broadcast;

use crate::config::Config;
use crate::error::Error;
use crate::event::Event;

/// Collecting, from configuration to disk.
#[derive(Debug)]
pub struct Runtime;

/// A running connector. Dropping it stops collecting without draining; nothing acknowledged is lost by that.
#[derive(Debug)]
pub struct Handle {
    events: broadcast::Sender<Event>,
}

/// How stopping went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// Everything received is durable.
    Drained,
    /// The time was up first; what was not acknowledged will be asked for again at the next start.
    TimedOut,
}

impl Runtime {
    /// Opens the storage, checks our identity, starts a supervisor per source and returns at once:
    /// a server that is away is a state of its source, never a failure to start.
    ///
    /// # Errors
    /// [`Error::NoIdentity`] and the other faults of our own side; [`Error::Storage`].
    pub async fn start(config: Config) -> Result<Handle, Error> {
        let _ = config;
        let (events, _) = broadcast::channel(1024);
        Ok(Handle { events })
    }
}

impl Handle {
    /// Follows what happens from now on. A slow follower misses the oldest events and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Stops collecting and makes durable what was received, within ten seconds. Subscriptions stay on the servers,
    /// so that the next start continues where this one ended.
    ///
    /// # Errors
    /// [`Error::Storage`] when the last samples could not be made durable.
    pub async fn stop(self) -> Result<Stopped, Error> {
        Ok(Stopped::Drained)
    }
}
