//! Few values that show the same curve, for drawing.

use serde::Serialize;
use tagstore::{OwnedValue, PlotPoint, PlotQuery};

use super::answer::{Rows, RowsView, Series, line, time};
use super::{Asked, give, give_table};
use crate::advice::Outcome;
use crate::cli::QueryFormat;
use crate::commands::data;
use crate::context::Context;
use crate::output::{Table, safe, say};

pub(super) fn run(context: &Context, asked: &Asked<'_>, points: usize) -> Outcome<(usize, bool)> {
    let ids = asked.ids();
    let query = PlotQuery { streams: &ids, interval: asked.interval, points };
    let all = asked.reader.plot(&query).map_err(|error| data::failed(&error))?;
    let texts = all.iter().any(|plot| plot.texts > 0);
    for plot in all.iter().filter(|plot| plot.texts > 0) {
        let name = asked.info(plot.stream).map(|stream| safe(&stream.name)).unwrap_or_default();
        say(&format!("{} of {} values of {name} are text, which has no curve", plot.texts, plot.samples));
    }
    if asked.args.format == QueryFormat::Parquet
        && let Some(path) = &asked.args.out
    {
        let rows =
            all.into_iter().flat_map(|plot| plot.points.into_iter().map(move |point| (plot.stream, point)));
        return Ok((give_table(context, asked, path, &[], rows)?, false));
    }
    let series = all.into_iter().map(|plot| {
        let rows = plot.points.into_iter().map(PointView::of).collect();
        Series::new(asked, plot.stream, rows, false)
    });
    let (rows, truncated) = give(context, asked, series.collect())?;
    // text was told of already; it is not "no values"
    Ok((rows.max(usize::from(texts)), truncated))
}

/// A point of a curve; at a break the value is null.
#[derive(Serialize)]
pub(super) struct PointView {
    time: String,
    #[serde(serialize_with = "connector::plain_value")]
    value: OwnedValue,
    #[serde(rename = "break", skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

impl PointView {
    fn of(point: PlotPoint) -> Self {
        let why = match point {
            PlotPoint::Break { why, .. } => Some(why.as_str()),
            PlotPoint::Value { .. } => None,
        };
        let value = point.value().map_or(OwnedValue::Null, OwnedValue::Double);
        Self { time: time(point.time()), value, why }
    }

    fn value(&self) -> String {
        if self.value == OwnedValue::Null { String::new() } else { self.value.to_string() }
    }
}

impl Rows for PointView {
    fn table(_: &Asked<'_>, all: &[Series<Self>]) -> String {
        let head = ["STREAM", "TIME", "VALUE", "UNIT", "BREAK"];
        let skip = usize::from(all.len() == 1);
        let mut table = Table::new(head.get(skip..).unwrap_or_default());
        for series in all {
            for point in &series.rows {
                let value = point.value();
                let cells =
                    [series.name.as_str(), &point.time, &value, &series.unit, point.why.unwrap_or("")];
                table.row(cells.into_iter().skip(skip));
            }
        }
        table.to_string()
    }

    fn csv(_: &Asked<'_>, all: &[Series<Self>], shown: &dyn Fn(&str) -> String) -> String {
        let mut text = "stream,time,value,break\n".to_owned();
        for series in all {
            for point in &series.rows {
                let why = point.why.unwrap_or("").to_owned();
                text.push_str(&line([series.name.clone(), point.time.clone(), point.value(), why], shown));
            }
        }
        text
    }

    fn json(rows: Vec<Self>) -> RowsView {
        RowsView::Curve(rows)
    }
}
