//! The answer as an object, and what the three kinds of it share.

use connector::{csv_field, plain_value};
use serde::Serialize;
use tagstore::{OwnedValue, Point, StreamId, StreamInfo, Timestamp};

use super::Asked;

/// What was found of one stream.
pub(super) struct Series<R> {
    pub(super) stream: StreamId,
    pub(super) rows: Vec<R>,
    /// There is more in the interval than the limit allowed.
    pub(super) truncated: bool,
    /// As its name is shown.
    pub(super) name: String,
    pub(super) unit: String,
}

impl<R> Series<R> {
    pub(super) fn new(asked: &Asked<'_>, stream: StreamId, rows: Vec<R>, truncated: bool) -> Self {
        let info = asked.info(stream);
        let text = |pick: fn(&StreamInfo) -> Option<&str>| info.and_then(pick).unwrap_or_default().to_owned();
        let (name, unit) = (text(|stream| Some(&stream.name)), text(|stream| stream.unit.as_deref()));
        Self { stream, rows, truncated, name, unit }
    }
}

/// A kind of rows.
pub(super) trait Rows: Sized {
    fn table(asked: &Asked<'_>, all: &[Series<Self>]) -> String;
    fn csv(asked: &Asked<'_>, all: &[Series<Self>], shown: &dyn Fn(&str) -> String) -> String;
    fn json(rows: Vec<Self>) -> RowsView;
}

/// `lockgate/query/1`: of one stream its members themselves, of several each as one of `streams`.
#[derive(Serialize)]
pub(super) struct Answer {
    from: String,
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<String>,
    #[serde(flatten)]
    body: Body,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Body {
    One(Found),
    Several { streams: Vec<Found> },
}

#[derive(Serialize)]
struct Found {
    stream: String,
    source: String,
    unit: Option<String>,
    truncated: bool,
    #[serde(flatten)]
    rows: RowsView,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RowsView {
    Samples(Vec<connector::SampleView>),
    Buckets(Vec<super::buckets::BucketView>),
    Curve(Vec<super::curve::PointView>),
}

impl Answer {
    pub(super) fn new<R: Rows>(asked: &Asked<'_>, all: Vec<Series<R>>) -> Self {
        let found = |series: Series<R>| Found {
            stream: series.name,
            source: asked.info(series.stream).map(|stream| stream.source.clone()).unwrap_or_default(),
            unit: asked.info(series.stream).and_then(|stream| stream.unit.clone()),
            truncated: series.truncated,
            rows: R::json(series.rows),
        };
        let mut streams: Vec<Found> = all.into_iter().map(found).collect();
        let only = if streams.len() == 1 { streams.pop() } else { None };
        Self {
            from: asked.interval.from.to_string(),
            to: asked.interval.to.to_string(),
            every: asked.args.every.as_ref().map(|length| length.typed.clone()),
            body: only.map_or_else(|| Body::Several { streams }, Body::One),
        }
    }
}

/// A value and when it was.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ValueView {
    pub(super) time: String,
    #[serde(serialize_with = "plain_value")]
    pub(super) value: OwnedValue,
}

impl ValueView {
    pub(super) fn of(point: Point) -> Self {
        Self { time: point.time.to_string(), value: point.value }
    }
}

/// A line of CSV.
pub(super) fn line(fields: impl IntoIterator<Item = String>, shown: &dyn Fn(&str) -> String) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| csv_field(shown(&field))).collect();
    format!("{}\n", fields.join(","))
}

/// A time as it is shown.
pub(super) fn time(time: Timestamp) -> String {
    time.to_string()
}
