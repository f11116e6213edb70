//! When a command that runs for long ends: its time is up, Ctrl-C, or the service manager.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::Exit;

/// Why it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// `--for` is over.
    TimeIsUp,
    /// SIGINT, from a person.
    Interrupted,
    /// SIGTERM, from a service manager.
    Terminated,
}

impl Stop {
    /// The exit code after a clean end for this reason.
    pub(crate) fn exit(self) -> Exit {
        match self {
            Self::TimeIsUp | Self::Terminated => Exit::Ok,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::TimeIsUp => "the time is up",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }
}

/// Listens for the reasons to end. Made before the work starts, so that no signal is missed.
#[derive(Debug)]
pub(crate) struct Stops {
    interrupt: Signal,
    terminate: Signal,
    deadline: Option<tokio::time::Instant>,
}

impl Stops {
    /// Starts listening; the time of `--for` counts from here.
    pub(crate) fn listen(duration: Option<Duration>) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            deadline: duration.and_then(|duration| {
                tokio::time::Instant::from_std(crate::clock::instant()).checked_add(duration)
            }),
        })
    }

    /// Waits for the next Ctrl-C alone.
    pub(crate) async fn interrupt(&mut self) {
        if self.interrupt.recv().await.is_none() {
            std::future::pending().await
        }
    }

    /// Waits for the first reason. Cancel safe.
    pub(crate) async fn next(&mut self) -> Stop {
        let deadline = self.deadline;
        let time_is_up = async move {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Stop::Interrupted,
            _ = self.terminate.recv() => Stop::Terminated,
            () = time_is_up => Stop::TimeIsUp,
        }
    }
}
