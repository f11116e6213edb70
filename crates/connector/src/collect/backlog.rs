//! What a server kept for us during an outage, and whether it was everything.
//!
//! A server whose queue overflowed must say so with the overflow bit. Some do not. But when a stream delivers exactly as
//! many old values as its queue holds, the queue was full, and nobody knows whether more was lost before: that is a gap
//! (an honest "cannot be excluded" is worth more than a clean ledger).

use std::collections::HashMap;

use tagstore::{GapReason, NewGap, StreamId, Timestamp};

/// Counts the values of each stream until the server has nothing left from before.
#[derive(Debug)]
pub(crate) struct Backlog {
    /// The length of the queues.
    queue: u32,
    streams: HashMap<StreamId, Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    /// Time of the value before the outage.
    before: Timestamp,
    /// Time of the first value kept.
    first: Timestamp,
    count: u32,
}

impl Backlog {
    /// `queue` is the length asked for; a server that granted less is found out only if it grants none at all.
    pub(crate) fn new(queue: u32) -> Self {
        Self { queue, streams: HashMap::new() }
    }

    /// Takes note of a value. One with the overflow bit is on the ledger already and starts the count anew, out of
    /// reach of the limit.
    pub(crate) fn value(&mut self, stream: StreamId, before: Timestamp, time: Timestamp, overflow: bool) {
        let kept = self.streams.entry(stream).or_insert(Kept { before, first: time, count: 0 });
        if overflow {
            kept.first = Timestamp::ABSENT;
        }
        kept.count += 1;
    }

    /// The server has nothing left from before: the gaps of the streams whose queue was full.
    pub(crate) fn close(self, source: &str) -> Vec<NewGap> {
        let full = |kept: &Kept| self.queue > 1 && kept.count >= self.queue && !kept.first.is_absent();
        let mut gaps: Vec<NewGap> = self
            .streams
            .iter()
            .filter(|(_, kept)| full(kept))
            .map(|(stream, kept)| NewGap {
                source: source.to_owned(),
                stream: Some(*stream),
                from: kept.before.min(kept.first),
                to: kept.first.max(kept.before),
                reason: GapReason::QueueOverflow,
                detail: "after an outage the server delivered a full queue: values before it may be lost"
                    .to_owned(),
            })
            .collect();
        gaps.sort_by_key(|gap| gap.stream);
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: StreamId = StreamId::new(4);

    fn at(ticks: i64) -> Timestamp {
        Timestamp::from_ticks(ticks)
    }

    #[test]
    fn full_queue_without_the_overflow_bit_is_a_gap_before_its_first_value() {
        let mut backlog = Backlog::new(3);
        backlog.value(STREAM, at(10), at(100), false);
        backlog.value(STREAM, at(100), at(110), false);
        backlog.value(STREAM, at(110), at(120), false);
        backlog.value(StreamId::new(5), at(10), at(100), false);
        let gaps = backlog.close("plc");
        assert_eq!(gaps.len(), 1);
        assert_eq!((gaps[0].stream, gaps[0].from, gaps[0].to), (Some(STREAM), at(10), at(100)));
    }

    #[test]
    fn overflow_that_the_server_admits_is_not_told_twice() {
        let mut backlog = Backlog::new(2);
        backlog.value(STREAM, at(10), at(100), true);
        backlog.value(STREAM, at(100), at(110), false);
        assert!(backlog.close("plc").is_empty());
    }
}
