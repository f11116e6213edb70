//! The task that fills, one per connection.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tagstore::{
    FillOf, FillUpdate, Job, JobState, OpenGap, Reader, SampleBatch, StreamId, StreamQuery, Timestamp,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use ua_client::{HistoryRange, NodeHistory, RawHistory, Session};

use super::fetch::{Take, first_before, outcome_of};
use super::known;
use super::pace::Pace;
use super::targets::{Target, target};
use super::verdict::verdict;
use super::work::{Of, Outcome, Work, end_of};
use crate::clock;
use crate::config::History;
use crate::error::Error;
use crate::event::{EventKind, Events};
use crate::pipeline::{Entry, Writer};

/// What the lane must know of its source.
pub(crate) struct Facts {
    pub(crate) source: String,
    /// The data folder.
    pub(crate) data: PathBuf,
    pub(crate) history: History,
    pub(crate) server_application_uri: String,
    pub(crate) writer: Writer,
    pub(crate) events: Events,
    pub(crate) told: Arc<Told>,
}

/// Where the live values stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frontier {
    /// Up to when nothing more comes by itself; absent before anything came.
    pub(crate) complete: Timestamp,
    /// The streams that are collected.
    pub(crate) streams: Arc<[StreamId]>,
}

/// What the lane tells the status of its source.
#[derive(Debug, Default)]
pub(crate) struct Told {
    added: AtomicU64,
    /// One more than the number of open gaps; 0 when there is no news.
    open: AtomicU64,
}

impl Told {
    /// Samples added from history since the connector started.
    pub(crate) fn added(&self) -> u64 {
        self.added.load(Ordering::Relaxed)
    }

    /// How many gaps are open, if that was counted since the last question.
    pub(crate) fn open(&self) -> Option<u64> {
        self.open.swap(0, Ordering::Relaxed).checked_sub(1)
    }
}

/// Starts the lane of a connection; it ends when what is given back is dropped.
pub(crate) fn start(facts: Facts, session: Session, frontier: watch::Receiver<Frontier>) -> JoinSet<()> {
    let mut task = JoinSet::new();
    task.spawn(async move {
        let namespaces = match session.namespaces().await {
            Ok(namespaces) => namespaces.into_uris(),
            Err(error) => return tracing::debug!(source = facts.source, %error, "no lane for history"),
        };
        let pace = Pace::new(facts.history.values_per_second);
        let reaches_back = HashMap::new();
        let since = Timestamp::from(clock::now());
        let lane = Lane {
            facts,
            session,
            namespaces,
            frontier,
            pace,
            reaches_back,
            since,
            all: None,
            under_way: None,
            counted: None,
        };
        lane.run().await;
    });
    task
}

struct Lane {
    facts: Facts,
    session: Session,
    namespaces: Vec<String>,
    frontier: watch::Receiver<Frontier>,
    pace: Pace,
    /// A time at which the server's history of a stream has a value.
    reaches_back: HashMap<StreamId, i64>,
    /// When it began.
    since: Timestamp,
    /// All streams of the source, and when they were looked up.
    all: Option<(Instant, Arc<[Target]>)>,
    /// The targets of what is under way.
    under_way: Option<(Of, Arc<[Target]>)>,
    /// When the open gaps were counted last.
    counted: Option<Instant>,
}

/// What is most urgent.
enum Due {
    Gap(OpenGap),
    Job(Job),
}

impl Lane {
    async fn run(mut self) {
        loop {
            match self.turn().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
                Err(Error::Client(error)) => {
                    // the connection's own task notices by itself
                    return tracing::debug!(source = self.facts.source, %error, "reading history ended");
                }
                Err(error) => {
                    tracing::warn!(source = self.facts.source, %error, "gaps cannot be filled");
                    tokio::time::sleep(AFTER_TROUBLE).await;
                }
            }
        }
    }

    /// Deals with a few streams of what is most urgent. False when there is nothing to do.
    async fn turn(&mut self) -> Result<bool, Error> {
        let frontier = self.frontier.borrow().clone();
        if frontier.complete.is_absent() || self.facts.writer.is_behind() {
            return Ok(false);
        }
        let Some(due) = self.due(frontier.complete).await? else {
            self.count().await?;
            return Ok(false);
        };
        let mut work = match due {
            Due::Gap(open) => {
                let of = Of::Gap { id: open.gap.id, tries: open.gap.repair.tries };
                let only = open.gap.stream;
                let is_meant = move |target: &Target| {
                    only.map_or(frontier.streams.contains(&target.stream), |only| only == target.stream)
                };
                let targets = self.targets(&of, is_meant).await?;
                Work::gap(open, targets)
            }
            Due::Job(job) => {
                let selection = Selection::of(&job, &self.facts.source);
                let targets = self.targets(&Of::Job { id: job.id }, move |t| selection.holds(t)).await?;
                Work::job(job, frontier.complete, targets)
            }
        };
        self.group(&mut work).await?;
        Ok(true)
    }

    async fn due(&self, complete: Timestamp) -> Result<Option<Due>, Error> {
        let (source, repair, since) = (self.facts.source.clone(), self.facts.history.repair, self.since);
        self.ask(move |reader| {
            let now = Timestamp::from(clock::now());
            let settled = now.saturating_add_millis(-SETTLED_MS);
            let gap = if repair { reader.next_gap(&source, complete, settled, now)? } else { None };
            if let Some(gap) = gap {
                return Ok(Some(Due::Gap(gap)));
            }
            Ok(reader.next_job(&source)?.filter(|job| is_over(job, complete, since, now)).map(Due::Job))
        })
        .await
    }

    /// The streams that something is about, by number.
    async fn targets(&mut self, of: &Of, is_meant: impl Fn(&Target) -> bool) -> Result<Arc<[Target]>, Error> {
        let all = self.all_targets().await?;
        if let Some((known, targets)) = &self.under_way
            && known == of
        {
            return Ok(Arc::clone(targets));
        }
        let targets: Arc<[Target]> = all.iter().filter(|target| is_meant(target)).cloned().collect();
        self.under_way = Some((of.clone(), Arc::clone(&targets)));
        Ok(targets)
    }

    /// All streams of the source. Looked up once in a while: there may be as many gaps as streams.
    async fn all_targets(&mut self) -> Result<Arc<[Target]>, Error> {
        let now = clock::instant();
        if let Some((at, targets)) = &self.all
            && now.saturating_duration_since(*at) < LOOK_UP_EVERY
        {
            return Ok(Arc::clone(targets));
        }
        let (source, server) = (self.facts.source.clone(), self.facts.server_application_uri.clone());
        let namespaces = self.namespaces.clone();
        let targets = self
            .ask(move |reader| {
                let streams = reader.streams()?.into_iter().filter(|stream| stream.source == source);
                let targets = streams.filter_map(|stream| target(stream, &server, &namespaces));
                let mut targets: Vec<Target> = targets.collect();
                targets.sort_by_key(|target| target.stream);
                Ok(Arc::<[Target]>::from(targets))
            })
            .await?;
        self.all = Some((now, Arc::clone(&targets)));
        self.under_way = None;
        Ok(targets)
    }

    /// Reads the next streams of something to their end, or until it is told to pause.
    async fn group(&mut self, work: &mut Work) -> Result<(), Error> {
        let group = work.group();
        while let Some((start, targets)) = work.next_reading(&group) {
            if !self.read(work, start, &targets).await? {
                return Ok(());
            }
        }
        if matches!(work.of, Of::Gap { .. }) {
            self.look_before(work, &group).await?;
        }
        work.close_group(&group);
        if work.group().is_empty() {
            return self.end(work).await;
        }
        self.keep(SampleBatch::new(), work.on_the_way()).await?;
        Ok(())
    }

    /// One reading of some streams. False when it shall not go on.
    async fn read(&mut self, work: &mut Work, start: i64, targets: &[Target]) -> Result<bool, Error> {
        let (from, to) = (work.reached.from.max(1), work.reached.to.max(1));
        let start = start.max(1);
        let mut history = RawHistory::new(HistoryRange::between(start, to.max(start).saturating_add(1)));
        history.page_size = work.page_size(targets);
        let nodes = targets.iter().map(|target| target.node.clone()).collect();
        let mut take = Take::new(targets, (from, to), start, Timestamp::from(clock::now()));
        let mut pages = self.session.history_raw(nodes, history)?;
        let mut idle = 0;
        loop {
            self.pace.wait(&self.facts.writer).await;
            let page = match pages.next_page(&mut take).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(true),
                Err(error) => {
                    let Some(outcome) = outcome_of(&error) else { return Err(error.into()) };
                    work.refused(targets, &outcome);
                    return Ok(true);
                }
            };
            let (mut values, mut moved) = (0, false);
            let open: Vec<_> =
                page.nodes.iter().filter(|node| node.state == NodeHistory::More).copied().collect();
            for node in page.nodes {
                let Some(target) = targets.get(node.node) else { continue };
                values += node.values;
                moved |= work.note(target.stream, take.seen(node.node), node.state, start);
            }
            self.pace.spent(values);
            let seen: Vec<_> = open.iter().map(|node| take.seen(node.node)).collect();
            let batch = take.page();
            let added = if batch.is_empty() { 0 } else { self.store(work, batch).await? };
            idle = if moved || added > 0 { 0 } else { idle + 1 };
            if idle >= MAX_IDLE {
                // more of the same: better to ask anew than to listen on
                for (node, seen) in open.iter().zip(seen) {
                    let Some(target) = targets.get(node.node) else { continue };
                    work.note(target.stream, seen, NodeHistory::Circles, start);
                }
                return self.goes_on(work).await;
            }
            if !self.goes_on(work).await? {
                return Ok(false);
            }
        }
    }

    /// Makes durable what was not here, together with how far it came.
    async fn store(&mut self, work: &mut Work, page: SampleBatch) -> Result<u64, Error> {
        // what came live before is in the store then
        self.facts.writer.barrier().await?;
        let fresh = self.ask(move |reader| known::missing(reader, &page)).await?;
        let added = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        work.tally.added += added;
        self.keep(fresh, work.on_the_way()).await?;
        self.facts.told.added.fetch_add(added, Ordering::Relaxed);
        Ok(added)
    }

    async fn keep(&self, batch: SampleBatch, update: FillUpdate) -> Result<(), Error> {
        let entry = Entry { batch, fills: vec![update], ..Entry::default() };
        let durable = self.facts.writer.append(entry).await?;
        durable.await.map_err(|_| Error::WriterGone)
    }

    /// A job may be paused or cancelled on the way.
    async fn goes_on(&self, work: &Work) -> Result<bool, Error> {
        let Of::Job { id } = work.of else { return Ok(true) };
        let job = self.ask(move |reader| reader.job(id)).await?;
        Ok(job.is_some_and(|job| matches!(job.state, JobState::Waiting | JobState::Running)))
    }

    /// Whether the history of the streams that were read whole reaches back to the begin of the gap: one that begins
    /// inside may have been longer before the server lost it.
    async fn look_before(&mut self, work: &mut Work, group: &[Target]) -> Result<(), Error> {
        let from = work.reached.from;
        let mut unsure = Vec::new();
        for target in group {
            let is_whole = work.part(target.stream).outcome == Some(Outcome::Complete);
            let is_known = self.reaches_back.get(&target.stream).is_some_and(|time| *time <= from);
            if is_whole && !is_known {
                unsure.push(target.clone());
            }
        }
        if unsure.is_empty() {
            return Ok(());
        }
        self.pace.wait(&self.facts.writer).await;
        let found = first_before(&self.session, &unsure, from).await?;
        for (target, found) in unsure.into_iter().zip(found) {
            match found {
                Some(time) => {
                    self.reaches_back.insert(target.stream, time);
                }
                None if self.was_longer(target.stream, work.part(target.stream).first, work.to()).await? => {
                    let why = match work.part(target.stream).first {
                        0 => "the server's history has nothing from that time",
                        _ => "the server's history begins after the gap does",
                    };
                    work.part(target.stream).outcome = Some(Outcome::Failed(why.to_owned()));
                }
                // it has no value that could be missing
                None => {}
            }
        }
        Ok(())
    }

    /// Whether a good value of the stream is here that is older than the first that the server still has. `first` is 0
    /// when it has none up to `to`.
    async fn was_longer(&self, stream: StreamId, first: i64, to: Timestamp) -> Result<bool, Error> {
        self.ask(move |reader| {
            let to = Some(if first == 0 { to } else { Timestamp::from_ticks(first) });
            let oldest = reader.query(&StreamQuery { to, ..StreamQuery::new(stream, LOOKED_AT) })?;
            Ok(oldest.iter().any(|sample| sample.status & SEVERITY == 0))
        })
        .await
    }

    /// Every stream is done: writes the verdict down and tells it.
    async fn end(&mut self, work: &Work) -> Result<(), Error> {
        let update = work.over(verdict(work, Timestamp::from(clock::now())));
        self.under_way = None;
        self.keep(SampleBatch::new(), update.clone()).await?;
        let kind = match update.of {
            FillOf::Gap { state, .. } => EventKind::GapRead {
                from: work.from().to_jiff().unwrap_or_default(),
                to: work.to().to_jiff().unwrap_or_default(),
                state: state.as_str(),
                cause: update.cause,
                added: update.tally.added,
            },
            FillOf::Job { id, state } => EventKind::JobEnded {
                job: id,
                state: state.as_str(),
                cause: update.cause,
                added: update.tally.added,
            },
        };
        self.facts.events.send(Some(&self.facts.source), kind);
        self.counted = None;
        Ok(())
    }

    /// Tells how many gaps are open, when that may have changed and not too often: there may be many.
    async fn count(&mut self) -> Result<(), Error> {
        let now = clock::instant();
        if self.counted.is_some_and(|at| now.saturating_duration_since(at) < COUNT_EVERY) {
            return Ok(());
        }
        let source = self.facts.source.clone();
        let counts = self.ask(move |reader| reader.gap_counts(Some(&source))).await?;
        self.facts.told.open.store(counts.open.saturating_add(1), Ordering::Relaxed);
        self.counted = Some(now);
        Ok(())
    }

    /// Asks the store, away from the tasks that carry live values.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Reader) -> Result<T, tagstore::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let data = self.facts.data.clone();
        let answer = tokio::task::spawn_blocking(move || question(&Reader::open(&data)?)).await;
        Ok(answer.map_err(|_| Error::WriterGone)??)
    }
}

/// Whether a job's interval is over: what comes by itself has come. A server whose clock is behind is not waited for.
fn is_over(job: &Job, complete: Timestamp, since: Timestamp, now: Timestamp) -> bool {
    let waits_since = since.max(job.created_at);
    job.from <= complete
        && (end_of(job) <= complete || waits_since.saturating_add_millis(LONGEST_WAIT_MS) <= now)
}

/// Which streams a job is about.
struct Selection {
    stream: Option<StreamId>,
    pattern: Option<crate::selection::PathPattern>,
    /// In front of every name.
    source: String,
}

impl Selection {
    fn of(job: &Job, source: &str) -> Self {
        let pattern = job.pattern.as_deref().and_then(|text| text.parse().ok());
        Self { stream: job.stream, pattern, source: source.to_owned() }
    }

    fn holds(&self, target: &Target) -> bool {
        self.stream.is_none_or(|stream| stream == target.stream)
            && self.pattern.as_ref().is_none_or(|pattern| {
                let name = target.name.strip_prefix(&self.source).unwrap_or(&target.name);
                pattern.matches(&name.trim_start_matches('.').replace('.', "/"))
            })
    }
}

/// Pages in a row that bring nothing new.
const MAX_IDLE: u32 = 3;
/// Good is no severity.
const SEVERITY: u32 = 0xC000_0000;
/// Values that are looked at to find a good one.
const LOOKED_AT: usize = 100;
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_UP_EVERY: Duration = Duration::from_secs(30);
const AFTER_TROUBLE: Duration = Duration::from_secs(10);
/// How often gaps are counted while nothing happens.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// What comes by itself comes sooner.
const LONGEST_WAIT_MS: i64 = 30_000;
/// A gap that was prolonged so shortly before may still grow.
const SETTLED_MS: i64 = 2000;
