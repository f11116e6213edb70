//! Keeps one subscription going: through cut links by moving the session, through lost sessions by taking the
//! subscription over, and when that fails with a new subscription and a gap that is told.

use std::time::Duration;

use connector::SourceConfig;
use connector::sources::open_as;
use ua_client::{
    DataValue, DataValueRef, Delivery, Error, Missing, NodeAddress, NodeId, NotificationVisitor, Session,
    SubscriptionWatch, ValueRef, Variant, status_name, ticks, to_data_value, to_variant,
};

use super::event::{self, Happened, Sign};
use super::lines::{Event, Item, Lines, Value};
use super::queues::{self, Queues};
use super::subscription::{IN_FLIGHT, Kind, Watched, refresh};
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::clock;
use crate::commands::failure;
use crate::commands::server::meet::{self, meet_as};
use crate::commands::server::nodes::{self, Asked};
use crate::commands::server::target::Target;
use crate::context::Context;
use crate::view::content::Content;
use crate::view::variant;

/// The one subscription.
pub(super) struct Follower<'a> {
    context: &'a Context,
    target: &'a Target,
    args: &'a cli::Watch,
    source: SourceConfig,
    addresses: &'a [NodeAddress],
    watched: Watched,
    session: Session,
    /// The last message that was printed.
    last_sequence: Option<u32>,
    /// When it was published, in ticks.
    last_publish: i64,
    queues: Queues,
    lines: Lines,
}

/// Takes what one message carries out of it. What cannot be read counts as a value without content.
#[derive(Default)]
struct Taken(Vec<(u32, Came)>);

enum Came {
    Value(DataValue),
    Event(Vec<Variant>),
}

impl Came {
    /// As it lay in the queue of a node; events say by themselves that others were lost.
    fn in_queue(&self, handle: u32) -> Option<queues::Came> {
        let Self::Value(value) = self else { return None };
        let time = value.source_timestamp.as_ref().or(value.server_timestamp.as_ref());
        let status = value.status.unwrap_or_default().bits();
        let overflow = status & OVERFLOW == OVERFLOW;
        Some(queues::Came { handle, time: time.map(|time| time.checked_ticks()), overflow })
    }
}

impl NotificationVisitor for Taken {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        let unreadable = DataValueRef { value: ValueRef::Null, status: BAD_DECODING_ERROR, ..*value };
        let read = to_data_value(value).or_else(|_| to_data_value(&unreadable));
        self.0.extend(read.ok().map(|read| (client_handle, Came::Value(read))));
    }
    fn event(&mut self, client_handle: u32, fields: &[ValueRef<'_>]) {
        let fields = fields.iter().map(|field| to_variant(field).unwrap_or(Variant::Empty));
        self.0.push((client_handle, Came::Event(fields.collect())));
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
        let watched = Watched::make(&session, args, asked).await.map_err(explain)?;
        let follower = Self {
            context,
            target,
            args,
            source,
            addresses,
            watched,
            session,
            last_sequence: None,
            last_publish: 0,
            queues: Queues::default(),
            lines,
        };
        follower.tell_subscribed()?;
        Ok(follower)
    }

    /// How many of the nodes are not watched.
    pub(super) fn refused(&self) -> usize {
        self.watched.nodes.iter().filter(|node| !matches!(node.result, Some(Ok(_)))).count()
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
            self.tell_full_queues(&taken, summary.more_notifications)?;
            self.print(taken).await?;
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
        let message = match self.session.republish(self.watched.info.id, number).await {
            Ok(message) => message,
            Err(Error::Service { .. } | Error::Decode { .. } | Error::UnexpectedResponse { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let mut taken = Taken::default();
        let summary = message.walk(&mut taken)?;
        self.tell_full_queues(&taken, false)?;
        self.print(taken).await?;
        self.last_sequence = Some(number);
        self.last_publish = summary.publish_time;
        self.session.acknowledge(message.token());
        Ok(true)
    }

    /// What nobody says was lost, and may be.
    fn tell_full_queues(&mut self, taken: &Taken, more: bool) -> Outcome<()> {
        let came: Vec<queues::Came> =
            taken.0.iter().filter_map(|(handle, came)| came.in_queue(*handle)).collect();
        let nodes = &self.watched.nodes;
        let node = |handle: u32| nodes.get(usize::try_from(handle).unwrap_or(usize::MAX));
        let queue = |handle| match node(handle)?.result {
            Some(Ok(item)) => Some(item.revised_queue_size),
            _ => None,
        };
        for full in self.queues.take(&came, queue, more) {
            let name = node(full.handle).map_or("a node", |node| node.asked.text.as_str());
            let reason = format!(
                "{name}: the server handed over a full queue of {} values and does not say whether there were more; a \
                 longer --queue-size or a shorter --publishing-interval helps",
                full.queue
            );
            let (from, to) = (full.from.and_then(variant::time), full.to.and_then(variant::time));
            self.lines.tell(&Event::Gap { from, to, reason })?;
        }
        Ok(())
    }

    async fn print(&self, taken: Taken) -> Result<(), Trouble> {
        let mut is_refresh_due = false;
        for (handle, came) in taken.0 {
            let place = usize::try_from(handle).unwrap_or(usize::MAX);
            let node = self.watched.nodes.get(place).map(|node| &node.asked);
            let Some(Asked { text, id: Ok(id) }) = node else { continue };
            match came {
                Came::Value(value) => self.print_value(text, id, &value).await?,
                Came::Event(fields) => {
                    let sign = Sign::of(&fields);
                    is_refresh_due |= sign == Some(Sign::RefreshRequired);
                    self.lines.tell(&match sign {
                        Some(Sign::RefreshStart) => Event::Refresh { node: text, state: "start" },
                        Some(Sign::RefreshEnd) => Event::Refresh { node: text, state: "end" },
                        Some(Sign::RefreshRequired) => Event::Refresh { node: text, state: "required" },
                        Some(Sign::Overflow) => Event::Overflow { node: text, at: event::time(&fields) },
                        None => Event::Happened(Box::new(Happened::of(text, id, &fields))),
                    })?;
                }
            }
        }
        if is_refresh_due && let Err(status) = refresh(&self.session, self.watched.info.id).await? {
            tracing::warn!(status = status_name(status), "the conditions that hold now cannot be asked for");
        }
        Ok(())
    }

    async fn print_value(&self, text: &str, id: &NodeId, value: &DataValue) -> Outcome<()> {
        let status = value.status.unwrap_or_default().bits();
        if status & OVERFLOW == OVERFLOW {
            let at = value.source_timestamp.as_ref().or(value.server_timestamp.as_ref());
            self.lines.tell(&Event::Overflow { node: text, at: at.and_then(variant::time_of) })?;
        }
        // when the connection ends while a type is asked for, the value itself is here all the same
        let content = self.watched.meaning.open(&self.session, id, value).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the type of a value could not be asked for");
            value.value.as_ref().map(Content::plain).unwrap_or_default()
        });
        self.lines.tell(&Event::Value(Box::new(Value::of(text, id, value, content))))
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
        match self.session.transfer_subscriptions(&[self.watched.info.id]).await {
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
        self.watched = Watched::make(&self.session, self.args, asked).await?;
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
            id: self.watched.info.id,
            keep_alive: self.watched.info.keep_alive(),
            last_sequence: self.last_sequence,
        }
    }

    fn tell_subscribed(&self) -> Outcome<()> {
        let nodes = self.watched.nodes.iter().map(|node| {
            let (status, problem) = node.status();
            let info = node.result.as_ref().and_then(|result| result.as_ref().ok());
            let is_events = node.kind == Kind::Events;
            Item {
                node: &node.asked.text,
                node_id: node.asked.id.as_ref().ok().map(ToString::to_string),
                kind: if is_events { "events" } else { "values" },
                status,
                sampling_interval_ms: info
                    .filter(|_| !is_events)
                    .map(|info| info.revised_sampling_interval.as_millis()),
                queue_size: info.map(|info| info.revised_queue_size),
                problem,
            }
        });
        self.lines.tell(&Event::Subscribed {
            schema: "lockgate/watch/1",
            subscription_id: self.watched.info.id,
            publishing_interval_ms: self.watched.info.revised_publishing_interval.as_millis(),
            nodes: nodes.collect(),
            condition_refresh: self.watched.refreshed.map(|asked| asked.err().map_or("Good", status_name)),
        })
    }
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
const MOST_FETCHED: u32 = 1000;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
