//! Looking at the server's nodes again while values flow: on schedule, when the server says that they changed, and when
//! somebody accepted what changed.

use std::time::{Duration, Instant, SystemTime};

use ua_client::types::{ObjectId, ObjectTypeId, QualifiedName};
use ua_client::{
    Delivery, EventField, EventItemRequest, EventSelection, NotificationVisitor, Session,
    SubscriptionRequest, SubscriptionWatch, ValueRef,
};

use super::live::Live;
use super::survey::{Selection, Survey, due};
use crate::address_space::snapshot;
use crate::clock;
use crate::error::Error;

/// When to look again.
pub(super) struct Rebrowse {
    pub(super) survey: Survey,
    /// When, and why.
    at: Option<(Instant, &'static str)>,
    /// Before this no browse begins, whatever the server says.
    not_before: Option<Instant>,
    /// The subscription in which the server says that its nodes changed.
    watch: Option<u32>,
    /// When the snapshot was written, as last seen.
    accepted: Option<SystemTime>,
}

impl Rebrowse {
    pub(super) fn new(survey: Survey) -> Self {
        Self { survey, at: None, not_before: None, watch: None, accepted: None }
    }

    /// When the next one is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.at.map(|(at, _)| at)
    }

    /// Takes note of how a selection came about.
    pub(super) fn plan(&mut self, selection: &Selection) {
        self.at = due(selection.next);
        if let Some(took) = selection.browsed {
            self.not_before = clock::instant().checked_add((took * REST).max(LEAST_REST));
        }
        self.accepted = self.written();
    }

    /// The server says that its nodes changed: soon, but not in the middle of a change, and not without rest.
    fn soon(&mut self) {
        let soon = clock::instant().checked_add(SETTLE);
        let soon = soon.max(self.not_before);
        if let Some(soon) = soon
            && self.at.is_none_or(|(at, _)| soon < at)
        {
            self.at = Some((soon, TOLD));
        }
    }

    /// When the snapshot was written.
    fn written(&self) -> Option<SystemTime> {
        let path = snapshot::path(&self.survey.data, self.survey.source.name.as_str());
        std::fs::metadata(path).and_then(|file| file.modified()).ok()
    }

    /// Whether somebody wrote another snapshot: accepted what changed.
    fn is_accepted(&mut self) -> bool {
        let written = self.written();
        written.is_some() && std::mem::replace(&mut self.accepted, written) != written
    }
}

impl Live<'_> {
    /// Browses again beside the flowing values.
    pub(super) fn browse_again(&mut self) {
        let Some((_, why)) = self.rebrowse.at.take() else { return };
        let survey = self.rebrowse.survey.clone();
        self.selecting.spawn(async move { survey.browse(why).await });
    }

    /// Takes over what somebody accepted.
    pub(super) fn look_for_accepted(&mut self) {
        if self.selecting.is_empty() && !self.exchange.is_under_way() && self.rebrowse.is_accepted() {
            let survey = self.rebrowse.survey.clone();
            self.selecting.spawn(async move { survey.quickly().await });
        }
    }

    /// After a browse that failed.
    pub(super) fn browse_later(&mut self) {
        self.rebrowse.at = due(Some((AFTER_FAILURE, AGAIN)));
    }

    /// Asks the server to say when its nodes change. One that does not know how is browsed on schedule only.
    ///
    /// # Errors
    /// [`Error::Client`] when the connection ends.
    pub(super) async fn watch_nodes(&mut self) -> Result<Option<SubscriptionWatch>, Error> {
        if self.context.source.nodes.is_some() {
            return Ok(None);
        }
        match watch(&self.session).await {
            Ok(watch) => {
                self.rebrowse.watch = watch.as_ref().map(|watch| watch.id);
                Ok(watch)
            }
            Err(error @ ua_client::Error::Service { .. }) => {
                tracing::debug!(source = self.context.source.name.as_str(), %error, "the server does not tell changes of its nodes");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a message is about the nodes and nothing else.
    pub(super) fn tells_of_nodes(&mut self, delivery: &Delivery) -> bool {
        let summary = delivery.summary();
        if Some(summary.subscription_id) != self.rebrowse.watch {
            return false;
        }
        let mut told = Told::default();
        if let Err(error) = delivery.walk(&mut told) {
            tracing::debug!(source = self.context.source.name.as_str(), %error, "an event cannot be read");
            told.changes = true;
        }
        if told.ended {
            self.rebrowse.watch = None;
        }
        // what did not come may have said it, too
        if told.changes || delivery.missing().is_some() {
            self.rebrowse.soon();
        }
        self.session.acknowledge(delivery.token());
        true
    }

    /// At the end of a session whose other subscriptions stay.
    pub(super) async fn stop_watching_nodes(&mut self) {
        if let Some(id) = self.rebrowse.watch.take()
            && let Err(error) = self.session.delete_subscriptions(&[id]).await
        {
            tracing::debug!(source = self.context.source.name.as_str(), %error, "the server ends it by itself");
        }
    }
}

#[derive(Debug, Default)]
struct Told {
    changes: bool,
    ended: bool,
}

impl NotificationVisitor for Told {
    fn data_change(&mut self, _: u32, _: &ua_client::DataValueRef<'_>) {}

    fn status_change(&mut self, status: u32) {
        self.ended |= status & 0x8000_0000 != 0;
    }

    fn event(&mut self, _: u32, _: &[ValueRef<'_>]) {
        self.changes = true;
    }

    fn unsupported(&mut self, _: u32) {
        self.changes = true;
    }
}

/// A subscription of its own, so that it has no part in what is promised about values.
async fn watch(session: &Session) -> Result<Option<SubscriptionWatch>, ua_client::Error> {
    let info = session
        .create_subscription(SubscriptionRequest {
            publishing_interval: Duration::from_secs(1),
            lifetime_count: 90,
            keep_alive_count: 30,
            max_notifications_per_publish: 100,
            priority: 0,
        })
        .await?;
    let field = EventField {
        event_type: ObjectTypeId::BaseEventType.into(),
        path: vec![QualifiedName::new(0, "EventType")],
    };
    // some servers take a type for itself alone, without its subtypes
    let types = [
        ObjectTypeId::BaseModelChangeEventType,
        ObjectTypeId::GeneralModelChangeEventType,
        ObjectTypeId::SemanticChangeEventType,
    ];
    let items: Vec<EventItemRequest> = types
        .into_iter()
        .zip(1..)
        .map(|(event_type, client_handle)| EventItemRequest {
            notifier: ObjectId::Server.into(),
            client_handle,
            selection: EventSelection::of_fields(vec![field.clone()]).only_of_type(event_type.into()),
            queue_size: 10,
            discard_oldest: true,
        })
        .collect();
    let made = session.create_event_items(info.id, &items).await;
    match made {
        Ok(made) if made.iter().any(Result::is_ok) => {
            let keep_alive = info.keep_alive();
            Ok(Some(SubscriptionWatch { id: info.id, keep_alive, last_sequence: None }))
        }
        Ok(_) | Err(ua_client::Error::Service { .. }) => {
            session.delete_subscriptions(&[info.id]).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

const TOLD: &str = "the server says that its nodes changed";
const AGAIN: &str = "the browse before failed";
/// Changes rarely come alone.
const SETTLE: Duration = Duration::from_secs(2);
/// So many times as long as it took, nothing is browsed after a browse.
const REST: u32 = 9;
const LEAST_REST: Duration = Duration::from_secs(2);
const AFTER_FAILURE: Duration = Duration::from_secs(600);
