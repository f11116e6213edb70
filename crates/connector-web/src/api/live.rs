//! What changes, as it changes: server-sent events.
//!
//! A stream ends when who asked is logged out or gone, and after a quarter of an hour in any case; a browser asks again by
//! itself.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse as _;
use axum::response::sse::{Event, Sse};
use connector::SampleView;
use connector::documents::{Status, json};
use connector::overview::Overview;
use futures_util::stream::unfold;
use serde::Serialize;
use tagstore::{Order, Reader, StreamId, StreamInfo, StreamQuery, Timestamp};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior};

use super::call::Call;
use super::data::named;
use super::route::{Answer, Body, Kind, Later, Needs, Param, Route, Run, Verb};
use crate::problem::Problem;

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Get,
        path: "/live",
        needs: Needs::Viewer,
        about: "New values of streams as they become durable, an event `values` each second with some",
        params: &[Param {
            name: "stream",
            kind: Kind::Texts { most: 16 },
            about: "A name, or an ending that only one has",
        }],
        body: Body::None,
        answer: Answer::Events("live"),
        audit: None,
        run: Run::Later(values),
    },
    Route {
        verb: Verb::Get,
        path: "/status/live",
        needs: Needs::Viewer,
        about: "The status, an event `status` each second",
        params: &[],
        body: Body::None,
        answer: Answer::Events("status"),
        audit: None,
        run: Run::Later(status),
    },
];

/// New values of some streams.
#[derive(Serialize)]
struct Values {
    values: Vec<LiveValue>,
}

#[derive(Serialize)]
struct LiveValue {
    stream: String,
    #[serde(flatten)]
    sample: SampleView,
}

fn status(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let beat = Beat::new(call)?;
        let stream = unfold(beat, async |mut beat| {
            beat.next().await?;
            let seen = beat.call.api.looker().look().await.ok()?;
            let config = beat.call.config();
            let status = Status::of(beat.call.api.spell(), &config, Overview::clone(&seen));
            let text = json::compact("status", &status).ok()?;
            Some((Ok::<_, Infallible>(Event::default().event("status").data(text)), beat))
        });
        Ok(Sse::new(stream).into_response())
    })
}

fn values(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let asked = Arc::clone(&call);
        let streams = blocking(move || named(&asked.reader()?, asked.texts("stream"))).await??;
        if streams.is_empty() {
            return Err(Problem::bad("usage.parameter", "`stream` is missing: name at least one"));
        }
        let beat = Beat::new(call)?;
        let tail = Tail { streams: Arc::new(streams), given: HashMap::new() };
        let stream = unfold((beat, tail), async |(mut beat, mut tail)| {
            loop {
                beat.next().await?;
                let data = beat.call.config().storage.data.clone();
                let (values, after) = blocking(move || tail.read(&data)).await.ok()?;
                tail = after;
                let Ok(values) = values else { continue };
                if !values.is_empty() {
                    let text = json::compact("live", &Values { values }).ok()?;
                    return Some((
                        Ok::<_, Infallible>(Event::default().event("values").data(text)),
                        (beat, tail),
                    ));
                }
            }
        });
        Ok(Sse::new(stream).into_response())
    })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}

/// When to look again, and whether at all.
struct Beat {
    call: Arc<Call>,
    tick: Interval,
    left: u32,
    _place: OwnedSemaphorePermit,
}

impl Beat {
    fn new(call: Arc<Call>) -> Result<Self, Problem> {
        let full = |_| {
            let why = "too many live views at the same time";
            Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "busy", why)
                .after(Duration::from_secs(5))
        };
        let place = call.api.live_places().try_acquire_owned().map_err(full)?;
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { call, tick, left: BEATS, _place: place })
    }

    /// Waits for the next beat; `None` when there is none any more.
    async fn next(&mut self) -> Option<()> {
        self.tick.tick().await;
        self.left = self.left.checked_sub(1)?;
        let who = self.call.who.as_ref()?;
        self.call.api.access().still(who).then_some(())
    }
}

/// The newest values of some streams, and which were given already.
struct Tail {
    streams: Arc<Vec<StreamInfo>>,
    given: HashMap<StreamId, Timestamp>,
}

impl Tail {
    fn read(mut self, data: &std::path::Path) -> (Result<Vec<LiveValue>, tagstore::Error>, Self) {
        let values = self.newer(data);
        (values, self)
    }

    fn newer(&mut self, data: &std::path::Path) -> Result<Vec<LiveValue>, tagstore::Error> {
        let reader = Reader::open(data)?;
        let mut values = Vec::new();
        for stream in self.streams.iter() {
            let known = self.given.get(&stream.id).copied();
            // at first only the newest
            let limit = if known.is_some() { AT_ONCE } else { 1 };
            let query = StreamQuery { order: Order::NewestFirst, ..StreamQuery::new(stream.id, limit) };
            let samples = reader.query(&query)?;
            let newest = samples.first().map(|sample| sample.time());
            let fresh =
                samples.into_iter().take_while(|sample| known.is_none_or(|known| sample.time() > known));
            let mut fresh: Vec<LiveValue> = fresh
                .map(|sample| LiveValue { stream: stream.name.clone(), sample: SampleView::of(sample) })
                .collect();
            fresh.reverse();
            values.append(&mut fresh);
            if let Some(newest) = newest {
                self.given.insert(stream.id, newest);
            }
        }
        Ok(values)
    }
}

const EVERY: Duration = Duration::from_secs(1);
/// A quarter of an hour.
const BEATS: u32 = 900;
/// Most values of a stream in one event; of a faster one the newest.
const AT_ONCE: usize = 200;
