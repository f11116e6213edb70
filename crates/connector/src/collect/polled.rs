//! Reading again and again what the server lets nobody subscribe to.
//!
//! A round reads every node of one interval; what differs from the round before is a sample. A change that is undone
//! between two rounds is not seen: that is what polling means, and no gap. A time in which no round came through is one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tagstore::{OwnedValue, Sample, SampleBatch, StreamId, Timestamp};
use tokio::task::JoinSet;
use ua_client::{AttributeId, NodeId, Session};

use super::refused::Candidate;
use super::value::{Scratch, convert};
use crate::config::{Polling, SourceConfig};

/// Whether a node that the server refused with this status is read instead.
pub(super) fn is_for_polling(source: &SourceConfig, status: u32) -> bool {
    source.polling != Polling::Never && WITHOUT_SUBSCRIPTION.contains(&status)
}

/// Whether the server refuses because there is too much already.
pub(super) fn is_no_room(status: u32) -> bool {
    NO_ROOM.contains(&status)
}

/// The polled nodes of one connection.
#[derive(Default)]
pub(super) struct Polled {
    groups: Vec<Group>,
    reading: JoinSet<Round>,
    /// Rounds of any group that failed, one after the other.
    failures: u32,
}

/// Nodes with the same interval.
struct Group {
    interval: Duration,
    /// `None` while a round is on its way.
    due: Option<Instant>,
    /// When the round that is on its way began.
    began: Instant,
    nodes: Arc<[(NodeId, AttributeId)]>,
    slots: Vec<Slot>,
    /// Up to when it was read, by the server's clock; absent before the first round of this connection.
    complete: Timestamp,
    /// It was said that its rounds take longer than its interval.
    said_slow: bool,
}

struct Slot {
    stream: StreamId,
    last: Option<Reading>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq)]
struct Reading {
    source_time: Timestamp,
    status: u32,
    value: OwnedValue,
    server_time: Timestamp,
}

impl Reading {
    /// The server's time is that of the reading, and new in each.
    fn says_the_same(&self, other: &Self) -> bool {
        (self.source_time, self.status, &self.value) == (other.source_time, other.status, &other.value)
    }
}

/// What a round brought.
pub(super) struct Round {
    group: usize,
    readings: Result<Vec<Reading>, ua_client::Error>,
}

/// What is new in a round.
pub(super) struct News {
    pub(super) batch: SampleBatch,
    /// The newest time of a value.
    pub(super) newest: Timestamp,
    /// When the server read, by its clock; ours when it does not say.
    pub(super) read_at: Timestamp,
    /// Streams of the group, when this was its first round.
    pub(super) first: Vec<u32>,
    /// Streams of the group, when it was late.
    pub(super) streams: Vec<u32>,
    /// The round came later than it should by at least another interval: from when on nothing was read.
    pub(super) missed_since: Option<Timestamp>,
}

impl Polled {
    /// Takes nodes up, to be read from now on.
    pub(super) fn add(&mut self, candidates: Vec<Candidate>, now: Instant) {
        let mut by_interval: BTreeMap<Duration, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            let wanted = candidate.request.sampling_interval;
            let interval = if wanted.is_zero() { candidate.publishing_interval } else { wanted };
            by_interval.entry(interval.max(FASTEST)).or_default().push(candidate);
        }
        // what is read already stays as it is: the first round of what is new is its own
        self.groups.extend(
            by_interval.into_iter().map(|(interval, candidates)| Group {
                interval,
                due: Some(now),
                began: now,
                slots: candidates
                    .iter()
                    .map(|candidate| Slot { stream: candidate.stream, last: None })
                    .collect(),
                nodes: candidates
                    .into_iter()
                    .map(|candidate| (candidate.request.node, AttributeId::Value))
                    .collect(),
                complete: Timestamp::ABSENT,
                said_slow: false,
            }),
        );
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Their streams.
    pub(super) fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.groups.iter().flat_map(|group| &group.slots).map(|slot| slot.stream)
    }

    pub(super) fn len(&self) -> usize {
        self.groups.iter().map(|group| group.slots.len()).sum()
    }

    /// The longest time between two readings of a node.
    pub(super) fn slowest(&self) -> Duration {
        self.groups.iter().map(|group| group.interval).max().unwrap_or_default()
    }

    /// Up to when every node was read; absent before each was.
    pub(super) fn complete(&self) -> Timestamp {
        self.groups.iter().map(|group| group.complete).min().unwrap_or_default()
    }

    /// When the next round is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.groups.iter().filter_map(|group| group.due).min()
    }

    pub(super) fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }

    /// Sends off the rounds that are due.
    pub(super) fn begin(&mut self, session: &Session, now: Instant) {
        for (number, group) in self.groups.iter_mut().enumerate() {
            if group.due.is_none_or(|due| due > now) {
                continue;
            }
            group.due = None;
            group.began = now;
            let (session, nodes) = (session.clone(), Arc::clone(&group.nodes));
            self.reading
                .spawn(async move { Round { group: number, readings: read(&session, &nodes).await } });
        }
    }

    /// Waits for the next round to come back; for ever when none is on its way. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Round> {
        self.reading.join_next().await.and_then(Result::ok)
    }

    /// What a round brought that is new.
    ///
    /// # Errors
    /// The end of the connection. A round that failed otherwise is repeated, a few times.
    pub(super) fn take(
        &mut self,
        round: Round,
        now: Instant,
        receive_time: Timestamp,
    ) -> Result<Option<News>, ua_client::Error> {
        let Some(group) = self.groups.get_mut(round.group) else { return Ok(None) };
        let lasted = now.saturating_duration_since(group.began);
        // in step with the first round, so that the intervals do not drift
        let mut due = group.began + group.interval;
        while due < now {
            due += group.interval.max(FASTEST);
        }
        group.due = Some(due);
        if lasted > group.interval && !std::mem::replace(&mut group.said_slow, true) {
            tracing::warn!(nodes = group.slots.len(), interval = ?group.interval, ?lasted, "reading takes longer than its interval");
        }
        let readings = match round.readings {
            Ok(readings) => readings,
            Err(error) => {
                self.failures += 1;
                let passing = matches!(
                    error,
                    ua_client::Error::Timeout { .. }
                        | ua_client::Error::Service { .. }
                        | ua_client::Error::Decode { .. }
                );
                if !passing || self.failures >= MOST_FAILURES {
                    return Err(error);
                }
                tracing::warn!(%error, "a reading of polled nodes failed");
                return Ok(None);
            }
        };
        self.failures = 0;
        Ok(Some(group.compare(readings, receive_time)))
    }
}

impl Group {
    fn compare(&mut self, readings: Vec<Reading>, receive_time: Timestamp) -> News {
        let server_time = readings.iter().map(|reading| reading.server_time).max().unwrap_or_default();
        let read_at = if server_time.is_absent() { receive_time } else { server_time };
        let mut news = News {
            batch: SampleBatch::new(),
            newest: Timestamp::ABSENT,
            read_at,
            first: Vec::new(),
            streams: Vec::new(),
            missed_since: None,
        };
        for (slot, reading) in self.slots.iter_mut().zip(readings) {
            if slot.last.as_ref().is_some_and(|last| last.says_the_same(&reading)) {
                continue;
            }
            news.batch.push(Sample {
                stream: slot.stream,
                source_time: reading.source_time,
                server_time: reading.server_time,
                receive_time,
                status: reading.status,
                value: reading.value.as_value(),
            });
            let time = [reading.source_time, reading.server_time].into_iter().find(|time| !time.is_absent());
            news.newest = news.newest.max(time.unwrap_or(receive_time));
            slot.last = Some(reading);
        }
        let streams = || self.slots.iter().map(|slot| slot.stream.get()).collect();
        if self.complete.is_absent() {
            news.first = streams();
        } else {
            let late = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX).saturating_mul(LATE);
            let late = late.max(LEAST_LATE_MS);
            news.missed_since =
                (read_at > self.complete.saturating_add_millis(late)).then_some(self.complete);
            if news.missed_since.is_some() {
                news.streams = streams();
            }
        }
        self.complete = read_at;
        news
    }
}

async fn read(session: &Session, nodes: &[(NodeId, AttributeId)]) -> Result<Vec<Reading>, ua_client::Error> {
    let mut readings = Vec::with_capacity(nodes.len());
    let mut scratch = Scratch::default();
    session
        .read_each(nodes, |_, value| {
            readings.push(Reading {
                source_time: Timestamp::from_ticks(value.source_timestamp),
                server_time: Timestamp::from_ticks(value.server_timestamp),
                status: value.status,
                value: convert(&value.value, &mut scratch).to_owned(),
            });
        })
        .await?;
    Ok(readings)
}

/// More often nobody is asked.
const FASTEST: Duration = Duration::from_millis(100);
/// Rounds in a row that may fail before the connection is given up.
const MOST_FAILURES: u32 = 3;
/// A round that comes so many intervals after the one before has left something out …
const LATE: i64 = 3;
/// … and never before so much time has passed.
const LEAST_LATE_MS: i64 = 2000;
/// `BadTooManySubscriptions`, `BadTooManyMonitoredItems`: with fewer it would do.
const NO_ROOM: [u32; 2] = [0x8077_0000, 0x80DB_0000];
/// Stands for the refusal of a server that was not asked, because everything is to be polled: `BadNotSupported`.
pub(super) const NOT_ASKED: u32 = 0x803D_0000;
/// `BadServiceUnsupported`, `BadNotSupported`, `BadNotImplemented`, `BadTooManySubscriptions`,
/// `BadTooManyMonitoredItems`: not this node is at fault, but that somebody would subscribe to it (Part 4 §7.38.2).
const WITHOUT_SUBSCRIPTION: [u32; 5] = [0x800B_0000, 0x803D_0000, 0x8040_0000, 0x8077_0000, 0x80DB_0000];

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 10_000_000;

    fn group(streams: u32) -> Group {
        let streams = 1..=streams;
        #[expect(clippy::disallowed_methods, reason = "a starting point to count from")]
        let now = Instant::now();
        Group {
            interval: Duration::from_secs(1),
            due: None,
            began: now,
            nodes: streams.clone().map(|id| (NodeId::new(1, id), AttributeId::Value)).collect(),
            slots: streams.map(|id| Slot { stream: StreamId::new(id), last: None }).collect(),
            complete: Timestamp::ABSENT,
            said_slow: false,
        }
    }

    fn reading(source: i64, status: u32, value: i64, server: i64) -> Reading {
        Reading {
            source_time: Timestamp::from_ticks(source * SECOND),
            status,
            value: OwnedValue::Int(value),
            server_time: Timestamp::from_ticks(server * SECOND),
        }
    }

    fn kept(news: &News) -> Vec<u32> {
        news.batch.iter().map(|sample| sample.stream.get()).collect()
    }

    #[test]
    fn only_what_changed_since_the_round_before_is_kept() {
        let mut group = group(3);
        let first = group.compare(
            vec![reading(1, 0, 5, 10), reading(1, 0, 6, 10), reading(1, 0, 7, 10)],
            Timestamp::from_ticks(99),
        );
        assert_eq!((kept(&first), first.first, first.missed_since), (vec![1, 2, 3], vec![1, 2, 3], None));
        let bad = 0x8000_0000;
        let second = group.compare(
            vec![reading(1, 0, 5, 11), reading(1, bad, 6, 11), reading(2, 0, 7, 11)],
            Timestamp::from_ticks(99),
        );
        assert_eq!((kept(&second), second.first), (vec![2, 3], vec![]));
        assert_eq!(second.read_at, Timestamp::from_ticks(11 * SECOND), "by the server's clock");
    }

    #[test]
    fn round_that_comes_too_late_says_since_when_nothing_was_read() {
        let mut group = group(1);
        let mut at = |server| group.compare(vec![reading(1, 0, 5, server)], Timestamp::from_ticks(99));
        at(100);
        assert_eq!(at(103).missed_since, None, "three intervals are patience");
        let late = at(110);
        assert_eq!(late.missed_since, Some(Timestamp::from_ticks(103 * SECOND)));
        assert_eq!(late.streams, [1]);
        assert_eq!(at(111).missed_since, None, "told once");
    }

    #[test]
    fn server_without_a_clock_is_read_by_ours() {
        let mut group = group(1);
        let news = group.compare(vec![reading(0, 0, 5, 0)], Timestamp::from_ticks(77));
        assert_eq!((news.read_at.ticks(), news.newest.ticks()), (77, 77));
    }
}
