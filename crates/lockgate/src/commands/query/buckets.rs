//! One line for each minute, hour or whatever is asked for.

use serde::Serialize;
use tagstore::{Bucket, BucketQuery, OwnedValue};

use super::answer::{Rows, RowsView, Series, ValueView, line, time};
use super::{Asked, give, give_table};
use crate::advice::Outcome;
use crate::cli::{Aggregate, Length, QueryFormat};
use crate::commands::data;
use crate::context::Context;
use crate::output::Table;

pub(super) fn run(context: &Context, asked: &Asked<'_>, length: &Length) -> Outcome<(usize, bool)> {
    let ids = asked.ids();
    let query =
        BucketQuery { streams: &ids, interval: asked.interval, every: length.every, limit: asked.limit };
    let all = asked.reader.buckets(&query).map_err(|error| data::failed(&error))?;
    let chosen = Chosen(&asked.args.aggregate);
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

/// What of a bucket is shown; nothing chosen means all.
struct Chosen<'a>(&'a [Aggregate]);

impl Chosen<'_> {
    fn has(&self, aggregate: Aggregate) -> bool {
        self.0.is_empty() || self.0.contains(&aggregate)
    }

    /// The columns of a table that were not chosen.
    fn without(&self) -> Vec<&'static str> {
        let columns: [(Aggregate, &[&str]); 6] = [
            (Aggregate::Count, &["count", "good", "uncertain", "bad"]),
            (Aggregate::Min, &["min", "min_time"]),
            (Aggregate::Max, &["max", "max_time"]),
            (Aggregate::Avg, &["avg"]),
            (Aggregate::First, &["first", "first_text", "first_time"]),
            (Aggregate::Last, &["last", "last_text", "last_time"]),
        ];
        let left_out = columns.iter().filter(|(aggregate, _)| !self.has(*aggregate));
        left_out.flat_map(|(_, names)| names.iter().copied()).collect()
    }
}

/// A bucket; what was not chosen is not there, what there is none of is null.
#[derive(Serialize)]
pub(super) struct BucketView {
    time: String,
    #[serde(flatten)]
    counts: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avg: Option<Option<Mean>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Option<ValueView>>,
    gap: bool,
}

#[derive(Serialize)]
struct Counts {
    count: u64,
    good: u64,
    uncertain: u64,
    bad: u64,
}

/// A mean; one that is infinite is text in JSON, as such values are.
#[derive(Serialize)]
struct Mean(#[serde(serialize_with = "connector::plain_value")] OwnedValue);

impl BucketView {
    fn of(bucket: Bucket, chosen: &Chosen<'_>) -> Self {
        let counts =
            Counts { count: bucket.count(), good: bucket.good, uncertain: bucket.uncertain, bad: bucket.bad };
        let point = |aggregate, point: Option<tagstore::Point>| {
            chosen.has(aggregate).then(|| point.map(ValueView::of))
        };
        Self {
            time: time(bucket.start),
            counts: chosen.has(Aggregate::Count).then_some(counts),
            min: point(Aggregate::Min, bucket.min),
            max: point(Aggregate::Max, bucket.max),
            avg: chosen.has(Aggregate::Avg).then(|| bucket.mean.map(|mean| Mean(OwnedValue::Double(mean)))),
            first: point(Aggregate::First, bucket.first),
            last: point(Aggregate::Last, bucket.last),
            gap: bucket.gap,
        }
    }
}

/// A column: its head in files and on the screen, and what is in it.
type Column = (&'static str, &'static str, fn(&BucketView) -> String);

impl Chosen<'_> {
    /// The columns that were chosen; those with the times of values only in files.
    fn columns(&self, place: Place) -> Vec<Column> {
        let all: [(Option<Aggregate>, Column); 15] = [
            (None, ("time", "TIME", |row| row.time.clone())),
            (Some(Aggregate::Count), ("count", "COUNT", |row| count(row, |counts| counts.count))),
            (Some(Aggregate::Count), ("good", "GOOD", |row| count(row, |counts| counts.good))),
            (Some(Aggregate::Count), ("uncertain", "UNCERTAIN", |row| count(row, |counts| counts.uncertain))),
            (Some(Aggregate::Count), ("bad", "BAD", |row| count(row, |counts| counts.bad))),
            (Some(Aggregate::Min), ("min", "MIN", |row| value(&row.min))),
            (Some(Aggregate::Min), ("min_time", "", |row| when(&row.min))),
            (Some(Aggregate::Max), ("max", "MAX", |row| value(&row.max))),
            (Some(Aggregate::Max), ("max_time", "", |row| when(&row.max))),
            (Some(Aggregate::Avg), ("avg", "AVG", |row| mean(&row.avg))),
            (Some(Aggregate::First), ("first", "FIRST", |row| value(&row.first))),
            (Some(Aggregate::First), ("first_time", "", |row| when(&row.first))),
            (Some(Aggregate::Last), ("last", "LAST", |row| value(&row.last))),
            (Some(Aggregate::Last), ("last_time", "", |row| when(&row.last))),
            (None, ("gap", "", |row| row.gap.to_string())),
        ];
        let wanted = |aggregate: &Option<Aggregate>| aggregate.is_none_or(|aggregate| self.has(aggregate));
        let head = |column: &Column| if place == Place::File { column.0 } else { column.1 };
        let chosen =
            all.into_iter().filter(|(aggregate, column)| wanted(aggregate) && !head(column).is_empty());
        chosen.map(|(_, column)| column).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    File,
    Screen,
}

fn count(row: &BucketView, pick: fn(&Counts) -> u64) -> String {
    row.counts.as_ref().map(|counts| pick(counts).to_string()).unwrap_or_default()
}

fn value(point: &Option<Option<ValueView>>) -> String {
    point.as_ref().and_then(Option::as_ref).map(|point| point.value.to_string()).unwrap_or_default()
}

fn when(point: &Option<Option<ValueView>>) -> String {
    point.as_ref().and_then(Option::as_ref).map(|point| point.time.clone()).unwrap_or_default()
}

fn mean(mean: &Option<Option<Mean>>) -> String {
    mean.as_ref().and_then(Option::as_ref).map(|Mean(value)| value.to_string()).unwrap_or_default()
}

impl Rows for BucketView {
    fn table(asked: &Asked<'_>, all: &[Series<Self>]) -> String {
        let columns = Chosen(&asked.args.aggregate).columns(Place::Screen);
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
        let columns = Chosen(&asked.args.aggregate).columns(Place::File);
        let heads = columns.iter().map(|column| column.0.to_owned());
        let mut text = line(std::iter::once("stream".to_owned()).chain(heads), shown);
        for series in all {
            for row in &series.rows {
                let cells = columns.iter().map(|column| column.2(row));
                text.push_str(&line(std::iter::once(series.name.clone()).chain(cells), shown));
            }
        }
        text
    }

    fn json(rows: Vec<Self>) -> RowsView {
        RowsView::Buckets(rows)
    }
}
