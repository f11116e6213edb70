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
}

pub(super) fn run(context: &Context, args: &cli::Streams) -> Outcome {
    let reader = data::open(context)?;
    let all = reader.streams().map_err(|error| data::failed(&error))?;
    let wanted = |stream: &StreamInfo| args.filter.as_deref().is_none_or(|part| stream.name.contains(part));
    let streams = Streams { streams: all.into_iter().filter(wanted).map(view).collect() };
    context.answer("streams", &streams, || {
        let mut table = Table::new(&["STREAM", "TYPE", "UNIT", "DESCRIPTION"]);
        for stream in &streams.streams {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            table.row([
                stream.name.clone(),
                text(&stream.data_type),
                text(&stream.unit),
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

fn view(stream: StreamInfo) -> StreamView {
    let StreamInfo { name, source, key, data_type, unit, description, .. } = stream;
    StreamView { name, source, key, data_type, unit, description }
}
