//! `lockgate query STREAM`: the values of one stream, from journal and historian as one.

use std::io::{self, IsTerminal as _};

use connector::{CSV_HEADER, SampleView};
use serde::Serialize;
use tagstore::{Order, StreamInfo, StreamQuery};

use super::data;
use crate::advice::Outcome;
use crate::cli::{self, QueryFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::escape::harmless;
use crate::output::{Table, document, print, say};

#[derive(Serialize)]
struct Answer {
    stream: String,
    source: String,
    unit: Option<String>,
    from: String,
    to: String,
    /// More values follow in the interval than the limit allowed.
    truncated: bool,
    samples: Vec<SampleView>,
}

pub(super) fn run(context: &Context, args: &cli::Query) -> Outcome {
    let reader = data::open(context)?;
    let stream = data::stream(&reader, &args.stream)?;
    let (from, to) = data::range(args.range)?;
    let query = StreamQuery {
        stream: stream.id,
        from: Some(from),
        to: Some(to),
        // one more than asked for, to know whether there is more
        limit: args.limit.saturating_add(1),
        order: Order::OldestFirst,
    };
    let mut samples = reader.query(&query).map_err(|error| data::failed(&error))?;
    let truncated = samples.len() > args.limit;
    samples.truncate(args.limit);
    let answer = Answer {
        stream: stream.name.clone(),
        source: stream.source.clone(),
        unit: stream.unit.clone(),
        from: from.to_string(),
        to: to.to_string(),
        truncated,
        samples: samples.into_iter().map(SampleView::of).collect(),
    };
    let format = if context.json { QueryFormat::Json } else { args.format };
    let text = match format {
        QueryFormat::Table => table(&stream, &answer),
        QueryFormat::Csv => csv(&answer, io::stdout().is_terminal()),
        QueryFormat::Json => document("query", &answer)?,
    };
    print(&text)?;
    if format == QueryFormat::Table && answer.samples.is_empty() {
        say(&format!("no values of this stream between {from} and {to}"));
    }
    if truncated {
        say(&format!("only the first {} values are shown; use --limit or a shorter interval", args.limit));
    }
    Ok(Exit::Ok)
}

fn table(stream: &StreamInfo, answer: &Answer) -> String {
    let mut table = Table::new(&["TIME", "VALUE", "UNIT", "STATUS"]);
    let unit = stream.unit.as_deref().unwrap_or("");
    for sample in &answer.samples {
        table.row([sample.time.as_str(), &sample.value_text(), unit, sample.status]);
    }
    table.to_string()
}

fn csv(answer: &Answer, for_terminal: bool) -> String {
    let shown = |text: &str| if for_terminal { harmless(text) } else { text.to_owned() };
    let lines = answer.samples.iter().map(|sample| sample.csv(&answer.stream, shown));
    std::iter::once(CSV_HEADER.to_owned()).chain(lines).collect()
}
