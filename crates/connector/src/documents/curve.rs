//! Few values that show the same curve.

use serde::Serialize;
use tagstore::{OwnedValue, PlotPoint};

use super::query::csv_line;
use crate::sample_view::plain_value;

/// A point of a curve; at a break the value is null.
#[derive(Debug, Serialize)]
pub struct PointView {
    pub time: String,
    #[serde(serialize_with = "plain_value")]
    pub value: OwnedValue,
    #[serde(rename = "break", skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
}

impl PointView {
    /// The view of one point.
    pub fn of(point: PlotPoint) -> Self {
        let why = match point {
            PlotPoint::Break { why, .. } => Some(why.as_str()),
            PlotPoint::Value { .. } => None,
        };
        let value = point.value().map_or(OwnedValue::Null, OwnedValue::Double);
        Self { time: point.time().to_string(), value, why }
    }

    /// The value in words.
    pub fn value(&self) -> String {
        if self.value == OwnedValue::Null { String::new() } else { self.value.to_string() }
    }
}

impl PointView {
    /// The lines of CSV of many, with their head; `shown` makes text harmless where it has to be.
    pub fn csv<'a>(
        all: impl Iterator<Item = (&'a str, &'a [Self])>,
        shown: &dyn Fn(&str) -> String,
    ) -> String {
        let mut text = "stream,time,value,break\n".to_owned();
        for (name, rows) in all {
            for row in rows {
                let why = row.why.unwrap_or("").to_owned();
                text.push_str(&csv_line([name.to_owned(), row.time.clone(), row.value(), why], shown));
            }
        }
        text
    }
}
