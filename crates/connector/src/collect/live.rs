//! Taking notifications: into the journal first, acknowledged after.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use tagstore::{GapReason, NewGap, Timestamp};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use ua_client::{AckToken, Delivery, PublishSummary, Session};

use super::alarms::Watching;
use super::backlog::Backlog;
use super::board::Board;
use super::connection::SILENT;
use super::exchange::Exchange;
use super::health::Health;
use super::intake::{Intake, Seen};
use super::polled::Polled;
use super::progress::Progress;
use super::rebrowse::Rebrowse;
use super::refused::Refused;
use super::supervisor::{Context, Memory, stopped};
use super::survey::{Selection, Survey};
use super::value::Scratch;
use crate::clock;
use crate::error::Error;
use crate::fill::Frontier;
use crate::pipeline::Entry;

/// One connection with its subscriptions.
pub(crate) struct Live<'a> {
    pub(super) context: &'a Context,
    pub(super) memory: &'a mut Memory,
    pub(super) board: &'a mut Board,
    pub(super) session: Session,
    pub(super) refused: Refused,
    /// What is still to be done about events.
    pub(super) watching: Watching,
    /// What is read in turn.
    pub(super) polled: Polled,
    /// A browse that runs while values already flow.
    pub(super) selecting: JoinSet<Result<Selection, Error>>,
    pub(super) rebrowse: Rebrowse,
    /// Other subscriptions in place of those at hand.
    pub(super) exchange: Exchange,
    pub(super) health: Health,
    /// By when a continued subscription must have spoken. A server that confirms a transfer and then sends nothing
    /// would otherwise be believed for ever.
    pub(super) proof_due: Option<Instant>,
    /// Up to when nothing is missing from before this connection.
    complete_until: Timestamp,
    /// What a continued subscription kept for us, while that is coming in.
    backlog: Option<Backlog>,
    pending: VecDeque<Pending>,
    scratch: Scratch,
    /// Tells whoever fills gaps how far the live values are.
    pub(super) frontier: watch::Sender<Frontier>,
    /// Up to when nothing more is to be expected of each subscription.
    settled: HashMap<u32, Timestamp>,
}

/// Handed to the writer, not durable yet.
struct Pending {
    done: oneshot::Receiver<()>,
    tokens: Vec<AckToken>,
    numbers: Vec<(u32, u32)>,
    replaced: Vec<u32>,
    values: usize,
    newest: Timestamp,
}

/// When what is to be done next.
#[derive(Debug, Default)]
struct Due {
    watch_at: Option<Instant>,
    refresh_at: Option<Instant>,
    retry_at: Option<Instant>,
    browse_at: Option<Instant>,
}

/// What is being put together for one commit.
#[derive(Default)]
pub(super) struct Parcel {
    pub(super) entry: Entry,
    pub(super) tokens: Vec<AckToken>,
    pub(super) numbers: Vec<(u32, u32)>,
    /// Subscriptions that are of no use when this is durable.
    pub(super) replaced: Vec<u32>,
    pub(super) newest: Timestamp,
}

impl<'a> Live<'a> {
    pub(super) fn new(
        context: &'a Context,
        memory: &'a mut Memory,
        board: &'a mut Board,
        survey: Survey,
    ) -> Self {
        let health = Health::new(clock::instant(), memory.keep_alive());
        let complete_until = memory.progress.complete();
        Self {
            context,
            memory,
            board,
            session: survey.session.clone(),
            refused: Refused::default(),
            watching: Watching::default(),
            polled: Polled::default(),
            selecting: JoinSet::new(),
            rebrowse: Rebrowse::new(survey),
            exchange: Exchange::default(),
            health,
            proof_due: None,
            complete_until,
            backlog: None,
            pending: VecDeque::new(),
            scratch: Scratch::default(),
            frontier: watch::Sender::default(),
            settled: HashMap::new(),
        }
    }

    /// How far the live values are.
    pub(super) fn frontier(&self) -> watch::Receiver<Frontier> {
        self.frontier.subscribe()
    }

    /// Takes notifications until told to stop.
    ///
    /// # Errors
    /// The end of the connection, or of the subscriptions.
    pub(super) async fn run(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), Error> {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.expect_messages();
        self.show_streams();
        loop {
            let Due { watch_at, refresh_at, retry_at, browse_at } = self.due();
            let (proof_due, poll_at, give_up_at) =
                (self.proof_due, self.polled.due(), self.exchange.give_up_at());
            let (subscribed, room) = (self.is_subscribed(), self.has_room());
            tokio::select! {
                biased;
                () = stopped(stop) => return self.finish().await,
                durable = first_durable(&mut self.pending), if !self.pending.is_empty() => {
                    self.acknowledge(durable?);
                    self.delete_replaced().await?;
                }
                _ = tick.tick() => {
                    let state = self.health.state(clock::instant());
                    self.board.tick(Some(state));
                    self.look_for_accepted();
                    self.save_ages().await?;
                }
                () = sleep_until(poll_at), if poll_at.is_some() => self.polled.begin(&self.session, clock::instant()),
                Some(round) = self.polled.next(), if self.polled.is_reading() && room => {
                    self.take_round(round).await?;
                }
                // while too much waits for the disk nothing more is fetched: the server's queues are the next buffer
                delivery = self.session.next_publish(), if subscribed && room => {
                    self.take(delivery).await?;
                }
                Some(found) = self.selecting.join_next(), if !self.selecting.is_empty() => {
                    self.selected(found).await?;
                }
                () = sleep_until(proof_due), if proof_due.is_some() => {
                    self.memory.silent_after_transfer = true;
                    if self.exchange.is_under_way() {
                        self.exchange_at_once(SILENT).await?;
                        continue;
                    }
                    return Err(ua_client::Error::Timeout { what: "a continued subscription", after: self.patience() }.into());
                }
                () = sleep_until(give_up_at), if give_up_at.is_some() => self.exchange_at_once(NOT_DELIVERED).await?,
                () = sleep_until(refresh_at), if refresh_at.is_some() => self.refresh_conditions().await?,
                () = sleep_until(watch_at), if watch_at.is_some() => self.watch_waiting().await?,
                () = sleep_until(browse_at), if browse_at.is_some() => self.browse_again(),
                () = sleep_until(retry_at), if retry_at.is_some() => {
                    let candidates = self.refused.take();
                    self.add(candidates).await?;
                }
            }
        }
    }

    /// What is to be done by the clock. While subscriptions are exchanged nothing is done to those at hand.
    fn due(&self) -> Due {
        if self.exchange.is_under_way() {
            return Due::default();
        }
        Due {
            watch_at: self.watching.retry_at.filter(|_| !self.exchange.is_wanted()),
            refresh_at: self.watching.refresh_at,
            retry_at: self.refused.due(),
            browse_at: self.rebrowse.due().filter(|_| self.selecting.is_empty()),
        }
    }

    fn is_subscribed(&self) -> bool {
        self.memory.has_subscriptions() || self.exchange.is_under_way()
    }

    /// From now on a continued subscription has one keep-alive interval to prove that it lives.
    pub(super) fn expect_sign_of_life(&mut self) {
        self.backlog = Some(Backlog::new(self.context.source.queue_size()));
        self.proof_due = clock::instant().checked_add(self.patience());
    }

    fn patience(&self) -> Duration {
        self.memory.keep_alive() * 5 / 4 + PROOF_GRACE
    }

    async fn take(&mut self, delivery: Result<Delivery, ua_client::Error>) -> Result<(), Error> {
        match delivery {
            Ok(delivery) => self.deliver(&delivery).await,
            // only this answer is lost; the next number tells that it is missing, and it is asked for again
            Err(error @ ua_client::Error::Decode { .. }) => {
                tracing::warn!(source = self.name(), %error, "a notification cannot be read");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn deliver(&mut self, delivery: &Delivery) -> Result<(), Error> {
        let summary = delivery.summary();
        let subscription = summary.subscription_id;
        if self.tells_of_nodes(delivery) {
            return Ok(());
        }
        let is_new = self.exchange.carries(subscription);
        if !is_new && !self.memory.carries(subscription) {
            tracing::debug!(
                source = self.name(),
                subscription,
                "a notification of a subscription that is not ours"
            );
            return Ok(());
        }
        if !is_new {
            self.proof_due = None;
        }
        self.health.message(clock::instant(), !summary.keep_alive);
        self.board.message();
        let published = self.publish_time(summary.publish_time);
        let mut parcel = Parcel::default();
        parcel.entry.gaps.extend(self.memory.close_gap(self.context.source.name.as_str(), published));
        let fetched = match delivery.missing() {
            Some(missing) => {
                let available = &summary.available_sequence_numbers;
                self.fetch_missing(subscription, missing, available, published, &mut parcel).await
            }
            None => Ok(()),
        };
        let mut lost = None;
        if fetched.is_ok() {
            if summary.keep_alive {
                self.note_complete(subscription, published);
            } else if !delivery.is_repeated() {
                lost = self.read(&mut parcel, subscription, |intake| delivery.walk(intake), published);
                self.note(&mut parcel, subscription, summary.sequence_number);
                // while more is waiting at the server, what waits may be older than this message
                if !summary.more_notifications {
                    self.note_complete(subscription, published);
                }
            }
            parcel.tokens.push(delivery.token());
            if !summary.more_notifications
                && let Some(backlog) = self.backlog.take()
            {
                parcel.entry.gaps.extend(backlog.close(self.context.source.name.as_str()));
            }
        }
        // also when the connection ended on the way: what was taken must not be taken again
        self.hand_over(parcel).await?;
        fetched?;
        match lost {
            Some(status) => Err(ua_client::Error::Service { service: "Subscription", status }.into()),
            None => self.exchange_when_ready().await,
        }
    }

    /// Reads one message into the parcel. Gives the status with which the subscription ended, if it did.
    pub(super) fn read(
        &mut self,
        parcel: &mut Parcel,
        subscription: u32,
        walk: impl FnOnce(&mut Intake<'_>) -> Result<PublishSummary, ua_client::Error>,
        published: Timestamp,
    ) -> Option<u32> {
        let before = self.memory.progress.complete();
        let mut intake = Intake {
            source: self.context.source.name.as_str(),
            subscription,
            streams: &mut self.memory.streams,
            alarms: &mut self.memory.alarms,
            batch: &mut parcel.entry.batch,
            gaps: &mut parcel.entry.gaps,
            scratch: &mut self.scratch,
            receive_time: Timestamp::from(clock::now()),
            complete_until: self.complete_until,
            backlog: self.backlog.as_mut(),
            seen: Seen::default(),
        };
        let walked = walk(&mut intake);
        let seen = intake.seen;
        parcel.newest = parcel.newest.max(seen.newest);
        if let Err(error) = walked {
            // what came before the unreadable place is kept; the rest of the message cannot be had
            let detail = format!("a notification could not be read to its end: {error}");
            parcel.entry.gaps.push(self.gap(before, published, GapReason::SequenceHole, detail));
        }
        if seen.refresh_required {
            self.refresh_soon();
        }
        if seen.foreign > 0 || seen.unsupported > 0 {
            tracing::debug!(
                source = self.name(),
                foreign = seen.foreign,
                unsupported = seen.unsupported,
                "not ours"
            );
        }
        seen.subscription_lost
    }

    /// Takes note that a message of this number is in the parcel.
    pub(super) fn note(&mut self, parcel: &mut Parcel, subscription: u32, number: u32) {
        self.progress_of(subscription).note(subscription, number);
        parcel.numbers.push((subscription, number));
    }

    /// Takes note that a subscription published. A server stamps a message after it has collected its values, and takes
    /// a value some time after the change that it is stamped with: what changed shortly before may come in the next one.
    pub(super) fn note_complete(&mut self, subscription: u32, published: Timestamp) {
        let setups = self.memory.setup.iter().chain(self.exchange.setup());
        let made = setups.flat_map(|setup| &setup.subscriptions);
        let unsure = made
            .filter(|made| made.id == subscription)
            .map(|made| made.publishing_ms.saturating_add(made.sampling_ms))
            .max();
        let unsure = i64::try_from(unsure.unwrap_or_default()).unwrap_or(i64::MAX);
        let complete = published.saturating_add_millis(unsure.saturating_neg());
        self.progress_of(subscription).note_complete(subscription, complete);
        // one node that the server seldom looks at holds back the promise, but not the filling: its first value came
        // when its item was made
        let usual = i64::try_from(self.usual_delay().as_millis()).unwrap_or(i64::MAX);
        let settled = published.saturating_add_millis(unsure.min(usual).saturating_neg());
        self.settled.insert(subscription, settled);
    }

    /// How long after its change a value usually is published.
    pub(super) fn usual_delay(&self) -> Duration {
        let source = &self.context.source;
        source.publishing_interval + source.sampling_interval.max(AT_LEAST) * 2
    }

    fn progress_of(&mut self, subscription: u32) -> &mut Progress {
        self.exchange.progress_of(subscription).unwrap_or(&mut self.memory.progress)
    }

    /// Up to when nothing more is to be expected of a subscription; absent before it spoke.
    pub(super) fn settled_of(&self, subscription: u32) -> Timestamp {
        self.settled.get(&subscription).copied().unwrap_or_default()
    }

    /// Up to when nothing more comes by itself; absent while a subscription has yet to speak.
    fn settled(&self) -> Timestamp {
        let made = self.memory.setup.iter().flat_map(|setup| &setup.subscriptions);
        let times = made.map(|made| self.settled_of(made.id));
        let polled = (!self.polled.is_empty()).then(|| self.polled.complete());
        times.chain(polled).min().unwrap_or_default()
    }

    /// Hands a parcel to the writer, with the progress that belongs to it.
    pub(super) async fn hand_over(&mut self, mut parcel: Parcel) -> Result<(), Error> {
        let name = self.context.source.name.as_str();
        self.add_gaps_of_events(&mut parcel.entry.gaps);
        self.board.gaps(&parcel.entry.gaps);
        parcel.entry.states.push(self.memory.progress.saved(name));
        let values = parcel.entry.batch.len();
        let done = self.context.writer.append(parcel.entry).await?;
        let Parcel { tokens, numbers, replaced, newest, .. } = parcel;
        let complete = self.settled();
        self.frontier.send_if_modified(|frontier| {
            let moved = frontier.complete != complete;
            frontier.complete = complete;
            moved
        });
        self.pending.push_back(Pending { done, tokens, numbers, replaced, values, newest });
        Ok(())
    }

    /// Whether more may be fetched from the server before some of what waits is on the disk.
    fn has_room(&self) -> bool {
        let values: usize = self.pending.iter().map(|pending| pending.values).sum();
        self.pending.len() < MAX_PENDING && values < MAX_PENDING_VALUES
    }

    fn acknowledge(&mut self, durable: Pending) {
        self.board.durable(durable.values, durable.newest, &durable.numbers);
        for token in durable.tokens {
            self.session.acknowledge(token);
        }
        self.exchange.replaced.extend(durable.replaced);
    }

    /// Waits until everything is durable. The subscriptions stay on the server for the next start.
    async fn finish(&mut self) -> Result<(), Error> {
        let mut parcel = Parcel::default();
        parcel.entry.states.push(self.ages());
        self.hand_over(parcel).await?;
        while !self.pending.is_empty() {
            let durable = first_durable(&mut self.pending).await?;
            self.acknowledge(durable);
        }
        self.stop_exchange().await;
        self.stop_watching_nodes().await;
        if let Err(error) = self.session.close_keeping_subscriptions().await {
            tracing::debug!(source = self.name(), %error, "the server did not confirm the end of the session");
        }
        Ok(())
    }

    pub(super) fn gap(&self, from: Timestamp, to: Timestamp, reason: GapReason, detail: String) -> NewGap {
        let source = self.context.source.name.to_string();
        // a clock that was set back meanwhile makes no gap vanish
        NewGap { source, stream: None, from: from.min(to), to: to.max(from), reason, detail }
    }

    /// The server's publish time; ours when it gives none.
    pub(super) fn publish_time(&self, ticks: i64) -> Timestamp {
        if ticks > 0 { Timestamp::from_ticks(ticks) } else { Timestamp::from(clock::now()) }
    }

    pub(super) fn name(&self) -> &str {
        self.context.source.name.as_str()
    }
}

/// Waits for the oldest entry to become durable and takes it. Cancel safe: it is taken only then.
async fn first_durable(pending: &mut VecDeque<Pending>) -> Result<Pending, Error> {
    let Some(first) = pending.front_mut() else { return Err(Error::WriterGone) };
    (&mut first.done).await.map_err(|_| Error::WriterGone)?;
    pending.pop_front().ok_or(Error::WriterGone)
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at.into()).await;
    }
}

/// What network and scheduling may add to a keep-alive.
const PROOF_GRACE: Duration = Duration::from_secs(1);
/// How seldom a node is looked at by a server that was asked for every change.
const AT_LEAST: Duration = Duration::from_secs(1);
const NOT_DELIVERED: &str =
    "the settings of the source were changed, and the subscriptions of before did not deliver in time";
const TICK: Duration = Duration::from_secs(1);
/// Messages of one source that may wait for the disk.
const MAX_PENDING: usize = 64;
/// … and values in them: two seconds of a source at full flow, about 20 MiB.
const MAX_PENDING_VALUES: usize = 200_000;
