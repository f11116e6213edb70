//! Meeting a server: what it offers, adding it as a source, and taking it out again.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use connector::config::{SecretRef, SourceLogin, SourceName};
use connector::documents::{Discovery, Means, SourceView, choose_login, known_servers};
use connector::sources::{Survey, SurveyedEndpoint, probe, survey};
use connector::{Config, ErrorKind, SourceConfig, identity, secrets};
use serde::{Deserialize, Serialize};
use ua_client::{EndpointUrl, SecurityRequirement, UserTokenKind};
use ua_pki::{CertificateStatus, SecurityPolicy, Store, ThumbprintQuery};

use super::call::{Call, document};
use super::change::{blocking, in_words, take_over};
use super::config::on_disk;
use super::guard::noted;
use super::route::{Answer, Body, Field, Later, Needs, Route, Run, Verb};
use crate::problem::Problem;

const URL: Field = Field { name: "url", kind: "string", required: true, about: "opc.tcp://HOST:PORT/PATH" };

const ADD: &[Field] = &[
    Field { name: "name", kind: "string", required: true, about: "What the source is to be called" },
    URL,
    Field {
        name: "trust",
        kind: "string",
        required: false,
        about: "Whole thumbprint of the server's certificate, after comparing it there",
    },
    Field { name: "user", kind: "string", required: false, about: "A user of the server that may read" },
    Field {
        name: "password",
        kind: "string",
        required: false,
        about: "Of that user; kept in a file of its owner alone",
    },
];

pub(super) const ROUTES: &[Route] = &[
    Route {
        verb: Verb::Post,
        path: "/discover",
        needs: Needs::Admin,
        about: "What a server offers, what we would use and why, and whether we trust it",
        params: &[],
        body: Body::Json(&[URL]),
        answer: Answer::Document("discover"),
        audit: Some("discover"),
        run: Run::Later(discover),
    },
    Route {
        verb: Verb::Post,
        path: "/sources",
        needs: Needs::Admin,
        about: "Adds a source with the strongest endpoint, tries it, and has it run",
        params: &[],
        body: Body::Json(ADD),
        answer: Answer::Document("source-made"),
        audit: Some("source.add"),
        run: Run::Later(add),
    },
    Route {
        verb: Verb::Delete,
        path: "/sources/{name}",
        needs: Needs::Admin,
        about: "Takes a source out; what was collected, trust and password stay",
        params: &[],
        body: Body::None,
        answer: Answer::Document("source-remove"),
        audit: Some("source.remove"),
        run: Run::Later(remove),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSource {
    name: String,
    url: String,
    trust: Option<String>,
    user: Option<String>,
    password: Option<String>,
}

#[derive(Serialize)]
struct Made {
    source: SourceView,
    /// Whether it could be connected and logged in to.
    connected: bool,
    /// What stood in the way; null when nothing.
    trouble: Option<Trouble>,
    /// Whether it is collected now; else from the next start.
    running: bool,
}

#[derive(Serialize)]
struct Trouble {
    code: &'static str,
    detail: String,
    next_step: Option<String>,
}

#[derive(Serialize)]
struct Removed<'a> {
    removed: &'a str,
}

fn address(text: &str) -> Result<EndpointUrl, Problem> {
    text.parse().map_err(|error: ua_client::Error| Problem::bad("usage.url", error.to_string()))
}

fn store(call: &Call) -> Result<Store, Problem> {
    Ok(Store::open(&call.config().pki)?)
}

/// The survey of a server, within a time.
async fn surveyed(url: &EndpointUrl, store: &Store, login: UserTokenKind) -> Result<Survey, Problem> {
    let asked =
        tokio::time::timeout(ASK_TIME, survey(url, store, SecurityRequirement::strongest(login), &[]));
    let late =
        |_| Problem::new(StatusCode::GATEWAY_TIMEOUT, "network.timeout", "the server did not answer in time");
    Ok(asked.await.map_err(late)??)
}

fn discover(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let Address { url } = call.json()?;
        let (url, store) = (address(&url)?, store(&call)?);
        let mut survey = surveyed(&url, &store, UserTokenKind::Anonymous).await?;
        let known = tokio::time::timeout(ASK_TIME, known_servers(&url, ASK_TIME)).await.unwrap_or_default();
        choose_login(&mut survey);
        let found = Discovery::of(&survey, known, &Means::waiting(call.api.spell()));
        Ok(noted(document("discover", &found)?, url.as_str()))
    })
}

fn add(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let asked: NewSource = call.json()?;
        let _one = call.api.changing().await;
        let loading = Arc::clone(&call);
        let config = blocking(move || on_disk(&loading)).await?;
        let name: SourceName = asked.name.parse()?;
        if config.source(&asked.name).is_ok() {
            return Err(connector::Error::SourceExists { name: asked.name }.into());
        }
        let (url, store) = (address(&asked.url)?, store(&call)?);
        let identity = Arc::new(identity::load(&config, &store, call.now())?);
        let login = if asked.user.is_some() { UserTokenKind::UserName } else { UserTokenKind::Anonymous };
        let survey = surveyed(&url, &store, login).await?;
        let chosen = chosen(&survey)?;
        settle_trust(&store, chosen, asked.trust.as_deref())?;
        let policy = chosen.endpoint.policy.unwrap_or(SecurityPolicy::None);
        let mut source = SourceConfig::new(name, url, policy, chosen.endpoint.mode);
        source.server_application_uri = Some(chosen.endpoint.application_uri.clone());
        source.login = keep_login(&config, &asked)?;
        let tried =
            tokio::time::timeout(TRY_TIME, probe(&source, &store, identity, &config.application.name));
        let tried = tried.await.map_err(|_| late())?;
        // what was chosen here came from a list that did not prove true: nothing may go on with it
        if let Err(error) = tried.as_ref().map_err(|error| error.kind())
            && error == ErrorKind::Security
        {
            forget(&source.login);
            return Err(tried.err().map_or_else(late, Problem::from));
        }
        finish(&call, config, source, tried).await
    })
}

fn late() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "network.timeout", "the server did not answer in time")
}

/// Writes the source down, has it run, and says how the try went.
async fn finish(
    call: &Arc<Call>,
    mut config: Config,
    mut source: SourceConfig,
    tried: Result<connector::sources::Probe, connector::Error>,
) -> Result<Response, Problem> {
    if let Ok(reached) = &tried {
        source.server_application_uri = Some(reached.server_application_uri.clone());
        source.server_thumbprint =
            reached.server_certificate.as_ref().map(|certificate| certificate.thumbprint());
    }
    config.add_source(&source)?;
    let plan = take_over(call, config).await?;
    let name = source.name.as_str();
    let trouble = tried.as_ref().err().map(|error| Trouble {
        code: error.code(),
        detail: error.to_string(),
        next_step: error.next_step(name).map(|step| step.text(|words| call.api.spell().spell(words))),
    });
    let made = Made {
        source: SourceView::of(&source),
        connected: trouble.is_none(),
        trouble,
        running: plan.is_some(),
    };
    let detail = format!("{name} {}: {}", source.url.as_str(), in_words(plan.as_ref()));
    Ok(noted(document("source-made", &made)?, detail))
}

fn chosen(survey: &Survey) -> Result<&SurveyedEndpoint, Problem> {
    let choice = match &survey.choice {
        Ok(choice) => choice,
        Err(error) => return Err(connector::Error::Client(error.clone()).into()),
    };
    survey.endpoints.get(choice.index).ok_or_else(|| connector::Error::NoServerCertificate.into())
}

/// Trusts the certificate that was named by its whole thumbprint. What we do not trust after that is not connected to.
fn settle_trust(store: &Store, chosen: &SurveyedEndpoint, trust: Option<&str>) -> Result<(), Problem> {
    let (Some(certificate), Some(verdict)) = (&chosen.certificate, &chosen.verdict) else {
        return Err(connector::Error::NoServerCertificate.into());
    };
    if let Some(trust) = trust {
        let named: ThumbprintQuery = trust
            .parse()
            .map_err(|error: ua_pki::Error| Problem::bad("trust.not_a_thumbprint", error.to_string()))?;
        if !named.matches(certificate) {
            let why = "the server shows another certificate than the one that was named; nothing was trusted or saved";
            return Err(Problem::new(StatusCode::CONFLICT, "trust.other_certificate", why));
        }
    }
    match (verdict.status(), trust) {
        (None, _) => Ok(()),
        (Some(CertificateStatus::Untrusted), Some(_)) => {
            store.trust(certificate)?;
            Ok(())
        }
        (Some(status), _) => {
            let shown = certificate.thumbprint().grouped();
            let why = format!("we do not trust the server's certificate {shown}: {}", status.name());
            Err(Problem::new(StatusCode::CONFLICT, "trust.not_trusted", why))
        }
    }
}

/// Keeps the password beside the configuration, for its owner alone, and says how the source refers to it.
fn keep_login(config: &Config, asked: &NewSource) -> Result<SourceLogin, Problem> {
    let Some(user) = &asked.user else { return Ok(SourceLogin::Anonymous) };
    let password = asked.password.as_deref().unwrap_or_default();
    if password.is_empty() {
        return Err(Problem::bad("usage.empty_password", "the password is empty"));
    }
    let path = config.folder().join("secrets").join(&asked.name);
    secrets::write(&path, password)?;
    Ok(SourceLogin::UserName { user: user.clone(), password: SecretRef::File(path) })
}

fn forget(login: &SourceLogin) {
    if let SourceLogin::UserName { password: SecretRef::File(path), .. } = login
        && let Err(error) = std::fs::remove_file(path)
    {
        tracing::warn!(%error, "a password that is not needed cannot be removed");
    }
}

fn remove(call: Arc<Call>) -> Later {
    Box::pin(async move {
        let _one = call.api.changing().await;
        let loading = Arc::clone(&call);
        let mut config = blocking(move || on_disk(&loading)).await?;
        let name = call.part("name");
        config.remove_source(name)?;
        let plan = take_over(&call, config).await?;
        Ok(noted(document("source-remove", &Removed { removed: name })?, in_words(plan.as_ref())))
    })
}

const ASK_TIME: Duration = Duration::from_secs(10);
const TRY_TIME: Duration = Duration::from_secs(40);
