//! What can be asked for.

use std::time::Duration;

use opcua_types::{
    AggregateConfiguration, DateTime, EventFilter, ExtensionObject, NodeId, ReadAtTimeDetails,
    ReadEventDetails, ReadProcessedDetails, ReadRawModifiedDetails,
};

use crate::{Error, clock, time};

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryOrder {
    /// Forward in time.
    #[default]
    OldestFirst,
    /// Back in time, from the end of the range.
    NewestFirst,
}

/// A stretch of time, in 100 ns ticks since 1601-01-01 UTC (see [`ticks`](crate::ticks)), and the direction to read it in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    from: i64,
    to: i64,
    order: HistoryOrder,
}

impl HistoryRange {
    /// Both ends given, oldest first.
    #[must_use]
    pub const fn between(from: i64, to: i64) -> Self {
        Self { from, to, order: HistoryOrder::OldestFirst }
    }

    /// Everything since an instant, oldest first. It ends a day from now, so that a server whose clock is ahead of ours
    /// hides nothing.
    #[must_use]
    pub fn since(from: i64) -> Self {
        Self::between(from, time::ticks(clock::wall()).saturating_add(DAY))
    }

    /// Everything up to an instant, newest first. It ends in 1970.
    #[must_use]
    pub fn until(to: i64) -> Self {
        Self::between(time::ticks(jiff::Timestamp::UNIX_EPOCH), to).newest_first()
    }

    /// The same stretch, the newest first.
    #[must_use]
    pub const fn newest_first(self) -> Self {
        Self { order: HistoryOrder::NewestFirst, ..self }
    }

    /// Its earlier end.
    #[must_use]
    pub fn from(&self) -> i64 {
        self.from
    }

    /// Its later end.
    #[must_use]
    pub fn to(&self) -> i64 {
        self.to
    }

    /// The direction to read it in.
    #[must_use]
    pub fn order(&self) -> HistoryOrder {
        self.order
    }

    /// Start and end as the services take them: the order of the two is the direction (Part 11 §6.5.3).
    fn ends(&self) -> Result<(DateTime, DateTime), Error> {
        if self.from <= 0 || self.to <= 0 {
            return Err(Error::InvalidRequest("history begins after the year 1601"));
        }
        if self.from > self.to {
            return Err(Error::InvalidRequest("the history's beginning lies behind its end"));
        }
        let (from, to) = (DateTime::from(self.from), DateTime::from(self.to));
        Ok(match self.order {
            HistoryOrder::OldestFirst => (from, to),
            HistoryOrder::NewestFirst => (to, from),
        })
    }
}

/// Whether values at the very ends of the range are wanted too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bounds {
    /// Only what was recorded within the range.
    #[default]
    Without,
    /// Also the nearest values outside, or `BadBoundNotFound` where there is none (Part 11 §6.5.3.2).
    With,
}

/// Values as they were recorded (Part 11 §6.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawHistory {
    /// When.
    pub range: HistoryRange,
    /// Values of a node in one answer; the server may send fewer at a time.
    pub page_size: u32,
    /// Values of a node in all; the reading of the node ends there.
    pub at_most: Option<u64>,
    /// What to do at the ends.
    pub bounds: Bounds,
}

/// Values in one answer, unless asked otherwise.
const PAGE_SIZE: u32 = 10_000;
const DAY: i64 = 864_000_000_000;
/// Instants in one request for values at given times.
const MAX_TIMES: usize = 10_000;

impl RawHistory {
    /// Everything in the range, in pages of 10,000 values, without bounds.
    #[must_use]
    pub fn new(range: HistoryRange) -> Self {
        Self { range, page_size: PAGE_SIZE, at_most: None, bounds: Bounds::Without }
    }
}

/// Values computed by the server for each interval (Part 11 §6.5.4, Part 13).
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessedHistory {
    /// When.
    pub range: HistoryRange,
    /// Length of the intervals; zero makes one of the whole range.
    pub interval: Duration,
    /// The aggregate function's node, see [`aggregate`](crate::aggregate).
    pub aggregate: NodeId,
    /// How to treat values that are not good; the server's own way when not given.
    pub configuration: Option<AggregateConfiguration>,
    /// Values of a node in all; the reading of the node ends there.
    pub at_most: Option<u64>,
}

impl ProcessedHistory {
    /// One value for each interval of the range, computed in the server's own way.
    #[must_use]
    pub fn new(range: HistoryRange, interval: Duration, aggregate: NodeId) -> Self {
        Self { range, interval, aggregate, configuration: None, at_most: None }
    }
}

/// Events as they were recorded (Part 11 §6.5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct EventHistory {
    /// When.
    pub range: HistoryRange,
    /// Which fields of which events.
    pub filter: EventFilter,
    /// Events in one answer; the server may send fewer at a time.
    pub page_size: u32,
    /// Events of a node in all; the reading of the node ends there.
    pub at_most: Option<u64>,
}

impl EventHistory {
    /// Every event in the range that the filter lets through, in pages of 1,000.
    #[must_use]
    pub fn new(range: HistoryRange, filter: EventFilter) -> Self {
        Self { range, filter, page_size: 1_000, at_most: None }
    }
}

/// A request as it goes out, and what its answers are measured by.
#[derive(Clone, Debug)]
pub(super) struct Details {
    body: Body,
    pub(super) at_most: Option<u64>,
    /// `None` where the order of the answer says nothing.
    pub(super) range: Option<HistoryRange>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
enum Body {
    Fixed(ExtensionObject),
    Raw(ReadRawModifiedDetails),
    /// The aggregate is repeated for each node of a request (Part 11 §6.5.4.2).
    Processed(ReadProcessedDetails, NodeId),
}

impl Details {
    /// The details as they go out with a number of nodes.
    ///
    /// `from` begins later than was asked for, where a reading goes on without a continuation point.
    pub(super) fn body(&self, nodes: usize, from: Option<i64>) -> ExtensionObject {
        match &self.body {
            Body::Raw(details) => ExtensionObject::from_message(match from {
                Some(from) => ReadRawModifiedDetails { start_time: DateTime::from(from), ..details.clone() },
                None => details.clone(),
            }),
            Body::Fixed(body) => body.clone(),
            Body::Processed(details, aggregate) => ExtensionObject::from_message(ReadProcessedDetails {
                aggregate_type: Some(vec![aggregate.clone(); nodes]),
                ..details.clone()
            }),
        }
    }
}

impl Details {
    /// Values of a node in one answer at most, where a reading can go on from a time.
    pub(super) fn page_size(&self) -> Option<u64> {
        match &self.body {
            Body::Raw(details) => Some(u64::from(details.num_values_per_node)),
            _ => None,
        }
    }
}

/// Values and events have limits of their own on a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Values,
    Events,
}

/// No more in a page than is wanted at all.
fn page(size: u32, at_most: Option<u64>) -> u32 {
    let most = at_most.and_then(|most| u32::try_from(most).ok()).unwrap_or(u32::MAX);
    size.max(1).min(most.max(1))
}

pub(super) fn raw(history: &RawHistory) -> Result<Details, Error> {
    let (start_time, end_time) = history.range.ends()?;
    let body = ReadRawModifiedDetails {
        is_read_modified: false,
        start_time,
        end_time,
        num_values_per_node: page(history.page_size, history.at_most),
        return_bounds: history.bounds == Bounds::With,
    };
    Ok(Details {
        body: Body::Raw(body),
        at_most: history.at_most,
        range: Some(history.range),
        kind: Kind::Values,
    })
}

pub(super) fn at_times(times: &[i64]) -> Result<Details, Error> {
    if times.is_empty() || times.len() > MAX_TIMES || times.iter().any(|time| *time <= 0) {
        return Err(Error::InvalidRequest("values are read at 1 to 10,000 instants after the year 1601"));
    }
    let body = ReadAtTimeDetails {
        req_times: Some(times.iter().map(|time| DateTime::from(*time)).collect()),
        use_simple_bounds: true,
    };
    Ok(Details {
        body: Body::Fixed(ExtensionObject::from_message(body)),
        at_most: u64::try_from(times.len()).ok(),
        range: None,
        kind: Kind::Values,
    })
}

pub(super) fn processed(history: &ProcessedHistory) -> Result<Details, Error> {
    let (start_time, end_time) = history.range.ends()?;
    let server_defaults =
        AggregateConfiguration { use_server_capabilities_defaults: true, ..Default::default() };
    let body = ReadProcessedDetails {
        start_time,
        end_time,
        processing_interval: history.interval.as_secs_f64() * 1000.0,
        aggregate_type: None,
        aggregate_configuration: history.configuration.clone().unwrap_or(server_defaults),
    };
    Ok(Details {
        body: Body::Processed(body, history.aggregate.clone()),
        at_most: history.at_most,
        range: Some(history.range),
        kind: Kind::Values,
    })
}

pub(super) fn events(history: &EventHistory) -> Result<Details, Error> {
    let (start_time, end_time) = history.range.ends()?;
    let body = ReadEventDetails {
        num_values_per_node: page(history.page_size, history.at_most),
        start_time,
        end_time,
        filter: history.filter.clone(),
    };
    Ok(Details {
        body: Body::Fixed(ExtensionObject::from_message(body)),
        at_most: history.at_most,
        range: None,
        kind: Kind::Events,
    })
}
