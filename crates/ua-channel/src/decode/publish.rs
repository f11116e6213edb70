//! Publish and Republish responses (Part 4 §5.14.5, §5.14.6).

use super::{DataValueRef, DecodeError};

/// Receives what a notification message carries, in the order of the message.
///
/// What was handed over before an error stays handed over: a visitor collects into a batch that its owner throws away
/// when the walk fails.
pub trait NotificationVisitor {
    /// One monitored item's value.
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>);
    /// The subscription's state changed (`BadTimeout`, `GoodSubscriptionTransferred`, …).
    fn status_change(&mut self, status: u32);
    /// Notification data of a type that is not walked: events (916) or unknown.
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
    _body: &[u8],
    _visitor: &mut V,
) -> Result<PublishSummary, DecodeError> {
    todo!()
}

/// Walks a republish response. `body` starts at the type `NodeId` (i=835).
///
/// # Errors
/// As [`walk_publish_response`].
pub fn walk_republish_response<V: NotificationVisitor>(
    _body: &[u8],
    _visitor: &mut V,
) -> Result<PublishSummary, DecodeError> {
    todo!()
}
