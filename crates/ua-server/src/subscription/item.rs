//! One monitored item: its filter and its queue.

use std::collections::VecDeque;

use opcua_types::{DataChangeTrigger, MonitoringMode};

use crate::{
    address_space::NodeIndex,
    values::{Sample, Ticks, Value},
    wire::Stamps,
};

/// "DataValue" info type and "Overflow" (Part 4 §7.39.1): at this place in the queue values were dropped.
pub(crate) const OVERFLOW: u32 = 0x0000_0480;

/// What a client asked to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) node: NodeIndex,
    /// Attribute id; 13 is the value.
    pub(crate) attribute: u32,
}

/// When a sample counts as a change (Part 4 §7.22.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChangeFilter {
    pub(crate) trigger: DataChangeTrigger,
    /// Absolute dead band; 0 is none.
    pub(crate) dead_band: f64,
}

impl ChangeFilter {
    pub(crate) const STATUS_VALUE: Self = Self { trigger: DataChangeTrigger::StatusValue, dead_band: 0.0 };

    fn is_change(&self, old: &Sample, new: &Sample) -> bool {
        if old.status != new.status {
            return true;
        }
        match self.trigger {
            DataChangeTrigger::Status => false,
            DataChangeTrigger::StatusValue => self.value_differs(&old.value, &new.value),
            DataChangeTrigger::StatusValueTimestamp => {
                old.source_time != new.source_time || self.value_differs(&old.value, &new.value)
            }
        }
    }

    fn value_differs(&self, old: &Value, new: &Value) -> bool {
        if self.dead_band > 0.0
            && let (Some(a), Some(b)) = (old.as_f64(), new.as_f64())
        {
            return (a - b).abs() > self.dead_band || a.is_nan() != b.is_nan();
        }
        !old.same_as(new)
    }
}

/// The parameters a client may change later.
#[derive(Debug, Clone)]
pub(crate) struct ItemSettings {
    pub(crate) client_handle: u32,
    /// Revised sampling interval.
    pub(crate) interval: Ticks,
    /// Revised queue size, at least 1.
    pub(crate) queue_size: u32,
    pub(crate) discard_oldest: bool,
    pub(crate) filter: ChangeFilter,
    pub(crate) stamps: Stamps,
}

#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) sample: Sample,
    pub(crate) server_time: Ticks,
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) watched: Watched,
    pub(crate) settings: ItemSettings,
    pub(crate) mode: MonitoringMode,
    pub(crate) queue: VecDeque<Queued>,
    last: Option<Sample>,
}

/// What became of an offered sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// Not a change, or the item is disabled.
    Ignored,
    /// The queue is one longer.
    Queued,
    /// It took another's place.
    Replaced,
}

impl Item {
    pub(crate) const fn new(watched: Watched, settings: ItemSettings, mode: MonitoringMode) -> Self {
        Self { watched, settings, mode, queue: VecDeque::new(), last: None }
    }

    /// Takes a sample into the queue if it is a change. `full` says that the subscription as a whole holds all it may,
    /// `skipped` that instants before this one could not be sampled.
    pub(crate) fn offer(
        &mut self,
        mut sample: Sample,
        server_time: Ticks,
        full: bool,
        skipped: bool,
    ) -> Offer {
        if self.mode == MonitoringMode::Disabled {
            return Offer::Ignored;
        }
        if self.last.as_ref().is_some_and(|last| !self.settings.filter.is_change(last, &sample)) {
            return Offer::Ignored;
        }
        self.last = Some(sample.clone());
        if skipped {
            sample.status |= OVERFLOW;
        }
        let size = usize::try_from(self.settings.queue_size).unwrap_or(usize::MAX);
        if self.queue.len() < size && (!full || self.queue.is_empty()) {
            self.queue.push_back(Queued { sample, server_time });
            return Offer::Queued;
        }
        let single = size == 1;
        if self.settings.discard_oldest {
            self.queue.pop_front();
            self.queue.push_back(Queued { sample, server_time });
            if let Some(oldest) = self.queue.front_mut().filter(|_| !single) {
                oldest.sample.status |= OVERFLOW;
            }
        } else if let Some(newest) = self.queue.back_mut() {
            let mark = if single { 0 } else { OVERFLOW };
            *newest = Queued { sample, server_time };
            newest.sample.status |= mark;
        }
        Offer::Replaced
    }

    /// Empties the queue and returns how many values it held.
    pub(crate) fn forget(&mut self) -> usize {
        let held = self.queue.len();
        self.queue.clear();
        held
    }

    /// Forgets the last value so that the next sample is reported whatever it is.
    pub(crate) fn report_again(&mut self) {
        self.last = None;
    }

    /// Changes the parameters; returns how many values had to be dropped from the queue.
    pub(crate) fn modify(&mut self, settings: ItemSettings) -> usize {
        let size = usize::try_from(settings.queue_size).unwrap_or(usize::MAX);
        let surplus = self.queue.len().saturating_sub(size);
        if surplus > 0 {
            if settings.discard_oldest {
                self.queue.drain(..surplus);
                if let Some(oldest) = self.queue.front_mut() {
                    oldest.sample.status |= OVERFLOW;
                }
            } else {
                self.queue.truncate(size);
                if let Some(newest) = self.queue.back_mut() {
                    newest.sample.status |= OVERFLOW;
                }
            }
        }
        self.settings = settings;
        surplus
    }

    /// Changes the mode; disabling empties the queue. Returns how many values were dropped.
    pub(crate) fn set_mode(&mut self, mode: MonitoringMode) -> usize {
        let dropped = if mode == MonitoringMode::Disabled { self.queue.len() } else { 0 };
        if dropped > 0 {
            self.queue.clear();
        }
        if mode == MonitoringMode::Disabled {
            self.last = None;
        }
        self.mode = mode;
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(queue_size: u32, discard_oldest: bool) -> Item {
        let settings = ItemSettings {
            client_handle: 1,
            interval: 1,
            queue_size,
            discard_oldest,
            filter: ChangeFilter::STATUS_VALUE,
            stamps: Stamps { source: true, server: true },
        };
        let watched = Watched { node: crate::address_space::test_index(0), attribute: 13 };
        Item::new(watched, settings, MonitoringMode::Reporting)
    }

    fn contents(item: &Item) -> Vec<(f64, u32)> {
        item.queue.iter().map(|entry| (entry.sample.value.as_f64().unwrap(), entry.sample.status)).collect()
    }

    fn offer(item: &mut Item, value: i32) -> Offer {
        item.offer(Sample::good(Value::Int32(value), 0), 0, false, false)
    }

    fn offer_all(item: &mut Item, values: std::ops::RangeInclusive<i32>) {
        for value in values {
            assert_ne!(offer(item, value), Offer::Ignored);
        }
    }

    #[test]
    fn a_full_queue_that_discards_the_oldest_marks_the_oldest_left() {
        let mut item = item(3, true);
        offer_all(&mut item, 1..=5);
        assert_eq!(contents(&item), [(3.0, OVERFLOW), (4.0, 0), (5.0, 0)]);
    }

    #[test]
    fn a_full_queue_that_keeps_the_oldest_marks_the_newest() {
        let mut item = item(3, false);
        offer_all(&mut item, 1..=5);
        assert_eq!(contents(&item), [(1.0, 0), (2.0, 0), (5.0, OVERFLOW)]);
    }

    #[test]
    fn a_queue_of_one_never_shows_overflow() {
        let mut item = item(1, true);
        offer_all(&mut item, 1..=5);
        assert_eq!(contents(&item), [(5.0, 0)]);
    }

    #[test]
    fn the_same_value_twice_is_reported_once_even_when_it_is_not_a_number() {
        let mut item = item(3, true);
        let nan = || Sample::good(Value::Double(f64::NAN), 0);
        assert_eq!(item.offer(nan(), 0, false, false), Offer::Queued);
        assert_eq!(item.offer(nan(), 0, false, false), Offer::Ignored);
    }

    #[test]
    fn a_dead_band_swallows_small_changes_only() {
        let mut item = item(9, true);
        item.settings.filter.dead_band = 2.0;
        assert_eq!(
            [10, 12, 13, 11].map(|value| offer(&mut item, value)),
            [Offer::Queued, Offer::Ignored, Offer::Queued, Offer::Ignored]
        );
    }

    #[test]
    fn a_shrunk_queue_tells_that_values_were_dropped() {
        let mut item = item(4, true);
        offer_all(&mut item, 1..=4);
        let smaller = ItemSettings { queue_size: 2, ..item.settings.clone() };
        assert_eq!(item.modify(smaller), 2);
        assert_eq!(contents(&item), [(3.0, OVERFLOW), (4.0, 0)]);
    }
}
