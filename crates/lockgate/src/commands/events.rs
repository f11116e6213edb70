//! `lockgate events`: alarms and events, from journal and historian as one.

use std::io::{self, IsTerminal as _};

use connector::EVENT_CSV_HEADER;
use connector::documents::{Events, EventsAsked};
use tagstore::{Interval, Reader, StreamInfo};

use super::data;
use crate::advice::{Advice, Outcome};
use crate::cli::{self, EventFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::escape::harmless;
use crate::output::{Table, document, print, say};

pub(super) fn run(context: &Context, args: &cli::Events) -> Outcome {
    let reader = data::open(context)?;
    let streams = streams(&reader, &args.streams)?;
    let (from, to) = data::range(cli::Range { from: args.from, to: args.to })?;
    let asked = EventsAsked {
        severity: args.severity,
        event_type: args.event_type.clone(),
        source: args.source.clone(),
        active: args.active,
        limit: args.limit,
    };
    let answer = Events::find(&reader, &streams, Interval { from, to }, &asked)
        .map_err(|error| data::failed(&error))?;
    let truncated = answer.truncated;
    let several = streams.len() > 1;
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

/// What is shown of them.
trait EventsText {
    fn table(&self, several: bool) -> String;
}

impl EventsText for Events {
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
