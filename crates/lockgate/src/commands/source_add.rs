//! `lockgate source add`: from a URL to a source that works, with at most one thing left to do.
//!
//! The order: list the endpoints, choose by our ranking, judge the certificate offline, settle trust with a person
//! who compares thumbprints, write the configuration, and only then connect and log in once. Whatever is left to do
//! then (trust on one of the two sides, the password) is said with its command, and the source is there already.

use connector::config::{AskedFor, SourceLogin, SourceName};
use connector::sources::{Survey, SurveyedEndpoint, survey};
use connector::status::mode_name;
use connector::{Config, ErrorKind, SourceConfig};
use ua_client::{SecurityRequirement, UserTokenKind};
use ua_pki::{
    CertificateStatus, Role, SecurityPolicy, ThumbprintQuery, ValidationContext, Verdict, validate,
};

use super::failure::{self, About};
use super::source::{Ours, pin, report};
use super::{config, discover, pick, runtime, secret, store};
use crate::advice::{Advice, Outcome, Side};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say, talk};
use crate::view::{CertificateText, CertificateView, Judged, Means, VerdictText, VerdictView};

pub(super) fn run(context: &Context, args: &cli::SourceAdd) -> Outcome {
    let url = discover::parse_url(&args.url)?;
    let mut config = config::load(context)?;
    let explain = |error: connector::Error| failure::explain(context, None, &error);
    let name: SourceName = args.name.parse().map_err(explain)?;
    if config.sources.iter().any(|source| source.name == name) {
        return Err(explain(connector::Error::SourceExists { name: args.name.clone() }));
    }
    let wanted = args.trust.as_deref().map(store::query).transpose()?;
    let ours = Ours::load(context, &config)?;
    let certificate = secret::certificate(context, &args.certificate)?;
    let password = match &args.user {
        Some(user) => Some((user, secret::From::of(args.password_stdin)?.read(user)?)),
        None => None,
    };

    let needs = match (&args.user, &certificate) {
        (Some(_), _) => UserTokenKind::UserName,
        (None, Some(_)) => UserTokenKind::Certificate,
        (None, None) => UserTokenKind::Anonymous,
    };
    let about = About { url: Some(url.as_str()), host: Some(url.host()), ..About::default() };
    let want = SecurityRequirement::strongest(needs);
    let survey = runtime::block_on(survey(&url, &ours.store, want, &[]))?
        .map_err(|error| failure::explain(context, Some(&about), &error))?;
    let chosen = choose(args, &survey, &about, context)?;

    let mut source = SourceConfig::new(
        name,
        url.clone(),
        chosen.endpoint.policy.unwrap_or(SecurityPolicy::None),
        chosen.endpoint.mode,
    );
    source.asked_for = AskedFor { policy: args.policy.is_some(), mode: args.mode.is_some() };
    source.server_application_uri = Some(chosen.endpoint.application_uri.clone());
    if !args.roots.is_empty() {
        source.roots.clone_from(&args.roots);
    }
    let verdict = settle_trust(context, &ours, &url, chosen, wanted.as_ref())?;
    if let Some(login) = certificate {
        source.login = login;
    }
    if let Some((user, password)) = password {
        source.login = secret::keep(context, &config, &args.name, user, &password, &SourceLogin::Anonymous)?;
    }
    config.add_source(&source).map_err(explain)?;
    config.save().map_err(explain)?;
    say_saved(context, &source);
    finish(context, &mut config, &ours, &source, chosen, verdict)
}

/// With trust settled: connect, log in, keep what was proved. Without: say how to settle it.
fn finish(
    context: &Context,
    config: &mut Config,
    ours: &Ours,
    source: &SourceConfig,
    chosen: &SurveyedEndpoint,
    verdict: Verdict,
) -> Outcome {
    if let (Some(certificate), true) = (&chosen.certificate, verdict.status().is_some()) {
        let about = About {
            source: Some(source.name.as_str()),
            url: Some(source.url.as_str()),
            host: Some(source.url.host()),
            own: Some(ours.identity.certificate()),
            store: Some(&ours.store),
            ..About::default()
        };
        let thumbprint = certificate.thumbprint();
        return Err(Box::new(failure::not_trusted(context, &about, thumbprint, None, &verdict)));
    }
    let make = (chosen.endpoint.product_uri.as_str(), chosen.endpoint.application_name.as_str());
    match ours.attempt(config, source)? {
        Ok(reached) => {
            let changed = pin(context, config, source, &ours.store, &reached)?;
            report(context, "source-add", source, &reached, changed)
        }
        Err(error) => {
            let advice = ours.explain(context, source, Some(make), &error);
            // what was chosen here came from a list that did not prove true: nothing may go on with it
            if error.kind() == ErrorKind::Security {
                return Err(Box::new(take_back(context, config, source, *advice)?));
            }
            Err(advice)
        }
    }
}

/// Takes the source out of the configuration again, with the password that was kept for it.
fn take_back(
    context: &Context,
    config: &mut Config,
    source: &SourceConfig,
    advice: Advice,
) -> Outcome<Advice> {
    let explain = |error| failure::explain(context, None, &error);
    config.remove_source(source.name.as_str()).map_err(explain)?;
    config.save().map_err(explain)?;
    secret::forget(&source.login)?;
    Ok(advice.then("the source was taken out of the configuration again; add it anew once this is explained"))
}

/// The endpoint to use: the strongest, or exactly what was asked for.
fn choose<'a>(
    args: &cli::SourceAdd,
    survey: &'a Survey,
    about: &About<'_>,
    context: &Context,
) -> Outcome<&'a SurveyedEndpoint> {
    let choice = match &survey.choice {
        Ok(choice) => choice,
        Err(_) if is_anonymous(args) && pick::only_with_user(survey) => {
            let again = ["source", "add", &args.name, &args.url, "--user", "USER"];
            return Err(pick::user_needed(&args.url, "nothing was saved; ", &again));
        }
        Err(error) => {
            let error = connector::Error::Client(error.clone());
            return Err(failure::explain(context, Some(about), &error));
        }
    };
    let wanted = pick::Wanted { policy: args.policy, mode: args.mode };
    wanted.pick(survey, choice).ok_or_else(|| pick::not_offered(survey))
}

fn is_anonymous(args: &cli::SourceAdd) -> bool {
    args.user.is_none() && args.certificate.user_cert.is_none()
}

/// Trusts the certificate if the user names its thumbprint or says yes after comparing; gives the verdict after that.
fn settle_trust(
    context: &Context,
    ours: &Ours,
    url: &ua_client::EndpointUrl,
    chosen: &SurveyedEndpoint,
    wanted: Option<&ThumbprintQuery>,
) -> Outcome<Verdict> {
    let (Some(certificate), Some(verdict)) = (&chosen.certificate, &chosen.verdict) else {
        return Err(failure::explain(context, None, &connector::Error::NoServerCertificate));
    };
    if let Some(wanted) = wanted
        && !wanted.matches(certificate)
    {
        return Err(other_certificate(url, certificate, wanted));
    }
    if verdict.status() != Some(CertificateStatus::Untrusted) {
        return Ok(verdict.clone());
    }
    if wanted.is_none()
        && !(talk::can_ask() && !context.json && compare(context, ours, url, certificate, verdict)?)
    {
        return Ok(verdict.clone());
    }
    ours.store.trust(certificate).map_err(|e| store::failed(ours.store.root(), &e))?;
    let trust = ours.store.trust_list().map_err(|e| store::failed(ours.store.root(), &e))?;
    let chain = ua_pki::Certificate::chain_from_der(&chosen.endpoint.server_certificate)
        .map_err(|e| store::failed(ours.store.root(), &e))?;
    let rules = ValidationContext {
        now: clock::now(),
        role: Role::Server,
        policy: chosen.endpoint.policy.and_then(SecurityPolicy::certificate_rules),
        host: Some(url.host()),
        application_uri: Some(&chosen.endpoint.application_uri),
        suppress: &[],
    };
    Ok(validate(&chain, &trust, &rules))
}

/// Shows both thumbprints and what was found, and asks. Only the word `yes` is a yes.
fn compare(
    context: &Context,
    ours: &Ours,
    url: &ua_client::EndpointUrl,
    certificate: &ua_pki::Certificate,
    verdict: &Verdict,
) -> Outcome<bool> {
    say(&format!(
        "the server at {} shows this certificate, which we do not trust yet:\n",
        safe(url.as_str())
    ));
    say(&CertificateView::of(certificate).text());
    say(&VerdictView::of(verdict, Role::Server, &Means { context, judged: Judged::Nowhere }).text());
    say(&format!("theirs       {}", certificate.thumbprint().grouped()));
    say(&format!("ours         {}\n", ours.identity.certificate().thumbprint().grouped()));
    say("Compare `theirs` with the thumbprint that the server's administrator sees.");
    let answer = talk::ask("Trust it? Type yes if they are the same: ")?;
    Ok(answer.as_deref() == Some("yes"))
}

fn other_certificate(
    url: &ua_client::EndpointUrl,
    certificate: &ua_pki::Certificate,
    wanted: &ThumbprintQuery,
) -> Box<Advice> {
    let text =
        "the server shows another certificate than the one you named; nothing was trusted, nothing was saved";
    Box::new(
        Advice::new("trust.other_certificate", Exit::ServerNotTrusted, text)
            .side(Side::Us)
            .rule("--trust names exactly one certificate")
            .fact("server", url.as_str())
            .fact("theirs", certificate.thumbprint().grouped())
            .fact("you named", wanted.to_string())
            .then("compare with the thumbprint that the server's administrator sees"),
    )
}

fn say_saved(context: &Context, source: &SourceConfig) {
    let login = match &source.login {
        SourceLogin::UserName { user, .. } => format!("user {}", safe(user)),
        other => safe(&other.shown().unwrap_or_else(|| "anonymous".to_owned())),
    };
    say(&format!(
        "saved source {} in {}: {} {}, {login}",
        source.name,
        safe(&context.config.display().to_string()),
        source.policy.name(),
        mode_name(source.mode),
    ));
}
