//! Which nodes are collected while a connection lasts: those that a look at the server finds, those that it refuses, and
//! those that it lets us have later.

use std::collections::HashSet;
use std::sync::Arc;

use tagstore::{StreamId, Timestamp};
use tokio::task::JoinError;
use ua_client::status_name;

use super::live::{Live, Parcel};
use super::polled::{NOT_ASKED, is_for_polling};
use super::refused::Candidate;
use super::subscribe;
use super::survey::Selection;
use crate::clock;
use crate::config::Polling;
use crate::error::Error;

impl Live<'_> {
    /// Puts nodes into the last subscription of their interval; what is refused is set aside or polled.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn add(&mut self, candidates: Vec<Candidate>) -> Result<(), Error> {
        let Some(setup) = &mut self.memory.setup else { return Ok(()) };
        if setup.subscriptions.is_empty() || self.context.source.polling == Polling::Always {
            // where nothing can or shall be subscribed to, this is not either
            let refused = candidates.into_iter().map(|candidate| (candidate, NOT_ASKED)).collect();
            self.set_aside(refused);
            self.show_streams();
            return Ok(());
        }
        // values may come before the answer does
        self.memory.streams.add(candidates.iter().map(|candidate| candidate.stream));
        let (mut accepted, mut refused) = (0, Vec::new());
        for (place, candidates) in setup.places(candidates) {
            let Some(subscription) = setup.subscriptions.get_mut(place) else { continue };
            let before = subscription.streams.len();
            refused
                .extend(subscribe::add(&self.session, &self.context.source, subscription, candidates).await?);
            accepted += subscription.streams.len() - before;
        }
        if accepted > 0 {
            let saved = setup.saved(self.context.source.name.as_str());
            tracing::info!(source = self.name(), nodes = accepted, "more nodes accepted");
            let mut parcel = Parcel::default();
            parcel.entry.states.push(saved);
            parcel.entry.gaps =
                self.memory.back(self.context.source.name.as_str(), Timestamp::from(clock::now()));
            self.hand_over(parcel).await?;
        }
        self.set_aside(refused);
        self.show_streams();
        Ok(())
    }

    /// Polls the nodes that the server only lets nobody subscribe to; reports the refused ones once and keeps them for
    /// later.
    pub(super) fn set_aside(&mut self, refused: Vec<(Candidate, u32)>) {
        let (polled, refused): (Vec<_>, Vec<_>) =
            refused.into_iter().partition(|(_, status)| is_for_polling(&self.context.source, *status));
        self.poll(polled);
        for (candidate, status) in refused.iter().take(REPORTED_NODES) {
            let status = status_name(*status);
            self.board.node_refused(&candidate.name, status);
        }
        self.refused.add(refused, clock::instant());
    }

    /// Takes over what a look at the server's nodes found.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn selected(
        &mut self,
        found: Result<Result<Selection, Error>, JoinError>,
    ) -> Result<(), Error> {
        match found {
            Ok(Ok(selection)) if self.exchange.is_wanted() && selection.waiting == 0 => {
                self.board.nodes_wait(0);
                self.begin_exchange(selection).await?;
            }
            Ok(Err(error)) if self.exchange.is_wanted() => self.not_exchanged(error).await?,
            Ok(Ok(selection)) => {
                self.rebrowse.plan(&selection);
                self.board.nodes_wait(selection.waiting);
                if selection.browsed.is_some() && selection.waiting == 0 {
                    let there: HashSet<u32> =
                        selection.candidates.iter().map(|candidate| candidate.stream.get()).collect();
                    self.refused.keep(|candidate| there.contains(&candidate.stream.get()));
                }
                let setup = self.memory.setup.iter().flat_map(|setup| &setup.subscriptions);
                let subscribed = setup.flat_map(|subscription| &subscription.streams).copied();
                let polled = self.polled.streams().map(StreamId::get);
                let taken: HashSet<u32> = subscribed.chain(self.refused.streams()).chain(polled).collect();
                let is_new = |candidate: &Candidate| !taken.contains(&candidate.stream.get());
                let fresh: Vec<_> = selection.candidates.into_iter().filter(is_new).collect();
                if !fresh.is_empty() {
                    self.add(fresh).await?;
                }
            }
            // what is subscribed already goes on
            Ok(Err(error)) => {
                tracing::warn!(source = self.name(), %error, "browsing for new nodes failed");
                self.browse_later();
            }
            Err(error) => {
                tracing::error!(source = self.name(), %error, "browsing for new nodes ended badly");
                self.browse_later();
            }
        }
        Ok(())
    }

    /// Tells how many there are, and which are to be filled.
    pub(super) fn show_streams(&mut self) {
        let setup = self.memory.setup.iter().flat_map(|setup| &setup.subscriptions);
        let subscribed = setup.flat_map(|subscription| &subscription.streams).copied();
        let collected = subscribed.map(StreamId::new).chain(self.polled.streams());
        let collected: Arc<[StreamId]> = collected.collect();
        let streams = collected.len();
        self.frontier.send_modify(|frontier| frontier.streams = collected);
        let refused = self.refused.len() + self.watching.refused();
        let example = self.refused.example().or_else(|| self.watching.example());
        self.board.set_streams(streams, self.polled.len(), refused, example);
    }
}

/// Refused nodes that are named one by one; the status counts them all.
const REPORTED_NODES: usize = 20;
