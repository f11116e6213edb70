//! Read responses (Part 4 §5.11.2).

use super::header::ResponseHeader;
use super::{DataValueRef, DecodeError, Reader};

/// What a read response says besides its values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadSummary {
    /// Handle that the request carried.
    pub request_handle: u32,
    /// Service result of the response header; when bad, no value is there.
    pub service_result: u32,
    /// Number of values. A server that keeps to the standard sends one for each attribute asked for.
    pub values: usize,
}

/// Walks a read response and hands over each value with its place in the request, in order. `body` starts at the type
/// `NodeId` (i=634).
///
/// What was handed over before an error stays handed over.
///
/// # Errors
/// [`DecodeError::ServiceFault`] for a `ServiceFault` (i=397); any other [`DecodeError`] for bytes that are not a read
/// response.
pub fn walk_read_response<F>(body: &[u8], mut value: F) -> Result<ReadSummary, DecodeError>
where
    F: FnMut(usize, &DataValueRef<'_>),
{
    let mut reader = Reader::new(body);
    let header = reader.response_of(READ_RESPONSE)?;
    let ResponseHeader { request_handle, service_result } = header;
    let mut summary = ReadSummary { request_handle, service_result, values: 0 };
    if header.is_bad() {
        return Ok(summary);
    }
    summary.values = reader.array_length(1)?;
    for place in 0..summary.values {
        value(place, &reader.data_value()?);
    }
    reader.skip_diagnostic_infos()?;
    reader.finished()?;
    Ok(summary)
}

const READ_RESPONSE: u32 = 634;
