//! What a publish response brings: handed over as the bytes it came in, acknowledged only by its token.

use std::io::Cursor;
use std::time::Duration;

use opcua_types::{BinaryDecodable, PublishRequest};
use ua_channel::{DecodeError, NotificationVisitor, PublishSummary, walk_publish_response};

use crate::request::ReadOnlyRequest;
use crate::sequence::Missing;
use crate::subscription::SubscriptionInfo;
use crate::{Error, codec};

/// A subscription to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionWatch {
    /// Its id.
    pub id: u32,
    /// The longest silence it allows itself: publishing interval times keep-alive count.
    pub keep_alive: Duration,
    /// The last sequence number that is safely stored, when the subscription was taken over.
    pub last_sequence: Option<u32>,
}

impl From<&SubscriptionInfo> for SubscriptionWatch {
    fn from(info: &SubscriptionInfo) -> Self {
        Self { id: info.id, keep_alive: info.keep_alive(), last_sequence: None }
    }
}

/// Permission to tell the server that it may forget a notification message.
///
/// Give it to [`Session::acknowledge`](crate::Session::acknowledge) when the values are on disk, not before (invariant 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AckToken {
    pub(crate) subscription_id: u32,
    /// Nothing for a keep-alive, which needs no acknowledgement.
    pub(crate) sequence_number: Option<u32>,
}

impl AckToken {
    /// The token of a message that a former process stored but could not acknowledge any more.
    #[must_use]
    pub fn new(subscription_id: u32, sequence_number: u32) -> Self {
        Self { subscription_id, sequence_number: Some(sequence_number) }
    }
}

/// What a publish response says besides its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliverySummary {
    /// The subscription.
    pub subscription_id: u32,
    /// The message's number; of a keep-alive the number of the next message.
    pub sequence_number: u32,
    /// When the server sent it, 100 ns ticks since 1601-01-01 UTC.
    pub publish_time: i64,
    /// Nothing changed; the subscription lives.
    pub keep_alive: bool,
    /// The server has more than fitted into this message.
    pub more_notifications: bool,
    /// Messages that can be republished.
    pub available_sequence_numbers: Vec<u32>,
}

/// One publish response, still in the bytes it came in.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub(crate) body: Vec<u8>,
    pub(crate) summary: DeliverySummary,
    pub(crate) missing: Option<Missing>,
    pub(crate) repeated: bool,
}

impl Delivery {
    /// What it says besides its values.
    #[must_use]
    pub fn summary(&self) -> &DeliverySummary {
        &self.summary
    }

    /// Messages before this one that did not come: to be fetched with [`Session::republish`](crate::Session::republish), or a gap.
    #[must_use]
    pub fn missing(&self) -> Option<Missing> {
        self.missing
    }

    /// Whether a message with this number was there before: its values are stored already.
    #[must_use]
    pub fn is_repeated(&self) -> bool {
        self.repeated
    }

    /// Hands every value to the visitor, without copying it.
    ///
    /// # Errors
    ///
    /// When the message cannot be read; what was handed over before stays handed over.
    pub fn walk<V: NotificationVisitor>(&self, visitor: &mut V) -> Result<PublishSummary, Error> {
        walk_publish_response(&self.body, visitor)
            .map_err(|error| decode_failure(PublishRequest::SERVICE, &error))
    }

    /// What to acknowledge once the values are safe.
    #[must_use]
    pub fn token(&self) -> AckToken {
        let sequence_number = (!self.summary.keep_alive).then_some(self.summary.sequence_number);
        AckToken { subscription_id: self.summary.subscription_id, sequence_number }
    }

    /// The size of the answer in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.body.len()
    }
}

/// Everything of a publish response before its values; the values are left for the walk.
pub(crate) fn read_summary(body: &[u8]) -> Result<DeliverySummary, Error> {
    let owned = codec::context_for(body);
    let context = owned.context();
    let (_, rest) = codec::read_header::<PublishRequest>(body)?;
    let mut stream = Cursor::new(rest);
    let mut read = || -> Result<DeliverySummary, opcua_types::Error> {
        Ok(DeliverySummary {
            subscription_id: u32::decode(&mut stream, &context)?,
            available_sequence_numbers: Option::<Vec<u32>>::decode(&mut stream, &context)?
                .unwrap_or_default(),
            more_notifications: bool::decode(&mut stream, &context)?,
            sequence_number: u32::decode(&mut stream, &context)?,
            publish_time: i64::decode(&mut stream, &context)?,
            keep_alive: i32::decode(&mut stream, &context)? <= 0,
        })
    };
    read().map_err(|error| Error::Decode { service: PublishRequest::SERVICE, detail: error.to_string() })
}

/// A failed walk in our words.
pub(crate) fn decode_failure(service: &'static str, error: &DecodeError) -> Error {
    match error {
        DecodeError::ServiceFault(status) => Error::Service { service, status: *status },
        other => Error::Decode { service, detail: other.to_string() },
    }
}
