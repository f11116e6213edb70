//! Ordering jobs that fetch the past from a server's history, and steering them.

use axum::response::Response;
use connector::documents::OneJob;
use connector::selection::PathPattern;
use serde::Deserialize;
use tagstore::{JOURNAL_FILE, JobState, NewJob, Orders, Timestamp};

use super::call::{Call, document, interval};
use super::guard::noted;
use super::route::{Answer, Body, Field, Needs, Route, Run, Verb};
use crate::problem::Problem;

const ORDER: &[Field] = &[
    Field { name: "what", kind: "string", required: true, about: "Name of a source, or of a stream" },
    Field { name: "from", kind: "string", required: true, about: "Start, included, as on the command line" },
    Field { name: "to", kind: "string", required: false, about: "End, not included; now without it" },
    Field { name: "only", kind: "string", required: false, about: "Of a source only nodes whose path fits" },
];

const fn steer(
    path: &'static str,
    about: &'static str,
    audit: &'static str,
    run: fn(&Call) -> Result<Response, Problem>,
) -> Route {
    Route {
        verb: Verb::Post,
        path,
        needs: Needs::Admin,
        about,
        params: &[],
        body: Body::None,
        answer: Answer::Document("backfill"),
        audit: Some(audit),
        run: Run::Now(run),
    }
}

pub(super) const ROUTES: &[Route] = &[
    Route {
        body: Body::Json(ORDER),
        ..steer("/backfill", "Orders a job that fetches the past", "backfill.order", order)
    },
    steer("/backfill/{id}/pause", "Pauses a job", "backfill.pause", pause),
    steer("/backfill/{id}/resume", "Goes on with a paused job", "backfill.resume", resume),
    steer("/backfill/{id}/cancel", "Ends a job for good", "backfill.cancel", cancel),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    what: String,
    from: String,
    to: Option<String>,
    only: Option<String>,
}

fn order(call: &Call) -> Result<Response, Problem> {
    let Order { what, from, to, only } = call.json()?;
    let interval = interval(call.instant(&from)?, call.instant(to.as_deref().unwrap_or("now"))?)?;
    if let Some(pattern) = &only {
        let wrong = |why: String| Problem::bad("usage.pattern", format!("`only` {why}"));
        pattern.parse::<PathPattern>().map_err(wrong)?;
    }
    let (config, reader) = (call.config(), call.reader()?);
    let (source, stream) = if config.source(&what).is_ok() {
        (what.clone(), None)
    } else {
        let stream = reader.find_stream(&what)?;
        if config.source(&stream.source).is_err() {
            let why = "this stream's source is no longer configured";
            return Err(Problem::bad("config.no_such_source", why));
        }
        (stream.source, Some(stream.id))
    };
    let pattern = only.filter(|_| stream.is_none());
    let (from, to) = (interval.from, interval.to);
    let job = NewJob { source, stream, pattern, from, to, origin: "api", checkpoint: None };
    let id = orders(call)?.order(&job, Timestamp::from(call.now()))?;
    let response = one(call, id)?;
    Ok(noted(response, format!("job {id}: {what}, {from} to {to}")))
}

fn orders(call: &Call) -> Result<Orders, Problem> {
    Ok(Orders::open(call.config().storage.data.join(JOURNAL_FILE))?)
}

fn one(call: &Call, id: i64) -> Result<Response, Problem> {
    document("backfill", &OneJob::find(&call.reader()?, id)?.ok_or_else(none)?)
}

fn none() -> Problem {
    Problem::not_found("backfill.no_such_job", "there is no job with this number")
}

fn pause(call: &Call) -> Result<Response, Problem> {
    to(call, JobState::Paused)
}

fn resume(call: &Call) -> Result<Response, Problem> {
    to(call, JobState::Waiting)
}

fn cancel(call: &Call) -> Result<Response, Problem> {
    to(call, JobState::Cancelled)
}

fn to(call: &Call, state: JobState) -> Result<Response, Problem> {
    let id: i64 = call.part("id").parse().map_err(|_| none())?;
    // nothing to steer before anything was collected, and no journal is made by asking
    call.reader()?;
    let job = orders(call)?.change(id, state, Timestamp::from(call.now()))?.ok_or_else(none)?;
    if job.state != state && !(state == JobState::Waiting && job.state == JobState::Running) {
        let why = format!("job {id} is over: {}", job.state);
        return Err(Problem::new(axum::http::StatusCode::CONFLICT, "backfill.over", why));
    }
    one(call, id)
}
