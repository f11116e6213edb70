//! Values condensed to one line for each minute or hour.

use serde::Serialize;
use tagstore::{Bucket, OwnedValue, Point};

use super::query::{ValueView, csv_line};
use crate::sample_view::plain_value;

/// What can be shown of the values of a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// How many there are, also by quality
    Count,
    /// The smallest
    Min,
    /// The largest
    Max,
    /// Their mean, each counting once
    Avg,
    /// The earliest
    First,
    /// The latest
    Last,
}

/// What of a bucket is shown; nothing chosen means all.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'a>(pub &'a [Aggregate]);

impl Chosen<'_> {
    /// Whether it is shown.
    pub fn has(&self, aggregate: Aggregate) -> bool {
        self.0.is_empty() || self.0.contains(&aggregate)
    }

    /// The columns of a table that were not chosen.
    pub fn without(&self) -> Vec<&'static str> {
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
#[derive(Debug, Serialize)]
pub struct BucketView {
    pub time: String,
    #[serde(flatten)]
    pub counts: Option<Counts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub avg: Option<Option<Mean>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Option<ValueView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Option<ValueView>>,
    pub gap: bool,
}

/// How many values, and of which quality.
#[derive(Debug, Serialize)]
pub struct Counts {
    pub count: u64,
    pub good: u64,
    pub uncertain: u64,
    pub bad: u64,
}

/// A mean; one that is infinite is text in JSON, as such values are.
#[derive(Debug, Serialize)]
pub struct Mean(#[serde(serialize_with = "plain_value")] pub OwnedValue);

impl BucketView {
    /// The view of one bucket.
    pub fn of(bucket: Bucket, chosen: &Chosen<'_>) -> Self {
        let counts =
            Counts { count: bucket.count(), good: bucket.good, uncertain: bucket.uncertain, bad: bucket.bad };
        let point = |aggregate, point: Option<Point>| chosen.has(aggregate).then(|| point.map(ValueView::of));
        Self {
            time: bucket.start.to_string(),
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
pub type Column = (&'static str, &'static str, fn(&BucketView) -> String);

impl Chosen<'_> {
    /// The columns that were chosen; those with the times of values only in files.
    pub fn columns(self, place: Place) -> Vec<Column> {
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

/// Where columns are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File,
    /// On the screen.
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

impl BucketView {
    /// The lines of CSV of many, with their head; `shown` makes text harmless where it has to be.
    pub fn csv<'a>(
        chosen: Chosen<'_>,
        all: impl Iterator<Item = (&'a str, &'a [Self])>,
        shown: &dyn Fn(&str) -> String,
    ) -> String {
        let columns = chosen.columns(Place::File);
        let heads = columns.iter().map(|column| column.0.to_owned());
        let mut text = csv_line(std::iter::once("stream".to_owned()).chain(heads), shown);
        for (name, rows) in all {
            for row in rows {
                let cells = columns.iter().map(|column| column.2(row));
                text.push_str(&csv_line(std::iter::once(name.to_owned()).chain(cells), shown));
            }
        }
        text
    }
}
