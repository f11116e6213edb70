//! The stream of notifications: publish requests kept outstanding, answers in order, acknowledgements only when told.
//!
//! The session keeps publish requests at the server, as many as its [`Pipeline`] wants. An answer is handed on as the bytes it came in; the
//! owner walks it, stores it, and only then calls [`Session::acknowledge`], which travels with the next publish
//! request. A consumer that does not come back for more takes no more either: the server's queues fill, not ours.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opcua_types::{PublishRequest, SubscriptionAcknowledgement};
use tokio::sync::mpsc;

use crate::delivery::{AckToken, Delivery, SubscriptionWatch, read_summary};
use crate::driver::Answer;
use crate::pipeline::Pipeline;
use crate::request::ReadOnlyRequest;
use crate::sequence::{Order, Sequence};
use crate::session::Session;
use crate::{Error, clock, codec, status};

/// Acknowledgements waiting for a publish request. Beyond it the oldest is dropped: the server then keeps
/// a message longer than it must, nothing is lost.
const MAX_WAITING_ACKS: usize = 10_000;
/// Acknowledgements in one publish request.
const MAX_ACKS_PER_REQUEST: usize = 1000;
/// Refused publish requests in a row before the caller hears about it.
const MAX_REFUSALS: u32 = 10;
/// What network and server may add to a keep-alive interval.
const SILENCE_GRACE: Duration = Duration::from_secs(5);

/// What a session knows about its subscriptions and its outstanding publish requests.
pub(crate) struct Publishing {
    state: Mutex<State>,
    sender: mpsc::UnboundedSender<Answer>,
    /// Held by the one caller who waits for the next delivery, or by the move to another connection.
    answers: Arc<tokio::sync::Mutex<Answers>>,
}

/// The queue of answers to publish requests.
pub(crate) type Answers = mpsc::UnboundedReceiver<Answer>;

/// The right to wait for answers; it goes along when the session moves to another connection.
pub(crate) type AnswersGuard = tokio::sync::OwnedMutexGuard<Answers>;

#[derive(Default)]
struct State {
    pipeline: Pipeline,
    outstanding: usize,
    refusals: u32,
    /// Publish requests that were at the server when the last subscription was deleted.
    orphans: usize,
    acknowledgements: VecDeque<SubscriptionAcknowledgement>,
    watched: BTreeMap<u32, Watched>,
    /// Transferred subscriptions that have not spoken on this connection yet.
    unproven: BTreeSet<u32>,
}

struct Watched {
    sequence: Sequence,
    keep_alive: Duration,
    last_sign: Instant,
}

impl Session {
    /// Begins to fetch notifications of these subscriptions, with at least `in_flight` publish requests at the server;
    /// more where the round trip is long for the pace of the answers.
    ///
    /// Call it again to add subscriptions or to change the number.
    ///
    /// # Errors
    ///
    /// When the connection has ended.
    pub async fn start_publishing(
        &self,
        subscriptions: &[SubscriptionWatch],
        in_flight: usize,
    ) -> Result<(), Error> {
        self.inner.publishing.watch(subscriptions, in_flight);
        self.replenish().await
    }

    /// Waits for the next publish response. Cancel safe: nothing is lost when the future is dropped. A move to another
    /// connection that it began goes on without it, and the next call waits for its end.
    ///
    /// # Errors
    ///
    /// [`Error::PublishSilent`] when a subscription is silent for longer than its keep-alive allows; the end of the
    /// connection; a refusal of the service, for example `BadNoSubscription` when the server has lost them all; an
    /// answer that cannot be read, after which the next call goes on with the next answer.
    pub async fn next_publish(&self) -> Result<Delivery, Error> {
        let publishing = &self.inner.publishing;
        let mut answers = publishing.answers().await;
        loop {
            publishing.forgive_silence_of_our_own();
            self.replenish().await?;
            let deadline =
                publishing.silence_deadline().ok_or(Error::InvalidRequest("no subscription is watched"))?;
            let answer = tokio::select! {
                biased;
                answer = answers.recv() => answer.unwrap_or(Err(Error::Closed)),
                () = tokio::time::sleep_until(deadline.into()) => {
                    let (error, transferred) = publishing.silent();
                    if transferred {
                        tracing::debug!(%error, "taken over, but not delivered: moving the session");
                        answers = self.move_to_new_connection(answers).await?;
                        continue;
                    }
                    return Err(error);
                }
            };
            if let Some(body) = publishing.take(answer)? {
                // No waiting and no failing from here on: the message would be lost with the future.
                self.replenish_at_once();
                return publishing.deliver(body);
            }
        }
    }

    /// Tells the server with the next publish request that it may forget a message.
    pub fn acknowledge(&self, token: AckToken) {
        let Some(sequence_number) = token.sequence_number else { return };
        let mut state = self.inner.publishing.lock();
        if state.acknowledgements.len() >= MAX_WAITING_ACKS {
            state.acknowledgements.pop_front();
        }
        let subscription_id = token.subscription_id;
        state.acknowledgements.push_back(SubscriptionAcknowledgement { subscription_id, sequence_number });
    }

    /// Brings the number of outstanding publish requests up to what is wanted.
    async fn replenish(&self) -> Result<(), Error> {
        let connection = self.inner.caller.connection();
        while let Some((begun, body)) = self.begin_publish()? {
            connection.request_to(PublishRequest::SERVICE, body, &self.inner.publishing.sender).await?;
            begun.sent();
        }
        Ok(())
    }

    /// The same as far as it goes without waiting; the rest is made up for by the next call.
    fn replenish_at_once(&self) {
        let connection = self.inner.caller.connection();
        while let Ok(Some((begun, body))) = self.begin_publish() {
            if !connection.try_request_to(PublishRequest::SERVICE, body, &self.inner.publishing.sender) {
                return;
            }
            begun.sent();
        }
    }

    fn begin_publish(&self) -> Result<Option<(Begun<'_>, Vec<u8>)>, Error> {
        let publishing = &self.inner.publishing;
        let Some(acknowledgements) = publishing.begin_request(self.inner.caller.round_trip()) else {
            return Ok(None);
        };
        let request = PublishRequest {
            subscription_acknowledgements: (!acknowledgements.is_empty()).then(|| acknowledgements.clone()),
            ..Default::default()
        };
        let begun = Begun { publishing, acknowledgements: Some(acknowledgements) };
        let body = self.inner.caller.encode(request, Duration::ZERO)?;
        Ok(Some((begun, body)))
    }
}

/// A publish request that is counted as outstanding but not handed over yet; undone when that does not happen.
struct Begun<'a> {
    publishing: &'a Publishing,
    acknowledgements: Option<Vec<SubscriptionAcknowledgement>>,
}

impl Begun<'_> {
    fn sent(mut self) {
        self.acknowledgements = None;
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(acknowledgements) = self.acknowledgements.take() {
            let mut state = self.publishing.lock();
            state.outstanding = state.outstanding.saturating_sub(1);
            for acknowledgement in acknowledgements.into_iter().rev() {
                state.acknowledgements.push_front(acknowledgement);
            }
        }
    }
}

impl Publishing {
    pub(crate) fn new() -> Self {
        let (sender, answers) = mpsc::unbounded_channel();
        Self { state: Mutex::default(), sender, answers: Arc::new(tokio::sync::Mutex::new(answers)) }
    }

    /// Stops waiting for a subscription.
    pub(crate) fn forget(&self, subscription_id: u32) {
        let mut state = self.lock();
        if state.watched.remove(&subscription_id).is_some() && state.watched.is_empty() {
            // What is at the server now will come back refused, because there is nothing left to publish.
            state.orphans = state.outstanding;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; if something did, the counters are still true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self, subscriptions: &[SubscriptionWatch], in_flight: usize) {
        let now = clock::now();
        let mut state = self.lock();
        state.pipeline.at_least(in_flight);
        for subscription in subscriptions {
            let watched = Watched {
                sequence: Sequence::after(subscription.last_sequence),
                keep_alive: subscription.keep_alive,
                last_sign: now,
            };
            state.watched.insert(subscription.id, watched);
        }
    }

    /// Counts one more request if one is wanted, and gives the acknowledgements that go with it.
    fn begin_request(&self, round_trip: Option<Duration>) -> Option<Vec<SubscriptionAcknowledgement>> {
        let mut state = self.lock();
        if state.watched.is_empty() || state.outstanding >= state.pipeline.wanted(round_trip) {
            return None;
        }
        state.outstanding += 1;
        let count = state.acknowledgements.len().min(MAX_ACKS_PER_REQUEST);
        Some(state.acknowledgements.drain(..count).collect())
    }

    /// With no request at the server it had no way to speak: that silence is ours.
    fn forgive_silence_of_our_own(&self) {
        let mut state = self.lock();
        if state.outstanding == 0 {
            let now = clock::now();
            state.watched.values_mut().for_each(|watched| watched.last_sign = now);
        }
    }

    fn silence_deadline(&self) -> Option<Instant> {
        self.lock().watched.values().filter_map(Watched::deadline).min()
    }

    /// The subscription that has been silent for too long. Its clock starts anew, so that a caller who goes on is not
    /// told the same at once.
    ///
    /// Also tells whether it was taken over and never spoke since, which is said once.
    fn silent(&self) -> (Error, bool) {
        let now = clock::now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let overdue = state.watched.iter_mut().min_by_key(|(_, watched)| watched.deadline());
        let Some((id, watched)) = overdue else { return (Error::Closed, false) };
        let silent = now.saturating_duration_since(watched.last_sign);
        watched.last_sign = now;
        (Error::PublishSilent { subscription_id: *id, silent }, state.unproven.remove(id))
    }

    /// Takes note of a transfer: the subscription is not known to deliver to us yet.
    pub(crate) fn transferred(&self, subscription_id: u32) {
        self.lock().unproven.insert(subscription_id);
    }

    /// The queue of answers, when nobody else waits for one.
    pub(crate) async fn answers(&self) -> AnswersGuard {
        Arc::clone(&self.answers).lock_owned().await
    }

    pub(crate) fn try_answers(&self) -> Option<AnswersGuard> {
        Arc::clone(&self.answers).try_lock_owned().ok()
    }

    /// Counts anew after the connection changed: refusals from the old one are dropped, notifications from it are kept.
    pub(crate) fn settle(&self, answers: &mut Answers) {
        let mut kept = Vec::new();
        while let Ok(answer) = answers.try_recv() {
            kept.extend(answer.ok());
        }
        let now = clock::now();
        let mut state = self.lock();
        state.outstanding = kept.len();
        state.refusals = 0;
        state.orphans = 0;
        state.unproven.clear();
        state.pipeline.moved();
        state.watched.values_mut().for_each(|watched| watched.last_sign = now);
        for body in kept {
            if self.sender.send(Ok(body)).is_err() {
                state.outstanding = state.outstanding.saturating_sub(1);
            }
        }
    }

    /// Takes one answer: a body to deliver, nothing when the refusal was one to live with, or an error.
    fn take(&self, answer: Answer) -> Result<Option<Vec<u8>>, Error> {
        let mut state = self.lock();
        state.outstanding = state.outstanding.saturating_sub(1);
        let error = match answer
            .and_then(|body| codec::read_header::<PublishRequest>(&body).map(drop).map(|()| body))
        {
            Ok(body) => {
                state.refusals = 0;
                return Ok(Some(body));
            }
            Err(error) => error,
        };
        let code = error.status().unwrap_or_default() & 0xFFFF_0000;
        if code == status::BAD_NO_SUBSCRIPTION && state.orphans > 0 {
            state.orphans -= 1;
            return Ok(None);
        }
        state.refusals += 1;
        let bearable = match code {
            status::BAD_TOO_MANY_PUBLISH_REQUESTS => {
                let left = state.outstanding;
                state.pipeline.refused(left);
                true
            }
            status::BAD_TIMEOUT => true,
            _ => false,
        };
        if bearable && state.refusals < MAX_REFUSALS {
            return Ok(None);
        }
        state.refusals = 0;
        Err(error)
    }

    fn deliver(&self, body: Vec<u8>) -> Result<Delivery, Error> {
        let summary = read_summary(&body)?;
        let mut state = self.lock();
        state.pipeline.answered(clock::now());
        state.unproven.remove(&summary.subscription_id);
        let mut order = Order::Due;
        if let Some(watched) = state.watched.get_mut(&summary.subscription_id) {
            watched.last_sign = clock::now();
            order = watched.sequence.observe(summary.sequence_number, summary.keep_alive);
        }
        let missing = if let Order::Missing(missing) = order { Some(missing) } else { None };
        Ok(Delivery { body, summary, missing, repeated: order == Order::Repeated })
    }
}

impl Watched {
    fn deadline(&self) -> Option<Instant> {
        let allowed = self.keep_alive.saturating_mul(3) / 2 + SILENCE_GRACE;
        self.last_sign.checked_add(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watching() -> Publishing {
        let publishing = Publishing::new();
        let watch = SubscriptionWatch { id: 9, keep_alive: Duration::from_secs(10), last_sequence: None };
        publishing.watch(&[watch], 2);
        publishing
    }

    fn refusal(status: u32) -> Answer {
        Err(Error::Service { service: "Publish", status })
    }

    #[test]
    fn no_more_requests_are_begun_than_wanted() {
        let publishing = watching();
        assert!(publishing.begin_request(None).is_some());
        assert!(publishing.begin_request(None).is_some());
        assert!(publishing.begin_request(None).is_none());
    }

    #[test]
    fn requests_left_over_from_deleted_subscriptions_are_not_reported_as_a_loss() {
        let publishing = watching();
        publishing.begin_request(None);
        publishing.begin_request(None);
        publishing.forget(9);
        assert!(publishing.begin_request(None).is_none(), "nothing is left to publish");
        let watch = SubscriptionWatch { id: 10, keep_alive: Duration::from_secs(10), last_sequence: None };
        publishing.watch(&[watch], 2);
        for _ in 0..2 {
            assert!(matches!(publishing.take(refusal(status::BAD_NO_SUBSCRIPTION)), Ok(None)));
        }
        publishing.begin_request(None);
        assert!(publishing.take(refusal(status::BAD_NO_SUBSCRIPTION)).is_err(), "this one is a loss");
    }

    #[test]
    fn refusals_without_end_are_reported() {
        let publishing = watching();
        let bearable = (0..100)
            .take_while(|_| {
                publishing.begin_request(None);
                publishing.take(refusal(status::BAD_TIMEOUT)).is_ok()
            })
            .count();
        assert!(bearable < 20, "{bearable}");
    }

    #[test]
    fn a_request_that_is_not_sent_gives_its_acknowledgements_back() {
        let publishing = watching();
        let acknowledgement = SubscriptionAcknowledgement { subscription_id: 9, sequence_number: 3 };
        publishing.lock().acknowledgements.push_back(acknowledgement.clone());
        let taken = publishing.begin_request(None);
        drop(Begun { publishing: &publishing, acknowledgements: taken });
        assert_eq!(publishing.begin_request(None), Some(vec![acknowledgement]));
        assert_eq!(publishing.lock().outstanding, 1);
    }
}
