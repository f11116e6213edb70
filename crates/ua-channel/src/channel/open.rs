//! Bodies of OpenSecureChannel and CloseSecureChannel (Part 4 §5.6.2, §5.6.3; binary form Part 6 §6.7.4).

use std::time::{Duration, Instant};

use crate::wire::writer::Write;
use crate::{DecodeError, Error, Reader};

const OPEN_REQUEST: u32 = 446;
const OPEN_RESPONSE: u32 = 449;
const CLOSE_REQUEST: u32 = 452;
const SERVICE_FAULT: u32 = 397;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestKind {
    Issue,
    Renew,
}

/// OpenSecureChannel request without its header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenRequest<'a> {
    pub(crate) kind: RequestKind,
    /// The number as sent; the server decides what it allows.
    pub(crate) mode: u32,
    pub(crate) nonce: &'a [u8],
    /// Milliseconds.
    pub(crate) lifetime: u32,
}

/// OpenSecureChannel response without its header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OpenResponse<'a> {
    pub(crate) channel_id: u32,
    pub(crate) token_id: u32,
    /// Ticks since 1601.
    pub(crate) created_at: i64,
    /// Milliseconds.
    pub(crate) lifetime: u32,
    pub(crate) nonce: &'a [u8],
}

impl<'a> OpenRequest<'a> {
    /// Appends type id, request header and body.
    pub(crate) fn write(&self, timestamp: i64, out: &mut Vec<u8>) {
        type_id(OPEN_REQUEST, out);
        request_header(timestamp, out);
        out.put_u32(0);
        out.put_u32(match self.kind {
            RequestKind::Issue => 0,
            RequestKind::Renew => 1,
        });
        out.put_u32(self.mode);
        out.put_bytes((!self.nonce.is_empty()).then_some(self.nonce));
        out.put_u32(self.lifetime);
    }

    /// Reads a whole body and the request handle in its header.
    pub(crate) fn read(body: &'a [u8]) -> Result<(u32, Self), Error> {
        const MALFORMED: Error = Error::Malformed { what: "OpenSecureChannel request" };
        let mut reader = Reader::new(body);
        let fields = (|| {
            if reader.type_id()? != OPEN_REQUEST {
                return Err(DecodeError::MessageType(0));
            }
            let handle = reader.request_header()?;
            reader.u32()?;
            Ok((
                handle,
                reader.u32()?,
                reader.u32()?,
                reader.byte_string()?.unwrap_or_default(),
                reader.u32()?,
            ))
        })();
        let (handle, kind, mode, nonce, lifetime) = fields.map_err(|_| MALFORMED)?;
        let kind = match kind {
            0 => RequestKind::Issue,
            1 => RequestKind::Renew,
            _ => return Err(MALFORMED),
        };
        Ok((handle, Self { kind, mode, nonce, lifetime }))
    }
}

impl<'a> OpenResponse<'a> {
    /// Appends type id, response header and body.
    pub(crate) fn write(&self, request_handle: u32, out: &mut Vec<u8>) {
        type_id(OPEN_RESPONSE, out);
        out.put_i64(self.created_at);
        out.put_u32(request_handle);
        out.put_u32(0);
        // no diagnostics, empty string table, no additional header
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0]);
        out.put_u32(0);
        out.put_u32(self.channel_id);
        out.put_u32(self.token_id);
        out.put_i64(self.created_at);
        out.put_u32(self.lifetime);
        out.put_bytes((!self.nonce.is_empty()).then_some(self.nonce));
    }

    /// Reads a whole body.
    ///
    /// # Errors
    /// [`Error::OpenFailed`] for a bad service result or a `ServiceFault`.
    pub(crate) fn read(body: &'a [u8]) -> Result<Self, Error> {
        const MALFORMED: Error = Error::Malformed { what: "OpenSecureChannel response" };
        let mut reader = Reader::new(body);
        let type_id = reader.type_id().map_err(|_| MALFORMED)?;
        if type_id != OPEN_RESPONSE && type_id != SERVICE_FAULT {
            return Err(MALFORMED);
        }
        let header = reader.response_header().map_err(|_| MALFORMED)?;
        if type_id == SERVICE_FAULT || header.is_bad() {
            return Err(Error::OpenFailed { status: header.service_result });
        }
        let fields = (|| {
            reader.u32()?;
            Ok::<_, DecodeError>(Self {
                channel_id: reader.u32()?,
                token_id: reader.u32()?,
                created_at: reader.i64()?,
                lifetime: reader.u32()?,
                nonce: reader.byte_string()?.unwrap_or_default(),
            })
        })();
        fields.map_err(|_| MALFORMED)
    }
}

/// A whole CloseSecureChannel request.
pub(crate) fn close_request(timestamp: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    type_id(CLOSE_REQUEST, &mut out);
    request_header(timestamp, &mut out);
    out
}

/// A numeric NodeId of namespace 0 in its four-byte form.
fn type_id(id: u32, out: &mut Vec<u8>) {
    let [low, high, ..] = id.to_le_bytes();
    out.extend_from_slice(&[1, 0, low, high]);
}

/// No authentication token, no diagnostics, no audit entry, no additional header.
fn request_header(timestamp: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0]);
    out.put_i64(timestamp);
    out.put_u32(0);
    out.put_u32(0);
    out.put_bytes(None);
    out.put_u32(0);
    out.extend_from_slice(&[0, 0, 0]);
}

/// Wall time for headers, counted from one reading by the monotonic clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WallClock {
    started: Instant,
    ticks: i64,
}

impl WallClock {
    pub(crate) fn new(started: Instant, wall: jiff::Timestamp) -> Self {
        let ticks = wall.as_nanosecond().div_euclid(100).saturating_add(UNIX_EPOCH_TICKS);
        Self { started, ticks: i64::try_from(ticks).unwrap_or(0) }
    }

    /// 100 ns ticks since 1601-01-01 UTC.
    pub(crate) fn ticks(&self, now: Instant) -> i64 {
        let passed = now.saturating_duration_since(self.started).as_nanos().div_euclid(100);
        self.ticks.saturating_add(i64::try_from(passed).unwrap_or(0))
    }
}

/// Milliseconds for the wire.
pub(crate) fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

/// 1970-01-01 in ticks since 1601-01-01.
const UNIX_EPOCH_TICKS: i128 = 116_444_736_000_000_000;
