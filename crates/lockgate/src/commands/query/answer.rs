//! The answer as an object, and what the three kinds of it share.

use connector::documents::{Found, QueryAnswer, QueryBody, RowsView};
use tagstore::{StreamId, StreamInfo};

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

/// The document of what was found.
pub(super) fn document<R: Rows>(asked: &Asked<'_>, all: Vec<Series<R>>) -> QueryAnswer {
    let found = |series: Series<R>| Found {
        stream: series.name,
        source: asked.info(series.stream).map(|stream| stream.source.clone()).unwrap_or_default(),
        unit: asked.info(series.stream).and_then(|stream| stream.unit.clone()),
        truncated: series.truncated,
        rows: R::json(series.rows),
    };
    let mut streams: Vec<Found> = all.into_iter().map(found).collect();
    let only = if streams.len() == 1 { streams.pop() } else { None };
    QueryAnswer {
        from: asked.interval.from.to_string(),
        to: asked.interval.to.to_string(),
        every: asked.args.every.as_ref().map(|length| length.typed.clone()),
        body: only.map_or_else(|| QueryBody::Several { streams }, QueryBody::One),
    }
}
