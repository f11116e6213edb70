//! One gap or job under way: which interval, which streams, how far.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tagstore::{FillOf, FillState, FillUpdate, Job, JobState, OpenGap, StreamId, Tally, Timestamp};
use ua_client::{NodeHistory, status_name};

use super::targets::Target;
use super::verdict::{Verdict, never, no_data, says};

/// What is being dealt with.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) of: Of,
    pub(super) tally: Tally,
    pub(super) reached: Checkpoint,
    /// By number.
    pub(super) targets: std::sync::Arc<[Target]>,
}

/// Of what the journal knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    Gap { id: i64, tries: u32 },
    Job { id: i64 },
}

/// How far it came, as it is kept in the journal. JSON, because a person may have to read it one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    /// The interval, both ends included, in ticks.
    pub(super) from: i64,
    pub(super) to: i64,
    /// Only these streams; `None` is all that the job or the gap is about.
    #[serde(default)]
    only: Option<BTreeSet<u32>>,
    /// The streams up to this number are done.
    after: u32,
    /// Those of the next ones that were begun.
    parts: BTreeMap<u32, Part>,
    /// Why a stream was refused that may be had later.
    pub(super) refused: Option<String>,
    /// Why a stream cannot be had whole.
    pub(super) trouble: Option<String>,
    /// Values that the server sent in this pass.
    pub(super) values: u64,
    /// The most values that came of one stream at a time.
    largest: u64,
    /// What was dealt with before the gap was prolonged: begin and outcome.
    pub(super) before: Option<(i64, String)>,
}

/// How far one stream came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Everything before this time is here; 0 at the begin.
    reached: i64,
    /// Time of the first value of it that the server sent; 0 while there is none.
    pub(super) first: i64,
    /// Readings in a row that brought nothing.
    stalls: u32,
    pub(super) outcome: Option<Outcome>,
}

/// How it ended for one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Outcome {
    Complete,
    /// The server keeps no history of it.
    Without(String),
    /// Not now.
    Refused(String),
    /// Not whole.
    Failed(String),
}

/// What one page brought of one stream.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Values inside the interval that no former page brought.
    pub(super) values: u64,
    /// The first time among them; 0 without any.
    pub(super) earliest: i64,
    /// The latest.
    pub(super) latest: i64,
    /// All that came, also what came before.
    pub(super) sent: u64,
}

impl Work {
    /// A gap, from the begin or from where it was.
    pub(super) fn gap(open: OpenGap, targets: std::sync::Arc<[Target]>) -> Self {
        let OpenGap { gap, before, checkpoint } = open;
        let of = Of::Gap { id: gap.id, tries: gap.repair.tries };
        let resumed = checkpoint.and_then(|blob| read(&blob));
        let is_resumed = resumed.is_some();
        let reached = resumed.unwrap_or_else(|| {
            let (from, before) = match before {
                Some((from, to, state)) if from <= gap.from => {
                    (to.max(gap.from), Some((from.ticks(), state.as_str().to_owned())))
                }
                _ => (gap.from, None),
            };
            Checkpoint { from: from.ticks(), to: gap.to.ticks(), before, ..Checkpoint::default() }
        });
        let mut tally = gap.repair.tally;
        if !is_resumed {
            tally = Tally { added: tally.added, ..Tally::default() };
        }
        Self::new(of, tally, reached, targets)
    }

    /// A job, up to what is over.
    pub(super) fn job(job: Job, complete: Timestamp, targets: std::sync::Arc<[Target]>) -> Self {
        let reached = job.checkpoint.as_deref().and_then(read).unwrap_or_else(|| Checkpoint {
            from: job.from.ticks(),
            to: end_of(&job).min(complete).ticks(),
            ..Checkpoint::default()
        });
        Self::new(Of::Job { id: job.id }, job.tally, reached, targets)
    }

    fn new(of: Of, mut tally: Tally, reached: Checkpoint, targets: std::sync::Arc<[Target]>) -> Self {
        let targets = match &reached.only {
            Some(only) => targets.iter().filter(|t| only.contains(&t.stream.get())).cloned().collect(),
            None => targets,
        };
        tally.streams = u64::try_from(targets.len()).unwrap_or(u64::MAX);
        Self { of, tally, reached, targets }
    }

    /// The streams that are next; none when all are done.
    pub(super) fn group(&self) -> Vec<Target> {
        let due = self.targets.iter().filter(|target| target.stream.get() > self.reached.after);
        due.take(GROUP).cloned().collect()
    }

    /// Those of a group that are read next, together, and from when on: those that were not begun, else one that goes on.
    pub(super) fn next_reading(&self, group: &[Target]) -> Option<(i64, Vec<Target>)> {
        let part = |target: &Target| self.reached.parts.get(&target.stream.get());
        let open = |target: &&Target| part(target).is_none_or(|part| part.outcome.is_none());
        let start = |target: &Target| part(target).map_or(0, |part| part.reached).max(self.reached.from);
        let fresh: Vec<Target> =
            group.iter().filter(open).filter(|t| start(t) <= self.reached.from).cloned().collect();
        if !fresh.is_empty() {
            return Some((self.reached.from, fresh));
        }
        let one = group.iter().find(open)?;
        Some((start(one), vec![one.clone()]))
    }

    /// Values of one stream in a page: more where there were too few to get on.
    pub(super) fn page_size(&self, targets: &[Target]) -> u32 {
        let stalls = targets.iter().filter_map(|target| self.reached.parts.get(&target.stream.get()));
        PAGE << stalls.map(|part| part.stalls).max().unwrap_or(0).min(4)
    }

    /// Takes note of what a page brought of a stream in a reading that began at `start`. Whether it led further.
    pub(super) fn note(&mut self, stream: StreamId, seen: Seen, state: NodeHistory, start: i64) -> bool {
        self.reached.largest = self.reached.largest.max(seen.sent);
        // a small page that comes again and leads nowhere is all that there is
        let is_rest = seen.sent > 0 && seen.sent < self.reached.largest;
        let part = self.reached.parts.entry(stream.get()).or_default();
        if part.first == 0 {
            part.first = seen.earliest;
        }
        let further = seen.latest > part.reached;
        part.reached = part.reached.max(seen.latest);
        if further {
            self.reached.values += seen.values;
            self.tally.read += seen.values;
        }
        match state {
            NodeHistory::Complete | NodeHistory::Enough => part.outcome = Some(Outcome::Complete),
            NodeHistory::Refused { status } if no_data(status) => part.outcome = Some(Outcome::Complete),
            NodeHistory::Refused { status } if is_broken(status) => {
                part.broken(start, "the server forgets where it stopped")
            }
            NodeHistory::Refused { status } if never(status) => {
                part.outcome = Some(Outcome::Without(says(status)));
            }
            NodeHistory::Refused { status } => part.outcome = Some(Outcome::Refused(says(status))),
            NodeHistory::Circles if is_rest && part.reached <= start => {
                part.outcome = Some(Outcome::Complete)
            }
            NodeHistory::Circles => part.broken(start, "the server sends the same again and again"),
            NodeHistory::Unreadable => part.broken(start, "the server's answer cannot be read"),
            _ => {}
        }
        further || state != NodeHistory::More
    }

    /// The whole request was refused: this is the outcome of those in it that have none.
    pub(super) fn refused(&mut self, targets: &[Target], outcome: &Outcome) {
        for target in targets {
            let part = self.reached.parts.entry(target.stream.get()).or_default();
            part.outcome.get_or_insert_with(|| outcome.clone());
        }
    }

    /// What is known of a stream of the group under way.
    pub(super) fn part(&mut self, stream: StreamId) -> &mut Part {
        self.reached.parts.entry(stream.get()).or_default()
    }

    /// A group is done: its streams are counted.
    pub(super) fn close_group(&mut self, group: &[Target]) {
        let mut parts = std::mem::take(&mut self.reached.parts);
        for target in group {
            let example = |why: &str| Some(format!("{}: {why}", target.name));
            match parts.remove(&target.stream.get()).and_then(|part| part.outcome) {
                Some(Outcome::Complete) => self.tally.complete += 1,
                Some(Outcome::Without(why)) => {
                    self.tally.without_history += 1;
                    self.tally.example = self.tally.example.take().or_else(|| example(&why));
                }
                Some(Outcome::Refused(why)) => {
                    self.tally.failed += 1;
                    self.tally.example = example(&why);
                    self.reached.refused.get_or_insert(why);
                }
                Some(Outcome::Failed(why)) => {
                    self.tally.failed += 1;
                    self.tally.example = example(&why);
                    self.reached.trouble.get_or_insert(why);
                }
                None => self.tally.failed += 1,
            }
            self.reached.after = self.reached.after.max(target.stream.get());
        }
    }

    /// Progress on the way.
    pub(super) fn on_the_way(&self) -> FillUpdate {
        let of = match self.of {
            Of::Gap { id, tries } => FillOf::Gap {
                id,
                state: FillState::Open,
                from: self.from(),
                to: self.to(),
                tries,
                retry_at: None,
            },
            Of::Job { id } => FillOf::Job { id, state: JobState::Running },
        };
        let checkpoint = serde_json::to_vec(&self.reached).ok();
        FillUpdate { of, cause: None, tally: self.tally.clone(), checkpoint }
    }

    /// The end of it.
    pub(super) fn over(&self, verdict: Verdict) -> FillUpdate {
        let Verdict { state, job, cause, retry_at } = verdict;
        let of = match self.of {
            Of::Gap { id, tries } => {
                let tries = if retry_at.is_some() { tries.saturating_add(1) } else { tries };
                let from = self.reached.before.as_ref().map_or(self.reached.from, |(from, _)| *from);
                let from = Timestamp::from_ticks(from);
                FillOf::Gap { id, state, from, to: self.to(), tries, retry_at }
            }
            Of::Job { id } => FillOf::Job { id, state: job },
        };
        FillUpdate { of, cause, tally: self.tally.clone(), checkpoint: None }
    }

    pub(super) fn from(&self) -> Timestamp {
        Timestamp::from_ticks(self.reached.from)
    }

    pub(super) fn to(&self) -> Timestamp {
        Timestamp::from_ticks(self.reached.to)
    }
}

impl Checkpoint {
    /// At the begin of a job over some streams.
    pub(super) fn of_streams(from: Timestamp, to: Timestamp, streams: BTreeSet<u32>) -> Self {
        Self { from: from.ticks(), to: to.ticks(), only: Some(streams), ..Self::default() }
    }
}

impl Part {
    /// The reading broke off: it goes on from the last time, unless that led nowhere.
    fn broken(&mut self, start: i64, why: &str) {
        if self.reached > start {
            self.stalls = 0;
            return;
        }
        self.stalls += 1;
        if self.stalls >= MAX_STALLS {
            self.outcome = Some(Outcome::Failed(why.to_owned()));
        }
    }
}

/// The last time that a job is about: the future is not history.
pub(super) fn end_of(job: &Job) -> Timestamp {
    Timestamp::from_ticks(job.to.ticks().saturating_sub(1)).min(job.created_at)
}

/// An unreadable checkpoint is none: everything is read again, and nothing stored twice.
fn read(blob: &[u8]) -> Option<Checkpoint> {
    serde_json::from_slice(blob)
        .inspect_err(|error| tracing::warn!(%error, "where filling stopped is unreadable; it begins anew"))
        .ok()
}

/// The server does not know its continuation point.
fn is_broken(status: u32) -> bool {
    status_name(status) == "BadContinuationPointInvalid"
}

/// Nodes in one request.
const GROUP: usize = 10;
/// Values of one node in one answer.
const PAGE: u32 = 1000;
const MAX_STALLS: u32 = 3;
