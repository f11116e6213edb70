//! The thread that owns the journal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tagstore::{Commit, FillUpdate, Journal, NewGap, NewJob, NewStream, SampleBatch, StreamId, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::clock;
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::pipeline::health::{Health, Trouble, Upkeep};
use crate::watchdog::Life;

/// What one source wants to be durable, all or nothing.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) batch: SampleBatch,
    pub(crate) gaps: Vec<NewGap>,
    pub(crate) states: Vec<(String, Vec<u8>)>,
    pub(crate) fills: Vec<FillUpdate>,
    pub(crate) jobs: Vec<NewJob>,
}

/// Hands work to the thread. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Writer {
    orders: Sender<Order>,
    room: Arc<Semaphore>,
    health: Arc<Health>,
    statuses: Statuses,
    /// The sources that are collected, by name.
    collected: Arc<Mutex<BTreeSet<String>>>,
}

/// The newest status of each source that is not written yet: a board, not a queue, so that a disk that hangs for a week
/// does not fill the memory.
type Statuses = Arc<Mutex<BTreeMap<String, String>>>;

/// The thread itself. Dropping it makes it stop after the commit in hand and waits for that.
pub(crate) struct WriterThread {
    abandon: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

enum Order {
    Append { entry: Box<Entry>, done: oneshot::Sender<()>, _room: OwnedSemaphorePermit },
    Register { streams: Vec<NewStream>, others: BTreeSet<String>, reply: Reply<Vec<StreamId>> },
    State { key: String, reply: Reply<Option<Vec<u8>>> },
    CountGaps { source: String, reply: Reply<usize> },
    Barrier { reply: oneshot::Sender<()> },
}

type Reply<T> = oneshot::Sender<Result<T, tagstore::Error>>;

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`Error::Thread`].
    pub(crate) fn start(journal: Journal, events: Events, life: Life) -> Result<(Self, WriterThread), Error> {
        let (orders, inbox) = channel();
        let abandon = Arc::new(AtomicBool::new(false));
        let health = Arc::new(Health::default());
        let statuses = Statuses::default();
        let state = Thread {
            journal,
            inbox,
            events,
            abandon: Arc::clone(&abandon),
            health: Arc::clone(&health),
            statuses: Arc::clone(&statuses),
            upkeep: Upkeep::default(),
        };
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                let _life = life;
                state.run();
            })
            .map_err(|source| Error::Thread { what: "the journal", source })?;
        let room = Arc::new(Semaphore::new(MAX_WAITING_ROWS));
        let writer = Self { orders, room, health, statuses, collected: Arc::default() };
        Ok((writer, WriterThread { abandon, thread: Some(thread) }))
    }

    /// Hands over an entry, waiting while too much waits already. The receiver hears when it is durable; it fails
    /// only when the connector stops first.
    ///
    /// # Errors
    /// [`Error::WriterGone`].
    pub(crate) async fn append(&self, entry: Entry) -> Result<oneshot::Receiver<()>, Error> {
        let rows = entry.batch.len().saturating_add(entry.batch.heap_bytes() / ROW_BYTES);
        let rows = u32::try_from(rows.clamp(1, MAX_WAITING_ROWS)).unwrap_or(1);
        let room = Arc::clone(&self.room).acquire_many_owned(rows).await.map_err(|_| Error::WriterGone)?;
        let (done, durable) = oneshot::channel();
        self.send(Order::Append { entry: Box::new(entry), done, _room: room })?;
        Ok(durable)
    }

    /// Registers streams of one source, idempotent by key. Two servers that are copies of one another have the same keys:
    /// a stream of another source that is collected, too, stays that source's.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::WriterGone`].
    pub(crate) async fn register(&self, streams: Vec<NewStream>) -> Result<Vec<StreamId>, Error> {
        let mut others = self.collected.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(stream) = streams.first() {
            others.remove(&stream.source);
        }
        self.ask(|reply| Order::Register { streams, others, reply }).await
    }

    /// These sources are collected from now on, beside those that are already.
    pub(crate) fn collects(&self, sources: impl IntoIterator<Item = String>) {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).extend(sources);
    }

    /// A source is not collected any more.
    pub(crate) fn collects_no_more(&self, source: &str) {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner).remove(source);
    }

    /// A saved state.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::WriterGone`].
    pub(crate) async fn state(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        self.ask(|reply| Order::State { key, reply }).await
    }

    /// How many gaps of a source are on the ledger.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::WriterGone`].
    pub(crate) async fn count_gaps(&self, source: String) -> Result<usize, Error> {
        self.ask(|reply| Order::CountGaps { source, reply }).await
    }

    /// Keeps a source's status. Best effort: it is written soon, and again within a second.
    pub(crate) fn status(&self, source: &str, json: String) {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).insert(source.to_owned(), json);
    }

    /// Waits until everything handed over before is durable.
    ///
    /// # Errors
    /// [`Error::WriterGone`].
    pub(crate) async fn barrier(&self) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.send(Order::Barrier { reply })?;
        answer.await.map_err(|_| Error::WriterGone)
    }

    /// Whether so much waits for the disk, or goes for want of room, that what can wait should.
    pub(crate) fn is_behind(&self) -> bool {
        self.health.is_failing()
            || self.health.loses(clock::instant())
            || self.room.available_permits() < MAX_WAITING_ROWS / 2
    }

    /// Why the last commit was refused, and what to do; `None` when it was not.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        self.health.trouble()
    }

    async fn ask<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.send(order(reply))?;
        Ok(answer.await.map_err(|_| Error::WriterGone)??)
    }

    fn send(&self, order: Order) -> Result<(), Error> {
        self.orders.send(order).map_err(|_| Error::WriterGone)
    }
}

/// When dropped, the writer stops after the commit in hand. Waits for nothing.
pub(crate) struct Abandoning(Arc<AtomicBool>);

impl Drop for Abandoning {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl WriterThread {
    /// To stop it before it is waited for.
    pub(crate) fn abandoning(&self) -> Abandoning {
        Abandoning(Arc::clone(&self.abandon))
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.abandon.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the journal's thread ended by a panic");
        }
    }
}

struct Thread {
    journal: Journal,
    inbox: Receiver<Order>,
    events: Events,
    abandon: Arc<AtomicBool>,
    health: Arc<Health>,
    statuses: Statuses,
    upkeep: Upkeep,
}

/// Entries for one commit, with those who wait for them.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    waiting: Vec<(oneshot::Sender<()>, OwnedSemaphorePermit)>,
    rows: usize,
}

impl Group {
    fn add(&mut self, entry: Box<Entry>, done: oneshot::Sender<()>, room: OwnedSemaphorePermit) {
        self.rows += entry.batch.len();
        self.entries.push(*entry);
        self.waiting.push((done, room));
    }
}

impl Thread {
    fn run(mut self) {
        while !self.abandoned() {
            match self.inbox.recv_timeout(LOOK_UP) {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.write_statuses();
            self.upkeep.turn(&mut self.journal, &self.health, &self.events);
        }
        self.write_statuses();
    }

    fn write_statuses(&mut self) {
        let statuses = std::mem::take(&mut *self.statuses.lock().unwrap_or_else(PoisonError::into_inner));
        let now = Timestamp::from(clock::now());
        for (source, json) in statuses {
            if let Err(error) = self.journal.set_source_status(&source, &json, now) {
                match self.health.is_failing() {
                    // an echo of what was logged already
                    true => tracing::debug!(source, %error, "status not kept"),
                    false => tracing::warn!(source, %error, "status not kept"),
                }
            }
        }
    }

    fn abandoned(&self) -> bool {
        self.abandon.load(Ordering::Relaxed)
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Append { entry, done, _room } => {
                let mut group = Group::default();
                group.add(entry, done, _room);
                let next = self.fill(&mut group);
                self.commit(group);
                if let Some(next) = next {
                    self.take(next);
                }
            }
            other => self.answer(other),
        }
    }

    /// Adds what arrives within the window. Gives back the order that is no entry and ended it, if there was one.
    fn fill(&mut self, group: &mut Group) -> Option<Order> {
        let deadline: Instant = clock::instant() + GROUP_WINDOW;
        while group.rows < GROUP_ROWS {
            let left = deadline.saturating_duration_since(clock::instant());
            match self.inbox.recv_timeout(left) {
                Ok(Order::Append { entry, done, _room }) => group.add(entry, done, _room),
                // questions about the journal see what was handed over before them
                Ok(other) => return Some(other),
                Err(_) => break,
            }
        }
        None
    }

    /// Commits, again and again while the disk refuses.
    fn commit(&mut self, group: Group) {
        let mut pause = RETRY_FIRST;
        loop {
            match self.append(&group.entries) {
                Ok(()) => break,
                Err(error) => {
                    tracing::error!(%error, rows = group.rows, "samples cannot be made durable; trying again");
                    if self.health.fails(&error) {
                        self.events.send(None, EventKind::StorageFailed { detail: error.to_string() });
                    }
                }
            }
            // what waits too long for a sink may be what the room is missing for
            self.upkeep.turn(&mut self.journal, &self.health, &self.events);
            let resume = clock::instant() + pause;
            while clock::instant() < resume {
                if self.abandoned() {
                    return;
                }
                // the only way to tell that samples are refused; where the reason is our own limit, it is open
                self.write_statuses();
                std::thread::sleep(LOOK_UP.min(pause));
            }
            pause = (pause * 2).min(RETRY_LONGEST);
        }
        if self.health.works() {
            self.events.send(None, EventKind::StorageRecovered);
        }
        for (done, _) in group.waiting {
            if done.send(()).is_err() {
                tracing::trace!("nobody waits for this entry any more");
            }
        }
    }

    fn append(&mut self, entries: &[Entry]) -> Result<(), tagstore::Error> {
        let batches: Vec<&SampleBatch> = entries.iter().map(|entry| &entry.batch).collect();
        let gaps: Vec<NewGap> = entries.iter().flat_map(|entry| entry.gaps.iter().cloned()).collect();
        let states: Vec<(&str, &[u8])> = entries
            .iter()
            .flat_map(|entry| entry.states.iter().map(|(key, blob)| (key.as_str(), blob.as_slice())))
            .collect();
        let fills: Vec<FillUpdate> = entries.iter().flat_map(|entry| entry.fills.iter().cloned()).collect();
        let jobs: Vec<NewJob> = entries.iter().flat_map(|entry| entry.jobs.iter().cloned()).collect();
        let now = Timestamp::from(clock::now());
        let commit =
            Commit { batches: &batches, gaps: &gaps, states: &states, fills: &fills, jobs: &jobs, now };
        self.journal.append(&commit).map(|_| ())
    }

    fn answer(&mut self, order: Order) {
        let heard = match order {
            Order::Append { .. } => true,
            Order::Register { streams, others, reply } => {
                reply.send(self.journal.register_streams_beside(&streams, &others)).is_ok()
            }
            Order::State { key, reply } => reply.send(self.journal.state(&key)).is_ok(),
            Order::CountGaps { source, reply } => {
                let counted = self.journal.count_gaps(&source);
                reply.send(counted.map(|count| usize::try_from(count).unwrap_or(usize::MAX))).is_ok()
            }
            Order::Barrier { reply } => reply.send(()).is_ok(),
        };
        if !heard {
            tracing::trace!("nobody waits for this answer any more");
        }
    }
}

/// How long a commit waits for company: well below the 100 ms that a value may take until it is durable.
pub(super) const GROUP_WINDOW: Duration = Duration::from_millis(50);
/// Text and bytes that count as one row more.
const ROW_BYTES: usize = 128;
/// Rows that may wait to become durable, over all sources; so many times `ROW_BYTES`, 64 MB, is what text may take.
pub(super) const MAX_WAITING_ROWS: usize = 500_000;
/// Rows that close a group before its window ends.
const GROUP_ROWS: usize = 100_000;
/// How often the thread looks whether it shall stop.
const LOOK_UP: Duration = Duration::from_millis(100);
const RETRY_FIRST: Duration = Duration::from_millis(500);
const RETRY_LONGEST: Duration = Duration::from_secs(10);
