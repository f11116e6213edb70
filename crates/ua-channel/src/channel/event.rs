//! What a channel reports.

use std::time::Duration;

use crate::Error;

/// Something the driver or the application has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelEvent {
    /// Server role: a HEL arrived and was answered.
    Hello {
        /// The URL the client says it dialled; not verified by anything.
        endpoint_url: String,
    },
    /// The channel is open; messages may be sent.
    Opened {
        /// Id given by the server.
        channel_id: u32,
        /// Lifetime of the first token.
        lifetime: Duration,
    },
    /// The token was renewed.
    Renewed,
    /// A complete, verified message body: type `NodeId` and structure of a service request or response.
    Message {
        /// Pairs a response with its request.
        request_id: u32,
        /// The encoded body.
        body: Vec<u8>,
    },
    /// The peer gave up on a message it had begun; only this request fails.
    Aborted {
        /// The request.
        request_id: u32,
        /// Status the peer named.
        status: u32,
        /// Reason the peer named, at most 4096 bytes. Hostile text: escape before showing.
        reason: String,
    },
    /// The channel is over. The last event.
    Closed(CloseReason),
}

/// Why a channel ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// `close` was called.
    Local,
    /// The peer sent a CLO message.
    Peer,
    /// The peer sent an ERR message.
    PeerError {
        /// Status code.
        status: u32,
        /// Reason, at most 4096 bytes. Hostile text: escape before showing.
        reason: String,
    },
    /// The peer broke the protocol, or a check failed. Detail is for our own log, never for the peer.
    Protocol(Error),
    /// A deadline passed: handshake, renewal, or a channel without a session.
    Timeout,
}

/// Where a channel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Client: HEL sent, ACK due. Server: HEL due.
    Connecting,
    /// OPN sent or due. A client whose socket closes here was most likely refused for its certificate.
    Opening,
    /// Messages flow.
    Open,
    /// Over.
    Closed,
}
