//! One thread per sink: when to deliver, how long to pause after a failure, when to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tagstore::Timestamp;

use crate::clock;
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::sinks::Report;
use crate::watchdog::Life;

/// Takes samples out of the journal and brings them somewhere.
pub(crate) trait Sink: Send + 'static {
    /// The sink's name, in log and cursor.
    fn name(&self) -> &str;

    /// What `lockgate status` shows of it.
    fn about(&self) -> About;

    /// Delivers a bounded amount and moves the cursor.
    ///
    /// # Errors
    /// Nothing is lost by one; the same is delivered again later.
    fn deliver(&mut self, now: Timestamp) -> Result<Delivered, Error>;

    /// Upkeep of what was delivered, called when nothing waits to be. One step of it, which may be long, but ends soon
    /// after `keep_going` says no.
    ///
    /// # Errors
    /// Deliveries go on; the same step is tried again later.
    fn tidy(&mut self, _now: Timestamp, _keep_going: &mut dyn FnMut() -> bool) -> Result<Tidied, Error> {
        Ok(Tidied::default())
    }
}

/// What a sink is, for people to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Its kind, as the configuration calls it.
    pub(crate) kind: &'static str,
    /// Where it delivers to.
    pub(crate) target: String,
    /// Every setting that lowers security.
    pub(crate) danger: Vec<String>,
    /// What the other side refused and is kept aside, if the sink does that.
    pub(crate) quarantined: Option<Quarantined>,
}

/// What is kept aside because it was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quarantined {
    /// Where it is.
    pub(crate) folder: String,
    /// Files there.
    pub(crate) files: u64,
    /// Values put there since the process began.
    pub(crate) values: u64,
}

/// What one call of [`Sink::tidy`] did.
#[derive(Debug, Default)]
pub(crate) struct Tidied {
    /// Whether there is more to do at once.
    pub(crate) more: bool,
    /// What people must hear.
    pub(crate) news: Vec<EventKind>,
}

/// What one call of [`Sink::deliver`] moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivered {
    /// Samples.
    pub(crate) rows: u64,
    /// Whether more is waiting, so that the next call should not wait for the pace.
    pub(crate) more: bool,
}

/// A running sink. Dropping it ends the thread after the delivery in hand and waits for that; a sink that is
/// [finished](Worker::finish) delivers once more before.
pub(crate) struct Worker {
    stop: Option<Sender<()>>,
    /// Set before `stop` is told, so that upkeep in hand ends.
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
    /// How long its end is waited for.
    patience: Duration,
}

impl Worker {
    /// Starts delivering every `pace`, at first what an earlier process left.
    ///
    /// # Errors
    /// [`Error::Thread`].
    ///
    /// `report` is where it writes how it goes.
    pub(crate) fn start(
        sink: impl Sink,
        pace: Duration,
        report: Option<Report>,
        events: Events,
        life: Life,
    ) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let (ending, ended) = channel::<()>();
        let stopping = Arc::new(AtomicBool::new(false));
        let told_to_stop = Arc::clone(&stopping);
        let thread = std::thread::Builder::new()
            .name(format!("sink-{}", sink.name()))
            .spawn(move || {
                // dropped when the thread ends, however it ends
                let _ending = ending;
                let mut work = Work::new(sink, pace, report, events);
                if let Some(report) = &mut work.report {
                    report.begins(&work.sink.about());
                }
                let mut wait = Duration::ZERO;
                loop {
                    let told = stopped.recv_timeout(wait);
                    if told == Err(RecvTimeoutError::Disconnected) {
                        break;
                    }
                    wait = work.deliver();
                    if told == Ok(()) {
                        break;
                    }
                    if !wait.is_zero() && work.tidy(&told_to_stop) {
                        wait = Duration::ZERO;
                    }
                }
                life.dismiss();
            })
            .map_err(|source| Error::Thread { what: "a sink", source })?;
        Ok(Self { stop: Some(stop), stopping, thread: Some(thread), ended, patience: PATIENCE })
    }
}

impl Worker {
    /// Delivers a last bounded amount, so that what was collected lies where it is looked for, and ends.
    /// One that does not end within `patience` is left where it stands.
    pub(crate) fn finish(mut self, patience: Duration) {
        self.patience = patience;
        self.stopping.store(true, Relaxed);
        if let Some(stop) = &self.stop
            && stop.send(()).is_err()
        {
            tracing::error!("a sink's thread ended before its time");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stopping.store(true, Relaxed);
        drop(self.stop.take());
        // a request that hangs cannot be taken back; its cursor has not moved, and the next process sends it again
        if self.ended.recv_timeout(self.patience) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!(
                "a sink does not end; what it has in hand is delivered again after the next start"
            );
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a sink's thread ended by a panic");
        }
    }
}

/// The sink and how its deliveries and its upkeep went so far.
struct Work<S> {
    sink: S,
    pace: Duration,
    report: Option<Report>,
    events: Events,
    deliveries: Attempts,
    upkeep: Attempts,
    /// Rounds of delivery without upkeep, after one that failed.
    rounds_off: u32,
}

impl<S: Sink> Work<S> {
    const fn new(sink: S, pace: Duration, report: Option<Report>, events: Events) -> Self {
        let (deliveries, upkeep) = (Attempts { failures: 0 }, Attempts { failures: 0 });
        Self { sink, pace, report, events, deliveries, upkeep, rounds_off: 0 }
    }

    /// Delivers once and says how long to wait.
    fn deliver(&mut self) -> Duration {
        let outcome = self.sink.deliver(Timestamp::from(clock::now()));
        if let Some(report) = &mut self.report {
            report.after(&self.sink.about(), &outcome, &self.events);
        }
        match outcome {
            Ok(delivered) => {
                self.deliveries.failures = 0;
                if delivered.rows > 0 {
                    tracing::debug!(sink = self.sink.name(), rows = delivered.rows, "delivered");
                    let sink = self.sink.name().to_owned();
                    self.events.send(None, EventKind::Delivered { sink, rows: delivered.rows });
                }
                if delivered.more { Duration::ZERO } else { self.pace }
            }
            Err(error) => {
                let told = self.report.is_some();
                self.deliveries.failed(self.sink.name(), "delivery", &error, (!told).then_some(&self.events))
            }
        }
    }

    /// Does one step of the upkeep if it is its time, and says whether there is more of it.
    fn tidy(&mut self, stop: &AtomicBool) -> bool {
        if self.rounds_off > 0 {
            self.rounds_off -= 1;
            return false;
        }
        match self.sink.tidy(Timestamp::from(clock::now()), &mut || !stop.load(Relaxed)) {
            Ok(tidied) => {
                self.upkeep.failures = 0;
                tidied.news.into_iter().for_each(|news| self.events.send(None, news));
                tidied.more
            }
            Err(error) => {
                self.upkeep.failed(self.sink.name(), "upkeep", &error, Some(&self.events));
                self.rounds_off = ROUNDS_OFF;
                false
            }
        }
    }
}

/// How often something failed in a row.
struct Attempts {
    failures: u32,
}

impl Attempts {
    /// Tells of the first failure in a row, as the others are its echo, and says how long to wait.
    fn failed(&mut self, sink: &str, what: &str, error: &Error, events: Option<&Events>) -> Duration {
        if self.failures == 0
            && let Some(events) = events
        {
            tracing::error!(sink, %error, "{what} failed; trying again");
            events.send(None, EventKind::StorageFailed { detail: format!("{sink}: {what}: {error}") });
        }
        self.failures = self.failures.saturating_add(1);
        RETRY_FIRST
            .saturating_mul(2_u32.saturating_pow(self.failures.saturating_sub(1).min(6)))
            .min(RETRY_LONGEST)
    }
}

const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Upkeep can wait, and what it needs (room on the disk) is needed elsewhere first.
const ROUNDS_OFF: u32 = 10;
const RETRY_LONGEST: Duration = Duration::from_secs(60);
/// How long the end of a sink is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watchdog::{Ended, Part, Watchdog};

    struct Broken;

    impl Sink for Broken {
        fn name(&self) -> &str {
            "broken"
        }

        fn about(&self) -> About {
            About::default()
        }

        fn deliver(&mut self, _: Timestamp) -> Result<Delivered, Error> {
            panic!("as a bug would")
        }
    }

    #[tokio::test]
    async fn a_sink_that_panics_does_not_go_unnoticed() {
        let watchdog = Watchdog::new();
        let part = Part::Sink("broken".to_owned());
        let events = Events(tokio::sync::broadcast::channel(1).0);
        let worker =
            Worker::start(Broken, Duration::ZERO, None, events, watchdog.life(part.clone())).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(20), watchdog.ended()).await.unwrap();
        assert_eq!(ended, Ended { part, panicked: true });
        assert_eq!(ended.to_string(), "the sink broken ended by a panic");
        worker.finish(PATIENCE);
    }
}
