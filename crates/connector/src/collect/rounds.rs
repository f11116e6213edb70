//! What [`Live`] does with the nodes that are read in turn (see [`polled`](super::polled)).

use std::collections::HashSet;

use tagstore::{GapReason, NewGap, StreamId, Timestamp};
use ua_client::status_name;

use super::health::Health;
use super::live::{Live, Parcel};
use super::polled::Round;
use super::refused::Candidate;
use crate::clock;
use crate::config::Polling;
use crate::error::Error;

impl Live<'_> {
    /// These nodes are read in turn from now on.
    pub(super) fn poll(&mut self, nodes: Vec<(Candidate, u32)>) {
        let Some((_, status)) = nodes.first() else { return };
        let count = nodes.len();
        let why = match self.context.source.polling {
            Polling::Always => "as configured",
            _ => status_name(*status),
        };
        let candidates: Vec<Candidate> = nodes.into_iter().map(|(candidate, _)| candidate).collect();
        self.memory.streams.add(candidates.iter().map(|candidate| candidate.stream));
        self.polled.add(candidates, clock::instant());
        tracing::info!(source = self.name(), nodes = count, why, "polled, not subscribed to");
        self.expect_messages();
    }

    /// Health begins anew: what the subscriptions and the rounds promise.
    pub(super) fn expect_messages(&mut self) {
        let promised = self.memory.keep_alive().max(self.polled.slowest());
        self.health = Health::new(clock::instant(), promised);
    }

    /// Takes what a round of reading brought.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn take_round(&mut self, round: Round) -> Result<(), Error> {
        let now = Timestamp::from(clock::now());
        let Some(news) = self.polled.take(round, clock::instant(), now)? else { return Ok(()) };
        self.health.message(clock::instant(), !news.batch.is_empty());
        self.board.message();
        let source = self.context.source.name.as_str();
        let mut parcel = Parcel { newest: news.newest, ..Parcel::default() };
        if !self.memory.has_subscriptions() {
            parcel.entry.gaps.extend(self.memory.close_gap(source, news.read_at));
        }
        if !news.first.is_empty() {
            let first: HashSet<u32> = news.first.iter().copied().collect();
            parcel.entry.gaps.extend(self.memory.back_of(&first, source, news.read_at));
            parcel.entry.states.extend(self.remember_polled());
        }
        if let Some(from) = news.missed_since {
            parcel.entry.gaps.extend(self.unread(&news.streams, from, news.read_at));
        }
        for sample in news.batch.iter() {
            self.memory.streams.advance(sample.stream.get(), sample.time(), sample.status);
        }
        parcel.entry.batch = news.batch;
        let complete = self.polled.complete();
        if !complete.is_absent() {
            self.memory.progress.note_polled(complete);
        }
        self.hand_over(parcel).await
    }

    /// Writes down when each stream last had a value, now and then.
    ///
    /// # Errors
    /// When nothing can be written any more.
    pub(super) async fn save_ages(&mut self) -> Result<(), Error> {
        if !self.memory.ages.is_due(clock::instant()) {
            return Ok(());
        }
        let mut parcel = Parcel::default();
        parcel.entry.states.push(self.ages());
        self.hand_over(parcel).await
    }

    /// When each stream last had a value, for the journal.
    pub(super) fn ages(&self) -> (String, Vec<u8>) {
        self.memory.ages.saved(self.context.source.name.as_str(), &self.memory.streams)
    }

    /// The streams that are polled, for the next connection or process.
    fn remember_polled(&mut self) -> Option<(String, Vec<u8>)> {
        let polled: Vec<u32> = self.polled.streams().map(StreamId::get).collect();
        let setup = self.memory.setup.as_mut()?;
        setup.polled = polled;
        Some(setup.saved(self.context.source.name.as_str()))
    }

    fn unread(&self, streams: &[u32], from: Timestamp, to: Timestamp) -> Vec<NewGap> {
        let gap = |stream: &u32| NewGap {
            source: self.context.source.name.to_string(),
            stream: Some(StreamId::new(*stream)),
            from: from.min(to),
            to: to.max(from),
            reason: GapReason::NotRead,
            detail: "the server did not answer when it was asked".to_owned(),
        };
        streams.iter().map(gap).collect()
    }
}
