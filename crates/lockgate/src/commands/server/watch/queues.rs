//! Queues of a server that were full when they were handed over.
//!
//! A server whose queue overflowed must say so with the overflow bit. Some do not. But when a node brings as many values
//! at once as its queue holds, nobody knows whether there were more.

use std::collections::HashMap;

/// Counts what comes at once, and remembers until when each node was complete.
#[derive(Debug, Default)]
pub(super) struct Queues {
    nodes: HashMap<u32, Count>,
}

#[derive(Debug, Default)]
struct Count {
    values: u32,
    /// The node is told of already, by the server or by us.
    told: bool,
    /// Time of the last value.
    last: Option<i64>,
}

/// A queue that was full: values between these two times may be missing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full {
    pub(super) handle: u32,
    pub(super) queue: u32,
    pub(super) from: Option<i64>,
    pub(super) to: Option<i64>,
}

/// A value of a message: whose it is, its time in ticks, and whether it carries the overflow bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) handle: u32,
    pub(super) time: Option<i64>,
    pub(super) overflow: bool,
}

impl Queues {
    /// Takes note of one message; `queue` is the length the server granted to a node. What it held back for the next
    /// message (`more`) belongs to the same queue.
    pub(super) fn take(
        &mut self,
        came: &[Came],
        queue: impl Fn(u32) -> Option<u32>,
        more: bool,
    ) -> Vec<Full> {
        let mut first: HashMap<u32, (Option<i64>, Option<i64>)> = HashMap::new();
        for value in came {
            let count = self.nodes.entry(value.handle).or_default();
            first.entry(value.handle).or_insert((count.last, value.time));
            count.values = count.values.saturating_add(1);
            count.told |= value.overflow;
            count.last = value.time.or(count.last);
        }
        let mut full = Vec::new();
        for (handle, (from, to)) in first {
            let (Some(count), Some(queue)) = (self.nodes.get_mut(&handle), queue(handle)) else { continue };
            // a queue of one is always full, and carries no overflow bit
            if queue > 1 && count.values >= queue && !count.told {
                count.told = true;
                full.push(Full { handle, queue, from, to });
            }
        }
        if !more {
            for count in self.nodes.values_mut() {
                (count.values, count.told) = (0, false);
            }
        }
        full.sort_by_key(|full| full.handle);
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(times: std::ops::Range<i64>) -> Vec<Came> {
        times.map(|time| Came { handle: 7, time: Some(time), overflow: false }).collect()
    }

    fn three(_: u32) -> Option<u32> {
        Some(3)
    }

    #[test]
    fn as_many_values_as_the_queue_holds_may_have_had_others_before_them() {
        let mut queues = Queues::default();
        assert_eq!(queues.take(&values(0..2), three, false), []);
        let full = Full { handle: 7, queue: 3, from: Some(1), to: Some(5) };
        assert_eq!(queues.take(&values(5..8), three, false), [full]);
        assert_eq!(queues.take(&values(8..10), three, false), []);
    }

    #[test]
    fn one_queue_may_come_in_several_messages_and_is_told_once() {
        let mut queues = Queues::default();
        assert_eq!(queues.take(&values(0..2), three, true), []);
        assert_eq!(queues.take(&values(2..4), three, true).len(), 1);
        assert_eq!(queues.take(&values(4..7), three, false), []);
        assert_eq!(queues.take(&values(7..9), three, false), []);
    }

    #[test]
    fn what_the_server_says_itself_is_not_said_again_and_one_value_says_nothing() {
        let mut queues = Queues::default();
        let mut admitted = values(0..3);
        admitted[0].overflow = true;
        assert_eq!(queues.take(&admitted, three, false), []);
        assert_eq!(queues.take(&values(3..4), |_| Some(1), false), []);
        assert_eq!(queues.take(&values(4..9), |_| None, false), []);
    }
}
