//! The headers behind the frame header (Part 6 §6.7.2.2 to §6.7.2.4).

use ua_pki::SecurityPolicy;

use super::frame::{FrameKind, HEADER_LEN, begin};
use super::writer::Write;
use crate::{DecodeError, Error, Reader};

/// Frame header, channel id, token id.
pub(crate) const SYMMETRIC_HEADER_LEN: usize = 16;
/// Sequence number, request id.
pub(crate) const SEQUENCE_HEADER_LEN: usize = 8;

/// Channel id and token id of a MSG or CLO chunk.
pub(crate) fn symmetric_ids(frame: &[u8]) -> Result<(u32, u32), Error> {
    let mut reader = Reader::new(frame.get(HEADER_LEN..).unwrap_or_default());
    let ids = (|| Ok::<_, DecodeError>((reader.u32()?, reader.u32()?)))();
    ids.map_err(|_| Error::Malformed { what: "chunk header" })
}

/// Sequence number, request id and body of an opened chunk.
pub(crate) fn sequence_header(opened: &[u8]) -> Result<(u32, u32, &[u8]), Error> {
    let mut reader = Reader::new(opened);
    let ids = (|| Ok::<_, DecodeError>((reader.u32()?, reader.u32()?)))();
    let (sequence, request_id) = ids.map_err(|_| Error::Malformed { what: "sequence header" })?;
    Ok((sequence, request_id, reader.rest()))
}

/// A MSG or CLO chunk up to its body, size not yet known.
pub(crate) fn symmetric(
    kind: FrameKind,
    channel_id: u32,
    token_id: u32,
    sequence: u32,
    request_id: u32,
) -> Vec<u8> {
    let mut frame = begin(kind);
    for number in [channel_id, token_id, sequence, request_id] {
        frame.put_u32(number);
    }
    frame
}

/// The clear part of an OPN message.
#[derive(Debug)]
pub(crate) struct AsymmetricHeader<'a> {
    pub(crate) channel_id: u32,
    /// As on the wire, not checked to be UTF-8.
    pub(crate) policy_uri: &'a [u8],
    pub(crate) sender_certificate: &'a [u8],
    pub(crate) receiver_thumbprint: &'a [u8],
    /// Where the clear part ends.
    pub(crate) len: usize,
}

impl<'a> AsymmetricHeader<'a> {
    pub(crate) fn read(frame: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(frame);
        let header = (|| {
            reader.take(HEADER_LEN)?;
            Ok::<_, DecodeError>(Self {
                channel_id: reader.u32()?,
                policy_uri: reader.byte_string()?.unwrap_or_default(),
                sender_certificate: reader.byte_string()?.unwrap_or_default(),
                receiver_thumbprint: reader.byte_string()?.unwrap_or_default(),
                len: frame.len().saturating_sub(reader.remaining()),
            })
        })();
        header.map_err(|_| Error::Malformed { what: "OPN header" })
    }

    /// The policy, if its URI names one we know.
    pub(crate) fn policy(&self) -> Result<SecurityPolicy, Error> {
        std::str::from_utf8(self.policy_uri)
            .ok()
            .and_then(SecurityPolicy::from_uri)
            .ok_or_else(|| self.policy_rejected())
    }

    /// The error that names the policy found.
    pub(crate) fn policy_rejected(&self) -> Error {
        let shown = self.policy_uri.get(..self.policy_uri.len().min(128)).unwrap_or_default();
        Error::PolicyRejected { found: String::from_utf8_lossy(shown).into_owned() }
    }
}

/// An OPN message up to its sequence header, and the length so far. Certificates are `None` with policy None.
pub(crate) fn asymmetric(
    channel_id: u32,
    policy: SecurityPolicy,
    sender_certificate: Option<&[u8]>,
    receiver_thumbprint: Option<&[u8]>,
) -> (Vec<u8>, usize) {
    let mut frame = begin(FrameKind::Open);
    // room for the rest, so that growing leaves no copies of a nonce behind
    frame.reserve(MAX_OPEN_LEN);
    frame.put_u32(channel_id);
    frame.put_bytes(Some(policy.uri().as_bytes()));
    frame.put_bytes(sender_certificate);
    frame.put_bytes(receiver_thumbprint);
    let len = frame.len();
    (frame, len)
}

/// More than a usual OPN message takes.
const MAX_OPEN_LEN: usize = 8192;
/// Most bytes that follow a body: size byte, padding, MAC.
pub(crate) const MAX_TRAILER_LEN: usize = 48;
