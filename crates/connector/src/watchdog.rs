//! Notices when a part of the connector ends that should not: a thread or a task that is gone after a panic leaves the
//! rest running as if nothing were wrong, with nothing becoming durable, or nothing being trimmed until the disk is full.

use std::fmt;

use tokio::sync::watch;

/// A part of the connector that ended although nobody told it to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Which one.
    pub part: Part,
    /// By a panic: a bug of ours. Else it gave up.
    pub panicked: bool,
}

/// What runs on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The thread that makes samples durable.
    Writer,
    /// The thread of a sink, by its name.
    Sink(String),
    /// The task of a source, by its name.
    Source(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.part {
            Part::Writer => f.write_str("the journal's writer")?,
            Part::Sink(name) => write!(f, "the sink {name}")?,
            Part::Source(name) => write!(f, "the source {name}")?,
        }
        f.write_str(if self.panicked { " ended by a panic" } else { " ended before its time" })
    }
}

/// Hears of the first part that ended.
#[derive(Clone, Debug)]
pub(crate) struct Watchdog(watch::Sender<Option<Ended>>);

/// Lies in a thread or task; when that ends, however, the watchdog hears of it.
#[derive(Debug)]
pub(crate) struct Life {
    part: Part,
    watchdog: Watchdog,
    expected: bool,
}

impl Watchdog {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    pub(crate) fn life(&self, part: Part) -> Life {
        Life { part, watchdog: self.clone(), expected: false }
    }

    /// Waits for the first end. Cancel safe.
    pub(crate) async fn ended(&self) -> Ended {
        let mut first = self.0.subscribe();
        if let Ok(ended) = first.wait_for(Option::is_some).await
            && let Some(ended) = ended.clone()
        {
            return ended;
        }
        // no sender is left to say anything; cannot be while we hold one
        std::future::pending().await
    }
}

impl Life {
    /// The end is asked for: nobody needs to hear of it.
    pub(crate) fn dismiss(mut self) {
        self.expected = true;
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.expected && !std::thread::panicking() {
            return;
        }
        self.watchdog.0.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(Ended { part: self.part.clone(), panicked: std::thread::panicking() });
            }
            is_first
        });
    }
}
