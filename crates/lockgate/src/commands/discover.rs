//! `lockgate discover URL`: what a server offers, what we would use and why, and whether we trust it.

use std::path::Path;

use connector::documents::{Discovery, ShownCertificate, choose_login, known_servers};
use connector::sources::survey;
use ua_client::{EndpointUrl, SecurityRequirement, UserTokenKind};
use ua_pki::Store;

use super::failure::{self, About};
use super::{config, runtime, store};
use crate::advice::{Advice, Outcome, bug};
use crate::cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};
use crate::view::{CertificateText, Judged, Means, VerdictText};

pub(super) fn run(context: &Context, args: &cli::Discover) -> Outcome {
    let url = parse_url(&args.url)?;
    // without a store everything is judged by an empty one: every verdict but trust itself still tells something
    let empty = tempfile::tempdir().map_err(|e| bug("no temporary folder", &e))?;
    let store = open_store(context, args.pki.as_deref(), empty.path())?;
    let want = SecurityRequirement::strongest(UserTokenKind::Anonymous);
    let (asked, servers) = runtime::block_on(async {
        let asked = tokio::time::timeout(args.timeout, survey(&url, &store, want, &[])).await;
        let servers =
            if matches!(asked, Ok(Ok(_))) { known_servers(&url, args.timeout).await } else { Vec::new() };
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
    let found = Discovery::of(&survey, servers, &Means { context, judged });
    context.answer("discover", &found, || found.text())?;
    if nothing_kept {
        say("there is no configuration here, so nothing was kept and nothing can be trusted yet");
        let (init, add) = (context.line(&["init"]), context.line(&["source", "add", "NAME", url.as_str()]));
        say(&format!("next: {init}, then {add}"));
    }
    Ok(Exit::Ok)
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

/// What is shown of it.
trait DiscoveryText {
    fn text(&self) -> String;
}

impl DiscoveryText for Discovery {
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
        for ShownCertificate { certificate, verdict } in &self.certificates {
            out.push('\n');
            out.push_str(&certificate.text());
            out.push_str(&verdict.as_ref().map(VerdictText::text).unwrap_or_default());
        }
        out
    }
}
