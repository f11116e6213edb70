//! `lockgate/query/1`: the values of streams, each, condensed or thinned out for drawing.

use serde::Serialize;
use tagstore::{OwnedValue, Point};

use super::{BucketView, PointView};
use crate::sample_view::{SampleView, csv_field, plain_value};

/// `lockgate/query/1`: of one stream its members themselves, of several each as one of `streams`.
#[derive(Debug, Serialize)]
pub struct QueryAnswer {
    pub from: String,
    pub to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    #[serde(flatten)]
    pub body: QueryBody,
}

/// Of one stream or of several.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum QueryBody {
    One(Found),
    Several { streams: Vec<Found> },
}

/// What was found of one stream.
#[derive(Debug, Serialize)]
pub struct Found {
    pub stream: String,
    pub source: String,
    pub unit: Option<String>,
    pub truncated: bool,
    #[serde(flatten)]
    pub rows: RowsView,
}

/// The rows of one stream, by their kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowsView {
    Samples(Vec<SampleView>),
    Buckets(Vec<BucketView>),
    Curve(Vec<PointView>),
}

/// A value and when it was.
#[derive(Debug, Clone, Serialize)]
pub struct ValueView {
    pub time: String,
    #[serde(serialize_with = "plain_value")]
    pub value: OwnedValue,
}

impl ValueView {
    pub fn of(point: Point) -> Self {
        Self { time: point.time.to_string(), value: point.value }
    }
}

/// A line of CSV.
pub(super) fn csv_line(fields: impl IntoIterator<Item = String>, shown: &dyn Fn(&str) -> String) -> String {
    let fields: Vec<String> = fields.into_iter().map(|field| csv_field(shown(&field))).collect();
    format!("{}\n", fields.join(","))
}
