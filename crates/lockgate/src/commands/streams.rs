//! `lockgate streams`: what has been collected, by name.

use connector::documents::{Range, StreamView, Streams};
use tagstore::StreamInfo;

use super::data;
use super::status::age;
use crate::advice::Outcome;
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, say};

pub(super) fn run(context: &Context, args: &cli::Streams) -> Outcome {
    let reader = data::open(context)?;
    let all = reader.streams().map_err(|error| data::failed(&error))?;
    let wanted = |stream: &StreamInfo| args.filter.as_deref().is_none_or(|part| stream.name.contains(part));
    let all: Vec<StreamInfo> = all.into_iter().filter(wanted).collect();
    let mut streams = StreamView::all(&reader, all, clock::now()).map_err(|error| data::failed(&error))?;
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

/// What is shown of a stream.
trait StreamText {
    fn meaning(&self) -> String;
}

impl StreamText for StreamView {
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
