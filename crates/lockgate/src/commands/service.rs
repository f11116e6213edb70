//! What the service manager is told (systemd's sd_notify): that it is ready, that it reads its configuration, that it
//! stops, and, as often as it wants to hear it, that it is still alive. Without a service manager nothing is told.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{Interval, MissedTickBehavior};

/// Collecting has begun, or goes on after the configuration was read again.
pub(super) fn ready(sources: usize) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("collecting, sources: {sources}"))]);
}

/// The configuration is being read again.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "the service manager's clock cannot be read"),
    }
}

/// What was received is being made durable.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// It is still alive.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// When to say that it is alive: twice as often as the service manager wants to hear it; never, if it does not.
pub(super) fn heartbeat() -> Interval {
    let every = sd_notify::watchdog_enabled().map_or(NEVER, |limit| limit / 2);
    let mut heartbeat = tokio::time::interval(every.max(Duration::from_millis(100)));
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager does not listen");
    }
}

/// A day: nobody listens.
const NEVER: Duration = Duration::from_secs(86_400);
