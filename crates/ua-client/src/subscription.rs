//! Subscriptions and monitored items (Part 4 §5.13, §5.14).

use std::time::Duration;

use opcua_types::{
    AttributeId, CreateMonitoredItemsRequest, CreateSubscriptionRequest, DataChangeFilter, DataChangeTrigger,
    DeadbandType, DeleteMonitoredItemsRequest, DeleteSubscriptionsRequest, ExtensionObject,
    MonitoredItemCreateRequest, MonitoringMode, MonitoringParameters, NodeId, ReadValueId, RepublishRequest,
    TimestampsToReturn, TransferSubscriptionsRequest,
};
use ua_channel::{NotificationVisitor, PublishSummary, walk_republish_response};

use crate::batch::{Batches, Verdict};
use crate::codec::exactly;
use crate::delivery::{AckToken, decode_failure};
use crate::request::ReadOnlyRequest;
use crate::session::{Session, duration_from_ms};
use crate::{Error, codec, status};

/// What a subscription should be like; the server revises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionRequest {
    /// How often notifications are sent.
    pub publishing_interval: Duration,
    /// After how many intervals without a publish request of ours the server deletes the subscription.
    pub lifetime_count: u32,
    /// After how many intervals without a change the server sends a keep-alive.
    pub keep_alive_count: u32,
    /// The most values in one notification; 0 leaves it to the server.
    pub max_notifications_per_publish: u32,
    /// Relative to our other subscriptions; higher goes first.
    pub priority: u8,
}

/// A subscription as the server made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionInfo {
    /// Its id, unique on the server while it lives.
    pub id: u32,
    /// How often notifications really are sent.
    pub revised_publishing_interval: Duration,
    /// Intervals until deletion.
    pub revised_lifetime_count: u32,
    /// Intervals until a keep-alive.
    pub revised_keep_alive_count: u32,
}

impl SubscriptionInfo {
    /// The longest silence the subscription allows itself.
    #[must_use]
    pub fn keep_alive(&self) -> Duration {
        self.revised_publishing_interval.saturating_mul(self.revised_keep_alive_count.max(1))
    }

    /// How long the server keeps the subscription without a publish request of ours.
    #[must_use]
    pub fn lifetime(&self) -> Duration {
        self.revised_publishing_interval.saturating_mul(self.revised_lifetime_count.max(1))
    }
}

/// A node to watch for changes of its value.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRequest {
    /// The node.
    pub node: NodeId,
    /// Comes back with every value.
    pub client_handle: u32,
    /// How often the server looks; zero asks for the fastest it can.
    pub sampling_interval: Duration,
    /// How many values the server keeps for us between two notifications.
    pub queue_size: u32,
    /// What gives way when the queue is full: the oldest value, or else the newest.
    pub discard_oldest: bool,
}

/// What counts as a change of a value (Part 4 §7.22.2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataFilter {
    /// Which part of the value: its status, also the value itself, or also its source time.
    pub trigger: DataChangeTrigger,
    /// How far a number must move.
    pub dead_band: DeadBand,
}

/// How far a number must move to count as changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DeadBand {
    /// Any distance.
    #[default]
    None,
    /// More than this, in the node's own unit.
    Absolute(f64),
    /// More than this share of its EURange, in percent. Many servers do not have it.
    Percent(f64),
}

impl Default for DataFilter {
    /// A change of status or value, by any distance.
    fn default() -> Self {
        Self { trigger: DataChangeTrigger::StatusValue, dead_band: DeadBand::None }
    }
}

impl DataFilter {
    fn to_wire(self) -> ExtensionObject {
        let (kind, deadband_value) = match self.dead_band {
            DeadBand::None => (DeadbandType::None, 0.0),
            DeadBand::Absolute(distance) => (DeadbandType::Absolute, distance),
            DeadBand::Percent(share) => (DeadbandType::Percent, share),
        };
        #[expect(clippy::as_conversions, reason = "the enumeration's values on the wire are 0, 1 and 2")]
        let deadband_type = kind as u32;
        ExtensionObject::from_message(DataChangeFilter {
            trigger: self.trigger,
            deadband_type,
            deadband_value,
        })
    }
}

/// A monitored item as the server made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemInfo {
    /// Its id within the subscription.
    pub id: u32,
    /// How often the server really looks.
    pub revised_sampling_interval: Duration,
    /// How many values it really keeps.
    pub revised_queue_size: u32,
}

/// What one item's creation gave: the item, or the status it was refused with.
pub type ItemResult = Result<ItemInfo, u32>;

/// What a transfer gave for one subscription: the sequence numbers that can be republished, or the status.
pub type TransferResult = Result<Vec<u32>, u32>;

/// A notification message that was sent again.
#[derive(Clone, Debug)]
pub struct RawNotification {
    body: Vec<u8>,
    token: AckToken,
}

impl RawNotification {
    /// Hands every value to the visitor, without copying it.
    ///
    /// # Errors
    ///
    /// When the message cannot be read; what was handed over before stays handed over.
    pub fn walk<V: NotificationVisitor>(&self, visitor: &mut V) -> Result<PublishSummary, Error> {
        walk_republish_response(&self.body, visitor).map_err(|error| decode_failure("Republish", &error))
    }

    /// What to acknowledge once the values are safe.
    #[must_use]
    pub fn token(&self) -> AckToken {
        self.token
    }
}

impl Session {
    /// Makes a subscription.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the server refuses.
    pub async fn create_subscription(&self, request: SubscriptionRequest) -> Result<SubscriptionInfo, Error> {
        let create = CreateSubscriptionRequest {
            requested_publishing_interval: milliseconds(request.publishing_interval),
            requested_lifetime_count: request.lifetime_count,
            requested_max_keep_alive_count: request.keep_alive_count,
            max_notifications_per_publish: request.max_notifications_per_publish,
            publishing_enabled: true,
            priority: request.priority,
            ..Default::default()
        };
        let created = self.call(create).await?;
        Ok(SubscriptionInfo {
            id: created.subscription_id,
            revised_publishing_interval: duration_from_ms(created.revised_publishing_interval),
            revised_lifetime_count: created.revised_lifetime_count,
            revised_keep_alive_count: created.revised_max_keep_alive_count,
        })
    }

    /// Watches nodes; both timestamps come with every value. One result per item, in order.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the service as a whole refuses. An answer that cannot be
    /// read or does not come in time is an error too: the items exist then, and asking again would make them twice.
    pub async fn create_monitored_items(
        &self,
        subscription_id: u32,
        items: &[ItemRequest],
    ) -> Result<Vec<ItemResult>, Error> {
        // No filter: a change of status or value is reported (Part 4 §7.22.2).
        self.create_items(subscription_id, items, &ExtensionObject::null()).await
    }

    /// The same with a filter that says what counts as a change; the server refuses an item whose values it cannot
    /// filter so (`BadMonitoredItemFilterUnsupported`, `BadFilterNotAllowed`).
    ///
    /// # Errors
    ///
    /// As [`create_monitored_items`](Session::create_monitored_items).
    pub async fn create_filtered_items(
        &self,
        subscription_id: u32,
        items: &[ItemRequest],
        filter: DataFilter,
    ) -> Result<Vec<ItemResult>, Error> {
        self.create_items(subscription_id, items, &filter.to_wire()).await
    }

    async fn create_items(
        &self,
        subscription_id: u32,
        items: &[ItemRequest],
        filter: &ExtensionObject,
    ) -> Result<Vec<ItemResult>, Error> {
        let mut made = Vec::with_capacity(items.len());
        let mut batches = Batches::new(items.len(), &self.inner.limits.monitored_items);
        while let Some(range) = batches.next() {
            let batch = items.get(range.clone()).unwrap_or_default();
            match self.create_batch(subscription_id, batch, filter).await {
                Ok(results) => made.extend(results),
                Err(error @ (Error::Decode { .. } | Error::Timeout { .. })) => return Err(error),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => made.push(Err(code)),
                },
            }
        }
        Ok(made)
    }

    async fn create_batch(
        &self,
        subscription_id: u32,
        batch: &[ItemRequest],
        filter: &ExtensionObject,
    ) -> Result<Vec<ItemResult>, Error> {
        let request = CreateMonitoredItemsRequest {
            subscription_id,
            timestamps_to_return: TimestampsToReturn::Both,
            items_to_create: Some(batch.iter().map(|request| item(request, filter)).collect()),
            ..Default::default()
        };
        let results =
            exactly::<CreateMonitoredItemsRequest, _>(self.call(request).await?.results, batch.len())?;
        let results = results.into_iter().map(|result| match result.status_code.bits() {
            code if status::is_bad(code) => Err(code),
            _ => Ok(ItemInfo {
                id: result.monitored_item_id,
                revised_sampling_interval: duration_from_ms(result.revised_sampling_interval),
                revised_queue_size: result.revised_queue_size,
            }),
        });
        Ok(results.collect())
    }

    /// Stops watching. One status per item, in order.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the service as a whole refuses.
    pub async fn delete_monitored_items(
        &self,
        subscription_id: u32,
        item_ids: &[u32],
    ) -> Result<Vec<u32>, Error> {
        let mut codes = Vec::with_capacity(item_ids.len());
        let mut batches = Batches::new(item_ids.len(), &self.inner.limits.monitored_items);
        while let Some(range) = batches.next() {
            let batch = item_ids.get(range.clone()).unwrap_or_default().to_vec();
            let count = batch.len();
            let request = DeleteMonitoredItemsRequest {
                subscription_id,
                monitored_item_ids: Some(batch),
                ..Default::default()
            };
            let answer = self.call(request).await;
            match answer.and_then(|answer| exactly::<DeleteMonitoredItemsRequest, _>(answer.results, count)) {
                Ok(results) => codes.extend(results.iter().map(|code| code.bits())),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => codes.push(code),
                },
            }
        }
        Ok(codes)
    }

    /// Deletes subscriptions. One status per subscription, in order.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the service as a whole refuses.
    pub async fn delete_subscriptions(&self, ids: &[u32]) -> Result<Vec<u32>, Error> {
        for id in ids {
            self.inner.publishing.forget(*id);
        }
        let request =
            DeleteSubscriptionsRequest { subscription_ids: Some(ids.to_vec()), ..Default::default() };
        let results = exactly::<DeleteSubscriptionsRequest, _>(self.call(request).await?.results, ids.len())?;
        Ok(results.iter().map(|code| code.bits()).collect())
    }

    /// Takes subscriptions over from an earlier session of the same user. One result per subscription, in order.
    ///
    /// Initial values are not asked for: what was sent and not acknowledged is fetched with [`Session::republish`].
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the service as a whole refuses.
    pub async fn transfer_subscriptions(&self, ids: &[u32]) -> Result<Vec<TransferResult>, Error> {
        let request = TransferSubscriptionsRequest {
            subscription_ids: Some(ids.to_vec()),
            send_initial_values: false,
            ..Default::default()
        };
        let results =
            exactly::<TransferSubscriptionsRequest, _>(self.call(request).await?.results, ids.len())?;
        let results = results.into_iter().map(|result| match result.status_code.bits() {
            code if status::is_bad(code) => Err(code),
            _ => Ok(result.available_sequence_numbers.unwrap_or_default()),
        });
        let results: Vec<TransferResult> = results.collect();
        for (id, _) in ids.iter().zip(&results).filter(|(_, result)| result.is_ok()) {
            self.inner.publishing.transferred(*id);
        }
        if results.iter().any(Result::is_ok) {
            self.make_transfer_work().await;
        }
        Ok(results)
    }

    /// asyncua up to 2.1 hands a transferred subscription to the new session but goes on waiting for the publish
    /// requests of the old one, until the new session is activated on another channel. For that stack the session
    /// moves at once; for any other only when the subscription really stays silent (see `next_publish`).
    async fn make_transfer_work(&self) {
        let is_asyncua = {
            let activation = self.inner.activation.lock().await;
            activation.request().endpoint.product_uri.contains("freeopcua")
        };
        if !is_asyncua {
            return;
        }
        // Somebody who is waiting for notifications already is not disturbed.
        let Some(answers) = self.inner.publishing.try_answers() else { return };
        if let Err(error) = self.move_to_new_connection(answers).await {
            tracing::debug!(%error, "the session with the transferred subscriptions could not be moved");
        }
    }

    /// Asks for a notification message once more.
    ///
    /// # Errors
    ///
    /// [`Error::Service`] with `BadMessageNotAvailable` when the server no longer has it.
    pub async fn republish(
        &self,
        subscription_id: u32,
        sequence_number: u32,
    ) -> Result<RawNotification, Error> {
        let request = RepublishRequest {
            subscription_id,
            retransmit_sequence_number: sequence_number,
            ..Default::default()
        };
        let caller = &self.inner.caller;
        let body = caller.call_raw(request, caller.timeout()).await?;
        let found = first_number(&body)?;
        if found != sequence_number {
            // asyncua 2.1 answers Good with an empty message when it no longer has the one asked for. Taking that for
            // the message would be a loss that nobody hears of.
            tracing::debug!(subscription_id, sequence_number, found, "another message was sent instead");
            let status = status::BAD_MESSAGE_NOT_AVAILABLE;
            return Err(Error::Service { service: RepublishRequest::SERVICE, status });
        }
        Ok(RawNotification { body, token: AckToken::new(subscription_id, sequence_number) })
    }
}

/// The number of the message in a Republish response.
fn first_number(body: &[u8]) -> Result<u32, Error> {
    let (_, rest) = codec::read_header::<RepublishRequest>(body)?;
    let number = rest.first_chunk::<4>().copied().map(u32::from_le_bytes);
    let service = RepublishRequest::SERVICE;
    number.ok_or_else(|| Error::Decode { service, detail: "it ends before the message's number".to_owned() })
}

fn item(request: &ItemRequest, filter: &ExtensionObject) -> MonitoredItemCreateRequest {
    MonitoredItemCreateRequest {
        item_to_monitor: ReadValueId::new(request.node.clone(), AttributeId::Value),
        monitoring_mode: MonitoringMode::Reporting,
        requested_parameters: MonitoringParameters {
            client_handle: request.client_handle,
            sampling_interval: milliseconds(request.sampling_interval),
            filter: filter.clone(),
            queue_size: request.queue_size,
            discard_oldest: request.discard_oldest,
        },
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
