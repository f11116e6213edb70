//! The events of a source beside its values: asked for in its first subscription, and again when the server did not let us
//! have them; conditions that hold are listed whenever something may have been missed.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tagstore::{GapReason, NewGap, OwnedValue, Reader, StreamId, StreamQuery, Timestamp};
use ua_client::{EventType, Namespaces, status_name};

use super::connection::Server;
use super::live::{Live, Parcel};
use super::polled::is_for_polling;
use super::progress::Setup;
use super::subscribe;
use crate::alarms::{
    EventRecord, EventRule, REMEMBERED, Recent, WatchedEvents, refresh, stream_of, type_names, watch,
};
use crate::clock;
use crate::error::Error;

/// What is still to be done about events.
#[derive(Debug, Default)]
pub(super) struct Watching {
    /// Rules that the server does not let us have, and why.
    waiting: Vec<(EventRule, String)>,
    /// When they are tried again.
    pub(super) retry_at: Option<Instant>,
    /// When conditions are listed.
    pub(super) refresh_at: Option<Instant>,
    refreshed: Option<Instant>,
    namespaces: Namespaces,
    server_application_uri: String,
}

impl Watching {
    pub(super) fn refused(&self) -> usize {
        self.waiting.len()
    }

    /// The streams that were collected and whose rules wait.
    pub(super) fn streams_waiting(&self, former: Option<&Setup>) -> Vec<u32> {
        let watched = former.iter().flat_map(|setup| &setup.events);
        let waits = |watched: &&WatchedEvents| self.waiting.iter().any(|(rule, _)| rule.name == watched.rule);
        watched.filter(waits).map(|watched| watched.stream).collect()
    }

    /// One of the rules that wait, with the reason.
    pub(super) fn example(&self) -> Option<String> {
        let (rule, why) = self.waiting.first()?;
        Some(format!("events `{}`: {why}", rule.name))
    }
}

impl Live<'_> {
    /// The subscriptions are to go on, and the events in them: from now on these are understood.
    pub(super) async fn continue_events(&mut self, setup: &Setup, server: &Server) {
        let rules = &self.context.source.events;
        self.meet(server);
        self.memory.alarms.prepare(
            self.watching.namespaces.clone(),
            setup.event_types.clone(),
            &setup.events,
            rules,
        );
        self.recall(&setup.events).await;
        let is_missing = |rule: &&EventRule| setup.events.iter().all(|watched| watched.rule != rule.name);
        let waiting = rules.iter().filter(is_missing).map(|rule| (rule.clone(), NOT_YET.to_owned()));
        self.watching.waiting = waiting.collect();
        self.try_again_in(RETRY_FIRST);
    }

    /// Asks for the events of every rule, in the first of the subscriptions, which is made if there is none. What is made is
    /// entered into the setup.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn watch_all(&mut self, setup: &mut Setup, server: &Server) -> Result<(), Error> {
        self.meet(server);
        self.watching.waiting.clear();
        let rules = self.context.source.events.clone();
        if rules.is_empty() {
            return Ok(());
        }
        if setup.subscriptions.is_empty() {
            match subscribe::create_one(&self.session, &self.context.source).await {
                Ok(subscription) => setup.subscriptions.push(subscription),
                // values can be read in turn instead, events cannot
                Err(Error::Client(ua_client::Error::Service { status, .. }))
                    if is_for_polling(&self.context.source, status) =>
                {
                    let why = status_name(status).to_owned();
                    for rule in rules {
                        self.board.node_refused(&format!("{}.{}", self.name(), rule.name), &why);
                        self.watching.waiting.push((rule, why.clone()));
                    }
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        self.watch(rules, setup).await
    }

    /// Tries again what the server did not let us have.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn watch_waiting(&mut self) -> Result<(), Error> {
        self.watching.retry_at = None;
        let rules = std::mem::take(&mut self.watching.waiting).into_iter().map(|(rule, _)| rule).collect();
        let Some(mut setup) = self.memory.setup.take() else { return Ok(()) };
        let before = setup.events.len();
        let watched = self.watch(rules, &mut setup).await;
        let saved = setup.saved(self.context.source.name.as_str());
        let more = setup.events.len() > before;
        self.memory.setup = Some(setup);
        watched?;
        if more {
            let mut parcel = Parcel::default();
            parcel.entry.states.push(saved);
            let now = Timestamp::from(clock::now());
            parcel.entry.gaps = self.memory.back(self.context.source.name.as_str(), now);
            self.hand_over(parcel).await?;
        }
        self.show_streams();
        Ok(())
    }

    /// Asks the server to list the conditions that hold.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn refresh_conditions(&mut self) -> Result<(), Error> {
        self.watching.refresh_at = None;
        let Some(setup) = &self.memory.setup else { return Ok(()) };
        let wanted = |watched: &&WatchedEvents| {
            self.context.source.events.iter().any(|rule| rule.name == watched.rule && rule.refresh)
        };
        let mut subscriptions: Vec<u32> =
            setup.events.iter().filter(wanted).map(|watched| watched.subscription).collect();
        subscriptions.sort_unstable();
        subscriptions.dedup();
        self.watching.refreshed = Some(clock::instant());
        for subscription in subscriptions {
            refresh(&self.session, subscription).await?;
        }
        Ok(())
    }

    /// Lists them soon, but not again and again.
    pub(super) fn refresh_soon(&mut self) {
        let now = clock::instant();
        let at = self.watching.refreshed.map_or(now, |last| now.max(last + REFRESH_PAUSE));
        self.watching.refresh_at.get_or_insert(at);
    }

    /// Events are not read from a server's history: what is missing of all streams of the source is entered for each of
    /// theirs, too, where it stays.
    pub(super) fn add_gaps_of_events(&mut self, gaps: &mut Vec<NewGap>) {
        let streams: Vec<u32> =
            self.memory.setup.iter().flat_map(|setup| &setup.events).map(|watched| watched.stream).collect();
        let of_source: Vec<NewGap> = gaps.iter().filter(|gap| gap.stream.is_none()).cloned().collect();
        for gap in &of_source {
            let of = |stream: &u32| NewGap {
                stream: Some(StreamId::new(*stream)),
                detail: format!("{}; events are not read from history", gap.detail),
                ..gap.clone()
            };
            gaps.extend(streams.iter().map(of));
        }
        let lost = |gap: &NewGap| gap.reason == GapReason::SequenceHole;
        if !streams.is_empty() && of_source.iter().any(lost) {
            self.refresh_soon();
        }
    }

    fn meet(&mut self, server: &Server) {
        self.watching.namespaces = Namespaces::new(server.namespaces.clone());
        self.watching.server_application_uri = server.application_uri.clone();
    }

    async fn watch(&mut self, rules: Vec<EventRule>, setup: &mut Setup) -> Result<(), Error> {
        let source = &self.context.source;
        let types: Vec<EventType> = match self.session.event_types().await {
            Ok(types) => types,
            Err(ua_client::Error::Service { status, .. }) => {
                let why = format!("its types of events cannot be browsed: {}", status_name(status));
                self.watching.waiting = rules.into_iter().map(|rule| (rule, why.clone())).collect();
                self.try_again_in(RETRY);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let uri = &self.watching.server_application_uri;
        let streams = rules.iter().map(|rule| stream_of(source, rule, uri)).collect();
        let streams = self.context.writer.register(streams).await?;
        self.memory.streams.add(streams.iter().copied());
        let mut refresh = false;
        for (rule, stream) in rules.into_iter().zip(streams) {
            let Some(first) = setup.subscriptions.first_mut() else { break };
            let namespaces = &self.watching.namespaces;
            match watch(&self.session, &rule, (&types, namespaces), stream, first.id).await? {
                Ok(watched) => {
                    refresh |= rule.refresh;
                    first.streams.push(stream.get());
                    setup.events.push(watched);
                }
                Err(why) => {
                    self.board.node_refused(&format!("{}.{}", source.name, rule.name), &why);
                    self.watching.waiting.push((rule, why));
                }
            }
        }
        setup.event_types = type_names(&types, &self.watching.namespaces);
        // those of subscriptions at hand whose place these are to take go on
        let at_hand = self.memory.setup.iter().flat_map(|setup| &setup.events);
        let watched: Vec<WatchedEvents> = at_hand.chain(&setup.events).cloned().collect();
        self.memory.alarms.prepare(
            self.watching.namespaces.clone(),
            setup.event_types.clone(),
            &watched,
            &source.events,
        );
        self.recall(&setup.events).await;
        if refresh {
            self.watching.refresh_at = Some(clock::instant());
        }
        self.try_again_in(RETRY);
        Ok(())
    }

    fn try_again_in(&mut self, pause: Duration) {
        let is_waiting = !self.watching.waiting.is_empty();
        self.watching.retry_at = is_waiting.then(|| clock::instant() + pause);
    }

    /// What came last, as the store has it: a list of conditions brings it again.
    async fn recall(&mut self, watched: &[WatchedEvents]) {
        for watched in watched {
            if self.memory.alarms.remembers(watched.stream) {
                continue;
            }
            let (data, stream) = (self.context.data.clone(), StreamId::new(watched.stream));
            let recent = tokio::task::spawn_blocking(move || recent(data, stream)).await;
            match recent {
                Ok(Ok(recent)) => self.memory.alarms.remember(watched.stream, recent),
                // then some of it is stored twice, and given once all the same
                Ok(Err(error)) => tracing::warn!(%error, "the last events cannot be looked up"),
                Err(error) => tracing::error!(%error, "looking the last events up ended badly"),
            }
        }
    }
}

fn recent(data: PathBuf, stream: StreamId) -> Result<Recent, tagstore::Error> {
    let query = StreamQuery { order: tagstore::Order::NewestFirst, ..StreamQuery::new(stream, REMEMBERED) };
    let mut samples = Reader::open(data)?.query(&query)?;
    samples.reverse();
    let mut recent = Recent::default();
    for sample in samples {
        if let OwnedValue::Event(text) = &sample.value
            && let Some(record) = EventRecord::read(text)
        {
            recent.is_new(&record, sample.source_time);
        }
    }
    Ok(recent)
}

const NOT_YET: &str = "not asked for yet";
const RETRY_FIRST: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(60);
/// A server that always asks for a list, or whose queue is too short for one, is not asked more often.
const REFRESH_PAUSE: Duration = Duration::from_secs(60);
