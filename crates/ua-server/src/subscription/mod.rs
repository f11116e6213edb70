//! Subscriptions: sampling, queues, publishing cycles, messages kept until acknowledged (Part 4 §5.13, §5.14).
//!
//! The [`Engine`] is a machine without a clock and without a socket: services call into it, one task calls
//! [`Engine::handle_timeout`] whenever [`Engine::poll_timeout`] says so, and answers leave through the channel that came with each
//! Publish request.
//!
//! Items of one subscription that are sampled at the same pace form a group: an array of slots that the source is asked for at once.
//! Sampling instants lie on a grid (multiples of the interval), not "interval after the last one": when the server is held up it
//! asks for the instants it missed one by one, so that a source which computes its values loses nothing.
//!
//! A subscription belongs to a user, not to a session. Losing the channel or the session leaves it sampling into its queues until
//! its lifetime ends; the same user takes it over with TransferSubscriptions and fetches what was sent but never arrived with Republish.

mod cycle;
mod engine;
mod events;
mod item;
mod places;
mod publish;
mod table;
mod transfer;

#[cfg(test)]
mod tests;

pub(crate) use cycle::SubscriptionSettings;
pub(crate) use engine::{Engine, Owner, SessionKey};
pub(crate) use events::{EventSampler, NewEventItem, Where};
pub(crate) use item::{ChangeFilter, ItemSettings, Watched};
pub(crate) use publish::{Acknowledgement, Answer, PublishRequest, Reply};
pub(crate) use table::{Feed, NewItem, Sampler};
pub(crate) use transfer::Ending;
