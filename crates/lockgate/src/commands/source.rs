//! `lockgate source list | show | remove | check`. Adding one has its own file.

use std::sync::Arc;

use connector::documents::{SourceView, Sources};
use connector::sources::{Probe, probe};
use connector::{Config, SourceConfig, identity};
use serde::Serialize;
use ua_pki::{ApplicationIdentity, Store};

use super::failure::{self, About};
use super::{config, runtime, source_add, store};
use crate::advice::{Advice, Outcome};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Table, safe, say};

pub(super) fn run(context: &Context, command: &cli::Source) -> Outcome {
    match command {
        cli::Source::Add(args) => source_add::run(context, args),
        cli::Source::List => list(context),
        cli::Source::Show { name } => show(context, name),
        cli::Source::Remove { name } => remove(context, name),
        cli::Source::Check { name } => check(context, name),
    }
}

fn list(context: &Context) -> Outcome {
    let config = config::load(context)?;
    let sources = Sources { sources: config.sources.iter().map(SourceView::of).collect() };
    context.answer("source-list", &sources, || {
        let mut table = Table::new(&["NAME", "URL", "POLICY", "MODE", "USER", "DANGER"]);
        for source in &sources.sources {
            let user = source.user.as_deref().unwrap_or("(anonymous)");
            let danger = source.danger.join(", ");
            table.row([source.name.as_str(), &source.url, source.policy, source.mode, user, &danger]);
        }
        table.to_string()
    })?;
    if !context.json && sources.sources.is_empty() {
        say(&format!("no source yet; add one with: {}", context.line(&["source", "add", "NAME", "URL"])));
    }
    Ok(Exit::Ok)
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    source: SourceView,
    publishing_interval_ms: u128,
    sampling_interval_ms: u128,
    queue_size: u32,
    max_nodes: usize,
}

fn show(context: &Context, name: &str) -> Outcome {
    let config = config::load(context)?;
    let source = config.source(name).map_err(|error| failure::explain(context, None, &error))?;
    let shown = Shown {
        source: SourceView::of(source),
        publishing_interval_ms: source.publishing_interval.as_millis(),
        sampling_interval_ms: source.sampling_interval.as_millis(),
        queue_size: source.queue_size(),
        max_nodes: source.max_nodes,
    };
    context.answer("source-show", &shown, || shown.text())?;
    Ok(Exit::Ok)
}

impl Shown {
    fn text(&self) -> String {
        let source = &self.source;
        let danger = if source.danger.is_empty() { "none".to_owned() } else { source.danger.join(", ") };
        let none_yet = || "(it has not proved itself yet)".to_owned();
        let lines = [
            ("name", source.name.clone()),
            ("url", source.url.clone()),
            ("security", format!("{} {}", source.policy, source.mode)),
            ("user", source.user.clone().unwrap_or_else(|| "(anonymous)".to_owned())),
            ("application", source.server_application_uri.clone().unwrap_or_else(none_yet)),
            ("thumbprint", source.server_thumbprint.clone().unwrap_or_else(none_yet)),
            ("roots", source.roots.join(", ")),
            ("publishing", format!("every {} ms", self.publishing_interval_ms)),
            (
                "sampling",
                format!(
                    "every {} ms, {} values kept by the server",
                    self.sampling_interval_ms, self.queue_size
                ),
            ),
            ("nodes", format!("at most {}", self.max_nodes)),
            ("danger", danger),
        ];
        lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect()
    }
}

#[derive(Serialize)]
struct Removed<'a> {
    removed: &'a str,
}

fn remove(context: &Context, name: &str) -> Outcome {
    let mut config = config::load(context)?;
    let explain = |error| failure::explain(context, None, &error);
    config.remove_source(name).map_err(explain)?;
    config.save().map_err(explain)?;
    context.answer("source-remove", &Removed { removed: name }, || format!("removed      {name}\n"))?;
    if !context.json {
        say("collected data, trust and the stored password stay where they are");
    }
    Ok(Exit::Ok)
}

fn check(context: &Context, name: &str) -> Outcome {
    let mut config = config::load(context)?;
    let source = config.source(name).map_err(|error| failure::explain(context, None, &error))?.clone();
    let ours = Ours::load(context, &config)?;
    let reached = ours.try_source(context, &config, &source, None)?;
    let changed = pin(context, &mut config, &source, &ours.store, &reached)?;
    report(context, "source-check", &source, &reached, changed)
}

/// Our side of every connection: the store and the identity in it.
pub(super) struct Ours {
    pub(super) store: Store,
    pub(super) identity: Arc<ApplicationIdentity>,
}

impl Ours {
    /// Opens the store and checks our identity against configuration and time.
    pub(super) fn load(context: &Context, config: &Config) -> Outcome<Self> {
        let store = Store::open(&config.pki).map_err(|e| store::failed(&config.pki, &e))?;
        let identity = identity::load(config, &store, clock::now()).map_err(|error| {
            failure::explain(context, Some(&About { store: Some(&store), ..About::default() }), &error)
        })?;
        Ok(Self { store, identity: Arc::new(identity) })
    }

    /// Connects and logs in exactly as the collector will; explains what stood in the way.
    pub(super) fn try_source(
        &self,
        context: &Context,
        config: &Config,
        source: &SourceConfig,
        make: Option<(&str, &str)>,
    ) -> Outcome<Probe> {
        self.attempt(config, source)?.map_err(|error| self.explain(context, source, make, &error))
    }

    /// The same, with the failure as it is.
    pub(super) fn attempt(
        &self,
        config: &Config,
        source: &SourceConfig,
    ) -> Outcome<Result<Probe, connector::Error>> {
        let identity = Arc::clone(&self.identity);
        runtime::block_on(probe(source, &self.store, identity, &config.application.name))
    }

    /// Explains why [`attempt`](Self::attempt) failed.
    pub(super) fn explain(
        &self,
        context: &Context,
        source: &SourceConfig,
        make: Option<(&str, &str)>,
        error: &connector::Error,
    ) -> Box<Advice> {
        let asked = match make {
            None if error.kind() == connector::ErrorKind::ServerDoesNotTrustUs => self.make(source),
            _ => None,
        };
        let make = make.or(asked.as_ref().map(|(product, name)| (product.as_str(), name.as_str())));
        let about = About {
            source: Some(source.name.as_str()),
            configured: Some(source),
            url: Some(source.url.as_str()),
            host: Some(source.url.host()),
            user: None,
            user_certificate: None,
            own: Some(self.identity.certificate()),
            store: Some(&self.store),
            make,
        };
        failure::explain(context, Some(&about), error)
    }

    /// What the server calls itself, asked again for the sake of a good hint.
    fn make(&self, source: &SourceConfig) -> Option<(String, String)> {
        let asked = runtime::block_on(ua_client::get_endpoints(&source.url, ASK_TIMEOUT)).ok()?;
        let first = asked.ok()?.into_iter().next()?;
        Some((first.product_uri, first.application_name))
    }
}

/// Another certificate than the one seen last.
#[derive(Serialize)]
pub(super) struct ChangedCertificate {
    last_seen: String,
    now: String,
    /// Whether the certificate itself is in the trust list, not only an authority above it.
    trusted_by_itself: bool,
}

/// Records what the server proved; gives the change if it showed another certificate than last time.
pub(super) fn pin(
    context: &Context,
    config: &mut Config,
    source: &SourceConfig,
    store: &Store,
    probe: &Probe,
) -> Outcome<Option<ChangedCertificate>> {
    let Some(certificate) = &probe.server_certificate else { return Ok(None) };
    let explain = |error| failure::explain(context, None, &error);
    let now = certificate.thumbprint();
    let changed = match source.server_thumbprint.filter(|last_seen| *last_seen != now) {
        Some(last_seen) => {
            let trusted = store.trusted().map_err(|e| store::failed(store.root(), &e))?;
            Some(ChangedCertificate {
                last_seen: last_seen.grouped(),
                now: now.grouped(),
                trusted_by_itself: trusted.contains(certificate),
            })
        }
        None => None,
    };
    config.pin_server(source.name.as_str(), &probe.server_application_uri, now).map_err(explain)?;
    config.save().map_err(explain)?;
    if let Some(changed) = &changed {
        changed.tell();
    }
    Ok(changed)
}

impl ChangedCertificate {
    fn tell(&self) {
        say("the server shows another certificate than last time:");
        say(&format!("  last seen    {}", self.last_seen));
        say(&format!("  now          {}", self.now));
        say(if self.trusted_by_itself {
            "it is in the trust list by itself, so somebody here accepted it"
        } else {
            "nobody here accepted it by itself: it is trusted through the authority that issued it; make sure that \
             the server was given a new one"
        });
    }
}

#[derive(Serialize)]
struct Reached {
    #[serde(flatten)]
    source: SourceView,
    namespaces: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_changed: Option<ChangedCertificate>,
}

/// Says that a source works, and as what we are known there.
pub(super) fn report(
    context: &Context,
    schema: &str,
    source: &SourceConfig,
    probe: &Probe,
    certificate_changed: Option<ChangedCertificate>,
) -> Outcome {
    let (source, namespaces) = (SourceView::of(source), probe.namespaces.clone());
    let mut reached = Reached { source, namespaces, certificate_changed };
    reached.source.server_application_uri = Some(probe.server_application_uri.clone());
    reached.source.server_thumbprint = probe.server_certificate.as_ref().map(|c| c.thumbprint().grouped());
    context.answer(schema, &reached, || {
        let SourceView { name, url, policy, mode, user, server_application_uri, server_thumbprint, .. } =
            &reached.source;
        let lines = [
            ("source", name.as_str()),
            ("server", url),
            ("application", server_application_uri.as_deref().unwrap_or("")),
            ("thumbprint", server_thumbprint.as_deref().unwrap_or("none")),
            ("security", &format!("{policy} {mode}")),
            ("login", user.as_deref().unwrap_or("(anonymous)")),
        ];
        let mut out: String =
            lines.iter().map(|(label, value)| format!("{label:<12} {}\n", safe(value))).collect();
        out.push_str("connected and logged in\n");
        out
    })?;
    if !context.json {
        say(&format!("next: {}", context.line(&["run"])));
    }
    Ok(Exit::Ok)
}

const ASK_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
