//! What happens in the plant: one event every two seconds, each of which anybody can compute again.

use std::sync::Arc;

use opcua_types::{NodeId, ObjectTypeId, QualifiedName, Variant};
use ua_server::{Event, TICKS_PER_MS, Ticks};

/// The time from one event to the next.
pub const EVENT_PERIOD: Ticks = 2_000 * TICKS_PER_MS;
/// Most events of one question: a day.
const MOST: i64 = 43_200;

/// Events since the start of a plant; event `k` happens `k` periods after it, from 1 on.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    pub(crate) start: Ticks,
    pub(crate) namespace: u16,
}

pub(crate) fn batch_type(namespace: u16) -> NodeId {
    NodeId::new(namespace, "BatchEventType")
}

pub(crate) fn batch_number(namespace: u16) -> QualifiedName {
    QualifiedName::new(namespace, BATCH_NUMBER)
}

pub(crate) const BATCH_NUMBER: &str = "BatchNumber";

impl Events {
    /// Even events are of the plant's own type and have a batch number; odd ones are BaseEventType.
    pub(crate) fn at(&self, k: i64) -> Event {
        let is_batch = k.rem_euclid(2) == 0;
        let severity = u16::try_from(100 + k.rem_euclid(9) * 100).unwrap_or(100);
        Event {
            id: [self.start.to_le_bytes(), k.to_le_bytes()].concat(),
            event_type: match is_batch {
                true => batch_type(self.namespace),
                false => ObjectTypeId::BaseEventType.into(),
            },
            source: NodeId::new(self.namespace, "Plant.Filling.Line1.Filler1"),
            source_name: Arc::from("Filler1"),
            time: self.start.saturating_add(k.saturating_mul(EVENT_PERIOD)),
            message: match is_batch {
                true => format!("batch {k} is filled"),
                false => format!("note {k}"),
            },
            severity,
            more: match is_batch {
                true => vec![(batch_number(self.namespace), Variant::Int64(k))],
                false => Vec::new(),
            },
        }
    }

    pub(crate) fn visit(&self, after: Ticks, until: Ticks, visit: &mut dyn FnMut(&Event)) {
        let since = |at: Ticks| at.saturating_sub(self.start).div_euclid(EVENT_PERIOD);
        let (first, last) = (since(after).saturating_add(1).max(1), since(until));
        for k in first.max(last.saturating_sub(MOST))..=last {
            visit(&self.at(k));
        }
    }
}
