//! Each value.

use connector::documents::RowsView;
use connector::{CSV_HEADER, SampleView};
use tagstore::{Order, StreamQuery};

use super::answer::{Rows, Series};
use super::{Asked, give, written};
use crate::advice::Outcome;
use crate::cli::QueryFormat;
use crate::commands::{data, export};
use crate::context::Context;
use crate::output::{Table, file};

pub(super) fn run(context: &Context, asked: &Asked<'_>) -> Outcome<(usize, bool)> {
    if asked.args.format == QueryFormat::Parquet
        && asked.args.limit.is_none()
        && let Some(path) = &asked.args.out
    {
        let rows = file::write_large(path, |file| {
            export::parquet(&asked.reader, &asked.streams, asked.interval, file, path)
        })?;
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        written(context, asked, path, rows)?;
        return Ok((rows, false));
    }
    let mut all = Vec::with_capacity(asked.streams.len());
    let mut samples_of = Vec::with_capacity(asked.streams.len());
    for stream in &asked.streams {
        let query = StreamQuery {
            stream: stream.id,
            from: Some(asked.interval.from),
            to: Some(asked.interval.to),
            // one more than asked for, to know whether there is more
            limit: asked.limit.saturating_add(1),
            order: Order::OldestFirst,
        };
        let mut samples = asked.reader.query(&query).map_err(|error| data::failed(&error))?;
        let truncated = samples.len() > asked.limit;
        samples.truncate(asked.limit);
        samples_of.push((stream.id, samples, truncated));
    }
    if asked.args.format == QueryFormat::Parquet
        && let Some(path) = &asked.args.out
    {
        let truncated = samples_of.iter().any(|(.., truncated)| *truncated);
        let rows =
            samples_of.into_iter().flat_map(|(id, samples, _)| samples.into_iter().map(move |row| (id, row)));
        return Ok((super::give_table(context, asked, path, &[], rows)?, truncated));
    }
    for (id, samples, truncated) in samples_of {
        all.push(Series::new(asked, id, samples.into_iter().map(SampleView::of).collect(), truncated));
    }
    give(context, asked, all)
}

impl Rows for SampleView {
    fn table(asked: &Asked<'_>, all: &[Series<Self>]) -> String {
        let head = ["STREAM", "TIME", "VALUE", "UNIT", "STATUS"];
        let skip = usize::from(all.len() == 1);
        let mut table = Table::new(head.get(skip..).unwrap_or_default());
        for series in all {
            let states = asked.info(series.stream).map(|stream| stream.states.as_slice()).unwrap_or_default();
            for sample in &series.rows {
                let value = sample.value_text_with(states);
                let cells = [series.name.as_str(), &sample.time, &value, &series.unit, sample.status];
                table.row(cells.into_iter().skip(skip));
            }
        }
        table.to_string()
    }

    fn csv(_: &Asked<'_>, all: &[Series<Self>], shown: &dyn Fn(&str) -> String) -> String {
        let mut text = CSV_HEADER.to_owned();
        for series in all {
            text.extend(series.rows.iter().map(|sample| sample.csv(&series.name, shown)));
        }
        text
    }

    fn json(rows: Vec<Self>) -> RowsView {
        RowsView::Samples(rows)
    }
}
