//! The monitored items of one subscription, laid out for sampling.

use std::collections::{HashMap, HashSet, VecDeque};

use opcua_types::{ContextOwned, MonitoringMode, StatusCode};

use super::events::EventSampler;
use super::item::{Item, ItemSettings, Offer, Watched};
use super::places::Places;
use crate::{
    access::Grant,
    clock::duration_ticks,
    values::{Sample, Slot, Ticks},
    wire::Writer,
};

/// Where an item's samples come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// From the value source.
    Live(Slot),
    /// From the server itself, asked item by item.
    Polled,
    /// It never changes: sampled once.
    Fixed,
}

/// Answers for instants.
pub(crate) trait Sampler: EventSampler {
    fn live(&self, slots: &[Slot], at: Ticks, visit: &mut dyn FnMut(usize, Sample));
    /// For whom, because some attributes say what that one may do.
    fn polled(&self, grant: Grant, watched: Watched, at: Ticks) -> Sample;
    /// Why somebody may not read this, if so.
    fn denied(&self, grant: Grant, watched: Watched) -> Option<StatusCode>;
}

/// An item to be created.
#[derive(Debug, Clone)]
pub(crate) struct NewItem {
    pub(crate) watched: Watched,
    pub(crate) feed: Feed,
    pub(crate) settings: ItemSettings,
    pub(crate) mode: MonitoringMode,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    feed: Feed,
    /// Why the owner may no longer read it, if so.
    denied: Option<StatusCode>,
    seat: Option<Seat>,
    is_ready: bool,
}

/// Where in the groups an entry sits.
#[derive(Debug, Clone, Copy)]
struct Seat {
    group: usize,
    position: usize,
}

/// Items sampled together. `slots[i]` belongs to the item in the place `slot_items[i]`.
#[derive(Debug)]
struct Group {
    interval: Ticks,
    next: Ticks,
    slots: Vec<Slot>,
    slot_items: Vec<u32>,
    polled_items: Vec<u32>,
}

/// How far back missed sampling instants are made up for. Older ones are skipped and the overflow bit says so.
const CATCH_UP: std::time::Duration = std::time::Duration::from_secs(30);

/// Places of removed items that may wait in line before the line is cleaned.
const READY_SLACK: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct ItemTable {
    entries: Places<Entry>,
    groups: Vec<Group>,
    group_of: HashMap<Ticks, usize>,
    /// Places of items that may have something to report; one may be stale, `is_ready` decides.
    ready: VecDeque<u32>,
    queued: usize,
    max_queued: usize,
    grant: Grant,
}

impl ItemTable {
    pub(crate) fn new(max_queued: usize, grant: Grant) -> Self {
        Self { max_queued, grant, ..Self::default() }
    }

    /// Looks again at every item: one that may no longer be read drops what it holds and says so once, instead of any value.
    pub(crate) fn set_grant(&mut self, grant: Grant, now: Ticks, sampler: &dyn Sampler) {
        if grant == self.grant {
            return;
        }
        self.grant = grant;
        for place in self.entries.in_order() {
            let Some(entry) = self.entries.at_mut(place) else { continue };
            let denied = sampler.denied(grant, entry.item.watched);
            if denied.is_some() {
                self.queued = self.queued.saturating_sub(entry.item.forget());
            }
            if denied != entry.denied {
                entry.item.report_again();
            }
            entry.denied = denied;
            self.sample_one(place, now, sampler);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    #[cfg(test)]
    pub(super) fn line(&self) -> usize {
        self.ready.len()
    }

    pub(crate) fn get(&self, id: u32) -> Option<&Item> {
        self.entries.get(id).map(|entry| &entry.item)
    }

    /// The server's and the client's number of each item.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.entries.iter().map(|(id, entry)| (id, entry.item.settings.client_handle))
    }

    pub(crate) fn insert(&mut self, id: u32, new: NewItem, now: Ticks, sampler: &dyn Sampler) {
        let item = Item::new(new.watched, new.settings, new.mode);
        let entry = Entry { item, feed: new.feed, denied: None, seat: None, is_ready: false };
        if let Some(place) = self.entries.insert(id, entry) {
            self.seat(place, now);
            self.sample_one(place, now, sampler);
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> bool {
        if let Some(place) = self.entries.place(id) {
            self.unseat(place);
        }
        let removed = self.entries.remove(id);
        self.queued = self.queued.saturating_sub(removed.as_ref().map_or(0, |entry| entry.item.queue.len()));
        // creating and deleting items without ever publishing must not pile up their places
        if self.ready.len() > self.entries.len().saturating_mul(2).saturating_add(READY_SLACK) {
            let entries = &self.entries;
            let mut seen = HashSet::new();
            self.ready.retain(|place| {
                entries.at(*place).is_some_and(|entry| entry.is_ready) && seen.insert(*place)
            });
        }
        removed.is_some()
    }

    pub(crate) fn modify(&mut self, id: u32, settings: ItemSettings, now: Ticks) {
        let Some(place) = self.entries.place(id) else { return };
        self.unseat(place);
        if let Some(entry) = self.entries.at_mut(place) {
            self.queued = self.queued.saturating_sub(entry.item.modify(settings));
        }
        self.seat(place, now);
    }

    pub(crate) fn set_mode(
        &mut self,
        id: u32,
        mode: MonitoringMode,
        now: Ticks,
        sampler: &dyn Sampler,
    ) -> bool {
        let Some(place) = self.entries.place(id) else { return false };
        self.unseat(place);
        let Some(entry) = self.entries.at_mut(place) else { return false };
        let was_disabled = entry.item.mode == MonitoringMode::Disabled;
        self.queued = self.queued.saturating_sub(entry.item.set_mode(mode));
        self.seat(place, now);
        if was_disabled {
            self.sample_one(place, now, sampler);
        }
        self.mark_ready(place);
        true
    }

    /// Reports the present value of every item once more.
    pub(crate) fn report_all(&mut self, now: Ticks, sampler: &dyn Sampler) {
        for place in self.entries.in_order() {
            if let Some(entry) = self.entries.at_mut(place) {
                entry.item.report_again();
            }
            self.sample_one(place, now, sampler);
        }
    }

    /// When the next sampling instant is.
    pub(crate) fn next_due(&self) -> Option<Ticks> {
        self.groups.iter().filter(|group| !group.is_empty()).map(|group| group.next).min()
    }

    /// Samples every instant that has passed.
    pub(crate) fn sample_due(&mut self, now: Ticks, sampler: &dyn Sampler) {
        let Self { entries, groups, ready, queued, max_queued, .. } = self;
        let mut take = |place: u32, sample: Sample, at: Ticks, skipped: bool| {
            if let Some(entry) = entries.at_mut(place).filter(|entry| entry.denied.is_none()) {
                offer(place, entry, sample, at, skipped, ready, queued, *max_queued);
            }
        };
        let mut polled = Vec::new();
        for group in groups.iter_mut().filter(|group| !group.is_empty() && group.next <= now) {
            let earliest = now.saturating_sub(duration_ticks(CATCH_UP));
            let mut skipped = false;
            if group.next < earliest {
                group.next = after(earliest, group.interval);
                skipped = true;
            }
            while group.next <= now {
                let at = group.next;
                sampler.live(&group.slots, at, &mut |index, sample| {
                    if let Some(place) = group.slot_items.get(index) {
                        take(*place, sample, at, skipped);
                    }
                });
                skipped = false;
                group.next = group.next.saturating_add(group.interval);
            }
            polled.extend_from_slice(&group.polled_items);
        }
        for place in polled {
            self.sample_one(place, now, sampler);
        }
    }

    /// Whether there is anything to report.
    pub(crate) fn has_ready(&mut self) -> bool {
        while let Some(place) = self.ready.front() {
            if self.entries.at(*place).is_some_and(|entry| entry.is_ready && entry.item.is_reportable()) {
                return true;
            }
            if let Some(entry) = self.ready.pop_front().and_then(|place| self.entries.at_mut(place)) {
                entry.is_ready = false;
            }
        }
        false
    }

    /// Writes up to `max` notifications and returns how many it were. Values of one item leave in the order of their sampling.
    pub(crate) fn write_notifications(
        &mut self,
        max: usize,
        writer: &mut Writer,
        context: &ContextOwned,
    ) -> usize {
        let mut written = 0;
        while written < max && self.has_ready() {
            let Some(entry) = self.ready.front().and_then(|place| self.entries.at_mut(*place)) else { break };
            let item = &mut entry.item;
            while written < max
                && let Some(queued) = item.queue.pop_front()
            {
                writer.u32(item.settings.client_handle);
                writer.data_value(&queued.sample, queued.server_time, item.settings.stamps, context);
                self.queued = self.queued.saturating_sub(1);
                written += 1;
            }
        }
        written
    }

    fn sample_one(&mut self, place: u32, at: Ticks, sampler: &dyn Sampler) {
        let Some(entry) = self.entries.at_mut(place) else { return };
        if entry.item.mode == MonitoringMode::Disabled {
            return;
        }
        let mut sample = None;
        match entry.feed {
            _ if entry.denied.is_some() => sample = entry.denied.map(|status| Sample::bad(status, 0)),
            Feed::Live(slot) => sampler.live(&[slot], at, &mut |_, answer| sample = Some(answer)),
            Feed::Polled | Feed::Fixed => sample = Some(sampler.polled(self.grant, entry.item.watched, at)),
        }
        if let Some(sample) = sample {
            offer(place, entry, sample, at, false, &mut self.ready, &mut self.queued, self.max_queued);
        }
    }

    fn mark_ready(&mut self, place: u32) {
        if let Some(entry) =
            self.entries.at_mut(place).filter(|entry| !entry.is_ready && entry.item.is_reportable())
        {
            entry.is_ready = true;
            self.ready.push_back(place);
        }
    }

    /// Gives an item that is sampled a place in the group of its pace.
    fn seat(&mut self, place: u32, now: Ticks) {
        let Some(entry) = self.entries.at_mut(place) else { return };
        if entry.item.mode == MonitoringMode::Disabled || entry.feed == Feed::Fixed {
            return;
        }
        let interval = entry.item.settings.interval.max(1);
        let index = match self.group_of.get(&interval) {
            Some(index) => *index,
            None => {
                // an empty group is used again, so that there are never more groups than items
                let fresh = Group {
                    interval,
                    next: 0,
                    slots: Vec::new(),
                    slot_items: Vec::new(),
                    polled_items: Vec::new(),
                };
                let index = match self.groups.iter().position(Group::is_empty) {
                    Some(index) => index,
                    None => self.groups.len(),
                };
                match self.groups.get_mut(index) {
                    Some(group) => {
                        self.group_of.remove(&group.interval);
                        *group = fresh;
                    }
                    None => self.groups.push(fresh),
                }
                self.group_of.insert(interval, index);
                index
            }
        };
        let Some(group) = self.groups.get_mut(index) else { return };
        if group.is_empty() {
            group.next = after(now, interval);
        }
        let position = match entry.feed {
            Feed::Live(slot) => {
                group.slots.push(slot);
                group.slot_items.push(place);
                group.slots.len() - 1
            }
            Feed::Polled | Feed::Fixed => {
                group.polled_items.push(place);
                group.polled_items.len() - 1
            }
        };
        entry.seat = Some(Seat { group: index, position });
    }

    fn unseat(&mut self, place: u32) {
        let Some((seat, feed)) =
            self.entries.at_mut(place).and_then(|entry| Some((entry.seat.take()?, entry.feed)))
        else {
            return;
        };
        let Some(group) = self.groups.get_mut(seat.group) else { return };
        let items = match feed {
            Feed::Live(_) if seat.position < group.slots.len() => {
                group.slots.swap_remove(seat.position);
                &mut group.slot_items
            }
            _ => &mut group.polled_items,
        };
        if seat.position < items.len() {
            items.swap_remove(seat.position);
        }
        let moved = items.get(seat.position).copied();
        if let Some(moved) = moved.and_then(|moved| self.entries.at_mut(moved)) {
            moved.seat = Some(seat);
        }
    }
}

impl Group {
    fn is_empty(&self) -> bool {
        self.slots.is_empty() && self.polled_items.is_empty()
    }
}

impl Item {
    fn is_reportable(&self) -> bool {
        self.mode == MonitoringMode::Reporting && !self.queue.is_empty()
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the fields of a table, borrowed one by one while its groups are walked"
)]
fn offer(
    place: u32,
    entry: &mut Entry,
    sample: Sample,
    at: Ticks,
    skipped: bool,
    ready: &mut VecDeque<u32>,
    queued: &mut usize,
    max_queued: usize,
) {
    if entry.item.offer(sample, at, *queued >= max_queued, skipped) == Offer::Queued {
        *queued += 1;
    }
    if !entry.is_ready && entry.item.is_reportable() {
        entry.is_ready = true;
        ready.push_back(place);
    }
}

/// The first grid instant after `now`.
fn after(now: Ticks, interval: Ticks) -> Ticks {
    now.saturating_sub(now.rem_euclid(interval)).saturating_add(interval)
}
