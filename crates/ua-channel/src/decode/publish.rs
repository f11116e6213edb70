//! Publish and Republish responses (Part 4 §5.14.5, §5.14.6).

use super::header::{ResponseHeader, is_bad};
use super::{DataValueRef, DecodeError, MAX_SEQUENCE_NUMBERS, Reader, ValueRef};

/// Receives what a notification message carries, in the order of the message.
///
/// What was handed over before an error stays handed over: a visitor collects into a batch that its owner throws away
/// when the walk fails.
pub trait NotificationVisitor {
    /// One monitored item's value.
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>);
    /// The subscription's state changed (`BadTimeout`, `GoodSubscriptionTransferred`, …).
    fn status_change(&mut self, status: u32);
    /// One event: the values of the fields that the filter of the monitored item selects, in its order, at most
    /// [`MAX_EVENT_FIELDS`](super::MAX_EVENT_FIELDS). Who watches no events need not read any.
    fn event(&mut self, client_handle: u32, fields: &[ValueRef<'_>]) {
        let (_, _) = (client_handle, fields);
        self.unsupported(EVENT_NOTIFICATION_LIST);
    }
    /// Notification data that nobody reads: of a type that is not known, or an event where none is expected.
    fn unsupported(&mut self, type_id: u32);
}

/// What a publish response says besides its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublishSummary {
    /// Handle that the request carried.
    pub request_handle: u32,
    /// Service result of the response header; when bad, the rest is empty.
    pub service_result: u32,
    /// The subscription (0 for a Republish).
    pub subscription_id: u32,
    /// Sequence numbers the server can republish (empty for a Republish).
    pub available_sequence_numbers: Vec<u32>,
    /// The server has more notifications waiting.
    pub more_notifications: bool,
    /// Sequence number of the notification message; of a keep-alive, the next one to come.
    pub sequence_number: u32,
    /// Publish time, 100 ns ticks since 1601-01-01 UTC.
    pub publish_time: i64,
    /// The message carries no notification data.
    pub keep_alive: bool,
    /// Result of each acknowledgement that the request carried.
    pub results: Vec<u32>,
}

/// Walks a publish response. `body` starts at the type `NodeId` (i=829).
///
/// # Errors
/// [`DecodeError::ServiceFault`] for a `ServiceFault` (i=397); any other [`DecodeError`] for bytes that are not a publish
/// response.
pub fn walk_publish_response<V: NotificationVisitor>(
    body: &[u8],
    visitor: &mut V,
) -> Result<PublishSummary, DecodeError> {
    let mut reader = Reader::new(body);
    let mut summary = begin(&mut reader, PUBLISH_RESPONSE)?;
    if is_bad(summary.service_result) {
        return Ok(summary);
    }
    summary.subscription_id = reader.u32()?;
    summary.available_sequence_numbers = numbers(&mut reader)?;
    summary.more_notifications = reader.bool()?;
    notification_message(&mut reader, visitor, &mut summary)?;
    summary.results = numbers(&mut reader)?;
    // of the acknowledgements
    reader.skip_diagnostic_infos()?;
    reader.finished()?;
    Ok(summary)
}

/// Walks a republish response. `body` starts at the type `NodeId` (i=835).
///
/// # Errors
/// As [`walk_publish_response`].
pub fn walk_republish_response<V: NotificationVisitor>(
    body: &[u8],
    visitor: &mut V,
) -> Result<PublishSummary, DecodeError> {
    let mut reader = Reader::new(body);
    let mut summary = begin(&mut reader, REPUBLISH_RESPONSE)?;
    if is_bad(summary.service_result) {
        return Ok(summary);
    }
    notification_message(&mut reader, visitor, &mut summary)?;
    reader.finished()?;
    Ok(summary)
}

/// Type id and response header.
fn begin(reader: &mut Reader<'_>, expected: u32) -> Result<PublishSummary, DecodeError> {
    let ResponseHeader { request_handle, service_result } = reader.response_of(expected)?;
    Ok(PublishSummary { request_handle, service_result, ..PublishSummary::default() })
}

fn notification_message<V: NotificationVisitor>(
    reader: &mut Reader<'_>,
    visitor: &mut V,
    summary: &mut PublishSummary,
) -> Result<(), DecodeError> {
    summary.sequence_number = reader.u32()?;
    summary.publish_time = reader.i64()?;
    // type id, encoding byte
    let count = reader.array_length(3)?;
    summary.keep_alive = count == 0;
    for _ in 0..count {
        let data = reader.extension_object()?;
        match (data.type_id, data.binary) {
            (DATA_CHANGE_NOTIFICATION, Some(body)) => data_change(Reader::new(body), visitor)?,
            (EVENT_NOTIFICATION_LIST, Some(body)) => events(Reader::new(body), visitor)?,
            (STATUS_CHANGE_NOTIFICATION, Some(body)) => {
                // the diagnostics behind the status have no use here
                visitor.status_change(Reader::new(body).u32()?);
            }
            (type_id, _) => visitor.unsupported(type_id),
        }
    }
    Ok(())
}

fn data_change<V: NotificationVisitor>(mut reader: Reader<'_>, visitor: &mut V) -> Result<(), DecodeError> {
    // client handle, mask of the value
    for _ in 0..reader.array_length(5)? {
        let client_handle = reader.u32()?;
        let value = reader.data_value()?;
        visitor.data_change(client_handle, &value);
    }
    reader.skip_diagnostic_infos()?;
    reader.finished()
}

fn events<V: NotificationVisitor>(mut reader: Reader<'_>, visitor: &mut V) -> Result<(), DecodeError> {
    let mut fields = Vec::new();
    // client handle, length of the fields
    for _ in 0..reader.array_length(8)? {
        let client_handle = reader.u32()?;
        reader.event_fields(&mut fields)?;
        visitor.event(client_handle, &fields);
    }
    reader.finished()
}

/// An array of UInt32 or StatusCode.
fn numbers(reader: &mut Reader<'_>) -> Result<Vec<u32>, DecodeError> {
    let len = reader.array_length(4)?;
    if len > MAX_SEQUENCE_NUMBERS {
        return Err(DecodeError::TooMany(MAX_SEQUENCE_NUMBERS));
    }
    (0..len).map(|_| reader.u32()).collect()
}

const PUBLISH_RESPONSE: u32 = 829;
const REPUBLISH_RESPONSE: u32 = 835;
const DATA_CHANGE_NOTIFICATION: u32 = 811;
const STATUS_CHANGE_NOTIFICATION: u32 = 820;
const EVENT_NOTIFICATION_LIST: u32 = 916;
