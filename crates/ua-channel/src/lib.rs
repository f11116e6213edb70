//! UA-TCP and UA secure conversation (OPC 10000-6 §6.7, §7.1) for both roles, without a socket.
//!
//! **For**: turning bytes from a peer into complete, authenticated messages, and messages into bytes for the peer.
//! [`ClientChannel`] and [`ServerChannel`] are state machines in the manner of a sans-io library: `handle_*` takes
//! bytes and time in, `poll_*` gives bytes, deadlines and events out. The driver owns the socket and the clock.
//!
//! **Promises**: no byte signed with our key leaves for a peer without a [`ua_pki::TrustedCertificate`]; nothing that
//! failed a check reaches an event; every buffer has a limit; no input makes it panic.
//!
//! **Must never**: open a socket, ask for the time, fall back to a weaker policy or mode, decrypt PKCS#1 v1.5,
//! or tell a peer which of several checks it failed.

#[cfg(test)]
extern crate self as ua_channel;

pub mod channel;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod common;
pub mod decode;
mod error;
mod random;
pub mod security;
pub mod wire;

pub use channel::{
    ChannelEvent, ClientChannel, ClientChannelConfig, ClientSecurity, CloseReason, PeerJudge, Phase,
    ServerChannel, ServerChannelConfig,
};
pub use decode::{
    BrowseSummary, BrowseVisitor, BrowsedRef, DataValueRef, DecodeError, ExpandedNodeIdRef, HistorySummary,
    HistoryVisitor, IdentifierRef, Modification, NodeIdRef, NotificationVisitor, PublishSummary, ReadSummary,
    Reader, ReferenceRef, ValueRef, walk_browse_next_response, walk_browse_response,
    walk_history_read_response, walk_publish_response, walk_read_response, walk_republish_response,
};
pub use error::Error;
pub use random::{Random, SystemRandom};
pub use security::{
    EncryptedSecret, MAX_LEGACY_SECRET, MAX_SECRET, MessageSecurityMode, SignatureBytes, decrypt_password,
    decrypt_secret, encrypt_password, encrypt_secret, is_encrypted_secret, sign_peer_proof,
    verify_peer_proof,
};
pub use wire::Limits;
