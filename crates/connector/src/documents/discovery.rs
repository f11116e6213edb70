//! `lockgate/discover/1`: what a server offers, what we would use and why, and whether we trust it.

use std::time::Duration;

use serde::Serialize;
use ua_client::{EndpointUrl, SecurityRequirement, UserTokenKind};
use ua_pki::Role;

use super::{CertificateView, Means, VerdictView};
use crate::sources::{Survey, SurveyedEndpoint};
use crate::status::mode_name;

/// `lockgate/discover/1`.
#[derive(Debug, Serialize)]
pub struct Discovery {
    pub url: String,
    /// The servers that this one knows: itself, and for a discovery server those that registered. Hints only.
    pub servers: Vec<ServerView>,
    pub endpoints: Vec<EndpointView>,
    /// Index of the endpoint we would use; `null` when none is good enough.
    pub choice: Option<usize>,
    /// Why that one, or why none.
    pub reason: String,
    pub certificates: Vec<ShownCertificate>,
}

/// A server as another one tells of it.
#[derive(Debug, Serialize)]
pub struct ServerView {
    pub application_uri: String,
    pub application_name: String,
    pub product_uri: String,
    pub urls: Vec<String>,
}

/// An endpoint and what we think of it.
#[derive(Debug, Serialize)]
pub struct EndpointView {
    pub policy: String,
    pub policy_uri: String,
    pub mode: &'static str,
    pub strength: &'static str,
    pub user_tokens: Vec<&'static str>,
    pub application_uri: String,
    pub application_name: String,
    pub product_uri: String,
    pub endpoint_url: String,
    pub security_level: u8,
    pub certificate: Option<String>,
    pub verdict: Option<String>,
    /// Why we would not use it, if so.
    pub refused: Option<String>,
}

/// A certificate the server shows, once for all endpoints that share it.
#[derive(Debug, Serialize)]
pub struct ShownCertificate {
    #[serde(flatten)]
    pub certificate: CertificateView,
    pub verdict: Option<VerdictView>,
}

impl Discovery {
    /// The document of what was found.
    pub fn of(survey: &Survey, servers: Vec<ServerView>, means: &Means<'_>) -> Self {
        let (choice, reason, refused) = match &survey.choice {
            Ok(choice) => (Some(choice.index), choice.reason.clone(), choice.refused.clone()),
            Err(error) => (None, error.to_string(), Vec::new()),
        };
        let why_not = |index| refused.iter().find(|(at, _)| *at == index).map(|(_, why)| why.clone());
        let endpoints =
            survey.endpoints.iter().enumerate().map(|(at, surveyed)| endpoint(surveyed, why_not(at)));
        Self {
            url: survey.url.as_str().to_owned(),
            servers,
            endpoints: endpoints.collect(),
            choice,
            reason,
            certificates: certificates(survey, means),
        }
    }
}

/// The servers it knows, and those that it heard of on the network; a server that does not say is no failure.
pub async fn known_servers(url: &EndpointUrl, timeout: Duration) -> Vec<ServerView> {
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
pub fn choose_login(survey: &mut Survey) {
    let endpoints: Vec<_> = survey.endpoints.iter().map(|surveyed| surveyed.endpoint.clone()).collect();
    for login in [UserTokenKind::UserName, UserTokenKind::Anonymous, UserTokenKind::Certificate] {
        survey.choice = ua_client::choose(&endpoints, SecurityRequirement::strongest(login));
        if survey.choice.is_ok() {
            return;
        }
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
fn certificates(survey: &Survey, means: &Means<'_>) -> Vec<ShownCertificate> {
    let chosen = survey.choice.as_ref().ok().map(|choice| choice.index);
    let mut order: Vec<&SurveyedEndpoint> =
        chosen.and_then(|at| survey.endpoints.get(at)).into_iter().collect();
    order.extend(&survey.endpoints);
    let mut shown: Vec<ShownCertificate> = Vec::new();
    for surveyed in order {
        let Some(certificate) = &surveyed.certificate else { continue };
        let view = CertificateView::of(certificate);
        if shown.iter().all(|known| known.certificate.sha256 != view.sha256) {
            let verdict = surveyed.verdict.as_ref();
            let verdict = verdict.map(|verdict| VerdictView::of(verdict, Role::Server, means));
            shown.push(ShownCertificate { certificate: view, verdict });
        }
    }
    shown
}
