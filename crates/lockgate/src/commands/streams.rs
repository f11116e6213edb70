//! `lockgate streams`: what has been collected, by name.

use std::collections::{BTreeMap, BTreeSet};

use connector::LastValue;
use serde::Serialize;
use tagstore::{Reader, StreamId, StreamInfo};

use super::data;
use super::status::age;
use crate::advice::Outcome;
use crate::cli;
use crate::clock;
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
    /// The last value that came, as a running connector last wrote it down; null before the first.
    last: Option<Last>,
}

#[derive(Serialize)]
struct Last {
    time: jiff::Timestamp,
    age_seconds: i64,
    status: &'static str,
    status_code: u32,
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
    let all: Vec<StreamInfo> = all.into_iter().filter(wanted).collect();
    let lasts = last_values(&reader, &all).map_err(|error| data::failed(&error))?;
    let now = clock::now();
    let mut streams: Vec<StreamView> = all
        .into_iter()
        .map(|stream| view(lasts.get(&stream.id).and_then(|last| seen(*last, now)), stream))
        .collect();
    if args.age || args.older_than.is_some() {
        let age = |stream: &StreamView| stream.last.as_ref().map_or(i64::MAX, |last| last.age_seconds);
        let least =
            args.older_than.map_or(i64::MIN, |least| i64::try_from(least.as_secs()).unwrap_or(i64::MAX));
        streams.retain(|stream| age(stream) >= least);
        streams.sort_by_key(|stream| std::cmp::Reverse(age(stream)));
    }
    let streams = Streams { streams };
    context.answer("streams", &streams, || {
        if args.age || args.older_than.is_some() {
            return ages(&streams.streams);
        }
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

/// The last value of each stream, of every source among them.
fn last_values(
    reader: &Reader,
    streams: &[StreamInfo],
) -> Result<BTreeMap<StreamId, LastValue>, tagstore::Error> {
    let sources: BTreeSet<&str> = streams.iter().map(|stream| stream.source.as_str()).collect();
    let mut lasts = BTreeMap::new();
    for source in sources {
        lasts.extend(connector::last_values(reader, source)?);
    }
    Ok(lasts)
}

fn seen(last: LastValue, now: jiff::Timestamp) -> Option<Last> {
    let time = last.time.to_jiff()?;
    let (status, status_code) = (ua_client::status_name(last.status), last.status);
    Some(Last { time, age_seconds: now.duration_since(time).as_secs(), status, status_code })
}

fn ages(streams: &[StreamView]) -> String {
    let mut table = Table::new(&["STREAM", "AGE", "LAST VALUE", "QUALITY"]);
    for stream in streams {
        let last = stream.last.as_ref();
        table.row([
            stream.name.clone(),
            last.map_or_else(|| "never".to_owned(), |last| age(last.age_seconds.max(0))),
            last.map(|last| last.time.to_string()).unwrap_or_default(),
            last.map(|last| last.status.to_owned()).unwrap_or_default(),
        ]);
    }
    table.to_string()
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

fn view(last: Option<Last>, stream: StreamInfo) -> StreamView {
    let StreamInfo { name, source, key, data_type, unit, description, range, states, .. } = stream;
    let range = range.map(|range| Range { low: range.low, high: range.high });
    let states = states.into_iter().map(|state| State { value: state.value, name: state.name });
    StreamView { name, source, key, data_type, unit, description, range, states: states.collect(), last }
}
