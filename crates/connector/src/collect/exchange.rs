//! Other subscriptions in place of those at hand, when the settings of a source were changed, without a moment without any.
//!
//! The former ones go on until the new ones have spoken and nothing from before these were made is still to come:
//! the server's clock is read after the last item is made, and the former subscriptions must have delivered up to
//! then. What both bring comes twice and is given once (docs/decisions/0008-*.md). Until then the journal says that the
//! former ones are ours: a process that ends on the way leaves them to the next, and the server forgets the others.
//!
//! A server that has no room for both is left without for a moment, and so is one that confirms to continue a subscription
//! and then sends nothing: that is on the ledger.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tagstore::{GapReason, Timestamp};
use ua_client::types::VariableId;
use ua_client::{AttributeId, NodeId, SubscriptionWatch, Variant};

use super::connection::{Server, begin_anew, watch_anew};
use super::live::{Live, Parcel};
use super::polled::{is_for_polling, is_no_room};
use super::progress::{Progress, Setup};
use super::refused::Candidate;
use super::subscribe::{Subscribed, subscribe};
use super::survey::Selection;
use crate::clock;
use crate::config::Polling;
use crate::error::Error;
use crate::event::EventKind;

/// How far an exchange is.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The subscriptions at hand were made with other settings. The next look at the nodes makes others.
    wanted: Option<Server>,
    /// Those that are to take their place.
    next: Option<Next>,
    /// Those whose place was taken, which is durable: they can be deleted.
    pub(super) replaced: Vec<u32>,
}

#[derive(Debug)]
struct Next {
    setup: Setup,
    progress: Progress,
    refused: Vec<(Candidate, u32)>,
    /// Up to here the former ones must have delivered, by the server's clock.
    since: Timestamp,
    /// The former ones are not waited for any longer than this.
    give_up_at: Option<Instant>,
}

impl Exchange {
    /// Subscriptions are to be made anew with the settings that hold now.
    pub(super) fn want(&mut self, server: Server) {
        self.wanted = Some(server);
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.next.is_some()
    }

    /// When the former subscriptions are given up.
    pub(super) fn give_up_at(&self) -> Option<Instant> {
        self.next.as_ref()?.give_up_at
    }

    /// The subscriptions that are to take the place of those at hand.
    pub(super) fn setup(&self) -> Option<&Setup> {
        self.next.as_ref().map(|next| &next.setup)
    }

    /// Whether a subscription is one of them.
    pub(super) fn carries(&self, subscription: u32) -> bool {
        self.setup().is_some_and(|setup| setup.carries(subscription))
    }

    /// What they brought so far, if this is one of them.
    pub(super) fn progress_of(&mut self, subscription: u32) -> Option<&mut Progress> {
        let next = self.next.as_mut()?;
        next.setup.carries(subscription).then_some(&mut next.progress)
    }
}

impl Live<'_> {
    /// Makes subscriptions to what was selected beside those at hand.
    ///
    /// # Errors
    /// The end of the connection; what a start with these settings would end with, such as
    /// [`Error::NothingAccepted`]: then the subscriptions at hand are gone, too.
    pub(super) async fn begin_exchange(&mut self, selection: Selection) -> Result<(), Error> {
        let Some(server) = self.exchange.wanted.take() else { return Ok(()) };
        self.rebrowse.plan(&selection);
        self.memory.streams.add(selection.candidates.iter().map(|candidate| candidate.stream));
        let mut made = Subscribed::default();
        let outcome = subscribe(&self.session, &self.context.source, selection.candidates, &mut made).await;
        let mut setup = Setup {
            server_application_uri: server.application_uri.clone(),
            server_start: server.start,
            settings: server.settings.clone(),
            silent_after_transfer: self.memory.silent_after_transfer,
            subscriptions: made.subscriptions,
            events: Vec::new(),
            event_types: BTreeMap::new(),
            polled: Vec::new(),
        };
        let no_room = match &outcome {
            Ok(()) => made.refused.iter().any(|(_, status)| self.is_no_room(*status)),
            Err(Error::Client(ua_client::Error::Service { status, .. })) => self.is_no_room(*status),
            Err(error) if is_of_the_settings(error) => false,
            Err(_) => return outcome,
        };
        if no_room {
            self.delete(&setup.ids()).await?;
            return self.start_over(&server).await;
        }
        if let Err(error) = outcome {
            self.give_former_up(CHANGED).await?;
            return Err(error);
        }
        self.watch_all(&mut setup, &server).await?;
        let since = self.server_time().await?;
        let watches: Vec<SubscriptionWatch> = setup.subscriptions.iter().map(watch_anew).collect();
        let former = self.memory.setup.as_ref().map_or(0, |setup| setup.subscriptions.len());
        self.session.start_publishing(&watches, former + watches.len() + SPARE_REQUESTS).await?;
        let (polled, refused): (Vec<_>, Vec<_>) =
            made.refused.into_iter().partition(|(_, status)| is_for_polling(&self.context.source, *status));
        self.poll(polled);
        self.show_streams();
        let progress = Progress::default().renewed(setup.ids());
        let give_up_at =
            clock::instant().checked_add(self.memory.keep_alive() * 2 + self.usual_delay() + GRACE);
        self.exchange.next = Some(Next { setup, progress, refused, since, give_up_at });
        self.exchange_when_ready().await
    }

    /// What the nodes are to be is not known: with the settings of now nothing can be collected, or the server does not
    /// say.
    ///
    /// # Errors
    /// The settings' fault, as a start with them would end with.
    pub(super) async fn not_exchanged(&mut self, error: Error) -> Result<(), Error> {
        if is_of_the_settings(&error) {
            self.give_former_up(CHANGED).await?;
            return Err(error);
        }
        tracing::warn!(source = self.name(), %error, "the settings of before go on: the nodes cannot be browsed");
        self.browse_later();
        Ok(())
    }

    /// The new subscriptions take the place of the former as soon as nothing is missing between them.
    ///
    /// # Errors
    /// When nothing can be written any more.
    pub(super) async fn exchange_when_ready(&mut self) -> Result<(), Error> {
        let Some(next) = &self.exchange.next else { return Ok(()) };
        let former = self.memory.setup.iter().flat_map(|setup| setup.ids());
        let delivered = former.map(|id| self.settled_of(id)).min().is_none_or(|until| until >= next.since);
        if delivered && next.progress.all_spoke() { self.take_place(None).await } else { Ok(()) }
    }

    /// The former subscriptions do not deliver what they should.
    ///
    /// # Errors
    /// When nothing can be written any more.
    pub(super) async fn exchange_at_once(&mut self, why: &str) -> Result<(), Error> {
        self.take_place(Some(why)).await
    }

    async fn take_place(&mut self, lost: Option<&str>) -> Result<(), Error> {
        let Some(mut next) = self.exchange.next.take() else { return Ok(()) };
        let former = self.memory.setup.clone();
        next.setup.polled = former.as_ref().map(|setup| setup.polled.clone()).unwrap_or_default();
        let waiting = self.watching.streams_waiting(former.as_ref());
        let refused =
            next.refused.iter().map(|(candidate, _)| candidate.stream.get()).chain(waiting).collect();
        if let Some(why) = lost {
            self.memory.open_gap(GapReason::Reconnect, why.to_owned());
        }
        self.memory.exchange(next.setup, next.progress, &refused);
        let mut parcel = Parcel::default();
        let source = self.context.source.name.as_str();
        if let Some(setup) = &self.memory.setup {
            self.memory.alarms.keep_only(&setup.events);
            parcel.entry.states.push(setup.saved(source));
        }
        parcel.entry.gaps = self.memory.back(source, Timestamp::from(clock::now()));
        parcel.replaced = former.map(|setup| setup.ids()).unwrap_or_default();
        self.board.forget_acknowledged();
        self.hand_over(parcel).await?;
        self.board.tell(EventKind::Resubscribed);
        self.proof_due = None;
        self.set_aside(next.refused);
        self.expect_messages();
        self.show_streams();
        Ok(())
    }

    /// Deletes the subscriptions whose place was taken.
    ///
    /// # Errors
    /// The end of the connection.
    pub(super) async fn delete_replaced(&mut self) -> Result<(), Error> {
        let ids = std::mem::take(&mut self.exchange.replaced);
        self.delete(&ids).await
    }

    /// Leaves no subscription behind that nobody will take over.
    pub(super) async fn stop_exchange(&mut self) {
        let mut ids = std::mem::take(&mut self.exchange.replaced);
        ids.extend(self.exchange.next.take().map(|next| next.setup.ids()).unwrap_or_default());
        if let Err(error) = self.delete(&ids).await {
            tracing::debug!(source = self.name(), %error, "subscriptions are left for the server to forget");
        }
    }

    async fn delete(&self, ids: &[u32]) -> Result<(), Error> {
        if !ids.is_empty() {
            self.session.delete_subscriptions(ids).await?;
        }
        Ok(())
    }

    /// The former subscriptions first, the others after.
    async fn start_over(&mut self, server: &Server) -> Result<(), Error> {
        self.give_former_up(NO_ROOM).await?;
        let watches = begin_anew(self, server).await?;
        if !watches.is_empty() {
            self.session.start_publishing(&watches, watches.len() + SPARE_REQUESTS).await?;
        }
        self.expect_messages();
        self.show_streams();
        Ok(())
    }

    async fn give_former_up(&mut self, why: &str) -> Result<(), Error> {
        let ids = self.memory.setup.as_ref().map(Setup::ids).unwrap_or_default();
        self.delete(&ids).await?;
        self.memory.open_gap(GapReason::Reconnect, why.to_owned());
        self.proof_due = None;
        // why it begins must be known to whoever ends it
        self.hand_over(Parcel::default()).await
    }

    /// A refusal that may come from there being twice as much at the server as usual.
    fn is_no_room(&self, status: u32) -> bool {
        self.context.source.polling != Polling::Always && is_no_room(status)
    }

    /// The server's clock; ours when it does not say.
    async fn server_time(&self) -> Result<Timestamp, Error> {
        let question = (NodeId::from(VariableId::Server_ServerStatus_CurrentTime), AttributeId::Value);
        let answer = self.session.read(&[question]).await?.pop().and_then(|value| value.value);
        Ok(match answer {
            Some(Variant::DateTime(time)) => Timestamp::from_ticks(time.ticks()),
            _ => Timestamp::from(clock::now()),
        })
    }
}

/// With these settings nothing can be collected, whatever is done.
fn is_of_the_settings(error: &Error) -> bool {
    matches!(error, Error::NothingPicked { .. } | Error::RootsMissing { .. } | Error::NothingAccepted { .. })
}

/// Publish requests beside one per subscription: one for the answer on its way, one for the news about nodes.
const SPARE_REQUESTS: usize = 3;
/// What network and scheduling may add.
const GRACE: Duration = Duration::from_secs(10);
const CHANGED: &str = "the settings of the source were changed";
const NO_ROOM: &str =
    "the settings of the source were changed, and the server has no room for more subscriptions meanwhile";
