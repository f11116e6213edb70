//! `lockgate discover URL`: what a server offers, what we would use and why, and whether we trust it.

use std::path::Path;

use connector::sources::{Survey, SurveyedEndpoint, survey};
use connector::status::mode_name;
use serde::Serialize;
use ua_client::{EndpointUrl, SecurityRequirement, UserTokenKind};
use ua_pki::{Role, Store};

use super::failure::{self, About};
use super::{config, runtime, store};
use crate::advice::{Advice, Outcome, bug};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};
use crate::view::{CertificateText, CertificateView, Judged, Means, VerdictText, VerdictView};

#[derive(Serialize)]
struct Found {
    url: String,
    /// The servers that this one knows: itself, and for a discovery server those that registered. Hints only.
    servers: Vec<ServerView>,
    endpoints: Vec<EndpointView>,
    /// Index of the endpoint we would use; `null` when none is good enough.
    choice: Option<usize>,
    /// Why that one, or why none.
    reason: String,
    certificates: Vec<Shown>,
}

/// A server as another one tells of it.
#[derive(Serialize)]
struct ServerView {
    application_uri: String,
    application_name: String,
    product_uri: String,
    urls: Vec<String>,
}

#[derive(Serialize)]
struct EndpointView {
    policy: String,
    policy_uri: String,
    mode: &'static str,
    strength: &'static str,
    user_tokens: Vec<&'static str>,
    application_uri: String,
    application_name: String,
    product_uri: String,
    endpoint_url: String,
    security_level: u8,
    certificate: Option<String>,
    verdict: Option<String>,
    /// Why we would not use it, if so.
    refused: Option<String>,
}

/// A certificate the server shows, once for all endpoints that share it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    certificate: CertificateView,
    verdict: Option<VerdictView>,
}

pub(super) fn run(context: &Context, args: &cli::Discover) -> Outcome {
    let url = parse_url(&args.url)?;
    // without a store everything is judged by an empty one: every verdict but trust itself still tells something
    let empty = tempfile::tempdir().map_err(|e| bug("no temporary folder", &e))?;
    let store = open_store(context, args.pki.as_deref(), empty.path())?;
    let want = SecurityRequirement::strongest(UserTokenKind::Anonymous);
    let (asked, servers) = runtime::block_on(async {
        let asked = tokio::time::timeout(args.timeout, survey(&url, &store, want, &[])).await;
        let servers = if matches!(asked, Ok(Ok(_))) { servers(&url, args.timeout).await } else { Vec::new() };
        (asked, servers)
    })?;
    let about =
        About { url: Some(url.as_str()), host: Some(url.host()), store: Some(&store), ..About::default() };
    let mut survey = asked
        .map_err(|_| no_answer(&url, args.timeout))?
        .map_err(|error| failure::explain(context, Some(&about), &error))?;
    choose_login(&mut survey);
    let nothing_kept = args.pki.is_none() && !context.config.exists();
    let judged = if nothing_kept { Judged::Nowhere } else { Judged::Rejected };
    let found = view(&survey, servers, &Means { context, judged });
    context.answer("discover", &found, || found.text())?;
    if nothing_kept {
        say("there is no configuration here, so nothing was kept and nothing can be trusted yet");
        let (init, add) = (context.line(&["init"]), context.line(&["source", "add", "NAME", url.as_str()]));
        say(&format!("next: {init}, then {add}"));
    }
    Ok(Exit::Ok)
}

/// The servers it knows, and those that it heard of on the network; a server that does not say is no failure.
async fn servers(url: &EndpointUrl, timeout: std::time::Duration) -> Vec<ServerView> {
    let known = match ua_client::find_servers(url, timeout).await {
        Ok(known) => known,
        Err(error) => {
            tracing::debug!(%error, "FindServers was not answered");
            return Vec::new();
        }
    };
    let mut servers: Vec<ServerView> = known
        .into_iter()
        .map(|server| ServerView {
            application_uri: server.application_uri,
            application_name: server.application_name,
            product_uri: server.product_uri,
            urls: server.urls.iter().map(|url| url.as_str().to_owned()).collect(),
        })
        .collect();
    // only a discovery server with multicast answers this one
    for heard in ua_client::find_servers_on_network(url, timeout).await.unwrap_or_default() {
        let address = heard.url.as_str().to_owned();
        if servers.iter().all(|server| !server.urls.contains(&address)) {
            servers.push(ServerView {
                application_uri: String::new(),
                application_name: heard.name,
                product_uri: String::new(),
                urls: vec![address],
            });
        }
    }
    servers
}

/// A user is better than nobody where the server offers both; what it does not offer at all must not spoil the choice.
fn choose_login(survey: &mut Survey) {
    let endpoints: Vec<_> = survey.endpoints.iter().map(|surveyed| surveyed.endpoint.clone()).collect();
    for login in [UserTokenKind::UserName, UserTokenKind::Anonymous, UserTokenKind::Certificate] {
        survey.choice = ua_client::choose(&endpoints, SecurityRequirement::strongest(login));
        if survey.choice.is_ok() {
            return;
        }
    }
}

/// The address as typed, or a usage message.
pub(super) fn parse_url(text: &str) -> Outcome<EndpointUrl> {
    text.parse().map_err(|error: ua_client::Error| {
        Box::new(
            Advice::new("usage.url", Exit::Usage, error.to_string())
                .then("write it as opc.tcp://HOST:PORT/PATH; port (4840) and path may be left out"),
        )
    })
}

fn open_store(context: &Context, named: Option<&Path>, empty: &Path) -> Outcome<Store> {
    if named.is_some() {
        return store::open(context, named);
    }
    if context.config.exists() {
        let root = config::load(context)?.pki;
        return Store::open(&root).map_err(|e| store::failed(&root, &e));
    }
    Store::open(empty).map_err(|e| store::failed(empty, &e))
}

fn no_answer(url: &EndpointUrl, after: std::time::Duration) -> Box<Advice> {
    Box::new(
        Advice::new("network.timeout", Exit::Unreachable, format!("no answer within {after:?}"))
            .side(crate::advice::Side::Network)
            .fact("server", url.as_str())
            .then("check address and port, the firewall, and that the server is running"),
    )
}

fn view(survey: &Survey, servers: Vec<ServerView>, means: &Means<'_>) -> Found {
    let (choice, reason, refused) = match &survey.choice {
        Ok(choice) => (Some(choice.index), choice.reason.clone(), choice.refused.clone()),
        Err(error) => (None, error.to_string(), Vec::new()),
    };
    let why_not = |index| refused.iter().find(|(at, _)| *at == index).map(|(_, why)| why.clone());
    let endpoints = survey.endpoints.iter().enumerate().map(|(at, surveyed)| endpoint(surveyed, why_not(at)));
    Found {
        url: survey.url.as_str().to_owned(),
        servers,
        endpoints: endpoints.collect(),
        choice,
        reason,
        certificates: certificates(survey, means),
    }
}

fn endpoint(surveyed: &SurveyedEndpoint, refused: Option<String>) -> EndpointView {
    let endpoint = &surveyed.endpoint;
    let mut user_tokens: Vec<&'static str> = Vec::new();
    for token in &endpoint.user_tokens {
        let word = token_word(token.kind);
        if !user_tokens.contains(&word) {
            user_tokens.push(word);
        }
    }
    let status =
        |verdict: &ua_pki::Verdict| verdict.status().map_or("Good", |status| status.name()).to_owned();
    EndpointView {
        policy: endpoint.policy.map_or_else(
            || endpoint.policy_uri.rsplit('#').next().unwrap_or_default().to_owned(),
            |policy| policy.name().to_owned(),
        ),
        policy_uri: endpoint.policy_uri.clone(),
        mode: mode_name(endpoint.mode),
        strength: surveyed.strength.words(),
        user_tokens,
        application_uri: endpoint.application_uri.clone(),
        application_name: endpoint.application_name.clone(),
        product_uri: endpoint.product_uri.clone(),
        endpoint_url: endpoint.url.clone(),
        security_level: endpoint.security_level,
        certificate: surveyed.certificate.as_ref().map(|certificate| certificate.thumbprint().grouped()),
        verdict: surveyed.verdict.as_ref().map(status),
        refused,
    }
}

fn token_word(kind: UserTokenKind) -> &'static str {
    match kind {
        UserTokenKind::Anonymous => "anonymous",
        UserTokenKind::UserName => "user name",
        UserTokenKind::Certificate => "certificate",
        UserTokenKind::IssuedToken => "issued token",
    }
}

/// Each certificate once. The verdict shown is that of the chosen endpoint, else of the first that has it.
fn certificates(survey: &Survey, means: &Means<'_>) -> Vec<Shown> {
    let chosen = survey.choice.as_ref().ok().map(|choice| choice.index);
    let mut order: Vec<&SurveyedEndpoint> =
        chosen.and_then(|at| survey.endpoints.get(at)).into_iter().collect();
    order.extend(&survey.endpoints);
    let mut shown: Vec<Shown> = Vec::new();
    for surveyed in order {
        let Some(certificate) = &surveyed.certificate else { continue };
        let view = CertificateView::of(certificate);
        if shown.iter().all(|known| known.certificate.sha256 != view.sha256) {
            let verdict = surveyed.verdict.as_ref();
            let verdict = verdict.map(|verdict| VerdictView::of(verdict, Role::Server, means));
            shown.push(Shown { certificate: view, verdict });
        }
    }
    shown
}

impl Found {
    fn text(&self) -> String {
        let mut out = String::new();
        if let Some(first) = self.endpoints.first() {
            out.push_str(&format!("{:<12} {}\n", "server", safe(&first.application_name)));
            out.push_str(&format!("{:<12} {}\n", "application", safe(&first.application_uri)));
            out.push_str(&format!("{:<12} {}\n\n", "product", safe(&first.product_uri)));
        }
        // itself is in the list as well, and said above
        if self.servers.len() > 1 {
            let mut table = Table::new(&["KNOWN SERVER", "APPLICATION", "URL"]);
            for server in &self.servers {
                table.row([&server.application_name, &server.application_uri, &server.urls.join(", ")]);
            }
            out.push_str(&format!("{table}\n"));
        }
        let mut table =
            Table::new(&["", "POLICY", "MODE", "STRENGTH", "USER TOKENS", "CERTIFICATE", "VERDICT"]);
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            let mark = if self.choice == Some(index) { "*" } else { "" };
            let tokens = endpoint.user_tokens.join(", ");
            let short = endpoint.certificate.as_deref().map_or("none", |text| text.get(..11).unwrap_or(text));
            let verdict = endpoint.verdict.as_deref().unwrap_or("");
            table.row([mark, &endpoint.policy, endpoint.mode, endpoint.strength, &tokens, short, verdict]);
        }
        out.push_str(&table.to_string());
        let choice = if self.choice.is_some() { "*  we would use this one" } else { "we would use none" };
        out.push_str(&format!("\n{choice}: {}\n", safe(&self.reason)));
        for Shown { certificate, verdict } in &self.certificates {
            out.push('\n');
            out.push_str(&certificate.text());
            out.push_str(&verdict.as_ref().map(VerdictView::text).unwrap_or_default());
        }
        out
    }
}
