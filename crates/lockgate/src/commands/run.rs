//! `lockgate run`: collect from every source until stopped, then make durable what was received.

use std::time::Duration;

use connector::config::Plan;
use connector::documents::Ending;
use connector::{Config, Ended, Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::MissedTickBehavior;
use tracing::{error, info, warn};

use super::cert::Reminder;
use super::collecting::{EventLog, Face, finish};
use super::failure;
use super::service;
use super::stop::Stops;
use super::{config, runtime};
use crate::advice::{Advice, Outcome, bug};
use crate::cli;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::log;
use crate::output::safe;
use crate::output::talk::Style;

pub(super) fn run(context: &Context, args: &cli::Run) -> Outcome {
    let config = config::load(context)?;
    if config.sources.is_empty() {
        return Err(Box::new(
            Advice::new("config.no_source", Exit::Config, "there is no source to read yet")
                .fact("file", context.config.display().to_string())
                .then("add one with")
                .then_run(&["source", "add", "NAME", "opc.tcp://HOST:4840"]),
        ));
    }
    log::start(args.log, "info");
    runtime::block_on(collect(context, config, args))?
}

async fn collect(context: &Context, config: Config, args: &cli::Run) -> Outcome {
    let mut stops = Stops::listen(args.duration).map_err(|e| bug("signals cannot be received", &e))?;
    let data = config.storage.data.display().to_string();
    let sources = config.sources.len();
    let mut reloads = signal(SignalKind::hangup()).map_err(|e| bug("signals cannot be received", &e))?;
    let mut handle = Runtime::start(config).await.map_err(|error| failure::explain(context, None, &error))?;
    info!(version = env!("CARGO_PKG_VERSION"), sources, data, "collecting");
    service::ready(sources);
    let mut heartbeat = service::heartbeat();
    let mut web = Face::open(context, handle.config());
    let mut events = handle.subscribe();
    let mut log = EventLog::default();
    let mut reminder = Reminder::default();
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let why = loop {
        let ended = handle.ended();
        tokio::select! {
            why = stops.next() => break why,
            ended = ended => return Err(give_up(handle, &ended).await),
            _ = heartbeat.tick() => service::alive(),
            _ = look.tick() => remind(context, handle.config(), &mut reminder),
            Some(()) = reloads.recv() => reload(context, &mut handle, &mut web).await,
            order = web.order() => {
                service::reloading();
                web.obey(order, &mut handle).await;
                service::ready(handle.config().sources.len());
            }
            event = events.recv() => match event {
                Ok(event) => log.write(context, &event),
                Err(RecvError::Lagged(missed)) => warn!(missed, "events came faster than they could be logged"),
                // the connector ends only when it is told to; wait for that
                Err(RecvError::Closed) => break stops.next().await,
            },
        }
    };
    service::stopping();
    info!(reason = why.words(), "stopping: making durable what was received");
    let outcome = finish(context, handle, why, &mut stops).await;
    drop(web);
    outcome
}

/// A part of the connector is gone: what remains would look alive and keep nothing. Stops it as well as it can be.
async fn give_up(handle: Handle, ended: &Ended) -> Box<Advice> {
    error!(%ended, "stopping: what remains would look alive");
    if let Err(error) = handle.stop().await {
        error!(%error, "not everything was durable");
    }
    let exit = if ended.panicked { Exit::Unexpected } else { Exit::Storage };
    let advice = Advice::new("run.part_ended", exit, ended.to_string())
        .then("nothing that was acknowledged is lost: start again, and what was not is asked for again");
    Box::new(if ended.panicked {
        advice.then("this should not happen; please report it with the log before it")
    } else {
        advice
    })
}

/// SIGHUP: reads the configuration again and does what is different in it. A configuration with a mistake changes nothing.
async fn reload(context: &Context, handle: &mut Handle, web: &mut Face) {
    service::reloading();
    let refused = match config::load(context) {
        Err(advice) => Some(advice),
        Ok(new) => match handle.reload(new).await {
            Err(error) => Some(failure::explain(context, None, &error)),
            Ok(plan) => {
                tell(&plan);
                web.show(handle.config());
                None
            }
        },
    };
    if let Some(advice) = refused {
        let why = advice.told(context).render(Style::stderr());
        error!("the configuration was read again and refused, and everything goes on as it was:\n{why}");
    }
    service::ready(handle.config().sources.len());
}

fn tell(plan: &Plan) {
    if plan.is_empty() {
        info!("the configuration was read again: nothing is different");
    }
    for change in &plan.changes {
        let settings: Vec<String> =
            change.settings.iter().map(|setting| safe(&setting.to_string())).collect();
        let (part, action) = (change.part.to_string(), change.action.to_string());
        info!(settings = settings.join("; "), "the configuration was read again: {} {action}", safe(&part));
    }
}

/// Warns that our certificate ends, as long as it does: at the start, and once a day.
fn remind(context: &Context, config: &Config, reminder: &mut Reminder) {
    let now = clock::now();
    let ending = Ending::of(context, config, now);
    if let Some(warning) = ending.as_ref().and_then(Ending::warning)
        && reminder.is_due(now)
    {
        warn!("{}", safe(warning));
    }
}

/// How often the dates of our certificate are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(60);
