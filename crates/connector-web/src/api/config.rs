//! The configuration: look at it, try another one, take it over, and the way back.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;
use connector::documents::{ChangeView, Checked, PlanView};
use connector::{Config, Error};
use serde::{Deserialize, Serialize};

use super::call::{Call, document};
use super::change::{blocking, former, in_words, run, stamp, take_over, text};
use super::guard::noted;
use super::route::{Answer, Body, Field, Later, Needs, Route, Run, Verb};
use crate::problem::Problem;

const TEXT: Field = Field { name: "text", kind: "string", required: true, about: "The whole file, TOML" };
const STAMP: Field = Field {
    name: "stamp",
    kind: "string",
    required: true,
    about: "Of the text that is replaced, as GET gave it",
};

const fn route(
    verb: Verb,
    path: &'static str,
    needs: Needs,
    about: &'static str,
    schema: &'static str,
    run: Run,
) -> Route {
    Route {
        verb,
        path,
        needs,
        about,
        params: &[],
        body: Body::None,
        answer: Answer::Document(schema),
        audit: None,
        run,
    }
}

pub(super) const ROUTES: &[Route] = &[
    route(
        Verb::Get,
        "/config",
        Needs::Admin,
        "The configuration file; there is no secret in it",
        "config",
        Run::Now(read),
    ),
    route(
        Verb::Get,
        "/config/check",
        Needs::Viewer,
        "Whether the file is valid, and what it says",
        "config-check",
        Run::Now(check),
    ),
    route(
        Verb::Get,
        "/config/plan",
        Needs::Viewer,
        "What would change if the file were read again",
        "config-plan",
        Run::Now(plan),
    ),
    Route {
        body: Body::Json(&[TEXT]),
        audit: Some("config.try"),
        ..route(
            Verb::Post,
            "/config/try",
            Needs::Admin,
            "What would change with another text; nothing is written",
            "config-plan",
            Run::Now(try_out),
        )
    },
    Route {
        body: Body::Json(&[TEXT, STAMP]),
        audit: Some("config.replace"),
        ..route(
            Verb::Put,
            "/config",
            Needs::Admin,
            "Replaces the file and has it run; the former one is kept",
            "config-applied",
            Run::Later(replace),
        )
    },
    Route {
        audit: Some("config.apply"),
        ..route(
            Verb::Post,
            "/config/apply",
            Needs::Admin,
            "Has the file run as it is, like SIGHUP",
            "config-applied",
            Run::Later(apply),
        )
    },
    Route {
        audit: Some("config.roll-back"),
        ..route(
            Verb::Post,
            "/config/roll-back",
            Needs::Admin,
            "Takes the former file again; once more undoes that",
            "config-applied",
            Run::Later(roll_back),
        )
    },
];

#[derive(Serialize)]
struct ConfigText {
    path: String,
    text: String,
    /// To be given with the text that replaces it.
    stamp: String,
    /// Whether there is a former one to go back to.
    former: bool,
}

#[derive(Serialize)]
struct Applied {
    /// Whether it runs now; else it holds from the next start.
    running: bool,
    changes: Vec<ChangeView>,
    stamp: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replacement {
    text: String,
    stamp: String,
}

fn read(call: &Call) -> Result<Response, Problem> {
    let config = call.config();
    let path = config.path();
    let text = text(path)?;
    let (stamp, former) = (stamp(&text), former(path).exists());
    document("config", &ConfigText { path: path.display().to_string(), text, stamp, former })
}

/// The configuration as the file says it now.
pub(super) fn on_disk(call: &Call) -> Result<Config, Problem> {
    Config::load(call.config().path()).map_err(|error| problem(call, error))
}

fn parse(call: &Call, text: &str) -> Result<Config, Problem> {
    Config::parse(text, call.config().path()).map_err(|error| problem(call, error))
}

/// What is wrong in a text, with the commands that mend it as they are typed here.
fn problem(call: &Call, error: Error) -> Problem {
    let Error::ConfigInvalid { problems, .. } = &error else { return error.into() };
    let lines = problems.iter().map(|one| one.text(|words| call.api.spell().spell(words)));
    let lines: Vec<String> = lines.collect();
    Problem::bad("config.invalid", lines.join("\n"))
}

fn check(call: &Call) -> Result<Response, Problem> {
    document("config-check", &Checked::of(&on_disk(call)?))
}

fn plan(call: &Call) -> Result<Response, Problem> {
    document("config-plan", &PlanView::of(&on_disk(call)?)?.0)
}

fn try_out(call: &Call) -> Result<Response, Problem> {
    let Other { text } = call.json()?;
    document("config-plan", &PlanView::of(&parse(call, &text)?)?.0)
}

fn replace(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let _one = call.api.changing().await;
        let asked = Arc::clone(&call);
        let new = blocking(move || {
            let Replacement { text: new, stamp: seen } = asked.json()?;
            if stamp(&text(asked.config().path())?) != seen {
                let why = "the file was changed meanwhile: look at it again";
                return Err(Problem::new(StatusCode::CONFLICT, "config.changed", why));
            }
            parse(&asked, &new)
        })
        .await?;
        done(take_over(&call, new.clone()).await?, &new)
    })
}

fn apply(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let _one = call.api.changing().await;
        let asked = Arc::clone(&call);
        let new = blocking(move || on_disk(&asked)).await?;
        done(run(&call.api, new.clone()).await?, &new)
    })
}

fn roll_back(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let _one = call.api.changing().await;
        let asked = Arc::clone(&call);
        let new = blocking(move || {
            let path = former(asked.config().path());
            let none = || Problem::not_found("config.no_former", "there is no former configuration");
            parse(&asked, &std::fs::read_to_string(path).map_err(|_| none())?)
        })
        .await?;
        done(take_over(&call, new.clone()).await?, &new)
    })
}

fn done(plan: Option<connector::config::Plan>, config: &Config) -> Result<Response, Problem> {
    let applied = Applied {
        running: plan.is_some(),
        changes: plan.iter().flat_map(|plan| &plan.changes).map(ChangeView::of).collect(),
        stamp: stamp(&text(config.path())?),
    };
    Ok(noted(document("config-applied", &applied)?, in_words(plan.as_ref())))
}
