//! Continuing subscriptions of a former session, and fetching messages that did not come.

use std::collections::HashSet;

use tagstore::{GapReason, Timestamp};
use ua_client::{AckToken, Missing, SubscriptionWatch, status_name};

use super::live::{Live, Parcel};
use super::progress::Setup;
use crate::clock;
use crate::error::Error;

/// How continuing went.
pub(super) enum Recovered {
    /// Every subscription goes on.
    Continued(Vec<SubscriptionWatch>),
    /// At least one is gone; why.
    Lost(String),
}

impl Live<'_> {
    /// Takes the subscriptions over and fetches what the server sent and we did not take.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn recover(&mut self, setup: &Setup) -> Result<Recovered, Error> {
        self.memory
            .streams
            .add(setup.subscriptions.iter().flat_map(|s| &s.streams).copied().map(tagstore::StreamId::new));
        let transfers = match self.session.transfer_subscriptions(&setup.ids()).await {
            Ok(transfers) => transfers,
            Err(ua_client::Error::Service { status, .. }) => {
                return Ok(Recovered::Lost(status_name(status).to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        let mut watches = Vec::new();
        let mut lost = None;
        for (subscription, transfer) in setup.subscriptions.iter().zip(transfers) {
            match transfer {
                Ok(available) => {
                    let last_sequence = self.catch_up(subscription.id, available).await?;
                    let keep_alive = std::time::Duration::from_millis(subscription.keep_alive_ms);
                    watches.push(SubscriptionWatch { id: subscription.id, keep_alive, last_sequence });
                }
                Err(status) => lost = Some(status_name(status).to_string()),
            }
        }
        match lost {
            None => Ok(Recovered::Continued(watches)),
            Some(reason) => {
                // all or nothing: half of the subscriptions would need two kinds of bookkeeping
                let ids: Vec<u32> = watches.iter().map(|watch| watch.id).collect();
                if !ids.is_empty() {
                    self.session.delete_subscriptions(&ids).await?;
                }
                Ok(Recovered::Lost(reason))
            }
        }
    }

    /// Fetches what is available after the last number taken, in order. Gives the last number taken now.
    async fn catch_up(&mut self, subscription: u32, available: Vec<u32>) -> Result<Option<u32>, Error> {
        let last = self.memory.progress.sequence(subscription);
        let mut parcel = Parcel::default();
        let mut due: Vec<u32> = Vec::new();
        for number in available {
            match last {
                // taken before, but the acknowledgement did not get through
                Some(last) if !is_after(number, last) => {
                    parcel.tokens.push(AckToken::new(subscription, number))
                }
                _ => due.push(number),
            }
        }
        due.sort_by_key(|number| number.wrapping_sub(last.unwrap_or(0)));
        due.truncate(MAX_FETCHED);
        tracing::debug!(subscription, messages = due.len(), "fetching what the server kept");
        let mut hole = Hole::default();
        let mut ended = Ok(());
        let mut expected = last.map(following);
        for number in due {
            if expected.is_some_and(|expected| expected != number) {
                hole.begin(self.memory.progress.complete());
            }
            if let Err(error) = self.fetch(subscription, number, &mut hole, &mut parcel).await {
                ended = Err(error);
                break;
            }
            expected = Some(following(number));
            if parcel.entry.batch.len() > PARCEL_ROWS {
                self.hand_over(std::mem::take(&mut parcel)).await?;
            }
        }
        // also when the connection ended on the way: what was taken must not be taken again
        self.hand_over(parcel).await?;
        ended?;
        // a hole that no later message closed shows again with the next live one
        Ok(self.memory.progress.sequence(subscription))
    }

    /// Fetches messages that were numbered but did not come. What cannot be had is a gap up to `until`.
    ///
    /// # Errors
    /// The end of the connection; what was fetched until then is in the parcel.
    pub(super) async fn fetch_missing(
        &mut self,
        subscription: u32,
        missing: Missing,
        available: &[u32],
        until: Timestamp,
        parcel: &mut Parcel,
    ) -> Result<(), Error> {
        tracing::warn!(
            subscription,
            first = missing.first,
            last = missing.last,
            "notifications did not come"
        );
        let mut hole = Hole::default();
        let few = missing.count() <= FEW;
        let offered: HashSet<u32> = available.iter().copied().collect();
        let numbers: Vec<u32> = if few {
            missing.numbers().collect()
        } else {
            // a server can claim any number of messages: only what it offers is asked for, the rest is a gap
            hole.begin(self.memory.progress.complete());
            missing.numbers().take(MAX_SEARCHED).filter(|n| offered.contains(n)).take(MAX_FETCHED).collect()
        };
        for number in numbers {
            self.fetch(subscription, number, &mut hole, parcel).await?;
        }
        if let Some(from) = hole.since {
            let detail = format!("messages {} to {} could not be fetched again", missing.first, missing.last);
            parcel.entry.gaps.push(self.gap(from, until, GapReason::SequenceHole, detail));
        }
        // settled, one way or the other: the next number follows
        self.note(parcel, subscription, missing.last);
        Ok(())
    }

    /// Fetches one message into the parcel; a hole before it ends with it, and one begins when it cannot be had.
    async fn fetch(
        &mut self,
        subscription: u32,
        number: u32,
        hole: &mut Hole,
        parcel: &mut Parcel,
    ) -> Result<(), Error> {
        let message = match self.session.republish(subscription, number).await {
            Ok(message) => message,
            Err(error) if is_unavailable(&error) => {
                tracing::warn!(subscription, number, %error, "a message cannot be fetched again");
                hole.begin(self.memory.progress.complete());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let mut published = Timestamp::ABSENT;
        self.read(
            parcel,
            subscription,
            |intake| {
                let summary = message.walk(intake)?;
                published = Timestamp::from_ticks(summary.publish_time);
                Ok(summary)
            },
            Timestamp::from(clock::now()),
        );
        if let Some(from) = hole.since.take() {
            let detail = format!("messages before {number} could not be fetched again");
            parcel.entry.gaps.push(self.gap(from, published.max(from), GapReason::SequenceHole, detail));
        }
        self.note(parcel, subscription, number);
        parcel.tokens.push(message.token());
        Ok(())
    }
}

/// Messages that cannot be had, since when.
#[derive(Debug, Default)]
struct Hole {
    since: Option<Timestamp>,
}

impl Hole {
    fn begin(&mut self, published: Timestamp) {
        self.since.get_or_insert(published);
    }
}

/// The server has the message no longer, cannot give any, or sends one that cannot be read. What may be better on
/// another connection ends this one.
fn is_unavailable(error: &ua_client::Error) -> bool {
    match error {
        ua_client::Error::Service { status, .. } => !PASSING.contains(&(status & 0xFFFF_0000)),
        ua_client::Error::Decode { .. } | ua_client::Error::UnexpectedResponse { .. } => true,
        _ => false,
    }
}

/// Numbers run from 1 to the maximum and begin anew at 1 (Part 4 §7.38).
fn following(number: u32) -> u32 {
    number.checked_add(1).unwrap_or(1)
}

/// Whether `number` comes after `last`, across the point where the count begins anew.
fn is_after(number: u32, last: u32) -> bool {
    number != last && number.wrapping_sub(last) < u32::MAX / 2
}

/// Says nothing about the message: out of memory, out of resources, timeout, shutdown, halted, too many operations, and
/// an id of channel, session or subscription that is not valid (any more).
const PASSING: [u32; 11] = [
    0x8003_0000,
    0x8004_0000,
    0x800A_0000,
    0x800C_0000,
    0x800E_0000,
    0x8010_0000,
    0x8022_0000,
    0x8025_0000,
    0x8026_0000,
    0x8027_0000,
    0x8028_0000,
];
/// So many missing messages are asked for one by one, offered or not.
const FEW: u32 = 16;
/// Numbers that are looked up in the server's offer.
const MAX_SEARCHED: usize = 100_000;
/// Messages fetched again in one go; no server keeps more.
const MAX_FETCHED: usize = 10_000;
const PARCEL_ROWS: usize = 50_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_numbers_survives_the_point_where_the_count_begins_anew() {
        assert!(is_after(5, 4));
        assert!(!is_after(4, 4));
        assert!(!is_after(3, 4));
        assert!(is_after(2, u32::MAX));
        assert!(!is_after(u32::MAX, 2));
        assert_eq!(following(u32::MAX), 1);
    }

    #[test]
    fn lost_subscription_is_not_taken_for_a_lost_message() {
        let service = |status| ua_client::Error::Service { service: "Republish", status };
        assert!(is_unavailable(&service(0x807B_0000)));
        assert!(!is_unavailable(&service(0x8028_0000)));
        assert!(!is_unavailable(&ua_client::Error::Closed));
    }
}
