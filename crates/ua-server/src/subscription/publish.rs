//! Publish requests waiting in a session, and their answers.

use std::collections::VecDeque;

use opcua_types::StatusCode;
use tokio::sync::mpsc::UnboundedSender;

use super::engine::{Engine, SessionKey};
use crate::{
    values::Ticks,
    wire::{Writer, encoding_id, service_fault},
};

/// A message body for a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request_id: u32,
    pub(crate) body: Vec<u8>,
}

/// The way back to a request. Bounded by the number of requests a session may have waiting.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) channel: u32,
    pub(crate) request_id: u32,
    pub(crate) request_handle: u32,
    pub(crate) to: UnboundedSender<Answer>,
}

impl Reply {
    /// Sends the answer. When the connection has just gone the answer goes with it: what it carried is kept for Republish.
    fn send(self, body: Vec<u8>) {
        drop(self.to.send(Answer { request_id: self.request_id, body }));
    }
}

/// What a client has received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Acknowledgement {
    pub(crate) subscription: u32,
    pub(crate) sequence: u32,
}

#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) reply: Reply,
    /// When the client stops waiting; 0 is never.
    pub(crate) expires: Ticks,
    pub(crate) acknowledgements: Vec<Acknowledgement>,
}

#[derive(Debug)]
struct Waiting {
    reply: Reply,
    expires: Ticks,
    results: Vec<u32>,
}

/// What belongs to one session.
#[derive(Debug, Default)]
pub(super) struct Publisher {
    pub(super) subscriptions: Vec<u32>,
    /// Farewells of subscriptions that are gone from this session: (subscription, message).
    pub(super) notices: VecDeque<(u32, Vec<u8>)>,
    waiting: VecDeque<Waiting>,
}

/// Farewells kept for a session that sends no Publish requests.
const MAX_NOTICES: usize = 100;

impl Publisher {
    pub(super) fn has_request(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn notice(&mut self, subscription: u32, message: Vec<u8>) {
        if self.notices.len() < MAX_NOTICES {
            self.notices.push_back((subscription, message));
        }
    }

    /// Answers every waiting request with a fault.
    pub(super) fn refuse_all(&mut self, now: Ticks, status: StatusCode) {
        for waiting in self.waiting.drain(..) {
            refuse(waiting.reply, now, status);
        }
    }

    fn expire(&mut self, now: Ticks) {
        let expired = |waiting: &Waiting| waiting.expires != 0 && waiting.expires <= now;
        while let Some(place) = self.waiting.iter().position(expired) {
            if let Some(waiting) = self.waiting.remove(place) {
                refuse(waiting.reply, now, StatusCode::BadTimeout);
            }
        }
    }
}

fn refuse(reply: Reply, now: Ticks, status: StatusCode) {
    let body = service_fault(now, reply.request_handle, status.bits());
    reply.send(body);
}

impl Engine {
    /// Takes a Publish request: acknowledges at once, answers now or when there is something to say.
    pub(crate) fn publish(&mut self, session: SessionKey, request: PublishRequest, now: Ticks) {
        let PublishRequest { reply, expires, acknowledgements } = request;
        let results: Vec<_> =
            acknowledgements.into_iter().map(|ack| self.acknowledge(session, ack).bits()).collect();
        let max = self.limits.publish_requests.max(1);
        let publisher = self.publishers.entry(session).or_default();
        if publisher.subscriptions.is_empty() && publisher.notices.is_empty() {
            return refuse(reply, now, StatusCode::BadNoSubscription);
        }
        if publisher.waiting.len() >= max
            && let Some(oldest) = publisher.waiting.pop_front()
        {
            refuse(oldest.reply, now, StatusCode::BadTooManyPublishRequests);
        }
        publisher.waiting.push_back(Waiting { reply, expires, results });
        self.serve(session, now);
    }

    /// Forgets the requests of a channel that is gone.
    pub(crate) fn drop_requests(&mut self, session: SessionKey, channel: u32) {
        if let Some(publisher) = self.publishers.get_mut(&session) {
            publisher.waiting.retain(|waiting| waiting.reply.channel != channel);
        }
    }

    pub(super) fn expire_requests(&mut self, now: Ticks) {
        self.publishers.values_mut().for_each(|publisher| publisher.expire(now));
    }

    /// Answers as many waiting requests as there is something to say.
    pub(super) fn serve(&mut self, session: SessionKey, now: Ticks) {
        while let Some(publisher) =
            self.publishers.get_mut(&session).filter(|publisher| publisher.has_request())
        {
            if let Some((subscription, message)) = publisher.notices.pop_front() {
                if let Some(request) = publisher.waiting.pop_front() {
                    let none = std::iter::empty();
                    request.reply.clone().send(response(&request, now, subscription, none, false, &message));
                }
                continue;
            }
            let Some(id) = self.most_urgent(session) else { return };
            let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
            let Some(request) =
                self.publishers.get_mut(&session).and_then(|publisher| publisher.waiting.pop_front())
            else {
                return;
            };
            let (message, more) = subscription.next_message(now, &self.limits, &self.context);
            let available: Vec<_> = subscription.available().collect();
            let body = response(&request, now, id, available.into_iter(), more, &message);
            request.reply.send(body);
        }
    }

    /// The subscription to be served next: by priority, then by how long it has been waiting (Part 4 §5.14.1.2).
    fn most_urgent(&self, session: SessionKey) -> Option<u32> {
        let publisher = self.publishers.get(&session)?;
        let waiting = publisher.subscriptions.iter().filter_map(|id| self.subscriptions.get(id));
        let waiting =
            waiting.filter_map(|s| Some((std::cmp::Reverse(s.settings.priority), s.waiting_since?, s.id)));
        waiting.min().map(|(_, _, id)| id)
    }

    fn acknowledge(&mut self, session: SessionKey, ack: Acknowledgement) -> StatusCode {
        let subscription =
            self.subscriptions.get_mut(&ack.subscription).filter(|s| s.session == Some(session));
        let Some(subscription) = subscription else { return StatusCode::BadSubscriptionIdInvalid };
        if subscription.acknowledge(ack.sequence) {
            StatusCode::Good
        } else {
            StatusCode::BadSequenceNumberUnknown
        }
    }
}

fn response(
    request: &Waiting,
    now: Ticks,
    subscription: u32,
    available: impl ExactSizeIterator<Item = u32>,
    more: bool,
    message: &[u8],
) -> Vec<u8> {
    let mut writer = Writer::with_capacity(message.len().saturating_add(128));
    writer.type_id(encoding_id::PUBLISH_RESPONSE);
    writer.response_header(now, request.reply.request_handle, 0);
    writer.u32(subscription);
    writer.u32_array(available);
    writer.u8(u8::from(more));
    writer.raw(message);
    writer.u32_array(request.results.iter().copied());
    writer.null_array(); // diagnostic infos
    writer.into_bytes()
}
