//! `lockgate events`: alarms and events, from journal and historian as one.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;

use connector::{EVENT_CSV_HEADER, EventView};
use serde::Serialize;
use tagstore::{Interval, Reader, StreamId, StreamInfo, Timestamp};

use super::data;
use crate::advice::{Advice, Outcome};
use crate::cli::{self, EventFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::escape::harmless;
use crate::output::{Table, document, print, say};

#[derive(Serialize)]
struct Events {
    from: String,
    to: String,
    /// There are older ones than the limit allowed.
    truncated: bool,
    events: Vec<EventView>,
}

pub(super) fn run(context: &Context, args: &cli::Events) -> Outcome {
    let reader = data::open(context)?;
    let streams = streams(&reader, &args.streams)?;
    let (from, to) = data::range(cli::Range { from: args.from, to: args.to })?;
    let mut found = find(&reader, &streams, Interval { from, to }, args)?;
    // one more than asked for was kept, to know whether there is more
    let truncated = found.len() > args.limit;
    if truncated {
        found.remove(0);
    }
    let several = streams.len() > 1;
    let answer = Events { from: from.to_string(), to: to.to_string(), truncated, events: found };
    let format = if context.json { EventFormat::Json } else { args.format };
    let terminal = io::stdout().is_terminal();
    let shown = |text: &str| if terminal { harmless(text) } else { text.to_owned() };
    print(&match format {
        EventFormat::Json => document("events", &answer)?,
        EventFormat::Csv => {
            let lines = answer.events.iter().map(|event| event.csv(shown));
            std::iter::once(EVENT_CSV_HEADER.to_owned()).chain(lines).collect()
        }
        EventFormat::Table => answer.table(several),
    })?;
    if streams.is_empty() {
        say("no source collects events; write [[source.events]] below a source in the configuration");
    } else if answer.events.is_empty() {
        say(&format!("no such event between {from} and {to}"));
    }
    if truncated {
        say(&format!("only the newest {} are given; use --limit or a shorter interval", args.limit));
    }
    Ok(Exit::Ok)
}

/// The streams of events that are meant.
fn streams(reader: &Reader, names: &[String]) -> Outcome<Vec<StreamInfo>> {
    if names.is_empty() {
        let mut all = reader.streams().map_err(|error| data::failed(&error))?;
        all.retain(StreamInfo::is_of_events);
        return Ok(all);
    }
    let streams = data::streams(reader, names)?;
    match streams.iter().find(|stream| !stream.is_of_events()) {
        None => Ok(streams),
        Some(other) => Err(Box::new(
            Advice::new("events.other_stream", Exit::Usage, format!("{} has values, not events", other.name))
                .then("its values are given by")
                .then_run(&["query", &other.name]),
        )),
    }
}

/// What fits, by time; one more than the limit if there is more.
fn find(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    args: &cli::Events,
) -> Outcome<Vec<EventView>> {
    let names: HashMap<StreamId, &str> =
        streams.iter().map(|stream| (stream.id, stream.name.as_str())).collect();
    let ids: Vec<StreamId> = streams.iter().map(|stream| stream.id).collect();
    let mut kept = Kept { most: args.limit.saturating_add(1), events: BTreeMap::new(), last: HashMap::new() };
    let mut number = 0_u64;
    let visited = reader.for_each(&ids, interval, &mut |sample| {
        let name = names.get(&sample.stream).copied().unwrap_or_default();
        if let Some(event) = EventView::of(name, &sample.as_sample()).filter(|event| fits(event, args)) {
            number += 1;
            kept.take((sample.time(), number), event, args.active);
        }
        ControlFlow::Continue(())
    });
    visited.map_err(|error| data::failed(&error))?;
    let mut events = kept.events;
    if args.active {
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

fn fits(event: &EventView, args: &cli::Events) -> bool {
    let record = &event.record;
    let of_type = |name: &str| {
        [&record.type_name, &record.event_type].into_iter().any(|known| known.as_deref() == Some(name))
    };
    args.severity.is_none_or(|least| record.severity.is_some_and(|severity| severity >= least))
        && args.event_type.as_deref().is_none_or(of_type)
        && args
            .source
            .as_ref()
            .is_none_or(|pattern| pattern.matches(record.source_name.as_deref().unwrap_or_default()))
}

impl Events {
    fn table(&self, several: bool) -> String {
        let head = ["STREAM", "TIME", "SEVERITY", "SOURCE", "MESSAGE", "CONDITION", "TYPE"];
        let skip = usize::from(!several);
        let mut table = Table::new(head.get(skip..).unwrap_or_default());
        for event in &self.events {
            let severity = event.record.severity.map(|severity| severity.to_string()).unwrap_or_default();
            let condition = event.condition_text();
            let record = &event.record;
            let text = |field: &'_ Option<String>| field.clone().unwrap_or_default();
            let kind = record.type_name.clone().or_else(|| record.event_type.clone()).unwrap_or_default();
            let cells = [
                event.stream.clone(),
                event.time.clone(),
                severity,
                text(&record.source_name),
                text(&record.message),
                condition,
                kind,
            ];
            table.row(cells.into_iter().skip(skip));
        }
        table.to_string()
    }
}
