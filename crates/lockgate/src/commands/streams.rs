//! `lockgate streams`: what has been collected, by name.

use serde::Serialize;
use tagstore::StreamInfo;

use super::data;
use crate::advice::Outcome;
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

#[derive(Serialize)]
struct Streams {
    streams: Vec<StreamView>,
}

#[derive(Serialize)]
struct StreamView {
    name: String,
    source: String,
    /// Stable identity: application URI of the server, namespace URI, identifier.
    key: String,
    data_type: Option<String>,
    unit: Option<String>,
    description: Option<String>,
    /// Between what its numbers normally lie.
    range: Option<Range>,
    /// What its numbers stand for.
    states: Vec<State>,
}

#[derive(Serialize)]
struct Range {
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct State {
    value: i64,
    name: String,
}

pub(super) fn run(context: &Context, args: &cli::Streams) -> Outcome {
    let reader = data::open(context)?;
    let all = reader.streams().map_err(|error| data::failed(&error))?;
    let wanted = |stream: &StreamInfo| args.filter.as_deref().is_none_or(|part| stream.name.contains(part));
    let streams = Streams { streams: all.into_iter().filter(wanted).map(view).collect() };
    context.answer("streams", &streams, || {
        let mut table = Table::new(&["STREAM", "TYPE", "UNIT", "RANGE OR STATES", "DESCRIPTION"]);
        for stream in &streams.streams {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            table.row([
                stream.name.clone(),
                text(&stream.data_type),
                text(&stream.unit),
                stream.meaning(),
                text(&stream.description),
            ]);
        }
        table.to_string()
    })?;
    if !context.json && streams.streams.is_empty() {
        say("no stream fits");
    }
    Ok(Exit::Ok)
}

impl StreamView {
    /// What its values can be, in one cell.
    fn meaning(&self) -> String {
        if let Some(Range { low, high }) = self.range {
            return format!("{low} to {high}");
        }
        let shown = self.states.iter().take(SHOWN_STATES);
        let mut states: Vec<String> = shown.map(|state| format!("{}={}", state.value, state.name)).collect();
        if self.states.len() > SHOWN_STATES {
            states.push(format!("… {} in all", self.states.len()));
        }
        states.join(", ")
    }
}

/// More are in the answer to `--json`.
const SHOWN_STATES: usize = 4;

fn view(stream: StreamInfo) -> StreamView {
    let StreamInfo { name, source, key, data_type, unit, description, range, states, .. } = stream;
    let range = range.map(|range| Range { low: range.low, high: range.high });
    let states = states.into_iter().map(|state| State { value: state.value, name: state.name });
    StreamView { name, source, key, data_type, unit, description, range, states: states.collect() }
}
