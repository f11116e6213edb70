//! Cutting long lists into requests that the server takes.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Error, status};

/// The most operations of a kind that go into one request: what the server announced, or what it taught us.
#[derive(Debug)]
pub(crate) struct BatchLimit(AtomicUsize);

impl BatchLimit {
    /// `announced` is the server's limit, 0 when it names none; `most` is ours.
    pub(crate) fn new(announced: u32, most: usize) -> Self {
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        Self(AtomicUsize::new(if announced == 0 { most } else { announced.min(most) }))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed).max(1)
    }

    /// Remembers that the server takes no more than this.
    pub(crate) fn lower_to(&self, size: usize) {
        self.0.fetch_min(size.max(1), Ordering::Relaxed);
    }
}

/// What one failed request means for the items it asked about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// They were put back as smaller batches.
    Retry,
    /// The one item in it has this status.
    ItemFailed(u32),
}

/// The batches that remain, in order.
#[derive(Debug)]
pub(crate) struct Batches<'a> {
    /// Last is next.
    remaining: Vec<Range<usize>>,
    limit: &'a BatchLimit,
    timeouts: u32,
}

/// After so many requests without an answer in time the server is not there, rather than busy with a long list.
const MAX_TIMEOUTS: u32 = 3;

impl<'a> Batches<'a> {
    pub(crate) fn new(count: usize, limit: &'a BatchLimit) -> Self {
        let remaining = std::iter::once(0..count).filter(|range| !range.is_empty()).collect();
        Self { remaining, limit, timeouts: 0 }
    }

    /// The next range of items to ask about.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        let range = self.remaining.pop()?;
        let limit = self.limit.get();
        if range.len() <= limit {
            return Some(range);
        }
        let cut = range.start + limit;
        self.remaining.push(cut..range.end);
        Some(range.start..cut)
    }

    /// What to do about a batch that failed.
    ///
    /// Too many operations, or no answer in time: the server's real limit is smaller, which is remembered. An answer that is too large or
    /// cannot be read: the items are asked about in halves until the one that spoils it stands alone, so that one
    /// bad node harms one node.
    ///
    /// # Errors
    ///
    /// The error itself when smaller batches cannot help.
    pub(crate) fn failed(&mut self, range: Range<usize>, error: Error) -> Result<Verdict, Error> {
        let status = match &error {
            Error::Decode { .. } => status::BAD_DECODING_ERROR,
            Error::Request { .. } => status::BAD_ENCODING_LIMITS_EXCEEDED,
            Error::Service { status, .. } if is_about_size(*status) => *status,
            Error::Timeout { .. } if self.timeouts < MAX_TIMEOUTS => status::BAD_TIMEOUT,
            Error::Service { status, .. }
                if status & 0xFFFF_0000 == status::BAD_TIMEOUT && self.timeouts < MAX_TIMEOUTS =>
            {
                *status
            }
            _ => return Err(error),
        };
        let too_slow = status & 0xFFFF_0000 == status::BAD_TIMEOUT;
        let too_many = status & 0xFFFF_0000 == status::BAD_TOO_MANY_OPERATIONS;
        self.timeouts += u32::from(too_slow);
        if range.len() <= 1 {
            return if too_many || too_slow { Err(error) } else { Ok(Verdict::ItemFailed(status)) };
        }
        let half = range.len().div_ceil(2);
        if too_many || too_slow {
            self.limit.lower_to(half);
        }
        let middle = range.start + half;
        self.remaining.push(middle..range.end);
        self.remaining.push(range.start..middle);
        Ok(Verdict::Retry)
    }
}

fn is_about_size(code: u32) -> bool {
    matches!(
        code & 0xFFFF_0000,
        status::BAD_TOO_MANY_OPERATIONS
            | status::BAD_RESPONSE_TOO_LARGE
            | status::BAD_REQUEST_TOO_LARGE
            | status::BAD_ENCODING_LIMITS_EXCEEDED
            | status::BAD_TCP_MESSAGE_TOO_LARGE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(status: u32) -> Error {
        Error::Service { service: "Read", status }
    }

    #[test]
    fn lists_are_cut_at_the_announced_limit() {
        let limit = BatchLimit::new(400, 1000);
        let mut batches = Batches::new(1000, &limit);
        assert_eq!(
            (batches.next(), batches.next(), batches.next(), batches.next()),
            (Some(0..400), Some(400..800), Some(800..1000), None)
        );
    }

    #[test]
    fn a_server_without_a_limit_gets_ours() {
        assert_eq!(BatchLimit::new(0, 1000).get(), 1000);
        assert_eq!(BatchLimit::new(u32::MAX, 1000).get(), 1000);
    }

    #[test]
    fn too_many_operations_teach_the_limit_and_nothing_is_lost() {
        let limit = BatchLimit::new(0, 1000);
        let mut batches = Batches::new(1000, &limit);
        let mut done = Vec::new();
        while let Some(range) = batches.next() {
            if range.len() > 300 {
                assert_eq!(
                    batches.failed(range, fault(status::BAD_TOO_MANY_OPERATIONS)).unwrap(),
                    Verdict::Retry
                );
            } else {
                done.extend(range);
            }
        }
        assert_eq!(done, (0..1000).collect::<Vec<_>>());
        assert_eq!(limit.get(), 250);
    }

    #[test]
    fn an_unreadable_answer_is_narrowed_down_to_the_node_that_spoils_it() {
        let limit = BatchLimit::new(0, 1000);
        let mut batches = Batches::new(100, &limit);
        let mut outcome = Vec::new();
        while let Some(range) = batches.next() {
            if range.contains(&37) {
                let error = Error::Decode { service: "Read", detail: String::new() };
                if let Verdict::ItemFailed(status) = batches.failed(range, error).unwrap() {
                    outcome.push(status);
                }
            } else {
                outcome.extend(range.map(|_| 0));
            }
        }
        let expected: Vec<u32> =
            (0..100).map(|i| if i == 37 { status::BAD_DECODING_ERROR } else { 0 }).collect();
        assert_eq!(outcome, expected);
        assert_eq!(limit.get(), 1000, "the size was not the trouble");
    }

    #[test]
    fn a_server_that_is_too_slow_for_long_lists_gets_shorter_ones_but_not_for_ever() {
        let slow = || Error::Timeout { what: "Read", after: std::time::Duration::from_secs(10) };
        let limit = BatchLimit::new(0, 1000);
        let mut batches = Batches::new(1000, &limit);
        for expected in [1000, 500, 250] {
            let range = batches.next().unwrap();
            assert_eq!(range.len(), expected);
            assert_eq!(batches.failed(range, slow()).unwrap(), Verdict::Retry);
        }
        assert_eq!(limit.get(), 125, "remembered for the requests to come");
        let range = batches.next().unwrap();
        assert!(batches.failed(range, slow()).is_err());
        let mut one = Batches::new(1, &limit);
        let range = one.next().unwrap();
        assert!(one.failed(range, slow()).is_err(), "a single node cannot be made shorter");
    }

    #[test]
    fn other_failures_are_not_retried() {
        let limit = BatchLimit::new(0, 10);
        let mut batches = Batches::new(10, &limit);
        let range = batches.next().unwrap();
        assert!(batches.failed(range, Error::Closed).is_err());
        assert!(batches.failed(0..1, fault(status::BAD_TOO_MANY_OPERATIONS)).is_err());
    }
}
