//! HistoryRead (Part 4 §5.11.3, Part 11 §6.5): raw values, values at given times, aggregates.
//!
//! The server keeps no history itself: a [`ValueSource`](crate::ValueSource) answers for the past, one value at a time. What one
//! request may make it compute is bounded by the page and by a budget of values looked at; a continuation point holds where it
//! stopped and nothing else.

mod aggregate;
mod at_time;
mod processed;
mod query;
mod raw;

use opcua_types::{
    ByteString, DataValue, DateTime, ExtensionObject, HistoryData, HistoryReadRequest, HistoryReadResponse,
    HistoryReadResult, HistoryReadValueId, NumericRange, RequestHeader, StatusCode,
};

use query::Query;

pub(crate) use aggregate::Aggregate;
pub(crate) use query::HistoryPosition;

use super::{Scope, read::stamps};
use crate::{
    access::{Grant, Wish},
    address_space::{Content, NodeKind},
    session::SessionToken,
    trouble::HistoryTrouble,
    values::{Sample, Slot, Ticks},
    wire::Stamps,
};

/// The next values of a node, and what is left of the query.
type Page = Result<(Vec<Sample>, Option<Query>), StatusCode>;

pub(super) fn history_read(
    scope: &Scope<'_>,
    request: HistoryReadRequest,
) -> Result<HistoryReadResponse, StatusCode> {
    let header = &request.request_header;
    let grant = scope.grant(header)?;
    let stamps = stamps(request.timestamps_to_return)?;
    let nodes = scope.operations(request.nodes_to_read)?;
    if nodes.len() > scope.core.config.limits.history_nodes {
        return Err(StatusCode::BadTooManyOperations);
    }
    let release = request.release_continuation_points;
    let results = if release {
        nodes.iter().map(|node| forget(scope, header, node)).collect()
    } else {
        let queries = query::parse(&request.history_read_details, nodes.len(), scope)?;
        let answers = nodes.iter().zip(queries).map(|(node, query)| {
            answer(scope, grant, header, node, query, stamps).unwrap_or_else(|status| HistoryReadResult {
                status_code: status,
                ..HistoryReadResult::default()
            })
        });
        answers.collect()
    };
    Ok(HistoryReadResponse {
        response_header: scope.good(header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

fn forget(scope: &Scope<'_>, header: &RequestHeader, node: &HistoryReadValueId) -> HistoryReadResult {
    let status_code = match take_position(scope, header, &node.continuation_point) {
        Ok(_) => StatusCode::Good,
        Err(status) => status,
    };
    HistoryReadResult { status_code, ..HistoryReadResult::default() }
}

fn answer(
    scope: &Scope<'_>,
    grant: Grant,
    header: &RequestHeader,
    node: &HistoryReadValueId,
    query: Query,
    stamps: Stamps,
) -> Result<HistoryReadResult, StatusCode> {
    let (slot, query) = if node.continuation_point.is_null_or_empty() {
        (recorded_slot(scope, grant, node)?, query)
    } else {
        let position = take_position(scope, header, &node.continuation_point)?;
        (position.slot, position.query)
    };
    let (values, rest) = match scope.core.config.trouble.history() {
        HistoryTrouble::None => page(scope, slot, &query)?,
        HistoryTrouble::Refused => return Err(StatusCode::BadResourceUnavailable),
        HistoryTrouble::Repeating => (page(scope, slot, &query)?.0, Some(query)),
        HistoryTrouble::Forgetful => (page(scope, slot, &query)?.0, None),
        HistoryTrouble::Empty => (Vec::new(), Some(query)),
    };
    let status_code = match (values.is_empty(), &rest) {
        (true, None) => StatusCode::GoodNoData,
        _ => StatusCode::Good,
    };
    let continuation_point = match rest {
        Some(query) => keep_position(scope, header, HistoryPosition { slot, query })?,
        None => ByteString::null(),
    };
    let values = values.iter().map(|value| data_value(value, stamps)).collect();
    let data = HistoryData { data_values: Some(values) };
    Ok(HistoryReadResult {
        status_code,
        continuation_point,
        history_data: ExtensionObject::from_message(data),
    })
}

fn page(scope: &Scope<'_>, slot: Slot, query: &Query) -> Page {
    let source = scope.core.source.as_ref();
    let limits = &scope.core.config.limits;
    match query {
        Query::Raw(raw) => Ok(raw::page(source, slot, raw, scope.now, limits)),
        Query::AtTime(times) => Ok(at_time::page(source, slot, times, scope.now, limits)),
        Query::Processed(processed) => processed::page(source, slot, processed, scope.now, limits),
    }
}

/// The slot behind a node whose history can be read.
fn recorded_slot(scope: &Scope<'_>, grant: Grant, wanted: &HistoryReadValueId) -> Result<Slot, StatusCode> {
    let space = &scope.core.space;
    let index = scope.core.find(grant, &wanted.node_id, Wish::ReadHistory)?;
    if wanted.index_range != NumericRange::None {
        return Err(StatusCode::BadIndexRangeNoData);
    }
    let encoding = &wanted.data_encoding;
    if !encoding.is_null() && !encoding.name.is_empty() && encoding.name != "Default Binary" {
        return Err(StatusCode::BadDataEncodingUnsupported);
    }
    match space.node(index).map(|node| &node.kind) {
        Some(NodeKind::Variable { content: Content::Live(slot), .. })
            if scope.core.source.is_recorded(*slot) =>
        {
            Ok(*slot)
        }
        _ => Err(StatusCode::BadHistoryOperationUnsupported),
    }
}

fn take_position(
    scope: &Scope<'_>,
    header: &RequestHeader,
    point: &ByteString,
) -> Result<HistoryPosition, StatusCode> {
    let token = SessionToken::from_node_id(&header.authentication_token);
    let mut sessions = scope.core.sessions();
    let session = sessions.check(token, scope.peer.channel, scope.now)?;
    let point = point.as_ref().try_into().map(u32::from_le_bytes).ok();
    point
        .and_then(|point| session.take_history_position(point))
        .ok_or(StatusCode::BadContinuationPointInvalid)
}

fn keep_position(
    scope: &Scope<'_>,
    header: &RequestHeader,
    position: HistoryPosition,
) -> Result<ByteString, StatusCode> {
    let token = SessionToken::from_node_id(&header.authentication_token);
    let mut sessions = scope.core.sessions();
    let session = sessions.check(token, scope.peer.channel, scope.now)?;
    let point = session.keep_history_position(position, &scope.core.config.limits)?;
    Ok(ByteString::from(point.to_le_bytes().to_vec()))
}

fn data_value(sample: &Sample, stamps: Stamps) -> DataValue {
    let time = |wanted: bool, time: Ticks| (wanted && time != 0).then(|| DateTime::from(time));
    DataValue {
        value: Some(sample.value.to_variant()).filter(|value| !value.is_empty()),
        status: (sample.status != 0).then(|| StatusCode::from(sample.status)),
        source_timestamp: time(stamps.source, sample.source_time),
        server_timestamp: time(stamps.server, sample.source_time),
        ..DataValue::default()
    }
}
