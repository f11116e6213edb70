//! One connection to a source, from the first byte to the last.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tagstore::{GapReason, Timestamp};
use tokio::sync::watch;
use ua_client::SubscriptionWatch;

use super::board::Board;
use super::live::{Live, Parcel};
use super::progress::{Setup, SetupSubscription};
use super::recover::Recovered;
use super::subscribe::{Subscribed, subscribe};
use super::supervisor::{Context, Memory, stopped};
use super::survey::{Selection, ServerNow, Survey};
use super::trust::TrustWatch;
use crate::address_space::server_start;
use crate::clock;
use crate::error::Error;
use crate::fill;
use crate::identity;
use crate::sources::{Opened, open};
use crate::status::SourceState;

/// Connects, continues or subscribes anew, and collects until told to stop.
///
/// # Errors
/// What ended it; the supervisor tries again.
pub(super) async fn run(
    context: &Context,
    memory: &mut Memory,
    board: &mut Board,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), Error> {
    board.attempt();
    // a pair that was taken into use meanwhile counts from here on
    let identity = Arc::new(identity::of(&context.application_uri, &context.store, context.clock.now())?);
    board.ours(identity.certificate());
    let mut stopping = stop.clone();
    let source = &context.source;
    let opened = tokio::select! {
        biased;
        () = stopped(&mut stopping) => return Ok(()),
        opened = open(source, &context.store, identity, &context.session_name, context.clock.as_ref()) => opened?,
    };
    let session = opened.session.clone();
    let mut trust = TrustWatch::new(context, &opened)?;
    let working = work(context, memory, board, opened, stop);
    tokio::pin!(working);
    let lost = tokio::select! {
        biased;
        lost = trust.lost() => lost,
        ended = &mut working => return ended,
    };
    // the work ends by itself when its session does: only it knows what must be handed over before
    if let Err(error) = session.close_keeping_subscriptions().await {
        tracing::debug!(source = source.name.as_str(), %error, "the server did not confirm the end of the session");
    }
    if let Err(error) = working.await {
        tracing::debug!(source = source.name.as_str(), %error, "ended because trust was lost");
    }
    Err(lost)
}

/// Everything that is done with an open session.
async fn work(
    context: &Context,
    memory: &mut Memory,
    board: &mut Board,
    opened: Opened,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), Error> {
    let mut stopping = stop.clone();
    let prepared = tokio::select! {
        biased;
        () = stopped(&mut stopping) => return Ok(()),
        prepared = prepare(context, memory, board, opened) => prepared?,
    };
    let (mut live, mut in_flight, mut watches) = prepared;
    if !watches.is_empty() {
        if let Some(watch) = live.watch_nodes().await? {
            watches.push(watch);
            in_flight = in_flight.saturating_add(1);
        }
        live.session.start_publishing(&watches, in_flight).await?;
    }
    live.memory.connected = true;
    live.board.enter(SourceState::Quiet, None);
    // until this is dropped, at the end of the connection
    let _lane = fill::start(facts(&live), live.session.clone(), live.frontier());
    live.run(stop).await
}

fn facts(live: &Live<'_>) -> fill::Facts {
    let context = live.context;
    let setup = live.memory.setup.as_ref();
    fill::Facts {
        source: context.source.name.to_string(),
        data: context.data.clone(),
        history: context.source.history,
        server_application_uri: setup.map(|setup| setup.server_application_uri.clone()).unwrap_or_default(),
        writer: context.writer.clone(),
        events: context.events.clone(),
        told: live.board.told(),
    }
}

/// Everything between the login and the first publish request.
async fn prepare<'a>(
    context: &'a Context,
    memory: &'a mut Memory,
    board: &'a mut Board,
    opened: Opened,
) -> Result<(Live<'a>, usize, Vec<SubscriptionWatch>), Error> {
    let source = &context.source;
    board.met(&opened.server_application_uri, opened.server_certificate.as_ref());
    if let (Some(pinned), Some(shown)) = (source.server_thumbprint, &opened.server_certificate)
        && pinned != shown.thumbprint()
    {
        board.certificate_changed(pinned.to_string(), shown.thumbprint().to_string());
    }
    let server = Server {
        namespaces: opened.session.namespaces().await?.into_uris(),
        start: server_start(&opened.session).await?,
        application_uri: opened.server_application_uri,
        settings: settings(context),
    };
    let survey = Survey {
        session: opened.session,
        source: source.clone(),
        server: ServerNow {
            application_uri: server.application_uri.clone(),
            start: server.start,
            namespaces: server.namespaces.clone().into(),
        },
        writer: context.writer.clone(),
        events: context.events.clone(),
        data: context.data.clone(),
    };
    let mut live = Live::new(context, memory, board, survey);
    let watches = match continue_former(&mut live, &server).await? {
        Some(watches) => watches,
        None => begin_anew(&mut live, &server).await?,
    };
    // one more than there are subscriptions, so that each can speak while an answer is on its way
    let in_flight = watches.len().saturating_add(2);
    Ok((live, in_flight, watches))
}

/// What was learned about the server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) namespaces: Vec<String>,
    pub(super) start: Option<i64>,
    pub(super) application_uri: String,
    /// Everything that decides what subscriptions look like.
    pub(super) settings: String,
}

/// Takes over the subscriptions of the connection or process before, if there are any and they can be.
async fn continue_former(
    live: &mut Live<'_>,
    server: &Server,
) -> Result<Option<Vec<SubscriptionWatch>>, Error> {
    let Some(setup) = live.memory.setup.clone() else { return Ok(None) };
    if setup.server_application_uri != server.application_uri {
        let detail =
            format!("the server was {}, now it is {}", setup.server_application_uri, server.application_uri);
        live.memory.open_gap(GapReason::SubscriptionLost, detail);
        return Ok(None);
    }
    // after a restart the ids may belong to somebody else
    if setup.server_start.is_some() && setup.server_start != server.start {
        live.memory.open_gap(GapReason::ServerRestart, "the server was restarted".to_owned());
        // it may be another version of itself
        live.memory.silent_after_transfer = false;
        return Ok(None);
    }
    if setup.subscriptions.is_empty() {
        let reason = live.memory.reason_for_loss();
        live.memory.open_gap(reason, "nobody read while the connection was away".to_owned());
        return Ok(None);
    }
    live.board.enter(SourceState::Recovering, None);
    // what is fetched again may hold events
    live.continue_events(&setup, server).await;
    match live.recover(&setup).await? {
        Recovered::Continued(watches) => {
            if live.memory.silent_after_transfer {
                // what the server kept is rescued by now; the subscriptions themselves are of no use
                live.session.delete_subscriptions(&setup.ids()).await?;
                live.memory.open_gap(GapReason::Reconnect, SILENT.to_owned());
                return Ok(None);
            }
            tracing::debug!(source = live.context.source.name.as_str(), "subscriptions continued");
            live.memory.progress.miss_polled(&setup.polled);
            if setup.settings != server.settings {
                live.exchange.want(server.clone());
            }
            look_for_more(live);
            live.expect_sign_of_life();
            Ok(Some(watches))
        }
        Recovered::Lost(status) => {
            let reason = live.memory.reason_for_loss();
            live.memory.open_gap(reason, format!("the server no longer has our subscription: {status}"));
            Ok(None)
        }
    }
}

/// Looks beside the flowing values for nodes that are new, and for those that were refused before.
fn look_for_more(live: &mut Live<'_>) {
    let survey = live.rebrowse.survey.clone();
    live.selecting.spawn(async move { survey.quickly().await });
}

/// Finds the nodes, subscribes, and remembers what was made.
pub(super) async fn begin_anew(
    live: &mut Live<'_>,
    server: &Server,
) -> Result<Vec<SubscriptionWatch>, Error> {
    let context = live.context;
    live.board.enter(SourceState::Browsing, None);
    let uri = &server.application_uri;
    let survey = live.rebrowse.survey.clone();
    let selection = survey.quickly().await?;
    let is_known = selection.browsed.is_none();
    let subscribed = match subscribe_to(live, selection).await {
        // what was known of the nodes is of no use
        Err(error @ Error::NothingAccepted { .. }) if is_known => {
            let selection = survey.browse(NOT_ACCEPTED).await?;
            if selection.waiting > 0 {
                return Err(error);
            }
            subscribe_to(live, selection).await?
        }
        subscribed => subscribed?,
    };
    live.set_aside(subscribed.refused);
    let mut setup = Setup {
        server_application_uri: uri.clone(),
        server_start: server.start,
        settings: server.settings.clone(),
        silent_after_transfer: live.memory.silent_after_transfer,
        subscriptions: subscribed.subscriptions,
        events: Vec::new(),
        event_types: BTreeMap::new(),
        // told by the first round
        polled: Vec::new(),
    };
    live.watch_all(&mut setup, server).await?;
    live.board.forget_acknowledged();
    let mut parcel = Parcel::default();
    parcel.entry.states.push(setup.saved(context.source.name.as_str()));
    let watches = setup.subscriptions.iter().map(watch_anew).collect();
    live.memory.renew(setup);
    parcel.entry.gaps = live.memory.back(context.source.name.as_str(), Timestamp::from(clock::now()));
    live.hand_over(parcel).await?;
    Ok(watches)
}

async fn subscribe_to(live: &mut Live<'_>, selection: Selection) -> Result<Subscribed, Error> {
    live.rebrowse.plan(&selection);
    live.memory.streams.add(selection.candidates.iter().map(|candidate| candidate.stream));
    let mut subscribed = Subscribed::default();
    subscribe(&live.session, &live.context.source, selection.candidates, &mut subscribed).await?;
    Ok(subscribed)
}

pub(super) fn watch_anew(subscription: &SetupSubscription) -> SubscriptionWatch {
    let keep_alive = Duration::from_millis(subscription.keep_alive_ms);
    SubscriptionWatch { id: subscription.id, keep_alive, last_sequence: None }
}

/// Everything that decides what subscriptions look like.
fn settings(context: &Context) -> String {
    let source = &context.source;
    let mut settings = format!(
        "{:?} {:?} {} {} {} {} {:?}",
        source.publishing_interval,
        source.sampling_interval,
        source.queue_size(),
        source.polling.word(),
        source.max_nodes,
        source.roots.join(" "),
        source.rules
    );
    // nothing was said before there were any: subscriptions from then go on
    if !source.events.is_empty() {
        settings.push_str(&format!(" {:?}", source.events));
    }
    settings
}

/// Why a subscription that was taken over is not relied on.
pub(super) const SILENT: &str = "this server confirms to continue a subscription and then sends nothing";
const NOT_ACCEPTED: &str = "the server accepted none of the nodes that were known";
