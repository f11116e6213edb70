//! One line for each minute, hour or whatever is asked for.

use connector::documents::{BucketView, Chosen, Place, RowsView};
use tagstore::BucketQuery;

use super::answer::{Rows, Series};
use super::{Asked, give, give_table};
use crate::advice::Outcome;
use crate::cli::{Length, QueryFormat};
use crate::commands::data;
use crate::context::Context;
use crate::output::Table;

pub(super) fn run(context: &Context, asked: &Asked<'_>, length: &Length) -> Outcome<(usize, bool)> {
    let ids = asked.ids();
    let query =
        BucketQuery { streams: &ids, interval: asked.interval, every: length.every, limit: asked.limit };
    let all = asked.reader.buckets(&query).map_err(|error| data::failed(&error))?;
    let aggregates = asked.aggregates();
    let chosen = Chosen(&aggregates);
    if asked.args.format == QueryFormat::Parquet
        && let Some(path) = &asked.args.out
    {
        let truncated = all.iter().any(|series| series.truncated);
        let rows = all.into_iter().flat_map(|s| s.buckets.into_iter().map(move |bucket| (s.stream, bucket)));
        return Ok((give_table(context, asked, path, &chosen.without(), rows)?, truncated));
    }
    let series = all.into_iter().map(|series| {
        let rows = series.buckets.into_iter().map(|bucket| BucketView::of(bucket, &chosen)).collect();
        Series::new(asked, series.stream, rows, series.truncated)
    });
    give(context, asked, series.collect())
}

impl Rows for BucketView {
    fn table(asked: &Asked<'_>, all: &[Series<Self>]) -> String {
        let columns = Chosen(&asked.aggregates()).columns(Place::Screen);
        let several = all.len() > 1;
        let names = several.then_some("STREAM").into_iter();
        let heads: Vec<&str> =
            names.chain(columns.iter().map(|column| column.1)).chain(["UNIT", "GAP"]).collect();
        let mut table = Table::new(&heads);
        for series in all {
            for row in &series.rows {
                let name = several.then(|| series.name.clone()).into_iter();
                let cells = columns.iter().map(|column| column.2(row));
                let gap = if row.gap { "gap" } else { "" }.to_owned();
                table.row(name.chain(cells).chain([series.unit.clone(), gap]));
            }
        }
        table.to_string()
    }

    fn csv(asked: &Asked<'_>, all: &[Series<Self>], shown: &dyn Fn(&str) -> String) -> String {
        let rows = all.iter().map(|series| (series.name.as_str(), series.rows.as_slice()));
        Self::csv(Chosen(&asked.aggregates()), rows, shown)
    }

    fn json(rows: Vec<Self>) -> RowsView {
        RowsView::Buckets(rows)
    }
}
