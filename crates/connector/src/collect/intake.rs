//! Takes the values and events of a notification into a batch, and what the server lost of them onto the ledger.

use tagstore::{GapReason, NewGap, Sample, SampleBatch, StreamId, Timestamp, Value};
use ua_channel::{DataValueRef, NotificationVisitor, ValueRef};

use super::backlog::Backlog;
use super::streams::Streams;
use super::value::{Scratch, convert};
use crate::alarms::{Alarms, Happened, Sign, Taken};

/// Where the values of one notification message go.
pub(crate) struct Intake<'a> {
    pub(crate) source: &'a str,
    /// In which subscription they came.
    pub(crate) subscription: u32,
    pub(crate) streams: &'a mut Streams,
    pub(crate) alarms: &'a mut Alarms,
    pub(crate) batch: &'a mut SampleBatch,
    pub(crate) gaps: &'a mut Vec<NewGap>,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) receive_time: Timestamp,
    /// When the server last published before this connection: up to then nothing is missing, also for a stream whose
    /// last value is not known.
    pub(crate) complete_until: Timestamp,
    /// Counts what was kept during an outage, while that is coming in.
    pub(crate) backlog: Option<&'a mut Backlog>,
    pub(crate) seen: Seen,
}

/// What else the message said.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Seen {
    /// A bad status of the subscription itself: it is gone.
    pub(crate) subscription_lost: Option<u32>,
    /// Values under a handle that we never gave out.
    pub(crate) foreign: u64,
    /// Notifications of a kind that was not asked for.
    pub(crate) unsupported: u64,
    /// The conditions that hold have to be asked for.
    pub(crate) refresh_required: bool,
    /// Time of the newest value.
    pub(crate) newest: Timestamp,
}

impl NotificationVisitor for Intake<'_> {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        let source_time = Timestamp::from_ticks(value.source_timestamp);
        let server_time = Timestamp::from_ticks(value.server_timestamp);
        let time =
            [source_time, server_time].into_iter().find(|t| !t.is_absent()).unwrap_or(self.receive_time);
        let Some((stream, before)) = self.streams.advance(client_handle, time, value.status) else {
            self.seen.foreign += 1;
            return;
        };
        let before = if before.is_absent() { self.complete_until } else { before };
        let overflow = has_overflow(value.status);
        if let Some(backlog) = &mut self.backlog {
            backlog.value(stream, before, time, overflow);
        }
        if overflow {
            let before = if before.is_absent() { time } else { before };
            self.gaps.push(NewGap {
                source: self.source.to_owned(),
                stream: Some(stream),
                from: before.min(time),
                to: time.max(before),
                reason: GapReason::QueueOverflow,
                detail: "the server's queue for this node was full".to_owned(),
            });
        }
        self.seen.newest = self.seen.newest.max(time);
        self.batch.push(Sample {
            stream,
            source_time,
            server_time,
            receive_time: self.receive_time,
            status: value.status,
            value: convert(&value.value, self.scratch),
        });
    }

    fn event(&mut self, client_handle: u32, fields: &[ValueRef<'_>]) {
        match self.alarms.take((self.subscription, client_handle), fields) {
            Taken::Foreign => self.seen.foreign += 1,
            Taken::PassedOver => {}
            Taken::Sign(Sign::RefreshRequired) => self.seen.refresh_required = true,
            Taken::Sign(Sign::Overflow(time)) => self.lost_events(client_handle, time),
            Taken::Event(happened) => {
                let Happened { time: source_time, server_time, record } = *happened;
                let text = record.text();
                let sample = Sample {
                    stream: StreamId::new(client_handle),
                    source_time,
                    server_time,
                    receive_time: self.receive_time,
                    status: 0,
                    value: Value::Event(&text),
                };
                if self.streams.advance(client_handle, sample.time(), 0).is_none() {
                    self.seen.foreign += 1;
                    return;
                }
                self.seen.newest = self.seen.newest.max(sample.time());
                self.batch.push(sample);
            }
        }
    }

    fn status_change(&mut self, status: u32) {
        if status & SEVERITY_BAD != 0 {
            self.seen.subscription_lost = Some(status);
        }
    }

    fn unsupported(&mut self, _type_id: u32) {
        self.seen.unsupported += 1;
    }
}

impl Intake<'_> {
    /// The server dropped events of an item: some between the one that came last and now, as what is queued behind the loss
    /// comes in the same message. What held among them is asked for.
    fn lost_events(&mut self, handle: u32, time: Timestamp) {
        let until = time.max(self.receive_time);
        let Some((stream, before)) = self.streams.advance(handle, until, 0) else {
            self.seen.foreign += 1;
            return;
        };
        let before = if before.is_absent() { self.complete_until } else { before };
        let from = if before.is_absent() { time } else { before };
        self.gaps.push(NewGap {
            source: self.source.to_owned(),
            stream: Some(stream),
            from: from.min(until),
            to: until,
            reason: GapReason::QueueOverflow,
            detail: "the server's queue for these events was full".to_owned(),
        });
        self.seen.refresh_required = true;
    }
}

/// The overflow bit counts only when the info type says that the info bits are about a data value
/// (Part 4 §7.39.1, Table 180).
fn has_overflow(status: u32) -> bool {
    status & INFO_TYPE_MASK == INFO_TYPE_DATA_VALUE && status & OVERFLOW != 0
}

const SEVERITY_BAD: u32 = 0x8000_0000;
const INFO_TYPE_MASK: u32 = 0x0C00;
const INFO_TYPE_DATA_VALUE: u32 = 0x0400;
const OVERFLOW: u32 = 0x0080;

#[cfg(test)]
mod tests {
    use tagstore::OwnedValue;

    use super::*;

    fn value(status: u32, source: i64, server: i64) -> DataValueRef<'static> {
        DataValueRef {
            value: ValueRef::Int32(5),
            status,
            source_timestamp: source,
            source_picoseconds: 0,
            server_timestamp: server,
            server_picoseconds: 0,
        }
    }

    fn take(values: &[(u32, DataValueRef<'_>)]) -> (SampleBatch, Vec<NewGap>, Seen) {
        let (mut batch, mut gaps, mut streams) = (SampleBatch::new(), Vec::new(), Streams::default());
        streams.add([StreamId::new(1), StreamId::new(2)]);
        let mut intake = Intake {
            source: "plc",
            subscription: 1,
            streams: &mut streams,
            alarms: &mut Alarms::default(),
            batch: &mut batch,
            gaps: &mut gaps,
            scratch: &mut Scratch::default(),
            receive_time: Timestamp::from_ticks(1000),
            complete_until: Timestamp::from_ticks(50),
            backlog: None,
            seen: Seen::default(),
        };
        for (handle, value) in values {
            intake.data_change(*handle, value);
        }
        let seen = intake.seen;
        (batch, gaps, seen)
    }

    #[test]
    fn overflow_is_a_gap_of_that_stream_since_its_value_before() {
        let (batch, gaps, _) =
            take(&[(1, value(0, 100, 0)), (2, value(0, 110, 0)), (1, value(0x0480, 200, 0))]);
        assert_eq!(batch.len(), 3);
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].stream, Some(StreamId::new(1)));
        assert_eq!((gaps[0].from.ticks(), gaps[0].to.ticks()), (100, 200));
        assert_eq!(gaps[0].reason, GapReason::QueueOverflow);
    }

    #[test]
    fn overflow_of_a_first_value_reaches_back_to_what_was_complete() {
        let (_, gaps, _) = take(&[(1, value(0x0480, 200, 0))]);
        assert_eq!((gaps[0].from.ticks(), gaps[0].to.ticks()), (50, 200));
    }

    #[test]
    fn overflow_after_a_time_from_the_future_is_a_gap_over_both_times() {
        let (_, gaps, _) =
            take(&[(1, value(0, 900, 0)), (1, value(0x0480, 200, 0)), (1, value(0x0480, 210, 0))]);
        let times: Vec<_> = gaps.iter().map(|gap| (gap.from.ticks(), gap.to.ticks())).collect();
        assert_eq!(times, [(200, 900), (200, 210)]);
    }

    #[test]
    fn overflow_bit_without_its_info_type_means_nothing() {
        let (_, gaps, _) =
            take(&[(1, value(0x0080, 200, 0)), (1, value(0x0880, 201, 0)), (1, value(0x0C80, 202, 0))]);
        assert!(gaps.is_empty(), "{gaps:?}");
    }

    #[test]
    fn foreign_handle_is_counted_and_not_stored() {
        let (batch, _, seen) = take(&[(9, value(0, 1, 1)), (1, value(0, 2, 2))]);
        assert_eq!((batch.len(), seen.foreign), (1, 1));
    }

    #[test]
    fn bad_value_is_stored_with_its_status() {
        let (batch, _, seen) = take(&[(1, value(0x8031_0000, 0, 70))]);
        let sample = batch.iter().next().unwrap().to_owned();
        assert_eq!((sample.status, sample.value), (0x8031_0000, OwnedValue::Int(5)));
        assert_eq!(
            (sample.source_time.ticks(), sample.server_time.ticks(), sample.receive_time.ticks()),
            (0, 70, 1000)
        );
        assert_eq!(seen.newest.ticks(), 70);
    }
}
