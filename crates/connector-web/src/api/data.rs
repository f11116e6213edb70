//! What was collected: streams, values, events, gaps, and the jobs that fetch the past.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use connector::documents::{
    BucketView, Chosen, Events, EventsAsked, Found, Gaps, GapsAsked, Jobs, OneJob, PointView, QueryAnswer,
    QueryBody, RowsView, StreamView, Streams,
};
use connector::{CSV_HEADER, EVENT_CSV_HEADER, SampleView, time_range};
use serde::Serialize;
use tagstore::{BucketQuery, Every, Interval, Order, PlotQuery, Reader, StreamId, StreamInfo, StreamQuery};

use super::call::{Call, document};
use super::route::{Answer, Body, Kind, Needs, Param, Route, Run, Verb};
use crate::problem::Problem;

/// Most rows of all streams in one answer.
const ROWS: usize = 200_000;

const fn limit(most: usize, default: usize, about: &'static str) -> Param {
    Param { name: "limit", kind: Kind::Count { least: 1, most, default: Some(default) }, about }
}

const FROM: &str = "Start, included: -1h, -2d, 2026-08-27, 2026-08-27T06:00:00Z";
const TO: &str = "End, not included";
const FORMAT: Param =
    Param { name: "format", kind: Kind::Choice(&["json", "csv"]), about: "Form of the answer" };

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/streams",
        needs: Needs::Viewer,
        about: "The streams that have been collected, by name; `next` begins the next page",
        params: &[
            Param { name: "filter", kind: Kind::Text, about: "Only streams whose name contains this" },
            Param { name: "source", kind: Kind::Text, about: "Only streams of this source" },
            Param { name: "after", kind: Kind::Text, about: "Only streams behind this name" },
            limit(10_000, 1000, "At most so many"),
        ],
        body: Body::None,
        answer: Answer::Document("streams"),
        audit: None,
        run: Run::Now(streams),
    },
    Route {
        verb: Verb::Get,
        path: "/query",
        needs: Needs::Viewer,
        about: "The values of streams: each, condensed with `every`, or thinned out for drawing with `points`",
        params: &[
            Param {
                name: "stream",
                kind: Kind::Texts { most: 16 },
                about: "A name, or an ending that only one has",
            },
            Param { name: "from", kind: Kind::Time { default: Some("-1h") }, about: FROM },
            Param { name: "to", kind: Kind::Time { default: Some("now") }, about: TO },
            Param {
                name: "every",
                kind: Kind::Text,
                about: "One line for each so much time: 10s, 1m, 1h, 1d",
            },
            Param {
                name: "points",
                kind: Kind::Count { least: 2, most: 20_000, default: None },
                about: "About so many values that show the same curve",
            },
            FORMAT,
            limit(100_000, 10_000, "At most so many of each stream"),
        ],
        body: Body::None,
        answer: Answer::DocumentOrCsv("query"),
        audit: None,
        run: Run::Now(query),
    },
    Route {
        verb: Verb::Get,
        path: "/events",
        needs: Needs::Viewer,
        about: "Alarms and events",
        params: &[
            Param {
                name: "stream",
                kind: Kind::Texts { most: 16 },
                about: "Of these streams; without it of all",
            },
            Param { name: "from", kind: Kind::Time { default: Some("-1d") }, about: FROM },
            Param { name: "to", kind: Kind::Time { default: Some("now") }, about: TO },
            Param {
                name: "severity",
                kind: Kind::Count { least: 1, most: 1000, default: None },
                about: "Only those of at least this severity",
            },
            Param { name: "type", kind: Kind::Text, about: "Only those of this type, by its name" },
            Param { name: "source", kind: Kind::Text, about: "Only those whose source has a name that fits" },
            Param {
                name: "active",
                kind: Kind::Flag,
                about: "Of each alarm how it stood last, if it was active",
            },
            FORMAT,
            limit(10_000, 1000, "At most so many, the newest"),
        ],
        body: Body::None,
        answer: Answer::DocumentOrCsv("events"),
        audit: None,
        run: Run::Now(events),
    },
    Route {
        verb: Verb::Get,
        path: "/gaps",
        needs: Needs::Viewer,
        about: "The intervals in which values are known to be missing, and why",
        params: &[
            Param { name: "source", kind: Kind::Text, about: "Only gaps of this source" },
            Param {
                name: "from",
                kind: Kind::Time { default: None },
                about: "Only gaps that reach beyond this",
            },
            Param {
                name: "to",
                kind: Kind::Time { default: None },
                about: "Only gaps that begin before this",
            },
            limit(10_000, 100, "At most so many, the newest"),
        ],
        body: Body::None,
        answer: Answer::Document("gaps"),
        audit: None,
        run: Run::Now(gaps),
    },
    Route {
        verb: Verb::Get,
        path: "/backfill",
        needs: Needs::Viewer,
        about: "Jobs that fetch the past, the newest first",
        params: &[limit(1000, 100, "At most so many")],
        body: Body::None,
        answer: Answer::Document("backfill-list"),
        audit: None,
        run: Run::Now(jobs),
    },
    Route {
        verb: Verb::Get,
        path: "/backfill/{id}",
        needs: Needs::Viewer,
        about: "One of them",
        params: &[],
        body: Body::None,
        answer: Answer::Document("backfill"),
        audit: None,
        run: Run::Now(job),
    },
];

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    streams: Streams,
    /// For the parameter `after` of the next page; null on the last one.
    next: Option<String>,
}

fn streams(call: &Call) -> Result<Response, Problem> {
    let reader = match call.reader() {
        Err(problem) if problem.code == "data.none" => {
            return document("streams", &Page { streams: Streams { streams: Vec::new() }, next: None });
        }
        other => other?,
    };
    let wanted = |stream: &StreamInfo| {
        call.text("filter").is_none_or(|part| stream.name.contains(part))
            && call.text("source").is_none_or(|source| stream.source == source)
            && call.text("after").is_none_or(|after| stream.name.as_str() > after)
    };
    let mut found: Vec<StreamInfo> = reader.streams()?.into_iter().filter(wanted).collect();
    let more = found.len() > call.limit();
    found.truncate(call.limit());
    let next = found.last().filter(|_| more).map(|stream| stream.name.clone());
    let streams = Streams { streams: StreamView::all(&reader, found, call.now())? };
    document("streams", &Page { streams, next })
}

/// The streams that these names mean, each once.
pub(super) fn named(reader: &Reader, names: &[String]) -> Result<Vec<StreamInfo>, Problem> {
    let mut streams: Vec<StreamInfo> = Vec::with_capacity(names.len());
    for name in names {
        let found = reader.find_stream(name)?;
        if !streams.iter().any(|stream| stream.id == found.id) {
            streams.push(found);
        }
    }
    Ok(streams)
}

fn query(call: &Call) -> Result<Response, Problem> {
    let names = call.texts("stream");
    if names.is_empty() {
        return Err(Problem::bad("usage.parameter", "`stream` is missing: name at least one"));
    }
    let reader = call.reader()?;
    let streams = named(&reader, names)?;
    let interval = call.interval()?;
    let each = call.limit().max(call.count("points").unwrap_or(0));
    if each.saturating_mul(streams.len()) > ROWS {
        let why =
            format!("at most {ROWS} rows of all streams together: use a smaller `limit` or fewer streams");
        return Err(Problem::bad("usage.parameter", why));
    }
    let rows = match (call.text("every"), call.count("points")) {
        (Some(_), Some(_)) => return Err(Problem::bad("usage.parameter", "either `every` or `points`")),
        (Some(every), None) => condensed(&reader, &streams, interval, every, call.limit())?,
        (None, Some(points)) => curve(&reader, &streams, interval, points)?,
        (None, None) => each_value(&reader, &streams, interval, call.limit())?,
    };
    let found = streams.into_iter().zip(rows).map(|(stream, (rows, truncated))| Found {
        stream: stream.name,
        source: stream.source,
        unit: stream.unit,
        truncated,
        rows,
    });
    let mut found: Vec<Found> = found.collect();
    if call.text("format") == Some("csv") {
        return csv("lockgate-values.csv", table(&found));
    }
    let only = if found.len() == 1 { found.pop() } else { None };
    let answer = QueryAnswer {
        from: interval.from.to_string(),
        to: interval.to.to_string(),
        every: call.text("every").map(str::to_owned),
        body: only.map_or_else(|| QueryBody::Several { streams: found }, QueryBody::One),
    };
    document("query", &answer)
}

/// Of each stream, in the order of the streams, and whether there are more.
type RowsOfEach = Vec<(RowsView, bool)>;

fn each_value(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    limit: usize,
) -> Result<RowsOfEach, Problem> {
    let of_one = |stream: &StreamInfo| {
        let query = StreamQuery {
            stream: stream.id,
            from: Some(interval.from),
            to: Some(interval.to),
            // one more than asked for, to know whether there is more
            limit: limit.saturating_add(1),
            order: Order::OldestFirst,
        };
        let mut samples = reader.query(&query)?;
        let truncated = samples.len() > limit;
        samples.truncate(limit);
        Ok((RowsView::Samples(samples.into_iter().map(SampleView::of).collect()), truncated))
    };
    streams.iter().map(of_one).collect()
}

fn condensed(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    every: &str,
    limit: usize,
) -> Result<RowsOfEach, Problem> {
    let wrong = || Problem::bad("usage.parameter", "`every` is no length of time: use 10s, 1m, 1h30m or 1d");
    let every = time_range::duration(every).ok().and_then(Every::new).ok_or_else(wrong)?;
    let ids = ids(streams);
    let found = reader.buckets(&BucketQuery { streams: &ids, interval, every, limit })?;
    let view = |bucket| BucketView::of(bucket, &Chosen(&[]));
    let rows = found
        .into_iter()
        .map(|series| (RowsView::Buckets(series.buckets.into_iter().map(view).collect()), series.truncated));
    Ok(rows.collect())
}

fn curve(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    points: usize,
) -> Result<RowsOfEach, Problem> {
    let ids = ids(streams);
    let found = reader.plot(&PlotQuery { streams: &ids, interval, points })?;
    let rows = found
        .into_iter()
        .map(|plot| (RowsView::Curve(plot.points.into_iter().map(PointView::of).collect()), false));
    Ok(rows.collect())
}

fn ids(streams: &[StreamInfo]) -> Vec<StreamId> {
    streams.iter().map(|stream| stream.id).collect()
}

fn table(found: &[Found]) -> String {
    match found.first().map(|one| &one.rows) {
        Some(RowsView::Buckets(_)) => {
            let rows = found.iter().filter_map(|one| match &one.rows {
                RowsView::Buckets(rows) => Some((one.stream.as_str(), rows.as_slice())),
                _ => None,
            });
            BucketView::csv(Chosen(&[]), rows, &cell)
        }
        Some(RowsView::Curve(_)) => {
            let rows = found.iter().filter_map(|one| match &one.rows {
                RowsView::Curve(rows) => Some((one.stream.as_str(), rows.as_slice())),
                _ => None,
            });
            PointView::csv(rows, &cell)
        }
        _ => {
            let mut text = CSV_HEADER.to_owned();
            for one in found {
                if let RowsView::Samples(rows) = &one.rows {
                    text.extend(rows.iter().map(|sample| sample.csv(&one.stream, cell)));
                }
            }
            text
        }
    }
}

/// A spreadsheet must not take what a server sent for a formula: such a text gets an apostrophe in front.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err();
    if formula { format!("'{text}") } else { text.to_owned() }
}

fn csv(name: &'static str, text: String) -> Result<Response, Problem> {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(|error| Problem::internal(&error))?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], text).into_response())
}

fn events(call: &Call) -> Result<Response, Problem> {
    let reader = call.reader()?;
    let streams = match call.texts("stream") {
        [] => {
            let mut all = reader.streams()?;
            all.retain(StreamInfo::is_of_events);
            all
        }
        names => named(&reader, names)?,
    };
    if let Some(other) = streams.iter().find(|stream| !stream.is_of_events()) {
        let why = format!("{} has values, not events", other.name);
        return Err(Problem::bad("events.other_stream", why));
    }
    let pattern = call.text("source").map(str::parse).transpose();
    let asked = EventsAsked {
        severity: call.count("severity").and_then(|severity| u16::try_from(severity).ok()),
        event_type: call.text("type").map(str::to_owned),
        source: pattern.map_err(|why| Problem::bad("usage.parameter", format!("`source` {why}")))?,
        active: call.flag("active"),
        limit: call.limit(),
    };
    let found = Events::find(&reader, &streams, call.interval()?, &asked)?;
    if call.text("format") == Some("csv") {
        let lines = found.events.iter().map(|event| event.csv(cell));
        return csv(
            "lockgate-events.csv",
            std::iter::once(EVENT_CSV_HEADER.to_owned()).chain(lines).collect(),
        );
    }
    document("events", &found)
}

fn gaps(call: &Call) -> Result<Response, Problem> {
    let asked = GapsAsked {
        source: call.text("source").map(str::to_owned),
        from: call.time("from")?,
        to: call.time("to")?,
        limit: call.limit(),
    };
    document("gaps", &Gaps::find(&call.reader()?, &asked)?)
}

fn jobs(call: &Call) -> Result<Response, Problem> {
    document("backfill-list", &Jobs::newest(&call.reader()?, call.limit())?)
}

fn job(call: &Call) -> Result<Response, Problem> {
    let none = || Problem::not_found("backfill.no_such_job", "there is no job with this number");
    let id = call.part("id").parse().map_err(|_| none())?;
    document("backfill", &OneJob::find(&call.reader()?, id)?.ok_or_else(none)?)
}
