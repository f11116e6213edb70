//! How things stand: the whole, sources, sinks, certificates and trust.

use axum::response::Response;
use connector::documents::{
    Means, OwnCertificates, SinkView, SourceView, Sources, Status, TrustList, TrustShown,
};
use connector::overview::Overview;
use jiff::tz::TimeZone;
use serde::Serialize;
use ua_pki::ThumbprintQuery;

use super::call::{Call, document};
use super::route::{Answer, Body, Needs, Route, Run, Verb};
use crate::problem::Problem;

/// What only looks, takes nothing and answers with a document.
const fn look(
    path: &'static str,
    about: &'static str,
    schema: &'static str,
    run: fn(&Call) -> Result<Response, Problem>,
) -> Route {
    Route {
        verb: Verb::Get,
        path,
        needs: Needs::Viewer,
        about,
        params: &[],
        body: Body::None,
        answer: Answer::Document(schema),
        audit: None,
        run: Run::Now(run),
    }
}

pub(super) const ROUTES: &[Route] = &[
    look("/about", "Which program this is", "about", about),
    look("/status", "Every source and sink by its state, and what is stored", "status", status),
    look("/sources", "The sources as they are configured", "source-list", sources),
    look("/sinks", "The sinks beside the historian, and what waits for each", "sinks", sinks),
    look("/certificates", "Our own certificates", "cert-show", certificates),
    look("/trust", "The certificates we trust, and those that wait for a decision", "trust-list", trust),
    look("/trust/{thumbprint}", "One of them, and what speaks for and against it", "trust-show", trusted),
];

#[derive(Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
    config: String,
    data: String,
    /// Where lockgate runs, by its IANA name; null when the system does not say.
    time_zone: Option<String>,
}

#[derive(Serialize)]
struct Sinks {
    running: bool,
    sinks: Vec<SinkView>,
}

fn about(call: &Call) -> Result<Response, Problem> {
    let config = call.config();
    let about = About {
        name: "lockgate",
        version: env!("CARGO_PKG_VERSION"),
        config: config.path().display().to_string(),
        data: config.storage.data.display().to_string(),
        time_zone: TimeZone::system().iana_name().map(str::to_owned),
    };
    document("about", &about)
}

fn seen(call: &Call) -> Result<Status, Problem> {
    let config = call.config();
    let overview = Overview::look(&config, call.now())?;
    Ok(Status::of(call.api.spell(), &config, overview))
}

fn status(call: &Call) -> Result<Response, Problem> {
    document("status", &seen(call)?)
}

fn sources(call: &Call) -> Result<Response, Problem> {
    let sources = call.config().sources.iter().map(SourceView::of).collect();
    document("source-list", &Sources { sources })
}

fn sinks(call: &Call) -> Result<Response, Problem> {
    let Status { running, sinks, .. } = seen(call)?;
    document("sinks", &Sinks { running, sinks })
}

fn certificates(call: &Call) -> Result<Response, Problem> {
    let found = OwnCertificates::of(call.api.spell(), &call.store(), call.now())?;
    let none = || Problem::not_found("pki.no_certificate", "we have no application certificate yet");
    document("cert-show", &found.ok_or_else(none)?)
}

fn trust(call: &Call) -> Result<Response, Problem> {
    document("trust-list", &TrustList::of(&call.store())?)
}

fn trusted(call: &Call) -> Result<Response, Problem> {
    let wanted = thumbprint(call)?;
    let means = Means::waiting(call.api.spell());
    let found = TrustShown::find(&call.store(), &wanted, call.now(), &means)?;
    let none = || Problem::not_found("trust.not_found", "no certificate in the store has this thumbprint");
    document("trust-show", &found.ok_or_else(none)?)
}

/// The thumbprint in the path, whole.
pub(super) fn thumbprint(call: &Call) -> Result<ThumbprintQuery, Problem> {
    let parsed = call.part("thumbprint").parse();
    parsed.map_err(|error: ua_pki::Error| Problem::bad("trust.not_a_thumbprint", error.to_string()))
}
