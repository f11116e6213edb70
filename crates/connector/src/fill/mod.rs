//! Filling gaps from the server's history, and fetching the past that somebody ordered.
//!
//! A lane of its own beside the live values ([`lane`]), one task per connection on the same session, with one question
//! at a time on its way. It begins when values flow, keeps to the source's `values_per_second`, and waits while the
//! journal is behind. It knows nothing that is not in the journal: each turn looks up what is most urgent (the newest
//! gap, then the oldest job), deals with a few streams of it, and writes down how far it came with the samples
//! themselves. So a new gap goes before an old job, a pause is heard within a second, and the end of the process costs
//! one page.
//!
//! - What the server sends is compared with what is here ([`known`]): a value that came live, or by another job, is not
//!   stored again. So any stretch may be read twice.
//! - Only what is over is read: the part of the past after which nothing more comes by itself.
//! - A reading that breaks (a continuation point that is no longer known, pages that repeat) goes on from the last time
//!   that was read ([`fetch`]).
//! - A gap is only called filled when every stream that has a history was read to the end, and that history reaches back
//!   beyond the gap's begin: a server that lost its memory in the outage looks complete otherwise. Streams without a
//!   history are counted and one is named ([`verdict`]).

mod fetch;
mod initial;
mod known;
mod lane;
mod pace;
mod targets;
mod verdict;
mod work;

pub(crate) use initial::order;
pub(crate) use lane::{Facts, Frontier, Told, start};
