//! All subscriptions of the server.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use opcua_types::{ContextOwned, MonitoringMode, StatusCode};

use super::{
    cycle::{Cycle, Subscription, SubscriptionSettings},
    events::NewEventItem,
    item::{Item, ItemSettings},
    publish::Publisher,
    table::{NewItem, Sampler},
};
use crate::{
    access::{Grant, Identity},
    limits::Limits,
    values::Ticks,
};

/// A session as subscriptions know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionKey(pub(crate) u32);

/// Whom a session or a subscription belongs to, and what that allows.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The user; `None` is anonymous.
    pub(crate) user: Option<Arc<str>>,
    /// SHA-256 of the client's application certificate; `None` without message security.
    pub(crate) application: Option<[u8; 32]>,
    /// What rules for roles are about.
    pub(crate) identity: Arc<Identity>,
    /// The roles as they stand, and the protection of the channel.
    pub(crate) grant: Grant,
}

impl Owner {
    /// Whether it is the same user with the same application.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.user == other.user && self.application == other.application
    }

    /// Whether `self` may take over what belongs to `other`: the same user, an anonymous one only with the same certificate, and
    /// nobody over a channel without security (Part 4 §5.14.7, HS-35).
    pub(super) fn may_take_over(&self, other: &Self) -> bool {
        let secured = self.application.is_some() && other.application.is_some();
        secured && self.user == other.user && (self.user.is_some() || self.application == other.application)
    }
}

#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) limits: Limits,
    pub(super) context: ContextOwned,
    pub(super) subscriptions: BTreeMap<u32, Subscription>,
    pub(super) publishers: HashMap<SessionKey, Publisher>,
    next_subscription: u32,
    next_item: u32,
    items: usize,
}

impl Engine {
    pub(crate) fn new(limits: Limits, first_subscription: u32) -> Self {
        Self {
            limits,
            context: ContextOwned::default(),
            subscriptions: BTreeMap::new(),
            publishers: HashMap::new(),
            next_subscription: first_subscription,
            next_item: 1,
            items: 0,
        }
    }

    /// How many subscriptions there are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.subscriptions.len()).unwrap_or(u32::MAX)
    }

    /// When [`Self::handle_timeout`] has something to do.
    pub(crate) fn poll_timeout(&self) -> Option<Ticks> {
        self.subscriptions.values().map(Subscription::next_due).min()
    }

    /// Samples, runs the publishing cycles that are due, and answers Publish requests.
    pub(crate) fn handle_timeout(&mut self, now: Ticks, sampler: &dyn Sampler) {
        self.expire_requests(now);
        let mut expired = Vec::new();
        let mut to_serve = Vec::new();
        for subscription in self.subscriptions.values_mut() {
            subscription.items.sample_due(now, sampler);
            subscription.events.sample_due(now, sampler, &self.context);
            let publisher = subscription.session.and_then(|session| self.publishers.get(&session));
            match subscription.cycle(now, publisher.is_some_and(Publisher::has_request)) {
                Cycle::Expired => expired.push(subscription.id),
                Cycle::Lives if subscription.waiting_since.is_some() => to_serve.extend(subscription.session),
                Cycle::Lives => {}
            }
        }
        for id in expired {
            tracing::info!(subscription = id, "subscription ended: nobody asked for it during its lifetime");
            self.end(id, now, Some(StatusCode::BadTimeout));
        }
        to_serve.sort_unstable();
        to_serve.dedup();
        to_serve.into_iter().for_each(|session| self.serve(session, now));
    }

    pub(crate) fn create_subscription(
        &mut self,
        session: SessionKey,
        owner: Owner,
        settings: SubscriptionSettings,
        now: Ticks,
    ) -> Result<u32, StatusCode> {
        let publisher = self.publishers.entry(session).or_default();
        let session_full = publisher.subscriptions.len() >= self.limits.subscriptions_per_session;
        if session_full || self.subscriptions.len() >= self.limits.subscriptions {
            return Err(StatusCode::BadTooManySubscriptions);
        }
        let mut id = self.next_subscription.max(1);
        while self.subscriptions.contains_key(&id) {
            id = id.checked_add(1).unwrap_or(1);
        }
        self.next_subscription = id.checked_add(1).unwrap_or(1);
        publisher.subscriptions.push(id);
        self.subscriptions.insert(id, Subscription::new(id, owner, session, settings, now, &self.limits));
        Ok(id)
    }

    /// What a session's user may do from now on holds for its subscriptions as well (AZ-10, UT-14).
    pub(crate) fn admit(&mut self, session: SessionKey, owner: &Owner, now: Ticks, sampler: &dyn Sampler) {
        let own = self.subscriptions.values_mut().filter(|s| s.session == Some(session));
        own.for_each(|subscription| subscription.belong(owner.clone(), now, sampler));
    }

    /// Looks again at what everybody may do, after roles were given or taken.
    pub(crate) fn reassess(&mut self, now: Ticks, sampler: &dyn Sampler, grant: &dyn Fn(&Owner) -> Grant) {
        for subscription in self.subscriptions.values_mut() {
            let grant = grant(&subscription.owner);
            let owner = Owner { grant, ..subscription.owner.clone() };
            subscription.belong(owner, now, sampler);
        }
    }

    pub(crate) fn modify_subscription(
        &mut self,
        session: SessionKey,
        id: u32,
        settings: SubscriptionSettings,
        now: Ticks,
    ) -> Result<(), StatusCode> {
        self.own(session, id)?.apply(settings, now);
        Ok(())
    }

    pub(crate) fn set_publishing(&mut self, session: SessionKey, id: u32, enabled: bool) -> StatusCode {
        match self.own(session, id) {
            Ok(subscription) => {
                subscription.enabled = enabled;
                subscription.touch();
                StatusCode::Good
            }
            Err(status) => status,
        }
    }

    pub(crate) fn delete_subscription(&mut self, session: SessionKey, id: u32, now: Ticks) -> StatusCode {
        match self.own(session, id) {
            Ok(_) => {
                self.end(id, now, None);
                StatusCode::Good
            }
            Err(status) => status,
        }
    }

    /// Whether the session has this subscription.
    pub(crate) fn has_subscription(&self, session: SessionKey, id: u32) -> bool {
        self.subscriptions.get(&id).is_some_and(|subscription| subscription.session == Some(session))
    }

    pub(crate) fn create_item(
        &mut self,
        session: SessionKey,
        id: u32,
        new: NewItem,
        now: Ticks,
        sampler: &dyn Sampler,
    ) -> Result<u32, StatusCode> {
        let (all, of_one) = (self.items >= self.limits.items, self.limits.items_per_subscription);
        let item_id = self.next_item;
        let subscription = self.own(session, id)?;
        if all || subscription.item_count() >= of_one {
            return Err(StatusCode::BadTooManyMonitoredItems);
        }
        subscription.touch();
        subscription.items.insert(item_id, new, now, sampler);
        // 4 billion items would have to be created before an id comes back; ids of the living are skipped then
        self.next_item = item_id.checked_add(1).unwrap_or(1);
        self.items = self.items.saturating_add(1);
        Ok(item_id)
    }

    pub(crate) fn create_event_item(
        &mut self,
        session: SessionKey,
        id: u32,
        new: NewEventItem,
        now: Ticks,
    ) -> Result<u32, StatusCode> {
        let (all, of_one) = (self.items >= self.limits.items, self.limits.items_per_subscription);
        let item_id = self.next_item;
        let subscription = self.own(session, id)?;
        if all || subscription.item_count() >= of_one {
            return Err(StatusCode::BadTooManyMonitoredItems);
        }
        subscription.touch();
        subscription.events.insert(item_id, new, now);
        self.next_item = item_id.checked_add(1).unwrap_or(1);
        self.items = self.items.saturating_add(1);
        Ok(item_id)
    }

    /// The server's and the client's number of each item of a subscription.
    pub(crate) fn handles(&mut self, session: SessionKey, id: u32) -> Result<Vec<(u32, u32)>, StatusCode> {
        let subscription = self.own(session, id)?;
        let mut handles: Vec<_> = subscription.items.handles().chain(subscription.events.handles()).collect();
        handles.sort_unstable();
        Ok(handles)
    }

    /// Reports the present value of every item of a subscription once more.
    pub(crate) fn resend(
        &mut self,
        session: SessionKey,
        id: u32,
        now: Ticks,
        sampler: &dyn Sampler,
    ) -> Result<(), StatusCode> {
        self.own(session, id)?.items.report_all(now, sampler);
        Ok(())
    }

    /// Sends the conditions that are retained to the event items of a subscription, or to one of them. There are none,
    /// so it is a beginning and an end.
    pub(crate) fn refresh(
        &mut self,
        session: SessionKey,
        id: u32,
        item: Option<u32>,
        now: Ticks,
    ) -> Result<(), StatusCode> {
        let Self { subscriptions, context, .. } = self;
        let subscription = subscriptions.get_mut(&id).filter(|s| s.session == Some(session));
        let subscription = subscription.ok_or(StatusCode::BadSubscriptionIdInvalid)?;
        subscription.events.refresh(item, now, context)
    }

    pub(crate) fn item(&self, session: SessionKey, id: u32, item: u32) -> Result<&Item, StatusCode> {
        let subscription = self.subscriptions.get(&id).filter(|s| s.session == Some(session));
        let subscription = subscription.ok_or(StatusCode::BadSubscriptionIdInvalid)?;
        subscription.items.get(item).ok_or(StatusCode::BadMonitoredItemIdInvalid)
    }

    pub(crate) fn modify_item(
        &mut self,
        session: SessionKey,
        id: u32,
        item: u32,
        settings: ItemSettings,
        now: Ticks,
    ) -> StatusCode {
        match self.own(session, id) {
            Ok(subscription) => {
                subscription.touch();
                subscription.items.modify(item, settings, now);
                StatusCode::Good
            }
            Err(status) => status,
        }
    }

    pub(crate) fn set_item_mode(
        &mut self,
        session: SessionKey,
        id: u32,
        item: u32,
        mode: MonitoringMode,
        now: Ticks,
        sampler: &dyn Sampler,
    ) -> StatusCode {
        match self.own(session, id) {
            Ok(subscription) => {
                subscription.touch();
                let found = subscription.items.set_mode(item, mode, now, sampler)
                    || subscription.events.set_mode(item, mode);
                if found { StatusCode::Good } else { StatusCode::BadMonitoredItemIdInvalid }
            }
            Err(status) => status,
        }
    }

    pub(crate) fn delete_item(&mut self, session: SessionKey, id: u32, item: u32) -> StatusCode {
        match self.own(session, id) {
            Ok(subscription) => {
                subscription.touch();
                if !subscription.items.remove(item) && !subscription.events.remove(item) {
                    return StatusCode::BadMonitoredItemIdInvalid;
                }
                self.items = self.items.saturating_sub(1);
                StatusCode::Good
            }
            Err(status) => status,
        }
    }

    fn own(&mut self, session: SessionKey, id: u32) -> Result<&mut Subscription, StatusCode> {
        let found =
            self.subscriptions.get_mut(&id).filter(|subscription| subscription.session == Some(session));
        found.ok_or(StatusCode::BadSubscriptionIdInvalid)
    }

    /// Removes a subscription, with a farewell to its session if there is a reason to tell.
    pub(super) fn end(&mut self, id: u32, now: Ticks, reason: Option<StatusCode>) {
        let Some(subscription) = self.subscriptions.remove(&id) else { return };
        self.items = self.items.saturating_sub(subscription.item_count());
        let Some((session, publisher)) =
            subscription.session.and_then(|s| Some((s, self.publishers.get_mut(&s)?)))
        else {
            return;
        };
        publisher.subscriptions.retain(|other| *other != id);
        if let Some(status) = reason {
            publisher.notice(id, subscription.farewell(now, status.bits()));
            self.serve(session, now);
        } else if publisher.subscriptions.is_empty() && publisher.notices.is_empty() {
            publisher.refuse_all(now, StatusCode::BadNoSubscription);
        }
    }
}
