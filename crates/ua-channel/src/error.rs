//! What can go wrong on a channel.

use ua_pki::{CertificateStatus, SecurityPolicy};

use crate::security::MessageSecurityMode;

/// Why a channel, or one message on it, failed.
///
/// Everything that has to do with a signature, a MAC, a padding or a decryption is the one variant
/// [`Error::SecurityChecksFailed`]: whoever can tell these apart has an oracle (security rule PO-04).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The first three bytes of a message name no message type, or the chunk byte is none of `F`, `C`, `A`.
    #[error("unknown message type {found:02x?}")]
    UnknownMessageType {
        /// The four bytes found.
        found: [u8; 4],
    },
    /// A message came in a state where it is not allowed.
    #[error("unexpected {found} message")]
    UnexpectedMessage {
        /// Message type as on the wire (`"ACK"`, `"MSG"`, …).
        found: &'static str,
    },
    /// The size field of a message is smaller than its header or larger than the buffer agreed upon.
    #[error("message chunk of {size} bytes, allowed are {min} to {max}")]
    ChunkSize {
        /// Size announced by the peer, bytes.
        size: u32,
        /// Smallest size that holds the header.
        min: u32,
        /// Receive buffer size agreed upon.
        max: u32,
    },
    /// A handshake message does not follow its format.
    #[error("malformed {what}")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// The peer's buffers are below the 8192 bytes that Part 6 §7.1.2.3 demands.
    #[error("peer offers a buffer of {size} bytes, at least 8192 are required")]
    BufferTooSmall {
        /// Size offered, bytes.
        size: u32,
    },
    /// An incoming message exceeds our limit on bytes, chunks or messages in progress.
    #[error("incoming message exceeds the limit of {limit} {unit}")]
    IncomingLimit {
        /// The limit.
        limit: usize,
        /// What is counted: `"bytes"`, `"chunks"`, `"messages in progress"`.
        unit: &'static str,
    },
    /// An outgoing message exceeds what the peer accepts. The channel stays open.
    #[error("message needs {needed} {unit}, the peer accepts {limit}")]
    OutgoingLimit {
        /// What the message needs.
        needed: usize,
        /// What the peer accepts.
        limit: usize,
        /// What is counted: `"bytes"` or `"chunks"`.
        unit: &'static str,
    },
    /// A security check failed: signature, MAC, padding, decryption, thumbprint, nonce. Deliberately without detail.
    #[error("security checks failed")]
    SecurityChecksFailed,
    /// The peer uses, or asks for, a policy other than agreed upon or offered.
    #[error("peer uses security policy {found:?}")]
    PolicyRejected {
        /// The URI found, cut to 128 characters.
        found: String,
    },
    /// The peer asks for a mode that is not offered or does not fit the policy.
    #[error("peer asks for security mode {found}")]
    ModeRejected {
        /// The number found.
        found: u32,
    },
    /// Policy and mode of our own configuration do not fit together, or the identity lacks what the policy needs.
    #[error("security policy {policy:?} does not go with mode {mode:?}")]
    UnfitSecurity {
        /// The policy.
        policy: SecurityPolicy,
        /// The mode.
        mode: MessageSecurityMode,
    },
    /// The peer's certificate was not accepted by the [`PeerJudge`](crate::PeerJudge).
    #[error("peer certificate refused: {}", .status.name())]
    CertificateRefused {
        /// First finding of the validation.
        status: CertificateStatus,
    },
    /// The peer presented another certificate than the one validated before.
    #[error("peer presented another certificate than the one that was validated")]
    CertificateChanged,
    /// The nonce of an OPN has the wrong length, is all zero or was seen before.
    #[error("peer nonce unusable")]
    NonceInvalid,
    /// The channel id of a chunk is not ours.
    #[error("secure channel id {found}, expected {expected}")]
    ChannelId {
        /// Id found.
        found: u32,
        /// Our id.
        expected: u32,
    },
    /// The token id of a chunk is unknown or expired.
    #[error("security token {found} unknown or expired")]
    TokenUnknown {
        /// Id found.
        found: u32,
    },
    /// A sequence number is not the one that was due.
    #[error("sequence number {found} after {last}")]
    SequenceNumber {
        /// Number found.
        found: u32,
        /// Last number accepted.
        last: u32,
    },
    /// A response names a request that is not outstanding.
    #[error("response to request {request_id}, which is not outstanding")]
    RequestUnknown {
        /// Request id found.
        request_id: u32,
    },
    /// The service result of an OpenSecureChannel response is bad.
    #[error("open secure channel failed with status 0x{status:08X}")]
    OpenFailed {
        /// Status code of the response header or service fault.
        status: u32,
    },
    /// More requests are outstanding than the limit allows.
    #[error("{limit} requests are outstanding already")]
    TooManyRequests {
        /// The limit.
        limit: usize,
    },
    /// The operation needs an open channel.
    #[error("channel is not open")]
    NotOpen,
    /// The random generator failed.
    #[error("no random bytes available")]
    RandomUnavailable,
    /// The security token ran out and was not renewed in time.
    #[error("security token expired")]
    TokenExpired,
    /// The client asked for another token right after the last one.
    #[error("channel renewed again within {interval:?}")]
    RenewedTooSoon {
        /// Shortest time between two renewals.
        interval: std::time::Duration,
    },
    /// Our own private key could not sign, or the peer's public key not encrypt.
    #[error("cryptographic operation with a valid key failed")]
    CryptoFailed,
    /// A password is longer than the legacy RSA secret may carry.
    #[error("password of {len} bytes, the token format takes {max}")]
    PasswordTooLong {
        /// Length in bytes.
        len: usize,
        /// Longest allowed.
        max: usize,
    },
    /// A user secret could not be decrypted or is not bound to the last nonce. Deliberately without detail.
    #[error("user secret rejected")]
    SecretRejected,
    /// The signature of a session handshake is missing, wrong, or made with another algorithm.
    #[error("application signature invalid")]
    SignatureInvalid,
}

impl Error {
    /// The OPC UA status code that stands for this error on the wire (`0x80130000` = BadSecurityChecksFailed, …).
    ///
    /// Certificate findings that would help an attacker map trust are hidden behind BadSecurityChecksFailed
    /// (Part 4 §6.1.3).
    #[must_use]
    pub fn status(&self) -> u32 {
        match self {
            Self::UnknownMessageType { .. } | Self::UnexpectedMessage { .. } => BAD_TCP_MESSAGE_TYPE_INVALID,
            Self::ChunkSize { .. } => BAD_TCP_MESSAGE_TOO_LARGE,
            Self::IncomingLimit { .. } => BAD_TCP_MESSAGE_TOO_LARGE,
            Self::OutgoingLimit { .. } => BAD_RESPONSE_TOO_LARGE,
            Self::Malformed { .. } => BAD_DECODING_ERROR,
            Self::BufferTooSmall { .. } => BAD_CONNECTION_REJECTED,
            Self::PolicyRejected { .. } => BAD_SECURITY_POLICY_REJECTED,
            Self::ModeRejected { .. } | Self::UnfitSecurity { .. } => BAD_SECURITY_MODE_REJECTED,
            Self::CertificateRefused { status } => wire_certificate_status(*status),
            Self::ChannelId { .. } => BAD_TCP_SECURE_CHANNEL_UNKNOWN,
            Self::TokenUnknown { .. } | Self::TokenExpired => BAD_SECURE_CHANNEL_TOKEN_UNKNOWN,
            Self::OpenFailed { status } => *status,
            Self::TooManyRequests { .. } | Self::RenewedTooSoon { .. } => BAD_TOO_MANY_OPERATIONS,
            Self::NotOpen => BAD_SECURE_CHANNEL_CLOSED,
            Self::RandomUnavailable | Self::CryptoFailed => BAD_INTERNAL_ERROR,
            Self::PasswordTooLong { .. } => BAD_ENCODING_LIMITS_EXCEEDED,
            Self::SecretRejected => BAD_IDENTITY_TOKEN_INVALID,
            Self::SignatureInvalid => BAD_APPLICATION_SIGNATURE_INVALID,
            Self::SecurityChecksFailed
            | Self::CertificateChanged
            | Self::NonceInvalid
            | Self::SequenceNumber { .. }
            | Self::RequestUnknown { .. } => BAD_SECURITY_CHECKS_FAILED,
        }
    }
}

/// What a server may say about a client's certificate: facts the client knows itself (dates, URI, usage) as they are,
/// facts about our trust list as one opaque code.
fn wire_certificate_status(status: CertificateStatus) -> u32 {
    match status {
        CertificateStatus::TimeInvalid
        | CertificateStatus::IssuerTimeInvalid
        | CertificateStatus::UriInvalid
        | CertificateStatus::UseNotAllowed
        | CertificateStatus::IssuerUseNotAllowed => status.code(),
        _ => BAD_SECURITY_CHECKS_FAILED,
    }
}

const BAD_INTERNAL_ERROR: u32 = 0x8002_0000;
pub(crate) const BAD_DECODING_ERROR: u32 = 0x8007_0000;
const BAD_ENCODING_LIMITS_EXCEEDED: u32 = 0x8008_0000;
const BAD_TOO_MANY_OPERATIONS: u32 = 0x8010_0000;
const BAD_SECURITY_CHECKS_FAILED: u32 = 0x8013_0000;
const BAD_IDENTITY_TOKEN_INVALID: u32 = 0x8020_0000;
const BAD_SECURITY_MODE_REJECTED: u32 = 0x8054_0000;
const BAD_SECURITY_POLICY_REJECTED: u32 = 0x8055_0000;
const BAD_APPLICATION_SIGNATURE_INVALID: u32 = 0x8058_0000;
const BAD_TCP_MESSAGE_TYPE_INVALID: u32 = 0x807E_0000;
const BAD_TCP_SECURE_CHANNEL_UNKNOWN: u32 = 0x807F_0000;
const BAD_TCP_MESSAGE_TOO_LARGE: u32 = 0x8080_0000;
const BAD_SECURE_CHANNEL_CLOSED: u32 = 0x8086_0000;
const BAD_SECURE_CHANNEL_TOKEN_UNKNOWN: u32 = 0x8087_0000;
const BAD_CONNECTION_REJECTED: u32 = 0x80AC_0000;
const BAD_RESPONSE_TOO_LARGE: u32 = 0x80B9_0000;
