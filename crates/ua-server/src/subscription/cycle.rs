//! One subscription: its publishing cycle and the messages it keeps.

use std::{collections::VecDeque, sync::Arc};

use opcua_types::ContextOwned;

use super::{
    engine::{Owner, SessionKey},
    events::EventTable,
    table::{ItemTable, Sampler},
};
use crate::{
    limits::Limits,
    values::Ticks,
    wire::{Writer, encoding_id},
};

/// The parameters granted to a client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SubscriptionSettings {
    pub(crate) interval: Ticks,
    pub(crate) lifetime_count: u32,
    pub(crate) keep_alive_count: u32,
    pub(crate) max_notifications: u32,
    pub(crate) priority: u8,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: u32,
    pub(crate) owner: Owner,
    pub(crate) session: Option<SessionKey>,
    pub(crate) settings: SubscriptionSettings,
    pub(crate) enabled: bool,
    pub(crate) items: ItemTable,
    pub(crate) events: EventTable,
    /// It has something to send and waits for a Publish request since then.
    pub(crate) waiting_since: Option<Ticks>,
    /// Since when nobody is there to take its messages.
    pub(crate) detached_at: Ticks,
    next_cycle: Ticks,
    silent_cycles: u32,
    unserved_cycles: u32,
    spoke: bool,
    next_sequence: u32,
    kept: VecDeque<(u32, Arc<[u8]>)>,
    kept_bytes: usize,
}

/// What a publishing cycle found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    Lives,
    /// Nobody served it for its whole lifetime.
    Expired,
}

/// Bytes of unacknowledged messages that one subscription keeps, beside their number.
const MAX_KEPT_BYTES: usize = 16 << 20;

impl Subscription {
    pub(crate) fn new(
        id: u32,
        owner: Owner,
        session: SessionKey,
        settings: SubscriptionSettings,
        now: Ticks,
        limits: &Limits,
    ) -> Self {
        let grant = owner.grant;
        Self {
            id,
            owner,
            session: Some(session),
            settings,
            enabled: true,
            items: ItemTable::new(limits.queued_per_subscription, grant),
            events: EventTable::new(grant),
            waiting_since: None,
            detached_at: now,
            next_cycle: now.saturating_add(settings.interval),
            silent_cycles: 0,
            unserved_cycles: 0,
            spoke: false,
            next_sequence: 1,
            kept: VecDeque::new(),
            kept_bytes: 0,
        }
    }

    pub(crate) fn next_due(&self) -> Ticks {
        let sampling = self.items.next_due().into_iter().chain(self.events.next_due());
        sampling.fold(self.next_cycle, Ticks::min)
    }

    /// Belongs to `owner` from now on: what the owner may not see is no longer told.
    pub(crate) fn belong(&mut self, owner: Owner, now: Ticks, sampler: &dyn Sampler) {
        self.items.set_grant(owner.grant, now, sampler);
        self.events.set_grant(owner.grant);
        self.owner = owner;
    }

    /// Items of values and of events.
    pub(crate) fn item_count(&self) -> usize {
        self.items.len().saturating_add(self.events.len())
    }

    /// Starts the lifetime anew: the client has shown that it is there.
    pub(crate) fn touch(&mut self) {
        self.unserved_cycles = 0;
    }

    pub(crate) fn apply(&mut self, settings: SubscriptionSettings, now: Ticks) {
        self.settings = settings;
        self.next_cycle = now.saturating_add(settings.interval);
        self.touch();
    }

    /// Runs the publishing cycle if it is due. `has_request` says whether the session has a Publish request waiting.
    pub(crate) fn cycle(&mut self, now: Ticks, has_request: bool) -> Cycle {
        if self.next_cycle > now {
            return Cycle::Lives;
        }
        // cycles that were missed are one cycle: a server held up must not let its subscriptions die
        let late = now.saturating_sub(self.next_cycle);
        let interval = self.settings.interval.max(1);
        self.next_cycle = now.saturating_sub(late.rem_euclid(interval)).saturating_add(interval);
        self.unserved_cycles = if has_request { 0 } else { self.unserved_cycles.saturating_add(1) };
        if self.unserved_cycles >= self.settings.lifetime_count {
            return Cycle::Expired;
        }
        self.silent_cycles = self.silent_cycles.saturating_add(1);
        let has_news = self.enabled && (self.items.has_ready() || self.events.has_ready());
        if has_news || !self.spoke || self.silent_cycles >= self.settings.keep_alive_count {
            self.waiting_since.get_or_insert(now);
        }
        Cycle::Lives
    }

    /// The next message as bytes, kept if it carries data, and whether more is waiting.
    pub(crate) fn next_message(
        &mut self,
        now: Ticks,
        limits: &Limits,
        context: &ContextOwned,
    ) -> (Arc<[u8]>, bool) {
        self.silent_cycles = 0;
        self.spoke = true;
        self.touch();
        let sequence = self.next_sequence;
        let mut notifications = Writer::with_capacity(256);
        let max = usize::try_from(self.settings.max_notifications).unwrap_or(usize::MAX);
        let mut events = Writer::with_capacity(0);
        let (mut count, mut event_count) = (0, 0);
        if self.enabled {
            count = self.items.write_notifications(max, &mut notifications, context);
            event_count = self.events.write(max.saturating_sub(count), &mut events);
        }
        let more = self.enabled && (self.items.has_ready() || self.events.has_ready());
        self.waiting_since = more.then_some(now);
        if count == 0 && event_count == 0 {
            return (keep_alive(sequence, now).into(), false);
        }
        self.next_sequence = sequence.checked_add(1).unwrap_or(1);
        let parts = [(count, notifications.into_bytes()), (event_count, events.into_bytes())];
        let message: Arc<[u8]> = news(sequence, now, &parts).into();
        self.keep(sequence, Arc::clone(&message), limits);
        (message, more)
    }

    /// A message that only says that the subscription came to an end or went elsewhere.
    pub(crate) fn farewell(&self, now: Ticks, status: u32) -> Vec<u8> {
        status_change(self.next_sequence, now, status)
    }

    fn keep(&mut self, sequence: u32, message: Arc<[u8]>, limits: &Limits) {
        self.kept_bytes = self.kept_bytes.saturating_add(message.len());
        self.kept.push_back((sequence, message));
        while self.kept.len() > limits.retransmission.max(1)
            || (self.kept_bytes > MAX_KEPT_BYTES && self.kept.len() > 1)
        {
            if let Some((_, dropped)) = self.kept.pop_front() {
                self.kept_bytes = self.kept_bytes.saturating_sub(dropped.len());
            }
        }
    }

    pub(crate) fn acknowledge(&mut self, sequence: u32) -> bool {
        self.touch();
        let Some(place) = self.kept.iter().position(|(kept, _)| *kept == sequence) else { return false };
        if let Some((_, message)) = self.kept.remove(place) {
            self.kept_bytes = self.kept_bytes.saturating_sub(message.len());
        }
        true
    }

    pub(crate) fn kept(&self, sequence: u32) -> Option<&Arc<[u8]>> {
        self.kept.iter().find(|(kept, _)| *kept == sequence).map(|(_, message)| message)
    }

    pub(crate) fn available(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.kept.iter().map(|(sequence, _)| *sequence)
    }
}

fn message_head(sequence: u32, now: Ticks) -> Writer {
    let mut writer = Writer::with_capacity(64);
    writer.u32(sequence);
    writer.i64(now);
    writer
}

fn keep_alive(sequence: u32, now: Ticks) -> Vec<u8> {
    let mut writer = message_head(sequence, now);
    writer.length(0);
    writer.into_bytes()
}

/// A DataChangeNotification and an EventNotificationList in their extension objects, as far as there is something in them: each part
/// is a number of encoded MonitoredItemNotifications or EventFieldLists.
fn news(sequence: u32, now: Ticks, [changes, events]: &[(usize, Vec<u8>); 2]) -> Vec<u8> {
    let mut writer = message_head(sequence, now);
    writer.length(usize::from(changes.0 > 0).saturating_add(usize::from(events.0 > 0)));
    if changes.0 > 0 {
        writer.type_id(encoding_id::DATA_CHANGE_NOTIFICATION);
        writer.u8(1);
        writer.length(changes.1.len().saturating_add(8));
        writer.length(changes.0);
        writer.raw(&changes.1);
        writer.null_array(); // diagnostic infos
    }
    if events.0 > 0 {
        writer.type_id(encoding_id::EVENT_NOTIFICATION_LIST);
        writer.u8(1);
        writer.length(events.1.len().saturating_add(4));
        writer.length(events.0);
        writer.raw(&events.1);
    }
    writer.into_bytes()
}

fn status_change(sequence: u32, now: Ticks, status: u32) -> Vec<u8> {
    let mut writer = message_head(sequence, now);
    writer.length(1);
    writer.type_id(encoding_id::STATUS_CHANGE_NOTIFICATION);
    writer.u8(1);
    writer.length(5);
    writer.u32(status);
    writer.u8(0); // diagnostic info
    writer.into_bytes()
}
