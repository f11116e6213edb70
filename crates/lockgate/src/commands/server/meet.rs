//! From a target to a session, by the road that the collector goes: survey, choose, judge, connect, log in.

use std::sync::Arc;
use std::time::Duration;

use connector::config::{AskedFor, SourceName};
use connector::sources::{Opened, Survey, SurveyedEndpoint, open_as, survey};
use connector::{ErrorKind, SourceConfig};
use ua_client::{EndpointUrl, Login, SecurityRequirement, get_endpoints};
use ua_pki::SecurityPolicy;

use super::target::{Place, Target};
use crate::advice::{Advice, Outcome, bug};
use crate::cli;
use crate::commands::{failure, pick};
use crate::context::Context;

/// Opens a session with the target, or explains what stood in the way.
pub(super) async fn meet(context: &Context, target: &Target, args: &cli::Target) -> Outcome<Opened> {
    Ok(meet_as(context, target, args).await?.0)
}

/// The same, with the source that the session stands for, so that it can be opened again in the same way.
pub(super) async fn meet_as(
    context: &Context,
    target: &Target,
    args: &cli::Target,
) -> Outcome<(Opened, SourceConfig)> {
    let source = match &target.place {
        Place::Source(source) => source.as_ref().clone(),
        Place::Url(url) => {
            let survey = survey(url, &target.store, requirement(target, args), &[])
                .await
                .map_err(|error| failure::explain(context, Some(&target.about(None)), &error))?;
            source(url, args, choose(context, target, args, &survey)?)?
        }
    };
    let identity = Arc::clone(&target.identity);
    let login = target.login.clone();
    match open_as(&source, login, &target.store, identity, &target.session_name).await {
        Ok(opened) => Ok((opened, source)),
        Err(error) => Err(explain(context, target, &error).await),
    }
}

/// Explains why there is no session; asks the server once more for its make where that helps.
pub(super) async fn explain(context: &Context, target: &Target, error: &connector::Error) -> Box<Advice> {
    let make = if error.kind() == ErrorKind::ServerDoesNotTrustUs { make(target.url()).await } else { None };
    let make = make.as_ref().map(|(product, name)| (product.as_str(), name.as_str()));
    failure::explain(context, Some(&target.about(make)), error)
}

/// Product URI and application name, as the server tells everybody.
async fn make(url: &EndpointUrl) -> Option<(String, String)> {
    let first = get_endpoints(url, ASK_TIMEOUT).await.ok()?.into_iter().next()?;
    Some((first.product_uri, first.application_name))
}

/// The endpoint of a bare URL to use: the strongest, or the one that was asked for.
pub(super) fn choose<'a>(
    context: &Context,
    target: &Target,
    args: &cli::Target,
    survey: &'a Survey,
) -> Outcome<&'a SurveyedEndpoint> {
    let choice = match &survey.choice {
        Ok(choice) => choice,
        Err(_) if matches!(target.login, Login::Anonymous) && pick::only_with_user(survey) => {
            let again = ["doctor", survey.url.as_str(), "--user", "USER"];
            return Err(pick::user_needed(survey.url.as_str(), "", &again));
        }
        Err(error) => {
            let login = pick::login_not_offered(survey, target.login.kind());
            let error = connector::Error::Client(login.unwrap_or_else(|| error.clone()));
            return Err(failure::explain(context, Some(&target.about(None)), &error));
        }
    };
    let wanted = pick::Wanted { policy: args.policy, mode: args.mode };
    let chosen = if args.danger_without_security {
        survey.endpoints.iter().find(|surveyed| surveyed.endpoint.is_without_security())
    } else {
        wanted.pick(survey, choice)
    };
    chosen.ok_or_else(|| pick::not_offered(survey))
}

/// What the endpoint must offer.
pub(super) fn requirement(target: &Target, args: &cli::Target) -> SecurityRequirement {
    let needs = target.login.kind();
    if args.danger_without_security {
        SecurityRequirement::danger_anything(needs)
    } else {
        SecurityRequirement::strongest(needs)
    }
}

/// The source that stands for an endpoint of a bare URL.
pub(super) fn source(
    url: &EndpointUrl,
    args: &cli::Target,
    chosen: &SurveyedEndpoint,
) -> Outcome<SourceConfig> {
    let name: SourceName = "server".parse().map_err(|e| bug("the name of a source without one", &e))?;
    let policy = chosen.endpoint.policy.unwrap_or(SecurityPolicy::None);
    let mut source = SourceConfig::new(name, url.clone(), policy, chosen.endpoint.mode);
    source.asked_for = AskedFor { policy: args.policy.is_some(), mode: args.mode.is_some() };
    source.server_application_uri.clone_from(&args.application_uri);
    source.danger_without_security = args.danger_without_security;
    Ok(source)
}

/// Time for a question whose answer only improves a message.
const ASK_TIMEOUT: Duration = Duration::from_secs(3);
