//! `lockgate/events/1`: alarms and events, from journal and historian as one.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use serde::Serialize;
use tagstore::{Interval, Reader, StreamId, StreamInfo, Timestamp};

use crate::event_view::EventView;
use crate::selection::PathPattern;

/// `lockgate/events/1`.
#[derive(Debug, Serialize)]
pub struct Events {
    pub from: String,
    pub to: String,
    /// There are older ones than the limit allowed.
    pub truncated: bool,
    pub events: Vec<EventView>,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default)]
pub struct EventsAsked {
    /// Only those of at least this severity.
    pub severity: Option<u16>,
    /// Only those of this type, by its name or node.
    pub event_type: Option<String>,
    /// Only those whose source has a name that fits.
    pub source: Option<PathPattern>,
    /// Of each condition only how it stood last, if it was active then.
    pub active: bool,
    /// At most so many, the newest.
    pub limit: usize,
}

impl Events {
    /// What fits of these streams in an interval.
    ///
    /// # Errors
    /// That of reading.
    pub fn find(
        reader: &Reader,
        streams: &[StreamInfo],
        interval: Interval,
        asked: &EventsAsked,
    ) -> Result<Self, tagstore::Error> {
        let (from, to) = (interval.from.to_string(), interval.to.to_string());
        let mut events = find(reader, streams, interval, asked)?;
        // one more than asked for was kept, to know whether there is more
        let truncated = events.len() > asked.limit;
        if truncated {
            events.remove(0);
        }
        Ok(Self { from, to, truncated, events })
    }
}

/// What fits, by time; one more than the limit if there is more.
fn find(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    asked: &EventsAsked,
) -> Result<Vec<EventView>, tagstore::Error> {
    let names: HashMap<StreamId, &str> =
        streams.iter().map(|stream| (stream.id, stream.name.as_str())).collect();
    let ids: Vec<StreamId> = streams.iter().map(|stream| stream.id).collect();
    let mut kept =
        Kept { most: asked.limit.saturating_add(1), events: BTreeMap::new(), last: HashMap::new() };
    let mut number = 0_u64;
    let visited = reader.for_each(&ids, interval, &mut |sample| {
        let name = names.get(&sample.stream).copied().unwrap_or_default();
        if let Some(event) = EventView::of(name, &sample.as_sample()).filter(|event| fits(event, asked)) {
            number += 1;
            kept.take((sample.time(), number), event, asked.active);
        }
        ControlFlow::Continue(())
    });
    visited?;
    let mut events = kept.events;
    if asked.active {
        let is_active =
            |event: &EventView| event.record.condition.as_ref().and_then(|c| c.active) == Some(true);
        events.retain(|_, event| is_active(event));
        while events.len() > kept.most {
            events.pop_first();
        }
    }
    Ok(events.into_values().collect())
}

/// The newest events so far.
struct Kept {
    most: usize,
    events: BTreeMap<Place, EventView>,
    /// Where the last event of each condition is.
    last: HashMap<(String, String), Place>,
}

/// Of events of the same time, the order in which they were met.
type Place = (Timestamp, u64);

impl Kept {
    /// Bounded by the limit, or by the number of conditions.
    fn take(&mut self, place: Place, event: EventView, only_last: bool) {
        if only_last {
            // a branch is a former state that nobody has acknowledged yet
            let present = event.record.condition.as_ref().filter(|condition| condition.branch.is_none());
            let Some(condition) = present else { return };
            let text = |part: &Option<String>| part.clone().unwrap_or_default();
            // without a node of its own, its name and its source tell a condition from others
            let name = format!("{}/{}", text(&event.record.source_node), text(&condition.name));
            let id = condition.id.clone().unwrap_or(name);
            let key = (event.stream.clone(), id);
            match self.last.get(&key) {
                Some(known) if *known > place => return,
                Some(known) => drop(self.events.remove(known)),
                None => {}
            }
            self.last.insert(key, place);
            self.events.insert(place, event);
            return;
        }
        self.events.insert(place, event);
        if self.events.len() > self.most {
            self.events.pop_first();
        }
    }
}

fn fits(event: &EventView, asked: &EventsAsked) -> bool {
    let record = &event.record;
    let of_type = |name: &str| {
        [&record.type_name, &record.event_type].into_iter().any(|known| known.as_deref() == Some(name))
    };
    asked.severity.is_none_or(|least| record.severity.is_some_and(|severity| severity >= least))
        && asked.event_type.as_deref().is_none_or(of_type)
        && asked
            .source
            .as_ref()
            .is_none_or(|pattern| pattern.matches(record.source_name.as_deref().unwrap_or_default()))
}
