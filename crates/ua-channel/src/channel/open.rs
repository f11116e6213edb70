//! OPN messages.
