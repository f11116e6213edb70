//! One task per source: one connection after the other, and what they have in common.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tagstore::{GapReason, NewGap, StreamId, Timestamp};
use tokio::sync::watch;
use ua_channel::{Random, SystemRandom};
use ua_pki::Store;

use super::ages::{Ages, ages_key};
use super::backoff::{Backoff, jitter};
use super::board::Board;
use super::connection;
use super::progress::{Absent, OpenGap, Progress, Setup, progress_key, read, setup_key};
use super::streams::Streams;
use crate::alarms::Alarms;
use crate::clock::Clock;
use crate::config::SourceConfig;
use crate::error::{Error, ErrorKind};
use crate::event::Events;
use crate::pipeline::Writer;
use crate::status::SourceState;

/// What a source needs to be collected.
pub(crate) struct Context {
    pub(crate) source: SourceConfig,
    pub(crate) store: Arc<Store>,
    /// What our certificate must be for.
    pub(crate) application_uri: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) session_name: String,
    pub(crate) writer: Writer,
    pub(crate) events: Events,
    /// The data folder, to look up what is to be filled.
    pub(crate) data: PathBuf,
}

/// What outlives a connection.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) setup: Option<Setup>,
    /// What was taken so far. In the process that took it this runs ahead of what is durable, but everything up to
    /// here was handed to the writer, which keeps the order; a new process begins with what is durable.
    pub(super) progress: Progress,
    pub(super) streams: Streams,
    /// The events among them.
    pub(super) alarms: Alarms,
    /// When each stream last had a value.
    pub(super) ages: Ages,
    /// The connection at hand came as far as publishing.
    pub(super) connected: bool,
    /// A former connection of this process did.
    was_connected: bool,
    /// The server confirmed a transfer and then sent nothing.
    pub(super) silent_after_transfer: bool,
    /// Streams of the subscriptions that cannot be continued.
    pub(super) former: Vec<u32>,
}

impl Memory {
    /// Whether a subscription is ours.
    pub(super) fn carries(&self, subscription: u32) -> bool {
        self.setup.as_ref().is_some_and(|setup| setup.carries(subscription))
    }

    /// Whether anything is subscribed to.
    pub(super) fn has_subscriptions(&self) -> bool {
        self.setup.as_ref().is_some_and(|setup| !setup.subscriptions.is_empty())
    }

    /// The longest silence that any subscription allows itself.
    pub(super) fn keep_alive(&self) -> Duration {
        let longest = self.setup.iter().flat_map(|s| &s.subscriptions).map(|s| s.keep_alive_ms).max();
        Duration::from_millis(longest.unwrap_or_default())
    }

    /// The subscriptions cannot be continued: from where the last publish was complete, something is missing. Nothing
    /// is if there never was one. A gap that is open already keeps its begin and its reason.
    pub(super) fn open_gap(&mut self, reason: GapReason, detail: String) {
        if let Some(setup) = self.setup.take() {
            self.former =
                setup.subscriptions.into_iter().flat_map(|subscription| subscription.streams).collect();
        }
        let from = self.progress.complete();
        if !from.is_absent() && self.progress.gap.is_none() {
            let reason = reason.as_str().to_owned();
            self.progress.gap = Some(OpenGap { from: from.ticks(), reason, detail });
        }
    }

    /// New subscriptions were made with these streams. One that was collected before and is not among them is missing
    /// until the server lets us have it again, however long the others flow.
    pub(super) fn renew(&mut self, setup: Setup) {
        let complete = self.progress.complete().ticks();
        let there: HashSet<u32> = setup.subscriptions.iter().flat_map(|s| &s.streams).copied().collect();
        let known: HashSet<u32> = self.progress.absent.iter().map(|absent| absent.stream).collect();
        let former = std::mem::take(&mut self.former);
        let newly = former.into_iter().filter(|stream| !there.contains(stream) && !known.contains(stream));
        self.progress.absent.extend(newly.map(|stream| Absent { stream, from: complete }));
        self.progress = self.progress.renewed(setup.ids());
        self.setup = Some(setup);
    }

    /// Subscriptions that were made beside those at hand take their place, as far as they came meanwhile. Of the streams
    /// of before, those that the server refuses now are missing; the others are not wanted any more.
    pub(super) fn exchange(&mut self, setup: Setup, reached: Progress, refused: &HashSet<u32>) {
        let at_hand = self.setup.take().into_iter().flat_map(|setup| setup.subscriptions);
        let streams = at_hand.flat_map(|made| made.streams).chain(std::mem::take(&mut self.former));
        self.former = streams.filter(|stream| refused.contains(stream)).collect();
        let polled = self.progress.polled;
        self.renew(setup);
        self.progress.polled = polled;
        self.progress.subscriptions = reached.subscriptions;
    }

    /// The gaps of streams that were missing and are collected again.
    pub(super) fn back(&mut self, source: &str, now: Timestamp) -> Vec<NewGap> {
        let streams = self.setup.iter().flat_map(|setup| &setup.subscriptions).flat_map(|s| &s.streams);
        self.back_of(&streams.copied().collect(), source, now)
    }

    /// The same for certain streams.
    pub(super) fn back_of(&mut self, there: &HashSet<u32>, source: &str, now: Timestamp) -> Vec<NewGap> {
        let absent = std::mem::take(&mut self.progress.absent);
        let (back, still): (Vec<_>, Vec<_>) =
            absent.into_iter().partition(|absent| there.contains(&absent.stream));
        self.progress.absent = still;
        back.into_iter()
            .map(|absent| {
                let from = Timestamp::from_ticks(absent.from);
                NewGap {
                    source: source.to_owned(),
                    stream: Some(StreamId::new(absent.stream)),
                    from: from.min(now),
                    to: now.max(from),
                    reason: GapReason::SubscriptionLost,
                    detail: "the server did not let us have this node".to_owned(),
                }
            })
            .collect()
    }

    /// The first message of new subscriptions closes the gap: it was published after all their items were made, and told
    /// in the server's time, as the gap's begin is. A clock that was set back meanwhile makes no gap vanish.
    pub(super) fn close_gap(&mut self, source: &str, published: Timestamp) -> Option<NewGap> {
        let gap = self.progress.gap.take()?;
        let from = Timestamp::from_ticks(gap.from);
        Some(NewGap {
            source: source.to_owned(),
            stream: None,
            from: from.min(published),
            to: published.max(from),
            reason: GapReason::from_word(&gap.reason),
            detail: gap.detail,
        })
    }

    /// Why subscriptions are gone although the server was not restarted.
    pub(super) fn reason_for_loss(&self) -> GapReason {
        if self.was_connected { GapReason::SubscriptionLost } else { GapReason::ConnectorDown }
    }

    async fn load(context: &Context) -> Result<Self, Error> {
        let name = context.source.name.as_str();
        let setup = read(context.writer.state(setup_key(name)).await?, name);
        let progress: Option<Progress> = read(context.writer.state(progress_key(name)).await?, name);
        let silent_after_transfer = setup.as_ref().is_some_and(|setup: &Setup| setup.silent_after_transfer);
        let progress = progress.unwrap_or_default();
        let ages = Ages::load(context.writer.state(ages_key(name)).await?);
        Ok(Self { setup, progress, silent_after_transfer, ages, ..Self::default() })
    }
}

/// Collects until told to stop.
pub(crate) async fn supervise(context: Context, mut stop: watch::Receiver<bool>) {
    let mut board = Board::new(&context.source, context.writer.clone(), context.events.clone());
    let mut backoff = Backoff::default();
    let mut memory = loop {
        match Memory::load(&context).await {
            Ok(memory) => break memory,
            Err(error) => {
                let pause = pause(&error, &mut backoff);
                board.fail(&error, pause);
                if wait(pause, &mut board, &mut stop).await {
                    board.enter(SourceState::Stopped, None);
                    return;
                }
            }
        }
    };
    match context.writer.count_gaps(context.source.name.to_string()).await {
        Ok(gaps) => board.set_gaps_open(gaps),
        Err(error) => tracing::warn!(source = %context.source.name, %error, "gaps not counted"),
    }
    while !*stop.borrow() {
        let Err(error) = connection::run(&context, &mut memory, &mut board, &mut stop).await else { break };
        if std::mem::take(&mut memory.connected) {
            memory.was_connected = true;
            backoff.reset();
            board.count_reconnect();
        }
        let pause = pause(&error, &mut backoff);
        board.fail(&error, pause);
        if wait(pause, &mut board, &mut stop).await {
            break;
        }
    }
    board.enter(SourceState::Stopped, None);
}

/// Waits, keeping the status fresh. True when told to stop.
async fn wait(pause: Duration, board: &mut Board, stop: &mut watch::Receiver<bool>) -> bool {
    let over = tokio::time::sleep(pause);
    tokio::pin!(over);
    loop {
        tokio::select! {
            biased;
            () = stopped(stop) => return true,
            () = &mut over => return false,
            () = tokio::time::sleep(STATUS_EVERY) => board.write(),
        }
    }
}

/// While trust is missing somebody is probably at work on it: short and even. Otherwise ever longer.
fn pause(error: &Error, backoff: &mut Backoff) -> Duration {
    let chance = chance();
    match error.kind() {
        ErrorKind::ServerNotTrusted | ErrorKind::ServerDoesNotTrustUs => jitter(TRUST_RETRY, chance),
        _ => backoff.next(chance),
    }
}

/// Waits until told to stop; also when whoever could tell is gone.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        tracing::trace!("the runtime is gone");
    }
}

fn chance() -> u8 {
    let mut byte = [0];
    // without randomness there is no jitter, which harms nobody
    let filled = SystemRandom.fill(&mut byte);
    filled.map_or(0, |()| byte[0])
}

const STATUS_EVERY: Duration = Duration::from_secs(1);
const TRUST_RETRY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::progress::SetupSubscription;
    use super::*;

    fn memory(complete: i64) -> Memory {
        let mut progress = Progress::default();
        progress.note_complete(1, Timestamp::from_ticks(complete));
        Memory { progress, ..Memory::default() }
    }

    #[test]
    fn gap_reaches_from_where_nothing_was_missing_to_the_first_message_of_new_subscriptions() {
        let mut memory = memory(1_000_000_000);
        memory.open_gap(GapReason::ServerRestart, "restarted".to_owned());
        let published = Timestamp::from_ticks(9_000_000_000);
        let gap = memory.close_gap("plc", published).unwrap();
        assert_eq!(
            (gap.from.ticks(), gap.to, gap.stream, gap.reason),
            (1_000_000_000, published, None, GapReason::ServerRestart)
        );
        assert_eq!(memory.close_gap("plc", published), None, "told once");
    }

    fn setup(id: u32, streams: &[u32]) -> Setup {
        let subscription = SetupSubscription {
            id,
            keep_alive_ms: 5000,
            asked_ms: 500,
            publishing_ms: 500,
            sampling_ms: 500,
            streams: streams.to_vec(),
        };
        Setup {
            server_application_uri: "urn:plc".to_owned(),
            server_start: None,
            settings: String::new(),
            silent_after_transfer: false,
            subscriptions: vec![subscription],
            events: Vec::new(),
            event_types: BTreeMap::new(),
            polled: Vec::new(),
        }
    }

    #[test]
    fn gap_that_is_open_when_the_process_ends_is_left_to_the_next() {
        let mut memory = memory(1_000);
        memory.open_gap(GapReason::ServerRestart, "restarted".to_owned());
        memory.renew(setup(2, &[1]));
        let (_, saved) = memory.progress.saved("plc");
        let progress = read(Some(saved), "plc").unwrap();
        let mut next = Memory { progress, ..Memory::default() };
        let gap = next.close_gap("plc", Timestamp::from_ticks(9_000)).unwrap();
        assert_eq!((gap.from.ticks(), gap.to.ticks(), gap.reason), (1_000, 9_000, GapReason::ServerRestart));
    }

    #[test]
    fn stream_that_the_server_refuses_after_its_restart_is_missing_until_it_is_back() {
        let mut memory = memory(1_000);
        memory.setup = Some(setup(1, &[1, 2, 3]));
        memory.open_gap(GapReason::ServerRestart, "restarted".to_owned());
        memory.renew(setup(2, &[1, 3]));
        assert_eq!(memory.back("plc", Timestamp::from_ticks(5_000)), []);
        memory.open_gap(GapReason::SubscriptionLost, "again".to_owned());
        memory.renew(setup(3, &[1, 2, 3]));
        let gaps = memory.back("plc", Timestamp::from_ticks(8_000));
        assert_eq!(gaps.len(), 1);
        assert_eq!(gaps[0].stream, Some(StreamId::new(2)));
        assert_eq!((gaps[0].from.ticks(), gaps[0].to.ticks()), (1_000, 8_000));
        assert_eq!(memory.back("plc", Timestamp::from_ticks(9_000)), [], "told once");
    }

    #[test]
    fn gap_that_is_open_already_keeps_its_begin_and_its_reason() {
        let mut memory = memory(100);
        memory.open_gap(GapReason::ServerRestart, "first".to_owned());
        memory.open_gap(GapReason::Reconnect, "second".to_owned());
        let gap = memory.close_gap("plc", Timestamp::from_ticks(200)).unwrap();
        assert_eq!((gap.reason, gap.detail.as_str()), (GapReason::ServerRestart, "first"));
    }

    #[test]
    fn source_that_never_delivered_misses_nothing() {
        let mut memory = memory(0);
        memory.open_gap(GapReason::ConnectorDown, String::new());
        assert_eq!(memory.close_gap("plc", Timestamp::from_ticks(200)), None);
    }

    #[test]
    fn server_clock_that_goes_back_makes_a_gap_over_both_times() {
        let mut memory = memory(500);
        memory.open_gap(GapReason::SubscriptionLost, String::new());
        let gap = memory.close_gap("plc", Timestamp::from_ticks(200)).unwrap();
        assert_eq!((gap.from.ticks(), gap.to.ticks()), (200, 500));
    }
}
