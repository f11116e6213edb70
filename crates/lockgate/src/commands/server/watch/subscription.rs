//! Making the subscription: values of variables, events of notifiers.

use ua_client::types::ObjectTypeId;
use ua_client::{
    AttributeId, Error, EventItemRequest, ItemInfo, ItemRequest, ItemResult, NodeId, Session,
    SubscriptionInfo, SubscriptionRequest, SubscriptionWatch, Variant, status_name,
};

use super::event;
use crate::cli;
use crate::commands::server::meaning::Meaning;
use crate::commands::server::nodes::Asked;

/// What is watched and what the server made of our wishes.
pub(super) struct Watched {
    pub(super) info: SubscriptionInfo,
    /// The client handle of an item is the node's place here.
    pub(super) nodes: Vec<WatchedNode>,
    /// What values mean.
    pub(super) meaning: Meaning,
    /// Whether the server sends the conditions that hold already, and else the status with which it refused;
    /// `None` when no events are watched.
    pub(super) refreshed: Option<Result<(), u32>>,
}

pub(super) struct WatchedNode {
    pub(super) asked: Asked,
    pub(super) kind: Kind,
    /// `None` for a node without an id.
    pub(super) result: Option<ItemResult>,
}

/// What a node has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Values, or so we suppose.
    Values,
    /// Events (Part 3 §8.59, SubscribeToEvents).
    Events,
    /// It could report events and does not, and has no value.
    Silent,
}

impl Watched {
    /// Asks what the nodes are and subscribes to them.
    pub(super) async fn make(session: &Session, args: &cli::Watch, asked: Vec<Asked>) -> Result<Self, Error> {
        let kinds = kinds(session, &asked).await?;
        let nodes = asked.into_iter().zip(kinds);
        let nodes = nodes.map(|(asked, kind)| WatchedNode { asked, kind, result: None }).collect();
        let info = session
            .create_subscription(SubscriptionRequest {
                publishing_interval: args.publishing_interval,
                lifetime_count: LIFETIME_COUNT,
                keep_alive_count: KEEP_ALIVE_COUNT,
                max_notifications_per_publish: 0,
                priority: 0,
            })
            .await?;
        let mut watched = Self { info, nodes, meaning: Meaning::default(), refreshed: None };
        let of_values = watched.nodes.iter().filter(|node| node.kind == Kind::Values);
        let ids = of_values.filter_map(|node| node.asked.id.as_ref().ok());
        watched.meaning = Meaning::of(session, ids).await?;
        watched.watch_values(session, args).await?;
        watched.watch_events(session, args).await?;
        let watch = SubscriptionWatch::from(&watched.info);
        session.start_publishing(&[watch], IN_FLIGHT).await?;
        Ok(watched)
    }

    async fn watch_values(&mut self, session: &Session, args: &cli::Watch) -> Result<(), Error> {
        let places = self.places(|kind| kind != Kind::Events);
        let items: Vec<ItemRequest> = places
            .iter()
            .map(|(place, node)| ItemRequest {
                node: node.clone(),
                client_handle: u32::try_from(*place).unwrap_or(u32::MAX),
                sampling_interval: args.sampling_interval,
                queue_size: args.queue_size,
                discard_oldest: true,
            })
            .collect();
        let results = session.create_monitored_items(self.info.id, &items).await?;
        self.settle(&places, results);
        Ok(())
    }

    async fn watch_events(&mut self, session: &Session, args: &cli::Watch) -> Result<(), Error> {
        let places = self.places(|kind| kind == Kind::Events);
        if places.is_empty() {
            return Ok(());
        }
        let items: Vec<EventItemRequest> = places
            .iter()
            .map(|(place, node)| EventItemRequest {
                notifier: node.clone(),
                client_handle: u32::try_from(*place).unwrap_or(u32::MAX),
                selection: event::selection(),
                queue_size: args.queue_size,
                discard_oldest: true,
            })
            .collect();
        let made = session.create_event_items(self.info.id, &items).await?;
        let results: Vec<Result<ItemInfo, u32>> =
            made.into_iter().map(|made| made.map(|made| made.item)).collect();
        let any = results.iter().any(Result::is_ok);
        self.settle(&places, results);
        if any {
            self.refreshed = Some(refresh(session, self.info.id).await?);
        }
        Ok(())
    }

    fn places(&self, wanted: impl Fn(Kind) -> bool) -> Vec<(usize, NodeId)> {
        let nodes = self.nodes.iter().enumerate().filter(|(_, node)| wanted(node.kind));
        nodes.filter_map(|(place, node)| Some((place, node.asked.id.as_ref().ok()?.clone()))).collect()
    }

    fn settle(&mut self, places: &[(usize, NodeId)], results: Vec<ItemResult>) {
        for ((place, _), result) in places.iter().zip(results) {
            if let Some(node) = self.nodes.get_mut(*place) {
                node.result = Some(result);
            }
        }
    }
}

impl WatchedNode {
    /// The name of its status, and in words what is wrong where the status does not say it.
    pub(super) fn status(&self) -> (&'static str, Option<String>) {
        match (&self.result, &self.asked.id) {
            (_, Err(problem)) => ("BadNodeIdUnknown", Some(problem.clone())),
            (Some(Ok(_)), _) => ("Good", None),
            (Some(Err(status)), _) if self.kind == Kind::Silent => {
                let why = "it has no value and reports no events; name a variable, or i=2253 for all events";
                (status_name(*status), Some(why.to_owned()))
            }
            (Some(Err(status)), _) => (status_name(*status), None),
            (None, _) => ("BadUnexpectedError", None),
        }
    }
}

/// Asks the server to send the conditions that hold now; the inner error is its refusal.
pub(super) async fn refresh(session: &Session, subscription: u32) -> Result<Result<(), u32>, Error> {
    match session.condition_refresh(subscription).await {
        Ok(()) => Ok(Ok(())),
        Err(Error::Service { status, .. }) => Ok(Err(status)),
        Err(error) => Err(error),
    }
}

async fn kinds(session: &Session, asked: &[Asked]) -> Result<Vec<Kind>, Error> {
    let questions: Vec<_> = asked
        .iter()
        .filter_map(|asked| asked.id.as_ref().ok())
        .map(|node| (node.clone(), AttributeId::EventNotifier))
        .collect();
    let mut answers = session.read(&questions).await?.into_iter();
    let kinds = asked.iter().map(|asked| match &asked.id {
        Ok(_) => match answers.next().and_then(|answer| answer.value) {
            Some(Variant::Byte(bits)) if bits & SUBSCRIBE_TO_EVENTS != 0 => Kind::Events,
            Some(Variant::Byte(_)) => Kind::Silent,
            _ => Kind::Values,
        },
        Err(_) => Kind::Values,
    });
    Ok(kinds.collect())
}

/// Whether an event's type is this one of the standard.
pub(super) fn is_type(event_type: &Variant, of: ObjectTypeId) -> bool {
    matches!(event_type, Variant::NodeId(id) if **id == of)
}

const SUBSCRIBE_TO_EVENTS: u8 = 1;
pub(super) const IN_FLIGHT: usize = 3;
/// Publishing intervals without a value until the server gives a sign of life, and without us until it forgets the
/// subscription.
const KEEP_ALIVE_COUNT: u32 = 10;
const LIFETIME_COUNT: u32 = 600;
