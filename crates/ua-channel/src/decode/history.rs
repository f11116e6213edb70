//! HistoryRead responses (Part 4 §5.11.3, Part 11 §6.5): what all four kinds of them bring, node by node.

use super::header::ResponseHeader;
use super::{DataValueRef, DecodeError, MAX_CONTINUATION_POINT, Reader, ValueRef};

/// Receives what a history response carries: for each node `begin_node`, what it has, `end_node`.
///
/// What was handed over before an error stays handed over: a visitor collects into a batch that its owner throws away
/// when the walk fails.
pub trait HistoryVisitor {
    /// The results of a node begin.
    ///
    /// `node` is its place in the request, `status` its own status code, also when bad. With a `continuation_point` the
    /// server has more, or waits to be told to let go of it; it is never empty and at most
    /// [`MAX_CONTINUATION_POINT`] bytes long.
    fn begin_node(&mut self, node: usize, status: u32, continuation_point: Option<&[u8]>);
    /// One value, raw, processed or at a time asked for.
    fn value(&mut self, value: &DataValueRef<'_>);
    /// Who changed the value handed over at `place` (counted from 0 for each node), and how: only where modified values
    /// were asked for.
    fn modification(&mut self, place: usize, modification: &Modification<'_>) {
        let (_, _) = (place, modification);
    }
    /// One event: the values of the fields that the filter selects, in its order.
    fn event(&mut self, fields: &[ValueRef<'_>]) {
        let _ = fields;
    }
    /// The node came with history of a type that is not known (type id 0 when not numeric, or not in binary).
    fn unsupported(&mut self, type_id: u32);
    /// The results of the node are complete.
    fn end_node(&mut self, node: usize);
}

/// How a value of the history was changed (`ModificationInfo`, Part 11 §6.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modification<'a> {
    /// When, 100 ns ticks since 1601-01-01 UTC.
    pub time: i64,
    /// How: 1 insert, 2 replace, 3 update, 4 delete.
    pub update_type: u32,
    /// By whom, as sent; null reads as empty. Not checked to be UTF-8.
    pub user_name: &'a [u8],
}

/// What a history response says besides its nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistorySummary {
    /// Handle that the request carried.
    pub request_handle: u32,
    /// Service result of the response header; when bad, no node is there.
    pub service_result: u32,
    /// Number of nodes. A server that keeps to the standard sends one result for each node asked for.
    pub nodes: usize,
    /// Values of all nodes together.
    pub values: usize,
    /// Events of all nodes together.
    pub events: usize,
}

/// Walks a history response. `body` starts at the type `NodeId` (i=667).
///
/// # Errors
/// [`DecodeError::ServiceFault`] for a `ServiceFault` (i=397); [`DecodeError::TooMany`] for a continuation point beyond
/// [`MAX_CONTINUATION_POINT`]; any other [`DecodeError`] for bytes that are not a history response.
pub fn walk_history_read_response<V: HistoryVisitor>(
    body: &[u8],
    visitor: &mut V,
) -> Result<HistorySummary, DecodeError> {
    let mut reader = Reader::new(body);
    let header = reader.response_of(HISTORY_READ_RESPONSE)?;
    let ResponseHeader { request_handle, service_result } = header;
    let mut summary = HistorySummary { request_handle, service_result, ..HistorySummary::default() };
    if header.is_bad() {
        return Ok(summary);
    }
    // status, continuation point, type id and encoding of the data
    summary.nodes = reader.array_length(11)?;
    for node in 0..summary.nodes {
        let status = reader.u32()?;
        let continuation_point = reader.byte_string()?.filter(|point| !point.is_empty());
        if continuation_point.is_some_and(|point| point.len() > MAX_CONTINUATION_POINT) {
            return Err(DecodeError::TooMany(MAX_CONTINUATION_POINT));
        }
        visitor.begin_node(node, status, continuation_point);
        history(&mut reader, visitor, &mut summary)?;
        visitor.end_node(node);
    }
    reader.skip_diagnostic_infos()?;
    reader.finished()?;
    Ok(summary)
}

/// The history of one node, by the type it says it is of.
fn history<V: HistoryVisitor>(
    reader: &mut Reader<'_>,
    visitor: &mut V,
    summary: &mut HistorySummary,
) -> Result<(), DecodeError> {
    let data = reader.extension_object()?;
    if !data.has_body {
        return Ok(());
    }
    let mut body = Reader::new(data.binary.unwrap_or_default());
    match (data.type_id, data.binary) {
        (HISTORY_DATA, Some(_)) => summary.values += values(&mut body, visitor)?,
        (HISTORY_MODIFIED_DATA, Some(_)) => {
            summary.values += values(&mut body, visitor)?;
            modifications(&mut body, visitor)?;
        }
        (HISTORY_EVENT, Some(_)) => summary.events += events(&mut body, visitor)?,
        (type_id, _) => {
            visitor.unsupported(type_id);
            return Ok(());
        }
    }
    body.finished()
}

fn values<V: HistoryVisitor>(reader: &mut Reader<'_>, visitor: &mut V) -> Result<usize, DecodeError> {
    let len = reader.array_length(1)?;
    for _ in 0..len {
        visitor.value(&reader.data_value()?);
    }
    Ok(len)
}

fn modifications<V: HistoryVisitor>(reader: &mut Reader<'_>, visitor: &mut V) -> Result<(), DecodeError> {
    // time, update type, length of the user name
    for place in 0..reader.array_length(16)? {
        let time = reader.i64()?;
        let update_type = reader.u32()?;
        let user_name = reader.byte_string()?.unwrap_or_default();
        visitor.modification(place, &Modification { time, update_type, user_name });
    }
    Ok(())
}

fn events<V: HistoryVisitor>(reader: &mut Reader<'_>, visitor: &mut V) -> Result<usize, DecodeError> {
    let mut fields = Vec::new();
    let len = reader.array_length(4)?;
    for _ in 0..len {
        reader.event_fields(&mut fields)?;
        visitor.event(&fields);
    }
    Ok(len)
}

const HISTORY_READ_RESPONSE: u32 = 667;
const HISTORY_DATA: u32 = 658;
const HISTORY_EVENT: u32 = 661;
const HISTORY_MODIFIED_DATA: u32 = 11227;
