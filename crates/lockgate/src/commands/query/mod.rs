//! `lockgate query STREAM…`: the values of streams, from journal and historian as one: each value (`raw`), condensed to
//! one line for each minute or hour (`buckets`), or thinned out for drawing (`curve`).

mod answer;
mod buckets;
mod curve;
mod raw;

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use answer::{Rows, Series};
use connector::documents::Aggregate;
use serde::Serialize;
use tagstore::{Error, Interval, ParquetTable, Reader, StreamId, StreamInfo, TableRow};

use super::data;
use crate::advice::{Advice, Outcome, disk};
use crate::cli::{self, QueryFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::escape::harmless;
use crate::output::{document, file, print, safe, say};

/// What is asked of the store.
struct Asked<'a> {
    args: &'a cli::Query,
    reader: Reader,
    streams: Vec<StreamInfo>,
    interval: Interval,
    limit: usize,
}

impl Asked<'_> {
    fn ids(&self) -> Vec<StreamId> {
        self.streams.iter().map(|stream| stream.id).collect()
    }

    fn aggregates(&self) -> Vec<Aggregate> {
        self.args.aggregate.iter().map(|aggregate| (*aggregate).into()).collect()
    }

    fn info(&self, id: StreamId) -> Option<&StreamInfo> {
        self.streams.iter().find(|stream| stream.id == id)
    }
}

pub(super) fn run(context: &Context, args: &cli::Query) -> Outcome {
    let parquet = args.format == QueryFormat::Parquet;
    if parquet && args.out.is_none() {
        return Err(Box::new(
            Advice::new("query.parquet_to_file", Exit::Usage, "Parquet is for a file, not for the screen")
                .then("name the file with --out FILE"),
        ));
    }
    let reader = data::open(context)?;
    let streams = data::streams(&reader, &args.streams)?;
    let (from, to) = data::range(args.range)?;
    let limit = args.limit.unwrap_or(if parquet { usize::MAX } else { LIMIT });
    let asked = Asked { args, reader, streams, interval: Interval { from, to }, limit };
    let (rows, truncated) = match (&args.every, args.points) {
        (Some(length), _) => buckets::run(context, &asked, length)?,
        (None, Some(points)) => curve::run(context, &asked, points)?,
        (None, None) => raw::run(context, &asked)?,
    };
    if rows == 0 {
        say(&format!("no values of {} between {from} and {to}", these(&asked.streams)));
    }
    if truncated {
        say(&format!(
            "only the first {limit} of each stream are given; use --limit, --every or a shorter interval"
        ));
    }
    Ok(Exit::Ok)
}

fn these(streams: &[StreamInfo]) -> &'static str {
    if streams.len() == 1 { "this stream" } else { "these streams" }
}

/// Gives the answer in the form that was asked for, where it was asked for. Says how many rows it had, and whether there
/// are more.
fn give<R: Rows>(context: &Context, asked: &Asked<'_>, all: Vec<Series<R>>) -> Outcome<(usize, bool)> {
    let format = if context.json && asked.args.out.is_none() { QueryFormat::Json } else { asked.args.format };
    let rows = all.iter().map(|series| series.rows.len()).sum();
    let truncated = all.iter().any(|series| series.truncated);
    let terminal = asked.args.out.is_none() && io::stdout().is_terminal();
    let shown = |text: &str| if terminal { harmless(text) } else { text.to_owned() };
    let text = match format {
        QueryFormat::Csv => R::csv(asked, &all, &shown),
        QueryFormat::Json => document("query", &answer::document(asked, all))?,
        QueryFormat::Table | QueryFormat::Parquet => R::table(asked, &all),
    };
    match &asked.args.out {
        None => print(&text)?,
        Some(path) => {
            file::write_large(path, |mut file: File| {
                let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
                written.map_err(|e| disk("write the answer", path, &e))
            })?;
            written(context, asked, path, rows)?;
        }
    }
    Ok((rows, truncated))
}

/// Writes rows as a file of columns.
fn give_table<T: TableRow>(
    context: &Context,
    asked: &Asked<'_>,
    path: &Path,
    without: &[&str],
    rows: impl Iterator<Item = (StreamId, T)>,
) -> Outcome<usize> {
    let failed = |error: Error| data::failed(&error);
    let count = file::write_large(path, |file| {
        let mut table = ParquetTable::new(file, path, asked.streams.clone(), without).map_err(failed)?;
        for (id, row) in rows {
            let at = asked.streams.iter().position(|stream| stream.id == id).unwrap_or(usize::MAX);
            table.push(at, row).map_err(failed)?;
        }
        table.finish().map_err(failed)
    })?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    written(context, asked, path, count)?;
    Ok(count)
}

/// Says what is in the file.
fn written(context: &Context, asked: &Asked<'_>, path: &Path, rows: usize) -> Outcome<()> {
    #[derive(Serialize)]
    struct Written {
        file: String,
        format: &'static str,
        streams: usize,
        rows: usize,
        from: String,
        to: String,
    }
    let written = Written {
        file: path.display().to_string(),
        format: asked.args.format.as_str(),
        streams: asked.streams.len(),
        rows,
        from: asked.interval.from.to_string(),
        to: asked.interval.to.to_string(),
    };
    context.answer("query-file", &written, || {
        format!("{rows} rows of {} streams in {}\n", written.streams, safe(&written.file))
    })
}

/// What fits a screen and more; a file of columns takes everything.
const LIMIT: usize = 10_000;
