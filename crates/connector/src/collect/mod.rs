//! Collecting from one source, from the first connection to the end, and what is known to be missing.
//!
//! The rules that make it lossless, or honest where it cannot be:
//!
//! - A monitored item's client handle is the stream's number in the journal, so a value needs no lookup by name, and
//!   a subscription taken over after a restart still says what belongs to what.
//! - How far a source came ([`progress`]) is written in the transaction of the samples themselves. After a crash the
//!   subscriptions are taken over (TransferSubscriptions), what the server still holds is fetched (Republish) from the
//!   number after the last durable one, and what is held already is not taken twice: it is told apart by its number.
//! - A hole in the sequence numbers is fetched again; what cannot be had is a gap of the whole source, between the
//!   publish times around it.
//! - The overflow bit says that the server's queue was too short: a gap of that stream between its value before and
//!   this one.
//! - Some servers confirm that they continue a subscription and then send nothing. One keep-alive interval is the time
//!   they have to prove that it lives.
//! - When the subscriptions cannot be continued, new ones are made, and the time from the last durable publish to
//!   their creation is a gap.
//! - When the settings of subscriptions were changed, new ones take the place of those at hand once nothing can be
//!   missing between them ([`exchange`]).
//! - Trust is decided anew while values flow ([`trust`]): whenever the store changes, and once a minute. A server that
//!   is trusted no longer loses its session within seconds; its subscriptions stay, to be continued if it is trusted
//!   again.
//! - Events come in the first subscription ([`alarms`]), so that all of this holds for them, too. What is missing of them
//!   stays missing: a server's history of events is not read.
//! - What the server has no subscription for is read in turn ([`polled`]): at every round what changed since the one
//!   before. The time in which no round came through is a gap.
//! - A node that the server refuses is set aside, reported and tried again; the others do not notice.
//!
//! One task per source ([`supervisor`]) runs one connection after the other ([`connection`]); within a connection
//! [`recover`] or [`subscribe`] lead to [`live`].

pub(crate) mod ages;
mod alarms;
mod backlog;
mod backoff;
mod board;
mod connection;
mod exchange;
mod health;
mod intake;
mod live;
mod nodes;
mod polled;
mod progress;
mod rebrowse;
mod recover;
mod refused;
mod rounds;
mod selection;
mod streams;
mod subscribe;
pub(crate) mod supervisor;
mod survey;
mod trust;
pub(crate) mod value;
