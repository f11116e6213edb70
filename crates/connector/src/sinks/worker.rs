//! One thread per sink: when to deliver, how long to pause after a failure, when to end.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tagstore::Timestamp;

use crate::clock;
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::watchdog::Life;

/// Takes samples out of the journal and brings them somewhere.
pub(crate) trait Sink: Send + 'static {
    /// The sink's name, in log and cursor.
    fn name(&self) -> &str;

    /// Delivers a bounded amount and moves the cursor.
    ///
    /// # Errors
    /// Nothing is lost by one; the same is delivered again later.
    fn deliver(&mut self, now: Timestamp) -> Result<Delivered, Error>;
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
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts delivering every `pace`, at first what an earlier process left.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(crate) fn start(sink: impl Sink, pace: Duration, events: Events, life: Life) -> Result<Self, Error> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name(format!("sink-{}", sink.name()))
            .spawn(move || {
                let _life = life;
                let mut sink = sink;
                let mut wait = Duration::ZERO;
                let mut failures: u32 = 0;
                loop {
                    let told = stopped.recv_timeout(wait);
                    if told == Err(RecvTimeoutError::Disconnected) {
                        break;
                    }
                    wait = deliver_once(&mut sink, pace, &mut failures, &events);
                    if told == Ok(()) {
                        break;
                    }
                }
            })
            .map_err(|source| Error::Thread { what: "a sink", source })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Worker {
    /// Delivers a last bounded amount, so that what was collected lies where it is looked for, and ends.
    pub(crate) fn finish(self) {
        if let Some(stop) = &self.stop
            && stop.send(()).is_err()
        {
            tracing::error!("a sink's thread ended before its time");
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a sink's thread ended by a panic");
        }
    }
}

/// Delivers once and says how long to wait.
fn deliver_once(sink: &mut impl Sink, pace: Duration, failures: &mut u32, events: &Events) -> Duration {
    match sink.deliver(Timestamp::from(clock::now())) {
        Ok(delivered) => {
            *failures = 0;
            if delivered.rows > 0 {
                tracing::debug!(sink = sink.name(), rows = delivered.rows, "delivered");
                events.send(None, EventKind::Sealed { rows: delivered.rows });
            }
            if delivered.more { Duration::ZERO } else { pace }
        }
        Err(error) => {
            // the first of a row of failures is news, the others are its echo
            if *failures == 0 {
                tracing::error!(sink = sink.name(), %error, "delivery failed; trying again");
                events.send(None, EventKind::StorageFailed { detail: format!("{}: {error}", sink.name()) });
            }
            *failures = failures.saturating_add(1);
            RETRY_FIRST
                .saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1).min(6)))
                .min(RETRY_LONGEST)
        }
    }
}

const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watchdog::{Ended, Part, Watchdog};

    struct Broken;

    impl Sink for Broken {
        fn name(&self) -> &str {
            "broken"
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
        let worker = Worker::start(Broken, Duration::ZERO, events, watchdog.life(part.clone())).unwrap();
        let ended = tokio::time::timeout(Duration::from_secs(20), watchdog.ended()).await.unwrap();
        assert_eq!(ended, Ended { part, panicked: true });
        assert_eq!(ended.to_string(), "the sink broken ended by a panic");
        worker.finish();
    }
}
