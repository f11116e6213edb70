//! Starting and stopping the whole: the journal's writer, the historian, one supervisor per source.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tagstore::{HISTORIAN_DIR, HISTORIAN_SINK, Historian, JOURNAL_FILE, Journal, JournalOptions, WhenFull};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;
use ua_pki::Store;

use crate::clock::{self, Clock, SystemClock};
use crate::collect::supervisor::{Context, supervise};
use crate::config::{Config, JournalFull, SinkConfig, SourceConfig};
use crate::error::Error;
use crate::event::{Event, Events};
use crate::identity;
use crate::pipeline::{Abandoning, Writer, WriterThread};
use crate::sinks::historian::HistorianSink;
use crate::sinks::{Report, Sink as _, Worker, forget, open_sink, open_sinks};
use crate::watchdog::{Ended, Part, Watchdog};

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
    sources: BTreeMap<String, SourceTask>,
    historian: Worker,
    sinks: BTreeMap<String, Worker>,
    shared: Shared,
    thread: WriterThread,
    /// A handle on the journal for sinks that are added later.
    journal: Journal,
    config: Config,
}

/// What all sources share.
struct Shared {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    writer: Writer,
    events: Events,
    watchdog: Watchdog,
    application_uri: String,
    session_name: String,
    data: PathBuf,
}

/// A source's supervisor. Dropping it ends the source where it stands.
struct SourceTask {
    stop: watch::Sender<bool>,
    task: JoinSet<()>,
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
        let (spare, report) = (journal.another()?, Report::new(HISTORIAN_SINK, journal.another()?));
        let events = Events(broadcast::channel(EVENTS_KEPT).0);
        let watchdog = Watchdog::new();
        let (writer, thread) = Writer::start(journal, events.clone(), watchdog.life(Part::Writer))?;
        let sink = HistorianSink::new(historian, sealing, config.storage.keep);
        let life = watchdog.life(Part::Sink(sink.name().to_owned()));
        let historian = Worker::start(sink, config.storage.seal_every, Some(report), events.clone(), life)?;
        let mut sinks = BTreeMap::new();
        for (name, start) in others {
            let worker = start(events.clone(), watchdog.life(Part::Sink(name.clone())))?;
            sinks.insert(name, worker);
        }
        let shared = Shared {
            store,
            clock,
            writer,
            events,
            watchdog,
            application_uri: config.application.uri.clone(),
            session_name: config.application.name.clone(),
            data: config.storage.data.clone(),
        };
        // before the first of them says which streams it has
        shared.writer.collects(config.sources.iter().map(|source| source.name.to_string()));
        let sources =
            config.sources.iter().map(|source| (source.name.to_string(), shared.collect(source.clone())));
        let sources = sources.collect();
        let abandoning = thread.abandoning();
        write_down(&config);
        Ok(Handle { abandoning, sources, historian, sinks, shared, thread, journal: spare, config })
    }
}

impl Shared {
    /// Starts to collect a source.
    fn collect(&self, source: SourceConfig) -> SourceTask {
        let context = Context {
            source,
            store: Arc::clone(&self.store),
            application_uri: self.application_uri.clone(),
            clock: Arc::clone(&self.clock),
            session_name: self.session_name.clone(),
            writer: self.writer.clone(),
            events: self.events.clone(),
            data: self.data.clone(),
        };
        let life = self.watchdog.life(Part::Source(context.source.name.to_string()));
        let (stop, stopped) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(async move {
            supervise(context, stopped.clone()).await;
            if *stopped.borrow() {
                life.dismiss();
            }
        });
        SourceTask { stop, task }
    }
}

impl SourceTask {
    fn tell_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until it has stopped.
    async fn stopped(&mut self) {
        while let Some(ended) = self.task.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a source ended badly");
            }
        }
    }
}

impl Handle {
    /// Follows what happens from now on. A slow follower misses the oldest events and is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.shared.events.0.subscribe()
    }

    /// What it does now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Waits for a part that ends although nobody told it to stop, for ever if none does. What remains cannot make up
    /// for it: stop and end the process, so that whoever watches it starts it again. Cancel safe.
    pub fn ended(&self) -> impl Future<Output = Ended> + use<> {
        let watchdog = self.shared.watchdog.clone();
        async move { watchdog.ended().await }
    }

    /// Stops collecting, makes durable what was received, within ten seconds, and lets every sink deliver once more.
    /// Subscriptions stay on the servers, so that the next start continues where this one ended.
    ///
    /// # Errors
    /// [`Error::WriterGone`] when the journal's thread ended before its time.
    pub async fn stop(self) -> Result<Stopped, Error> {
        let Self { abandoning, mut sources, historian, sinks, shared, thread, journal, config: _ } = self;
        sources.values().for_each(SourceTask::tell_to_stop);
        let deadline = clock::instant() + STOP;
        let drained = tokio::time::timeout(STOP.saturating_sub(FOR_SINKS), async {
            for source in sources.values_mut() {
                source.stopped().await;
            }
            shared.writer.barrier().await
        })
        .await;
        drop(sources);
        // both wait for their threads, which a disk that hangs can make long: not on the runtime's own thread
        let ended = tokio::task::spawn_blocking(move || {
            drop(abandoning);
            // the writer first: what it still makes durable is what the sinks deliver last
            drop(thread);
        });
        if let Err(error) = ended.await {
            tracing::error!(%error, "the writer ended badly");
        }
        // beside each other: one that hangs must not make the others wait, nor the end
        let mut ending = JoinSet::new();
        for sink in sinks.into_values().chain([historian]) {
            let patience = deadline.saturating_duration_since(clock::instant()).min(FOR_SINKS);
            ending.spawn_blocking(move || sink.finish(patience));
        }
        while let Some(ended) = ending.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a sink ended badly");
            }
        }
        drop(journal);
        match drained {
            Ok(barrier) => barrier.map(|()| Stopped::Drained),
            Err(_) => Ok(Stopped::TimedOut),
        }
    }

    /// Stops one source; one that does not in time is ended where it stands, and what it had not acknowledged is asked
    /// for again.
    pub(crate) async fn stop_source(&mut self, name: &str) {
        let Some(mut source) = self.sources.remove(name) else { return };
        source.tell_to_stop();
        if tokio::time::timeout(DRAIN, source.stopped()).await.is_err() {
            tracing::warn!(source = name, "the source does not stop in time");
        }
    }

    /// A source that was stopped is not to come back.
    pub(crate) fn forget_source(&self, name: &str) {
        self.shared.writer.collects_no_more(name);
    }

    /// Waits until everything that was received is durable.
    ///
    /// # Errors
    /// [`Error::WriterGone`].
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        self.shared.writer.barrier().await
    }

    pub(crate) fn start_source(&mut self, source: SourceConfig) {
        self.shared.writer.collects([source.name.to_string()]);
        self.sources.insert(source.name.to_string(), self.shared.collect(source));
    }

    /// Lets one sink deliver once more and ends it.
    pub(crate) async fn stop_sink(&mut self, name: &str) {
        let Some(sink) = self.sinks.remove(name) else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || sink.finish(DRAIN)).await {
            tracing::error!(%error, "a sink ended badly");
        }
    }

    /// Starts a sink as `config` has it.
    ///
    /// # Errors
    /// That of opening it.
    pub(crate) fn start_sink(&mut self, config: &Config, sink: &SinkConfig) -> Result<(), Error> {
        let (name, start) = open_sink(config, sink, &self.journal)?;
        let life = self.shared.watchdog.life(Part::Sink(name.clone()));
        self.sinks.insert(name, start(self.shared.events.clone(), life)?);
        Ok(())
    }

    /// Lets go what waits for a sink that is not configured any more.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(crate) fn forget_sink(&mut self, name: &str) -> Result<(), Error> {
        forget(&mut self.journal, name)
    }

    /// From now on this is what it does.
    pub(crate) fn take_over(&mut self, config: Config) {
        write_down(&config);
        self.config = config;
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("sources", &self.sources.len()).finish_non_exhaustive()
    }
}

/// For `lockgate config plan`. Collecting does not depend on it.
fn write_down(config: &Config) {
    let path = config.storage.data.join(RUNNING_FILE);
    let fresh = path.with_extension("new");
    let written = std::fs::write(&fresh, config.snapshot()).and_then(|()| std::fs::rename(&fresh, &path));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "what runs cannot be written down");
    }
}

/// The journal for the writer, the historian, and the historian's own handle on the journal.
fn open_storage(config: &Config) -> Result<(Journal, Historian, Journal), Error> {
    let data = &config.storage.data;
    std::fs::create_dir_all(data).map_err(|source| Error::DataFolder { path: data.clone(), source })?;
    let mut options = JournalOptions::default();
    options.max_bytes = config.storage.journal_limit;
    options.max_age = config.storage.journal_age;
    if config.storage.journal_full == JournalFull::DropOldest {
        // two rounds of the historian, and a retry after its longest pause
        let spare_unsealed = config.storage.seal_every.saturating_mul(2).saturating_add(SEALS_AGAIN);
        options.when_full = WhenFull::DropOldest { spare_unsealed };
    }
    let journal = Journal::open(data.join(JOURNAL_FILE), options)?;
    let historian = Historian::open(data.join(HISTORIAN_DIR))?;
    let sealing = journal.another()?;
    Ok((journal, historian, sealing))
}

/// In the data folder: what the running connector does.
pub const RUNNING_FILE: &str = "running.json";
/// By then a sealing that failed was tried again.
const SEALS_AGAIN: Duration = Duration::from_secs(120);
/// How long stopping may take, for people and service managers who wait for it.
const STOP: Duration = Duration::from_secs(10);
/// How much of that the sinks have for their last delivery.
const FOR_SINKS: Duration = Duration::from_secs(4);
/// How long one source or sink may take that is stopped while the others go on.
const DRAIN: Duration = Duration::from_secs(10);
/// Events a slow follower may lag behind.
const EVENTS_KEPT: usize = 1024;
