//! Keeps one subscription going: through cut links by moving the session, through lost sessions by taking the
//! subscription over, and when that fails with a new subscription and a gap that is told.

use std::time::Duration;

use connector::SourceConfig;
use connector::sources::open_as;
use ua_client::{
    DataValue, DataValueRef, Delivery, Error, ItemRequest, ItemResult, Missing, NodeAddress, NodeId,
    NotificationVisitor, Session, SubscriptionInfo, SubscriptionRequest, SubscriptionWatch, ValueRef,
    status_name, ticks, to_data_value,
};

use super::lines::{Event, Item, Lines, Value};
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::clock;
use crate::commands::failure;
use crate::commands::server::meet::{self, meet_as};
use crate::commands::server::nodes::{self, Asked};
use crate::commands::server::target::Target;
use crate::context::Context;
use crate::view::variant;

/// The one subscription.
pub(super) struct Follower<'a> {
    context: &'a Context,
    target: &'a Target,
    args: &'a cli::Watch,
    source: SourceConfig,
    addresses: &'a [NodeAddress],
    asked: Vec<Asked>,
    results: Vec<Option<ItemResult>>,
    session: Session,
    subscription: SubscriptionInfo,
    /// The last message that was printed.
    last_sequence: Option<u32>,
    /// When it was published, in ticks.
    last_publish: i64,
    lines: Lines,
}

/// Takes the values of one message out of it. One that cannot be read counts as a value without content.
#[derive(Default)]
struct Taken(Vec<(u32, DataValue)>);

impl NotificationVisitor for Taken {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        let unreadable = DataValueRef { value: ValueRef::Null, status: BAD_DECODING_ERROR, ..*value };
        let read = to_data_value(value).or_else(|_| to_data_value(&unreadable));
        self.0.extend(read.ok().map(|read| (client_handle, read)));
    }
    fn status_change(&mut self, _: u32) {}
    fn unsupported(&mut self, _: u32) {}
}

impl<'a> Follower<'a> {
    /// Connects and subscribes; tells what the server made of it.
    pub(super) async fn begin(
        context: &'a Context,
        target: &'a Target,
        args: &'a cli::Watch,
        addresses: &'a [NodeAddress],
        lines: Lines,
    ) -> Outcome<Self> {
        let (opened, source) = meet_as(context, target, &args.target).await?;
        let session = opened.session;
        let asked = nodes::resolve(context, &session, addresses).await?;
        let explain = |error: Error| {
            failure::explain(context, Some(&target.about(None)), &connector::Error::Client(error))
        };
        let (subscription, results) = subscribe(&session, args, &asked).await.map_err(explain)?;
        let follower = Self {
            context,
            target,
            args,
            source,
            addresses,
            asked,
            results,
            session,
            subscription,
            last_sequence: None,
            last_publish: 0,
            lines,
        };
        follower.tell_subscribed()?;
        Ok(follower)
    }

    /// How many of the nodes are not watched.
    pub(super) fn refused(&self) -> usize {
        self.results.iter().filter(|result| !matches!(result, Some(Ok(_)))).count()
    }

    /// Goes on until something happens that trying again cannot mend.
    pub(super) async fn run(&mut self) -> Box<Advice> {
        loop {
            let ended = match self.session.next_publish().await {
                Ok(delivery) => self.take(&delivery).await,
                Err(error) => Err(Trouble::Connection(error)),
            };
            let mended = match ended {
                Ok(()) => continue,
                Err(Trouble::Output(advice)) => return advice,
                // one message only; the next call goes on with the next
                Err(Trouble::Connection(
                    error @ (Error::Decode { .. } | Error::UnexpectedResponse { .. }),
                )) => {
                    let at = variant::time(self.last_publish);
                    self.lines.tell(&Event::Gap { from: at, to: None, reason: error.to_string() })
                }
                Err(Trouble::Connection(error)) => self.reconnect(&error).await,
            };
            if let Err(advice) = mended {
                return advice;
            }
        }
    }

    /// Ends the session and its subscription.
    pub(super) async fn end(self) {
        if let Err(error) = self.session.close().await {
            tracing::debug!(%error, "the server did not confirm the end of the session");
        }
    }

    async fn take(&mut self, delivery: &Delivery) -> Result<(), Trouble> {
        if let Some(missing) = delivery.missing() {
            self.fetch(missing).await?;
        }
        if !delivery.is_repeated() {
            let mut taken = Taken::default();
            let summary = delivery.walk(&mut taken)?;
            self.print(taken)?;
            if !summary.keep_alive {
                self.last_sequence = Some(summary.sequence_number);
            }
            self.last_publish = summary.publish_time;
        }
        self.session.acknowledge(delivery.token());
        Ok(())
    }

    /// Fetches messages that did not come; what cannot be had is a gap.
    async fn fetch(&mut self, missing: Missing) -> Result<(), Trouble> {
        let (from, mut messages, mut lost) = (self.last_publish, 0, missing.count() > MOST_FETCHED);
        for number in missing.numbers().take(usize::try_from(MOST_FETCHED).unwrap_or(usize::MAX)) {
            match self.republish(number).await? {
                true => messages += 1,
                false => lost = true,
            }
        }
        if messages > 0 {
            self.lines.tell(&Event::Republished { messages })?;
        }
        if lost {
            let reason = format!(
                "messages {} to {} did not come and the server has them no longer",
                missing.first, missing.last
            );
            self.lines.tell(&Event::Gap { from: variant::time(from), to: None, reason })?;
        }
        Ok(())
    }

    /// Whether the server still had the message.
    async fn republish(&mut self, number: u32) -> Result<bool, Trouble> {
        let message = match self.session.republish(self.subscription.id, number).await {
            Ok(message) => message,
            Err(Error::Service { .. } | Error::Decode { .. } | Error::UnexpectedResponse { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut taken = Taken::default();
        let summary = message.walk(&mut taken)?;
        self.print(taken)?;
        self.last_sequence = Some(number);
        self.last_publish = summary.publish_time;
        self.session.acknowledge(message.token());
        Ok(true)
    }

    fn print(&self, taken: Taken) -> Outcome<()> {
        for (handle, value) in taken.0 {
            let place = usize::try_from(handle).unwrap_or(usize::MAX);
            let Some(Asked { text, id: Ok(id) }) = self.asked.get(place) else { continue };
            let status = value.status.unwrap_or_default().bits();
            if status & OVERFLOW == OVERFLOW {
                let at = value.source_timestamp.as_ref().or(value.server_timestamp.as_ref());
                self.lines.tell(&Event::Overflow { node: text, at: at.and_then(variant::time_of) })?;
            }
            self.lines.tell(&Event::Value(Box::new(Value::of(text, id, &value))))?;
        }
        Ok(())
    }

    /// Tries until the values flow again. What only a person can mend ends it.
    async fn reconnect(&mut self, error: &Error) -> Outcome<()> {
        self.lines.tell(&Event::Disconnected { reason: error.to_string() })?;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.once_more().await {
                Ok(()) => return Ok(()),
                Err(Trouble::Output(advice)) => return Err(advice),
                Err(Trouble::Connection(error)) => tracing::debug!(%error, "not yet"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn once_more(&mut self) -> Result<(), Trouble> {
        if self.session.resume().await.is_ok() {
            self.lines.tell(&Event::Reconnected { how: "the same session goes on" })?;
            return Ok(());
        }
        let identity = std::sync::Arc::clone(&self.target.identity);
        let login = self.target.login.clone();
        let name = &self.target.session_name;
        let opened = match open_as(&self.source, login, &self.target.store, identity, name).await {
            Ok(opened) => opened,
            Err(connector::Error::Client(error)) if is_passing(&error) => return Err(error.into()),
            Err(error) => {
                return Err(Trouble::Output(meet::explain(self.context, self.target, &error).await));
            }
        };
        self.session = opened.session;
        match self.session.transfer_subscriptions(&[self.subscription.id]).await {
            Ok(transfers) => match transfers.into_iter().next() {
                Some(Ok(available)) => self.catch_up(available).await,
                Some(Err(status)) => self.begin_anew(status_name(status)).await,
                None => self.begin_anew("the server did not answer for it").await,
            },
            Err(Error::Service { status, .. }) => self.begin_anew(status_name(status)).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The subscription was taken over: what the server kept is fetched first.
    async fn catch_up(&mut self, mut available: Vec<u32>) -> Result<(), Trouble> {
        self.lines.tell(&Event::Reconnected { how: "a new session took the subscription over" })?;
        let last = self.last_sequence.unwrap_or(0);
        available.retain(|number| number.wrapping_sub(last).wrapping_sub(1) < u32::MAX / 2);
        available.sort_by_key(|number| number.wrapping_sub(last));
        let (from, mut messages, mut expected) = (self.last_publish, 0, last.checked_add(1).unwrap_or(1));
        let mut lost = false;
        for number in available.into_iter().take(usize::try_from(MOST_FETCHED).unwrap_or(usize::MAX)) {
            lost |= self.last_sequence.is_some() && number != expected;
            expected = number.checked_add(1).unwrap_or(1);
            match self.republish(number).await? {
                true => messages += 1,
                false => lost = true,
            }
        }
        if messages > 0 {
            self.lines.tell(&Event::Republished { messages })?;
        }
        if lost {
            let reason = "some messages were not kept by the server".to_owned();
            self.lines.tell(&Event::Gap {
                from: variant::time(from),
                to: variant::time(self.last_publish),
                reason,
            })?;
        }
        self.session.start_publishing(&[self.watch()], IN_FLIGHT).await?;
        Ok(())
    }

    /// The subscription is gone: a new one, and everything since the last message is missing.
    async fn begin_anew(&mut self, why: &str) -> Result<(), Trouble> {
        let asked = nodes::resolve(self.context, &self.session, self.addresses).await?;
        let (subscription, results) = subscribe(&self.session, self.args, &asked).await?;
        (self.asked, self.subscription, self.results) = (asked, subscription, results);
        self.last_sequence = None;
        self.lines.tell(&Event::Reconnected { how: "with a new subscription" })?;
        let reason = format!("the server has the subscription no longer ({why})");
        let to = variant::time(ticks(clock::now()));
        self.lines.tell(&Event::Gap { from: variant::time(self.last_publish), to, reason })?;
        self.tell_subscribed()?;
        Ok(())
    }

    fn watch(&self) -> SubscriptionWatch {
        SubscriptionWatch {
            id: self.subscription.id,
            keep_alive: self.subscription.keep_alive(),
            last_sequence: self.last_sequence,
        }
    }

    fn tell_subscribed(&self) -> Outcome<()> {
        let nodes = self.asked.iter().zip(&self.results).map(|(asked, result)| {
            let (status, info) = match result {
                Some(Ok(info)) => ("Good", Some(info)),
                Some(Err(status)) => (status_name(*status), None),
                None => ("BadNodeIdUnknown", None),
            };
            Item {
                node: &asked.text,
                node_id: asked.id.as_ref().ok().map(ToString::to_string),
                status,
                sampling_interval_ms: info.map(|info| info.revised_sampling_interval.as_millis()),
                queue_size: info.map(|info| info.revised_queue_size),
                problem: asked.id.as_ref().err().cloned(),
            }
        });
        self.lines.tell(&Event::Subscribed {
            schema: "lockgate/watch/1",
            subscription_id: self.subscription.id,
            publishing_interval_ms: self.subscription.revised_publishing_interval.as_millis(),
            nodes: nodes.collect(),
        })
    }
}

/// Makes the subscription; one result per node, `None` for a node without an id. The client handle is the node's place.
async fn subscribe(
    session: &Session,
    args: &cli::Watch,
    asked: &[Asked],
) -> Result<(SubscriptionInfo, Vec<Option<ItemResult>>), Error> {
    let subscription = session
        .create_subscription(SubscriptionRequest {
            publishing_interval: args.publishing_interval,
            lifetime_count: LIFETIME_COUNT,
            keep_alive_count: KEEP_ALIVE_COUNT,
            max_notifications_per_publish: 0,
            priority: 0,
        })
        .await?;
    let item = |(place, node): (usize, &NodeId)| ItemRequest {
        node: node.clone(),
        client_handle: u32::try_from(place).unwrap_or(u32::MAX),
        sampling_interval: args.sampling_interval,
        queue_size: args.queue_size,
        discard_oldest: true,
    };
    let items: Vec<ItemRequest> = asked
        .iter()
        .enumerate()
        .filter_map(|(place, asked)| asked.id.as_ref().ok().map(|node| item((place, node))))
        .collect();
    let mut created = session.create_monitored_items(subscription.id, &items).await?.into_iter();
    let results = asked.iter().map(|asked| asked.id.is_ok().then(|| created.next()).flatten()).collect();
    let watch =
        SubscriptionWatch { id: subscription.id, keep_alive: subscription.keep_alive(), last_sequence: None };
    session.start_publishing(&[watch], IN_FLIGHT).await?;
    Ok((subscription, results))
}

/// What ended one round.
enum Trouble {
    /// Trying again may help.
    Connection(Error),
    /// It will not.
    Output(Box<Advice>),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Connection(error)
    }
}

impl From<Box<Advice>> for Trouble {
    fn from(advice: Box<Advice>) -> Self {
        Self::Output(advice)
    }
}

/// The server may be back in a moment; nobody has refused us.
fn is_passing(error: &Error) -> bool {
    error.side() == ua_client::Side::Network
        || matches!(error, Error::Service { .. } | Error::ClosedByServer { .. })
        || matches!(error, Error::RefusedByServer { .. } if !error.server_does_not_trust_us())
}

/// InfoType DataValue and the Overflow bit (Part 4 §7.39).
const OVERFLOW: u32 = 0x0000_0480;
const BAD_DECODING_ERROR: u32 = 0x8007_0000;
const IN_FLIGHT: usize = 3;
/// Publishing intervals without a value until the server gives a sign of life, and without us until it forgets the
/// subscription.
const KEEP_ALIVE_COUNT: u32 = 10;
const LIFETIME_COUNT: u32 = 600;
const MOST_FETCHED: u32 = 1000;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
