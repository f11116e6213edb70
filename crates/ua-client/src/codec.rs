//! Requests to bytes and bytes to responses, within the limits of our side.

use std::io::Cursor;

use opcua_types::{
    BinaryDecodable, BinaryEncodable, ContextOwned, DecodingOptions, DepthGauge, MessageInfo, NamespaceMap,
    NodeId, ResponseHeader, StatusCode, Variant,
};

use ua_codec::bounded_context;

use crate::Error;
use crate::request::ReadOnlyRequest;
use crate::status;

/// The longest string of a response, in bytes.
const MAX_STRING: usize = 1 << 20;
/// The longest byte string of a response.
const MAX_BYTE_STRING: usize = 16 << 20;
/// The most elements an array of a response may have.
const MAX_ARRAY: usize = 1_000_000;
/// The same for answers of servers that have not proven themselves.
const MAX_ARRAY_BEFORE_TRUST: usize = 10_000;
/// How deep variants and extension objects may nest (Part 6 §5.1.8 asks for at least 100).
const MAX_DEPTH: u64 = 100;

/// `ServiceFault`, binary encoding.
const SERVICE_FAULT: u32 = 397;

/// A request as the bytes of a message body: its type's node id, then itself.
pub(crate) fn encode<R: ReadOnlyRequest>(request: &R) -> Result<Vec<u8>, Error> {
    let owned = ContextOwned::new_default(NamespaceMap::new(), DecodingOptions::default());
    let context = owned.context();
    let fail = |error: opcua_types::Error| Error::Request { service: R::SERVICE, detail: error.to_string() };
    let mut body = Vec::with_capacity(request.byte_len(&context) + 4);
    BinaryEncodable::encode(&NodeId::from(request.type_id()), &mut body, &context).map_err(fail)?;
    request.encode(&mut body, &context).map_err(fail)?;
    Ok(body)
}

fn speaks_before_trust(service: &str) -> bool {
    matches!(
        service,
        "FindServers" | "FindServersOnNetwork" | "GetEndpoints" | "CreateSession" | "ActivateSession"
    )
}

/// The response in a message body. A fault or a bad service result becomes [`Error::Service`].
///
/// A body that cannot be read fails this request only: nothing that a value contains may end a connection.
pub(crate) fn decode<R: ReadOnlyRequest>(body: &[u8]) -> Result<R::Response, Error> {
    let owned = context_within(
        body,
        if speaks_before_trust(R::SERVICE) { MAX_ARRAY_BEFORE_TRUST } else { MAX_ARRAY },
    );
    let context = owned.context();
    let response_body = after_type::<R>(body)?;
    let response = R::Response::decode(&mut Cursor::new(response_body), &context).map_err(unreadable::<R>)?;
    let result = R::service_result(&response);
    if status::is_bad(result.bits()) {
        return Err(fault::<R>(result));
    }
    Ok(response)
}

/// The header of a response and what follows it. A fault or a bad service result becomes [`Error::Service`].
pub(crate) fn read_header<R: ReadOnlyRequest>(body: &[u8]) -> Result<(ResponseHeader, &[u8]), Error> {
    let owned = context_for(body);
    let mut rest = after_type::<R>(body)?;
    let header = ResponseHeader::decode(&mut rest, &owned.context()).map_err(unreadable::<R>)?;
    if status::is_bad(header.service_result.bits()) {
        return Err(fault::<R>(header.service_result));
    }
    Ok((header, rest))
}

/// What follows the type of the expected response; a fault becomes its status.
fn after_type<R: ReadOnlyRequest>(body: &[u8]) -> Result<&[u8], Error> {
    let owned = context_for(body);
    let context = owned.context();
    let mut rest = body;
    let type_id = NodeId::decode(&mut rest, &context).map_err(unreadable::<R>)?;
    let expected = NodeId::from(R::Response::default().type_id());
    if type_id == expected {
        return Ok(rest);
    }
    if type_id == NodeId::new(0, SERVICE_FAULT) {
        let header = ResponseHeader::decode(&mut rest, &context).map_err(unreadable::<R>)?;
        return Err(fault::<R>(header.service_result));
    }
    let detail = format!("it has the type {type_id} instead of {expected}");
    Err(Error::UnexpectedResponse { service: R::SERVICE, detail })
}

fn unreadable<R: ReadOnlyRequest>(error: opcua_types::Error) -> Error {
    Error::Decode { service: R::SERVICE, detail: error.to_string() }
}

/// A context whose limits fit this body: no array or text in it can be longer than the body itself, so that a
/// length field alone never makes us allocate more than a small multiple of what was really received.
pub(crate) fn context_for(body: &[u8]) -> ContextOwned {
    context_within(body, MAX_ARRAY)
}

/// A context for a value of so many bytes: nothing in it can be longer than itself.
pub(crate) fn context_for_size(size: usize) -> ContextOwned {
    let options = DecodingOptions {
        max_string_length: size.min(MAX_STRING),
        max_byte_string_length: size.min(MAX_BYTE_STRING),
        max_array_length: size.min(MAX_ARRAY),
        decoding_depth_gauge: DepthGauge::new(MAX_DEPTH),
        ..DecodingOptions::default()
    };
    bounded_context(options, size)
}

/// How many bytes a value takes in binary encoding.
pub(crate) fn size_of(value: &Variant) -> usize {
    value.byte_len(&ContextOwned::default().context())
}

fn context_within(body: &[u8], max_array: usize) -> ContextOwned {
    let options = DecodingOptions {
        max_string_length: body.len().min(MAX_STRING),
        max_byte_string_length: body.len().min(MAX_BYTE_STRING),
        max_array_length: body.len().min(max_array),
        decoding_depth_gauge: DepthGauge::new(MAX_DEPTH),
        ..DecodingOptions::default()
    };
    bounded_context(options, body.len())
}

/// Results that must be as many as what was asked for.
pub(crate) fn exactly<R: ReadOnlyRequest, T>(
    results: Option<Vec<T>>,
    expected: usize,
) -> Result<Vec<T>, Error> {
    let results = results.unwrap_or_default();
    if results.len() != expected {
        return Err(Error::UnexpectedResponse {
            service: R::SERVICE,
            detail: format!("{} results for {expected} questions", results.len()),
        });
    }
    Ok(results)
}

fn fault<R: ReadOnlyRequest>(status: StatusCode) -> Error {
    // A fault that says Good is still no answer.
    let status = if status::is_bad(status.bits()) { status.bits() } else { status::BAD_UNEXPECTED_ERROR };
    Error::Service { service: R::SERVICE, status }
}
