//! Few values that show the same curve, for drawing.

use connector::documents::{PointView, RowsView};
use tagstore::PlotQuery;

use super::answer::{Rows, Series};
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
        Self::csv(all.iter().map(|series| (series.name.as_str(), series.rows.as_slice())), shown)
    }

    fn json(rows: Vec<Self>) -> RowsView {
        RowsView::Curve(rows)
    }
}
