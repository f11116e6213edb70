//! Subscriptions that outlive their session: leaving one, being taken over by another, and sending again.

use opcua_types::StatusCode;

use super::{
    engine::{Engine, Owner, SessionKey},
    table::Sampler,
};
use crate::{
    values::Ticks,
    wire::{Writer, encoding_id},
};

/// What becomes of the subscriptions when a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// CloseSession with deleteSubscriptions.
    Delete,
    /// They wait to be taken over until their lifetime ends.
    Keep,
}

impl Engine {
    /// Ends the session's part in everything.
    pub(crate) fn leave(&mut self, session: SessionKey, ending: Ending, now: Ticks) {
        let Some(mut publisher) = self.publishers.remove(&session) else { return };
        publisher.refuse_all(now, StatusCode::BadSessionClosed);
        for id in publisher.subscriptions {
            if ending == Ending::Delete {
                self.end(id, now, None);
            } else if let Some(subscription) = self.subscriptions.get_mut(&id) {
                subscription.session = None;
                subscription.detached_at = now;
                let owner = subscription.owner.clone();
                self.bound_detached(&owner, now);
            }
        }
    }

    /// A user may leave only so many behind (HS-25): the one that was left first goes.
    fn bound_detached(&mut self, owner: &Owner, now: Ticks) {
        let left = self.subscriptions.values().filter(|s| s.session.is_none() && s.owner.user == owner.user);
        let mut left: Vec<_> = left.map(|subscription| (subscription.detached_at, subscription.id)).collect();
        left.sort_unstable();
        let surplus = left.len().saturating_sub(self.limits.detached_per_user);
        for (_, id) in left.into_iter().take(surplus) {
            self.end(id, now, None);
        }
    }

    /// Moves a subscription to `session` and returns the sequence numbers that can be sent again.
    pub(crate) fn transfer(
        &mut self,
        session: SessionKey,
        owner: &Owner,
        id: u32,
        initial: bool,
        sampler: &dyn Sampler,
        now: Ticks,
    ) -> Result<Vec<u32>, StatusCode> {
        let room = self.publishers.get(&session).map_or(0, |publisher| publisher.subscriptions.len());
        let full = room >= self.limits.subscriptions_per_session;
        let subscription = self.subscriptions.get_mut(&id).ok_or(StatusCode::BadSubscriptionIdInvalid)?;
        if !owner.may_take_over(&subscription.owner) {
            return Err(StatusCode::BadUserAccessDenied);
        }
        let before = subscription.session;
        if before != Some(session) {
            if full {
                return Err(StatusCode::BadTooManySubscriptions);
            }
            subscription.session = Some(session);
            subscription.belong(owner.clone(), now, sampler);
        }
        subscription.touch();
        if initial {
            subscription.items.report_all(now, sampler);
        }
        let available = subscription.available().collect();
        let farewell = subscription.farewell(now, StatusCode::GoodSubscriptionTransferred.bits());
        if before == Some(session) {
            return Ok(available);
        }
        self.publishers.entry(session).or_default().subscriptions.push(id);
        if let Some(before) = before
            && let Some(publisher) = self.publishers.get_mut(&before)
        {
            publisher.subscriptions.retain(|other| *other != id);
            publisher.notice(id, farewell);
            self.serve(before, now);
        }
        Ok(available)
    }

    /// A message that was sent before, as a whole Republish answer.
    pub(crate) fn republish(
        &mut self,
        session: SessionKey,
        id: u32,
        sequence: u32,
        now: Ticks,
        request_handle: u32,
    ) -> Result<Vec<u8>, StatusCode> {
        let subscription = self.subscriptions.get_mut(&id).filter(|s| s.session == Some(session));
        let subscription = subscription.ok_or(StatusCode::BadSubscriptionIdInvalid)?;
        subscription.touch();
        let message = subscription.kept(sequence).ok_or(StatusCode::BadMessageNotAvailable)?;
        let mut writer = Writer::with_capacity(message.len().saturating_add(64));
        writer.type_id(encoding_id::REPUBLISH_RESPONSE);
        writer.response_header(now, request_handle, 0);
        writer.raw(message);
        Ok(writer.into_bytes())
    }
}
