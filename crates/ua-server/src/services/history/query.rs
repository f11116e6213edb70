//! What was asked for, and where an answer left off.

use std::{sync::Arc, time::Duration};

use opcua_types::{
    AggregateConfiguration, DateTime, ExtensionObject, ReadAtTimeDetails, ReadProcessedDetails,
    ReadRawModifiedDetails, StatusCode,
};

use super::{Scope, aggregate::Aggregate};
use crate::values::{Slot, Ticks};

/// Where reading goes on.
#[derive(Debug, Clone)]
pub(crate) struct HistoryPosition {
    pub(crate) slot: Slot,
    pub(crate) query: Query,
}

/// What is still to be read.
#[derive(Debug, Clone)]
pub(crate) enum Query {
    Raw(Raw),
    AtTime(AtTime),
    Processed(Processed),
}

/// Recorded values from `from` towards `to`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Raw {
    pub(super) from: Ticks,
    /// The end, which does not belong to it; `None` when only the number of values is given.
    pub(super) to: Option<Ticks>,
    pub(super) backward: bool,
    /// In one answer; 0 leaves it to the server.
    pub(super) page: usize,
    /// In all, where no end is given.
    pub(super) left: Option<usize>,
    pub(super) bounds: bool,
    /// The first answer carries the bound at the beginning.
    pub(super) begun: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct AtTime {
    pub(super) times: Arc<[Ticks]>,
    pub(super) next: usize,
}

/// One value for each interval from `from` to `to`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Processed {
    pub(super) from: Ticks,
    pub(super) to: Ticks,
    /// Positive also when time runs backward.
    pub(super) interval: Ticks,
    pub(super) aggregate: Aggregate,
    /// Number of intervals answered already.
    pub(super) done: i64,
}

/// The query for each of the nodes.
pub(super) fn parse(
    details: &ExtensionObject,
    nodes: usize,
    scope: &Scope<'_>,
) -> Result<Vec<Query>, StatusCode> {
    if let Some(details) = details.inner_as::<ReadRawModifiedDetails>() {
        return Ok(vec![Query::Raw(raw(details)?); nodes]);
    }
    if let Some(details) = details.inner_as::<ReadAtTimeDetails>() {
        return Ok(vec![Query::AtTime(at_time(details, scope)?); nodes]);
    }
    if let Some(details) = details.inner_as::<ReadProcessedDetails>() {
        return processed(details, nodes);
    }
    Err(StatusCode::BadHistoryOperationUnsupported)
}

fn given(time: DateTime) -> Option<Ticks> {
    (!time.is_null()).then(|| time.ticks())
}

fn raw(details: &ReadRawModifiedDetails) -> Result<Raw, StatusCode> {
    if details.is_read_modified {
        return Err(StatusCode::BadHistoryOperationUnsupported);
    }
    let page = usize::try_from(details.num_values_per_node).unwrap_or(usize::MAX);
    let ends = (given(details.start_time), given(details.end_time));
    let (from, to, backward) = match ends {
        (Some(start), Some(end)) => (start, Some(end), start > end),
        (Some(start), None) if page > 0 => (start, None, false),
        (None, Some(end)) if page > 0 => (end, None, true),
        _ => return Err(StatusCode::BadHistoryOperationInvalid),
    };
    let left = to.is_none().then_some(page);
    Ok(Raw { from, to, backward, page, left, bounds: details.return_bounds, begun: false })
}

fn at_time(details: &ReadAtTimeDetails, scope: &Scope<'_>) -> Result<AtTime, StatusCode> {
    let times = details.req_times.as_deref().unwrap_or_default();
    if times.is_empty() {
        return Err(StatusCode::BadNothingToDo);
    }
    if times.len() > scope.core.config.limits.array_length {
        return Err(StatusCode::BadTooManyOperations);
    }
    Ok(AtTime { times: times.iter().map(|time| time.ticks()).collect(), next: 0 })
}

fn processed(details: &ReadProcessedDetails, nodes: usize) -> Result<Vec<Query>, StatusCode> {
    let aggregates = details.aggregate_type.as_deref().unwrap_or_default();
    if aggregates.len() != nodes {
        return Err(StatusCode::BadAggregateListMismatch);
    }
    check(&details.aggregate_configuration)?;
    let (Some(from), Some(to)) = (given(details.start_time), given(details.end_time)) else {
        return Err(StatusCode::BadInvalidTimestampArgument);
    };
    if from == to {
        return Err(StatusCode::BadInvalidTimestampArgument);
    }
    let whole = i64::try_from(from.abs_diff(to)).map_err(|_| StatusCode::BadInvalidTimestampArgument)?;
    let interval = match interval(details.processing_interval)? {
        0 => whole,
        interval => interval.min(whole),
    };
    let queries = aggregates.iter().map(|id| {
        let aggregate = Aggregate::from_node_id(id).ok_or(StatusCode::BadAggregateNotSupported)?;
        Ok(Query::Processed(Processed { from, to, interval, aggregate, done: 0 }))
    });
    queries.collect()
}

/// Milliseconds in ticks.
fn interval(milliseconds: f64) -> Result<Ticks, StatusCode> {
    let interval = Duration::try_from_secs_f64(milliseconds / 1000.0);
    let interval = interval.map_err(|_| StatusCode::BadAggregateInvalidInputs)?;
    Ok(crate::clock::duration_ticks(interval))
}

/// Only the standard's own defaults are computed: all of an interval's values must be bad for it to be bad.
fn check(configuration: &AggregateConfiguration) -> Result<(), StatusCode> {
    let own = configuration.use_server_capabilities_defaults;
    let possible = configuration.percent_data_bad <= 100 && configuration.percent_data_good <= 100;
    if own || possible { Ok(()) } else { Err(StatusCode::BadAggregateConfigurationRejected) }
}
