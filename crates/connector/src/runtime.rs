//! Starting and stopping the whole: the journal's writer, the historian, one supervisor per source.

use std::sync::Arc;
use std::time::Duration;

use tagstore::{HISTORIAN_DIR, HISTORIAN_SINK, Historian, JOURNAL_FILE, Journal, JournalOptions};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use ua_pki::Store;

use crate::clock::{Clock, SystemClock};
use crate::collect::supervisor::{Context, supervise};
use crate::config::{Config, SinkConfig, SinkKind};
use crate::error::Error;
use crate::event::{Event, Events};
use crate::identity;
use crate::pipeline::{Abandoning, Writer, WriterThread};
use crate::sinks::file::FileSink;
use crate::sinks::historian::HistorianSink;
use crate::sinks::omf::OmfSink;
use crate::sinks::stdout::StdoutSink;
use crate::sinks::{Report, Sink, Worker, status_key};
use crate::watchdog::{Ended, Life, Part, Watchdog};

/// Collecting, from configuration to disk.
#[derive(Debug)]
pub struct Runtime;

/// A running connector.
///
/// Dropping it stops without draining, as a crash would: what was not durable was not acknowledged either, and the
/// next start asks for it again. The drop waits for the commit in hand.
pub struct Handle {
    // in the order in which they must go: nothing becomes durable any more, then sources, sinks, and the writer itself
    abandoning: Abandoning,
    sources: JoinSet<()>,
    sinks: Vec<Worker>,
    writer: Writer,
    thread: WriterThread,
    stop: watch::Sender<bool>,
    events: Events,
    watchdog: Watchdog,
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
        Self::start_by(Arc::new(SystemClock), config).await
    }

    /// The same, with trust decided by this clock.
    ///
    /// # Errors
    /// As [`Runtime::start`].
    pub async fn start_by(clock: Arc<dyn Clock>, config: Config) -> Result<Handle, Error> {
        let store = Arc::new(Store::open(&config.pki)?);
        identity::load(&config, &store, clock.now())?;
        let (journal, historian, sealing) = open_storage(&config)?;
        let others = open_sinks(&config, &journal)?;
        let events = Events(broadcast::channel(EVENTS_KEPT).0);
        let watchdog = Watchdog::new();
        let (writer, thread) = Writer::start(journal, events.clone(), watchdog.life(Part::Writer))?;
        let sink = HistorianSink::new(historian, sealing, config.storage.keep);
        let life = watchdog.life(Part::Sink(sink.name().to_owned()));
        let mut sinks = vec![Worker::start(sink, config.storage.seal_every, None, events.clone(), life)?];
        for (name, start) in others {
            sinks.push(start(events.clone(), watchdog.life(Part::Sink(name)))?);
        }
        let (stop, stopped) = watch::channel(false);
        let mut sources = JoinSet::new();
        for source in config.sources {
            let context = Context {
                source,
                store: Arc::clone(&store),
                application_uri: config.application.uri.clone(),
                clock: Arc::clone(&clock),
                session_name: config.application.name.clone(),
                writer: writer.clone(),
                events: events.clone(),
                data: config.storage.data.clone(),
            };
            let life = watchdog.life(Part::Source(context.source.name.to_string()));
            let stopped = stopped.clone();
            sources.spawn(async move {
                let _life = life;
                supervise(context, stopped).await;
            });
        }
        let abandoning = thread.abandoning();
        Ok(Handle { abandoning, sources, sinks, writer, thread, stop, events, watchdog })
    }
}

impl Handle {
    /// Follows what happens from now on. A slow follower misses the oldest events and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.0.subscribe()
    }

    /// Waits for a part that ends although nobody told it to stop, for ever if none does. What remains cannot make up
    /// for it: stop and end the process, so that whoever watches it starts it again. Cancel safe.
    pub async fn ended(&self) -> Ended {
        self.watchdog.ended().await
    }

    /// Stops collecting, makes durable what was received, within ten seconds, and lets every sink deliver once more.
    /// Subscriptions stay on the servers, so that the next start continues where this one ended.
    ///
    /// # Errors
    /// [`Error::WriterGone`] when the journal's thread ended before its time.
    pub async fn stop(self) -> Result<Stopped, Error> {
        let Self { abandoning, mut sources, sinks, writer, thread, stop, events: _, watchdog: _ } = self;
        stop.send_replace(true);
        let drained = tokio::time::timeout(DRAIN, async {
            while let Some(ended) = sources.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(%error, "a source ended badly");
                }
            }
            writer.barrier().await
        })
        .await;
        sources.abort_all();
        // both wait for their threads, which a disk that hangs can make long: not on the runtime's own thread
        let ended = tokio::task::spawn_blocking(move || {
            drop(abandoning);
            // the writer first: what it still makes durable is what the sinks deliver last
            drop(thread);
            sinks.into_iter().for_each(Worker::finish);
        });
        if let Err(error) = ended.await {
            tracing::error!(%error, "the writer ended badly");
        }
        match drained {
            Ok(barrier) => barrier.map(|()| Stopped::Drained),
            Err(_) => Ok(Stopped::TimedOut),
        }
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}

/// The journal for the writer, the historian, and the historian's own handle on the journal.
fn open_storage(config: &Config) -> Result<(Journal, Historian, Journal), Error> {
    let data = &config.storage.data;
    std::fs::create_dir_all(data).map_err(|source| Error::DataFolder { path: data.clone(), source })?;
    let mut options = JournalOptions::default();
    options.max_bytes = config.storage.journal_limit;
    let journal = Journal::open(data.join(JOURNAL_FILE), options)?;
    let historian = Historian::open(data.join(HISTORIAN_DIR))?;
    let sealing = journal.another()?;
    Ok((journal, historian, sealing))
}

/// A sink that is open, by its name, and what starts it.
type Open = (String, Box<dyn FnOnce(Events, Life) -> Result<Worker, Error>>);

/// The configured sinks. A sink that is not configured any more holds nothing back.
fn open_sinks(config: &Config, journal: &Journal) -> Result<Vec<Open>, Error> {
    let mut own = journal.another()?;
    for (name, _) in own.cursors()? {
        let known = name == HISTORIAN_SINK || config.sinks.iter().any(|sink| sink.name.as_str() == name);
        if !known {
            tracing::warn!(sink = name, "this sink is no longer configured; what waited for it is let go");
            own.remove_sink(&name)?;
            own.remove_source_status(&status_key(&name))?;
        }
    }
    config.sinks.iter().map(|sink| open_sink(config, sink, journal)).collect()
}

fn open_sink(config: &Config, sink: &SinkConfig, journal: &Journal) -> Result<Open, Error> {
    let name = sink.name.as_str().to_owned();
    let (own, report) = (journal.another()?, Report::new(&name, journal.another()?));
    Ok(match &sink.kind {
        SinkKind::File { folder, format } => {
            ready(FileSink::new(name, folder.clone(), *format, own)?, sink.every, report)
        }
        SinkKind::Omf(omf) => {
            let quarantine = config.storage.data.join(QUARANTINE_DIR).join(&name);
            ready(OmfSink::new(name, (**omf).clone(), quarantine, own)?, sink.every, report)
        }
        SinkKind::Stdout => ready(StdoutSink::new(name, own)?, sink.every, report),
    })
}

fn ready(sink: impl Sink, every: Duration, report: Report) -> Open {
    let name = sink.name().to_owned();
    (name, Box::new(move |events, life| Worker::start(sink, every, Some(report), events, life)))
}

/// In the data folder; in it one folder per sink.
const QUARANTINE_DIR: &str = "quarantine";
/// How long stopping may take.
const DRAIN: Duration = Duration::from_secs(10);
/// Events a slow follower may lag behind.
const EVENTS_KEPT: usize = 1024;
