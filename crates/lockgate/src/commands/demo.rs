//! `lockgate demo`: a simulated plant, the connector and the historian in one process and one folder.
//!
//! Nothing of it is a shortcut: the plant is a server with real security on the loopback interface, both sides trust
//! each other through their certificate stores, and the values go the whole way to the disk.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector::SampleView;
use connector::alarms::EventRule;
use connector::config::{SourceLogin, SourceName};
use connector::sources::{probe, survey};
use connector::{Config, Handle, Runtime, SourceConfig, identity};
use serde::Serialize;
use tagstore::{Order, Reader, StreamInfo, StreamQuery};
use ua_client::{EndpointUrl, SecurityRequirement, UserTokenKind};
use ua_pki::{SecurityPolicy, Store};

use super::failure::{self, About};
use super::stop::{Stop, Stops};
use super::{collecting, data, runtime, secret, simulate, store};
use crate::advice::{Advice, Outcome, bug, disk};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::log;
use crate::output::escape::shell;
use crate::output::{Table, print, safe, say};

const SOURCE: &str = "plant";
const SIZE: simulate::Size = simulate::Size {
    counters: 20,
    streams: 0,
    rate: None,
    specimens: plant::Specimens::None,
    control: plant::Control::None,
};
/// Streams shown while it runs.
const SHOWN: usize = 12;
const SHOW_EVERY: Duration = Duration::from_secs(1);

pub(super) fn run(context: &Context, args: &cli::Demo) -> Outcome {
    log::start(None, "warn");
    // inside the folder of the demo, not the configuration the user may have elsewhere
    let context = context.at(args.dir.join("lockgate.toml"));
    runtime::block_on(demonstrate(&context, args))?
}

async fn demonstrate(context: &Context, args: &cli::Demo) -> Outcome {
    let explain = |error: connector::Error| failure::explain(context, None, &error);
    std::fs::create_dir_all(&args.dir).map_err(|e| disk("make the demo's folder", &args.dir, &e))?;
    let mut config = open_config(context, &args.dir)?;
    let store = Store::open(&config.pki).map_err(|e| store::failed(&config.pki, &e))?;
    let hosts = vec!["localhost".to_owned()];
    let (ours, _) = identity::ensure(&config, &store, hosts, Vec::new(), clock::now()).map_err(explain)?;

    let plant_pki = args.dir.join("plant-pki");
    let plant = simulate::start(&plant_pki, args.port, &SIZE, None).await?;
    trust_each_other(&store, ours.certificate(), &plant_pki)?;
    let url: EndpointUrl = plant.endpoint_url().parse().map_err(|e| bug("the plant's own URL", &e))?;
    add_source(context, &mut config, &store, &url, std::sync::Arc::new(ours)).await?;

    let mut stops = Stops::listen(args.duration).map_err(|e| bug("signals cannot be received", &e))?;
    let data = config.storage.data.clone();
    introduce(context, args, url.as_str(), &config);
    let mut web = collecting::Face::open(context, &config);
    let mut handle = Runtime::start(config).await.map_err(explain)?;
    let why = watch(context, (&mut handle, &mut web), &data, &mut stops).await?;
    let outcome = collecting::finish(context, handle, why, &mut stops).await;
    drop(web);
    plant.stop().await;
    farewell(context, args, url.as_str(), &data)?;
    outcome
}

fn open_config(context: &Context, dir: &Path) -> Outcome<Config> {
    let explain = |error: connector::Error| failure::explain(context, None, &error);
    if context.config.exists() {
        let config = Config::load(&context.config).map_err(explain)?;
        if config.application.uri != APPLICATION_URI {
            return Err(Box::new(
                Advice::new(
                    "demo.foreign_folder",
                    Exit::Config,
                    "this folder holds a configuration of its own",
                )
                .fact("folder", dir.display().to_string())
                .then("give the demo a folder for itself:")
                .then_run_alone(&["demo", "--dir", "DIR"]),
            ));
        }
        return Ok(config);
    }
    Config::create(&context.config, "lockgate demo", APPLICATION_URI).map_err(explain)?;
    seal_soon(&context.config).map_err(|e| disk("write the configuration", &context.config, &e))?;
    Config::load(&context.config).map_err(explain)
}

/// Parquet files should be there before the first visitor of a demo has left.
fn seal_soon(config: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(config)?;
    let lines =
        text.lines().map(|line| if line.starts_with("seal_every") { "seal_every = \"5s\"" } else { line });
    std::fs::write(config, lines.flat_map(|line| [line, "\n"]).collect::<String>())
}

/// Both administrators are this process: each side's certificate goes into the other's list of trusted ones.
fn trust_each_other(store: &Store, ours: &ua_pki::Certificate, plant_pki: &Path) -> Outcome<()> {
    let failed = |error: ua_pki::Error| store::failed(plant_pki, &error);
    let plant_store = Store::open(plant_pki).map_err(failed)?;
    plant_store.trust(ours).map_err(failed)?;
    if let Some(plant) = plant_store.own().map_err(failed)? {
        store.trust(plant.certificate()).map_err(|e| store::failed(store.root(), &e))?;
    }
    Ok(())
}

/// The same road as `source add`, on the port of this time.
async fn add_source(
    context: &Context,
    config: &mut Config,
    store: &Store,
    url: &EndpointUrl,
    ours: std::sync::Arc<ua_pki::ApplicationIdentity>,
) -> Outcome<()> {
    let about =
        About { source: Some(SOURCE), url: Some(url.as_str()), store: Some(store), ..About::default() };
    let explain = |error: connector::Error| failure::explain(context, Some(&about), &error);
    let want = SecurityRequirement::strongest(UserTokenKind::UserName);
    let found = survey(url, store, want, &[]).await.map_err(explain)?;
    let choice = found.choice.map_err(|error| explain(error.into()))?;
    let chosen = found.endpoints.get(choice.index).map(|surveyed| &surveyed.endpoint);
    let (policy, mode, uri) = match chosen {
        Some(endpoint) => (endpoint.policy, endpoint.mode, endpoint.application_uri.clone()),
        None => return Err(explain(connector::Error::NoServerCertificate)),
    };
    let name: SourceName = SOURCE.parse().map_err(explain)?;
    let mut source = SourceConfig::new(name, url.clone(), policy.unwrap_or(SecurityPolicy::None), mode);
    source.server_application_uri = Some(uri);
    source.events = vec![EventRule::default()];
    source.login =
        secret::keep(context, config, SOURCE, simulate::USER, simulate::PASSWORD, &SourceLogin::Anonymous)?;
    if config.source(SOURCE).is_ok() {
        config.remove_source(SOURCE).map_err(explain)?;
    }
    config.add_source(&source).map_err(explain)?;
    config.save().map_err(explain)?;
    probe(&source, store, ours, &config.application.name).await.map_err(explain)?;
    Ok(())
}

fn introduce(context: &Context, args: &cli::Demo, url: &str, config: &Config) {
    let data = &config.storage.data;
    say(&format!("plant        {} (user {}, password {})", safe(url), simulate::USER, simulate::PASSWORD));
    say(&format!("config       {}", safe(&context.config.display().to_string())));
    say(&format!("journal      {}", safe(&data.join(tagstore::JOURNAL_FILE).display().to_string())));
    say(&format!("Parquet      {}", safe(&data.join(tagstore::HISTORIAN_DIR).display().to_string())));
    if let Some(web) = config.web {
        say(&format!("web          http://{web}/ (metrics at /metrics)"));
        if let Ok(Some(link)) = connector_web::setup_link(config, web) {
            say(&format!("first login  {link}"));
        }
    }
    match args.duration {
        Some(duration) => say(&format!("ends by itself after {duration:?}\n")),
        None => say("ends with Ctrl-C\n"),
    }
}

/// Shows the newest values once a second until it is time to stop.
async fn watch(
    context: &Context,
    (handle, web): (&mut Handle, &mut collecting::Face),
    data: &Path,
    stops: &mut Stops,
) -> Outcome<Stop> {
    let mut events = handle.subscribe();
    let mut log = collecting::EventLog::default();
    let mut tick = tokio::time::interval(SHOW_EVERY);
    let refresh = io::stdout().is_terminal() && !context.json;
    let mut lines = 0;
    loop {
        tokio::select! {
            why = stops.next() => return Ok(why),
            order = web.order() => web.obey(order, handle).await,
            event = events.recv() => {
                if let Ok(event) = event {
                    log.write(context, &event);
                }
            }
            _ = tick.tick() => {
                let newest = newest(data)?;
                let text = if context.json { String::new() } else { newest };
                if refresh && lines > 0 && !text.is_empty() {
                    // back to the first line of the table, clear from there
                    print(&format!("\x1b[{lines}A\x1b[J"))?;
                }
                lines = text.lines().count();
                print(&text)?;
            }
        }
    }
}

/// The newest value of the first streams; empty while there is none yet.
fn newest(data: &Path) -> Outcome<String> {
    let failed = |error: tagstore::Error| data::failed(&error);
    let Ok(reader) = Reader::open(data) else { return Ok(String::new()) };
    let mut table = Table::new(&["TIME", "STREAM", "VALUE", "UNIT", "STATUS"]);
    let mut rows = 0;
    for stream in interesting(reader.streams().map_err(failed)?) {
        if let Some(sample) = last(&reader, &stream).map_err(failed)? {
            let unit = stream.unit.clone().unwrap_or_default();
            table.row([
                sample.time.clone(),
                stream.name,
                sample.value_text_with(&stream.states),
                unit,
                sample.status.to_owned(),
            ]);
            rows += 1;
        }
    }
    Ok(if rows == 0 { String::new() } else { format!("{table}\n") })
}

/// Machines before counters: they have more to show. Events have a command of their own.
fn interesting(mut streams: Vec<StreamInfo>) -> Vec<StreamInfo> {
    streams.retain(|stream| !stream.is_of_events());
    streams.sort_by_key(|stream| stream.name.contains(".Counters."));
    streams.truncate(SHOWN);
    streams
}

fn last(reader: &Reader, stream: &StreamInfo) -> Result<Option<SampleView>, tagstore::Error> {
    let query = StreamQuery { order: Order::NewestFirst, ..StreamQuery::new(stream.id, 1) };
    Ok(reader.query(&query)?.pop().map(SampleView::of))
}

#[derive(Serialize)]
struct Shown {
    url: String,
    config: String,
    journal: String,
    historian: String,
    streams: u64,
    values: u64,
}

/// What was collected, and how to look at it.
fn farewell(context: &Context, args: &cli::Demo, url: &str, data: &Path) -> Outcome<()> {
    let failed = |error: tagstore::Error| data::failed(&error);
    let reader = Reader::open(data).map_err(failed)?;
    let summary = reader.summary().map_err(failed)?;
    let path = |path: PathBuf| path.display().to_string();
    let shown = Shown {
        url: url.to_owned(),
        config: context.config.display().to_string(),
        journal: path(data.join(tagstore::JOURNAL_FILE)),
        historian: path(data.join(tagstore::HISTORIAN_DIR)),
        streams: summary.streams,
        values: summary.sealed_rows.saturating_add(summary.unsealed_rows),
    };
    let first = interesting(reader.streams().map_err(failed)?).into_iter().next().map(|stream| stream.name);
    context.answer("demo", &shown, || {
        format!("collected {} values of {} streams\n", shown.values, shown.streams)
    })?;
    let config = shell(&shown.config);
    say(&format!("look at them:  lockgate --config {config} streams"));
    if let Some(name) = first {
        say(&format!("               lockgate --config {config} query {} --from -1h", shell(&name)));
    }
    say(&format!("               lockgate --config {config} events"));
    say(&format!("               lockgate --config {config} status"));
    say(&format!("all of it is in {}; delete it when you are done", safe(&args.dir.display().to_string())));
    Ok(())
}

const APPLICATION_URI: &str = "urn:localhost:lockgate:demo";
