//! Accepting connections, as many as there may be.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use ua_channel::PeerJudge;

use crate::{connection, core::Core, judge::Decision, limits::Limits};

/// Told to every task: true, or gone, means stop.
pub(crate) type Stopped = watch::Receiver<bool>;

/// Who decides on clients, when they come and while they stay.
#[derive(Clone)]
pub(crate) struct Doorman {
    pub(crate) judge: Arc<dyn PeerJudge>,
    /// Changes when everybody has to be judged again.
    pub(crate) decisions: watch::Receiver<Decision>,
}

pub(crate) async fn stop_requested(stopped: &mut Stopped) {
    // an error says that the handle was dropped, which means the same
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Serves until told to stop, then waits for every connection to end.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener, doorman: Doorman, mut stopped: Stopped) {
    let turnstile = Arc::new(Turnstile::default());
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stop_requested(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    let Some(pass) = turnstile.enter(address.ip(), core.clock.instant(), &core.config.limits) else {
                        tracing::debug!(%address, "connection refused: too many");
                        continue;
                    };
                    connections.spawn(serve(Arc::clone(&core), stream, address, doorman.clone(), stopped.clone(), pass));
                }
                Err(error) => {
                    // out of file descriptors, mostly: give the other connections a moment to end
                    tracing::warn!(%error, "connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn serve(
    core: Arc<Core>,
    stream: TcpStream,
    address: SocketAddr,
    doorman: Doorman,
    stopped: Stopped,
    pass: Pass,
) {
    connection::run(core, stream, address, doorman, stopped).await;
    drop(pass);
}

/// Takes the roles from users whose certificates are trusted no longer: when their store has changed, and once a minute, in which a
/// certificate or a revocation list may have run out (UT-18).
pub(crate) async fn watch_users(core: Arc<Core>, mut stopped: Stopped) {
    if core.gate.certificates().is_none() {
        return;
    }
    let (mut generation, mut looks) = (None, 0_u32);
    loop {
        looks = looks.wrapping_add(1);
        let (looking, before, everybody) =
            (Arc::clone(&core), generation, looks.is_multiple_of(LOOKS_IN_A_MINUTE));
        let look = tokio::task::spawn_blocking(move || {
            let roster = looking.gate.roster();
            let now = roster.generation();
            if now != before || everybody {
                looking.reassess(&roster);
            }
            now
        });
        generation = look.await.ok().flatten();
        tokio::select! {
            () = stop_requested(&mut stopped) => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

const LOOKS_IN_A_MINUTE: u32 = 60;

/// Samples, publishes and ends sessions when it is time.
pub(crate) async fn keep_time(core: Arc<Core>, mut stopped: Stopped) {
    loop {
        let now = core.clock.now();
        let next = core.handle_timeout(now).unwrap_or(i64::MAX).min(now.saturating_add(HOUSEKEEPING));
        tokio::select! {
            () = stop_requested(&mut stopped) => return,
            () = core.wake.notified() => {}
            () = tokio::time::sleep_until(core.clock.instant_at(next).into()) => {}
        }
    }
}

/// Sessions are looked through at least this often: a second, in ticks.
const HOUSEKEEPING: i64 = 10_000_000;

/// Counts connections, in all and by address.
#[derive(Debug, Default)]
struct Turnstile {
    addresses: Mutex<HashMap<IpAddr, Counter>>,
}

#[derive(Debug)]
struct Counter {
    open: usize,
    since: Instant,
    opened: u32,
}

/// One connection's place; given back when dropped.
struct Pass {
    turnstile: Arc<Turnstile>,
    address: IpAddr,
}

impl Turnstile {
    fn enter(self: &Arc<Self>, address: IpAddr, now: Instant, limits: &Limits) -> Option<Pass> {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let second = Duration::from_secs(1);
        addresses
            .retain(|_, counter| counter.open > 0 || now.saturating_duration_since(counter.since) < second);
        let total: usize = addresses.values().map(|counter| counter.open).sum();
        let counter = addresses.entry(address).or_insert(Counter { open: 0, since: now, opened: 0 });
        if now.saturating_duration_since(counter.since) >= second {
            counter.since = now;
            counter.opened = 0;
        }
        let too_fast = counter.opened >= limits.opens_per_second_per_address;
        if too_fast || counter.open >= limits.connections_per_address || total >= limits.connections {
            return None;
        }
        counter.open += 1;
        counter.opened += 1;
        Some(Pass { turnstile: Arc::clone(self), address })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut addresses = self.turnstile.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = addresses.get_mut(&self.address) {
            counter.open = counter.open.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_share_of_connections_and_no_more_and_gets_them_back() {
        let limits = Limits::default();
        let turnstile = Arc::new(Turnstile::default());
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let now = Clock::start().instant();
        let passes: Vec<_> = (0..15).filter_map(|_| turnstile.enter(address, now, &limits)).collect();
        assert_eq!(passes.len(), limits.connections_per_address);
        drop(passes);
        assert!(turnstile.enter(address, now, &limits).is_some());
    }

    #[test]
    fn a_storm_of_connections_is_slowed_down_even_when_each_closes_at_once() {
        let limits = Limits::default();
        let turnstile = Arc::new(Turnstile::default());
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        let now = Clock::start().instant();
        let let_in = (0..1000).filter_map(|_| turnstile.enter(address, now, &limits)).count();
        assert_eq!(let_in, 20);
        assert!(turnstile.enter(address, now + Duration::from_secs(1), &limits).is_some());
    }

    use crate::clock::Clock;
}
