//! Event items: their filters and queues (Part 4 §5.13.1.2, §7.22.3).

use std::collections::{BTreeMap, HashSet, VecDeque};

use opcua_types::{
    BinaryEncodable, ContextOwned, MonitoringMode, NodeId, QualifiedName, StatusCode, Variant,
};

use crate::{
    access::Grant,
    events::Event,
    values::{TICKS_PER_MS, Ticks},
    wire::Writer,
};

/// How often the source is asked for what has happened.
const PACE: Ticks = 100 * TICKS_PER_MS;
/// How far back what was missed is made up for.
const CATCH_UP: Ticks = 60_000 * TICKS_PER_MS;

/// Which events pass.
#[derive(Debug, Clone)]
pub(crate) enum Where {
    All,
    /// Of one of these types.
    Types(HashSet<NodeId>),
    SeverityAtLeast(u16),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
}

impl Where {
    fn passes(&self, event: &Event) -> bool {
        match self {
            Self::All => true,
            Self::Types(types) => types.contains(&event.event_type),
            Self::SeverityAtLeast(severity) => event.severity >= *severity,
            Self::Both(one, other) => one.passes(event) && other.passes(event),
            Self::Either(one, other) => one.passes(event) || other.passes(event),
        }
    }
}

/// An event item to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewEventItem {
    pub(crate) client_handle: u32,
    /// The fields in their order; `None` for one that does not exist.
    pub(crate) select: Vec<Option<QualifiedName>>,
    pub(crate) passing: Where,
    pub(crate) queue_size: u32,
    pub(crate) discard_oldest: bool,
    pub(crate) mode: MonitoringMode,
}

#[derive(Debug)]
struct EventItem {
    settings: NewEventItem,
    /// Encoded fields of each event.
    queue: VecDeque<Vec<u8>>,
    /// An overflow is told once, until the queue has been emptied.
    overflowed: bool,
}

#[derive(Debug, Default)]
pub(crate) struct EventTable {
    items: BTreeMap<u32, EventItem>,
    /// What happened up to here is queued.
    seen: Ticks,
    grant: Grant,
}

/// Says what has happened.
pub(crate) trait EventSampler {
    fn events(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event));

    /// Whether somebody may get to know of an event.
    fn may_receive(&self, grant: Grant, event: &Event) -> bool;
}

impl EventTable {
    pub(crate) fn new(grant: Grant) -> Self {
        Self { grant, ..Self::default() }
    }

    pub(crate) const fn set_grant(&mut self, grant: Grant) {
        self.grant = grant;
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn insert(&mut self, id: u32, new: NewEventItem, now: Ticks) {
        if self.items.is_empty() {
            self.seen = now;
        }
        self.items.insert(id, EventItem { settings: new, queue: VecDeque::new(), overflowed: false });
    }

    pub(crate) fn remove(&mut self, id: u32) -> bool {
        self.items.remove(&id).is_some()
    }

    pub(crate) fn set_mode(&mut self, id: u32, mode: MonitoringMode) -> bool {
        let Some(item) = self.items.get_mut(&id) else { return false };
        item.settings.mode = mode;
        if mode == MonitoringMode::Disabled {
            item.queue.clear();
        }
        true
    }

    /// The server's and the client's number of each item.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.items.iter().map(|(id, item)| (*id, item.settings.client_handle))
    }

    pub(crate) fn next_due(&self) -> Option<Ticks> {
        (!self.items.is_empty()).then(|| self.seen.saturating_add(PACE))
    }

    pub(crate) fn sample_due(&mut self, now: Ticks, sampler: &dyn EventSampler, context: &ContextOwned) {
        if self.next_due().is_none_or(|due| due > now) {
            return;
        }
        let after = self.seen.max(now.saturating_sub(CATCH_UP));
        self.seen = now;
        let (items, grant) = (&mut self.items, self.grant);
        sampler.events(after, now, &mut |event| {
            if !sampler.may_receive(grant, event) {
                return;
            }
            for item in items.values_mut() {
                item.offer(event, now, context);
            }
        });
    }

    /// Queues the beginning and the end of the list of conditions, of which there are none, whatever the filter says
    /// (Part 9 §5.5.7). `only` names one item.
    pub(crate) fn refresh(
        &mut self,
        only: Option<u32>,
        now: Ticks,
        context: &ContextOwned,
    ) -> Result<(), StatusCode> {
        if only.is_some_and(|item| !self.items.contains_key(&item)) {
            return Err(StatusCode::BadMonitoredItemIdInvalid);
        }
        for item in self.items.iter_mut().filter(|(id, _)| only.is_none_or(|only| only == **id)) {
            for sign in [Event::refresh_start(now), Event::refresh_end(now)] {
                item.1.queue(&sign, now, context);
            }
        }
        Ok(())
    }

    pub(crate) fn has_ready(&self) -> bool {
        self.items.values().any(EventItem::is_reportable)
    }

    /// Writes up to `max` event field lists and returns how many it were.
    pub(crate) fn write(&mut self, max: usize, writer: &mut Writer) -> usize {
        let mut written = 0;
        for item in self.items.values_mut().filter(|item| item.is_reportable()) {
            while written < max
                && let Some(fields) = item.queue.pop_front()
            {
                writer.u32(item.settings.client_handle);
                writer.raw(&fields);
                written += 1;
            }
            if item.queue.is_empty() {
                item.overflowed = false;
            }
        }
        written
    }
}

impl EventItem {
    fn is_reportable(&self) -> bool {
        self.settings.mode == MonitoringMode::Reporting && !self.queue.is_empty()
    }

    fn offer(&mut self, event: &Event, now: Ticks, context: &ContextOwned) {
        if self.settings.passing.passes(event) {
            self.queue(event, now, context);
        }
    }

    fn queue(&mut self, event: &Event, now: Ticks, context: &ContextOwned) {
        if self.settings.mode == MonitoringMode::Disabled {
            return;
        }
        let fields = self.fields(event, now, context);
        let size = usize::try_from(self.settings.queue_size.max(1)).unwrap_or(usize::MAX);
        if self.queue.len() < size {
            self.queue.push_back(fields);
            return;
        }
        let overflow =
            (!self.overflowed).then(|| self.fields(&Event::queue_overflow(event.time), now, context));
        if self.settings.discard_oldest {
            // the oldest place goes to the message that tells of the loss
            self.queue.pop_front();
            if let Some(overflow) = overflow {
                self.queue.push_front(overflow);
            }
            self.queue.push_back(fields);
        } else if let Some(overflow) = overflow {
            self.queue.push_back(overflow);
        }
        self.overflowed = true;
    }

    /// The selected fields as an array of variants.
    fn fields(&self, event: &Event, now: Ticks, context: &ContextOwned) -> Vec<u8> {
        let mut writer = Writer::with_capacity(128);
        writer.length(self.settings.select.len());
        for field in &self.settings.select {
            let value = field.as_ref().and_then(|name| event.field(name, now)).unwrap_or(Variant::Empty);
            writer.raw(&value.encode_to_vec(&context.context()));
        }
        writer.into_bytes()
    }
}
