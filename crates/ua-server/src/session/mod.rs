//! Sessions: who is talking, over which channel, since when.
//!
//! A session belongs to the channel and the client certificate it was created with. It can be moved to another channel only by
//! activating it there with the same certificate and the same user (Part 4 §5.7.3). The authentication token is 256 random bits.

mod table;

pub(crate) use table::{BrowsePosition, NewSession, Session, SessionToken, Sessions};
