//! From the bytes of a request to the bytes of an answer.

use opcua_types::{
    BinaryDecodable, BinaryEncodable, ContextOwned, DateTime, MessageInfo, NodeId, ObjectId, RequestHeader,
    ResponseHeader, StatusCode,
};

use super::{
    browse, call, discovery, history, monitored_items, read, register, session_audit, subscribe, translate,
    write,
};
use crate::{
    access::Grant,
    core::{Core, Peer},
    session::SessionToken,
    subscription::{Owner, SessionKey},
    values::Ticks,
    wire::service_fault,
};

/// One request: who asks, when, and of whom.
pub(crate) struct Scope<'a> {
    pub(crate) core: &'a Core,
    pub(crate) peer: &'a Peer,
    pub(crate) request_id: u32,
    pub(crate) now: Ticks,
}

/// An answer, or a Publish request that will be answered later.
type Handled = Option<Vec<u8>>;

impl Scope<'_> {
    /// The session a request belongs to and whose it is.
    pub(crate) fn session(&self, header: &RequestHeader) -> Result<(SessionKey, Owner), StatusCode> {
        let token = SessionToken::from_node_id(&header.authentication_token);
        let mut sessions = self.core.sessions();
        let session = sessions.check(token, self.peer.channel, self.now)?;
        let owner = session.owner.clone().ok_or(StatusCode::BadSessionNotActivated)?;
        Ok((session.key, owner))
    }

    /// What the session of a request may do.
    pub(crate) fn grant(&self, header: &RequestHeader) -> Result<Grant, StatusCode> {
        self.session(header).map(|(_, owner)| owner.grant)
    }

    /// A header that says Good.
    pub(crate) fn good(&self, request: &RequestHeader) -> ResponseHeader {
        ResponseHeader {
            timestamp: DateTime::from(self.now),
            request_handle: request.request_handle,
            service_result: StatusCode::Good,
            ..ResponseHeader::default()
        }
    }

    /// The operations of a request, at least one and not more than the limit.
    pub(crate) fn operations<T>(&self, operations: Option<Vec<T>>) -> Result<Vec<T>, StatusCode> {
        let operations = operations.unwrap_or_default();
        if operations.is_empty() {
            return Err(StatusCode::BadNothingToDo);
        }
        if operations.len() > self.core.config.limits.operations {
            return Err(StatusCode::BadTooManyOperations);
        }
        Ok(operations)
    }
}

/// Whether answering costs a password hash, so that it must not run on an async thread.
pub(crate) fn needs_blocking(body: &[u8], context: &ContextOwned) -> bool {
    let mut rest = body;
    service(&mut rest, context) == Some(ObjectId::ActivateSessionRequest_Encoding_DefaultBinary)
}

fn service(rest: &mut &[u8], context: &ContextOwned) -> Option<ObjectId> {
    NodeId::decode(rest, &context.context()).ok()?.as_object_id().ok()
}

/// Answers one request. `None` means that the answer comes through [`Peer::answers`].
pub(crate) fn dispatch(scope: &Scope<'_>, body: &[u8], context: &ContextOwned) -> Handled {
    use ObjectId as Id;
    let mut rest = body;
    let call = Call { scope, header_at: body, context };
    let Some(service) = service(&mut rest, context) else { return Some(call.unsupported(rest)) };
    let call = Call { header_at: rest, ..call };
    let answer = match service {
        Id::GetEndpointsRequest_Encoding_DefaultBinary => call.run(discovery::get_endpoints),
        Id::FindServersRequest_Encoding_DefaultBinary => call.run(discovery::find_servers),
        Id::CreateSessionRequest_Encoding_DefaultBinary => call.run(session_audit::create),
        Id::ActivateSessionRequest_Encoding_DefaultBinary => call.run(session_audit::activate),
        Id::CloseSessionRequest_Encoding_DefaultBinary => call.run(session_audit::close),
        Id::ReadRequest_Encoding_DefaultBinary => call.run(read::read),
        Id::WriteRequest_Encoding_DefaultBinary => call.run(write::write),
        Id::HistoryReadRequest_Encoding_DefaultBinary => call.run(history::history_read),
        Id::BrowseRequest_Encoding_DefaultBinary => call.run(browse::browse),
        Id::BrowseNextRequest_Encoding_DefaultBinary => call.run(browse::browse_next),
        Id::TranslateBrowsePathsToNodeIdsRequest_Encoding_DefaultBinary => call.run(translate::translate),
        Id::RegisterNodesRequest_Encoding_DefaultBinary => call.run(register::register),
        Id::UnregisterNodesRequest_Encoding_DefaultBinary => call.run(register::unregister),
        Id::CallRequest_Encoding_DefaultBinary => call.run(call::call),
        Id::CreateSubscriptionRequest_Encoding_DefaultBinary => call.run(subscribe::create),
        Id::ModifySubscriptionRequest_Encoding_DefaultBinary => call.run(subscribe::modify),
        Id::SetPublishingModeRequest_Encoding_DefaultBinary => call.run(subscribe::set_publishing_mode),
        Id::DeleteSubscriptionsRequest_Encoding_DefaultBinary => call.run(subscribe::delete),
        Id::TransferSubscriptionsRequest_Encoding_DefaultBinary => call.run(subscribe::transfer),
        Id::CreateMonitoredItemsRequest_Encoding_DefaultBinary => call.run(monitored_items::create),
        Id::ModifyMonitoredItemsRequest_Encoding_DefaultBinary => call.run(monitored_items::modify),
        Id::SetMonitoringModeRequest_Encoding_DefaultBinary => call.run(monitored_items::set_mode),
        Id::DeleteMonitoredItemsRequest_Encoding_DefaultBinary => call.run(monitored_items::delete),
        Id::PublishRequest_Encoding_DefaultBinary => return call.run_raw(subscribe::publish),
        Id::RepublishRequest_Encoding_DefaultBinary => return call.run_raw(subscribe::republish),
        _ => call.unsupported(rest),
    };
    Some(answer)
}

#[derive(Clone, Copy)]
struct Call<'a> {
    scope: &'a Scope<'a>,
    /// The request behind its type id: it begins with the header.
    header_at: &'a [u8],
    context: &'a ContextOwned,
}

impl Call<'_> {
    fn run<Q, R>(&self, service: fn(&Scope<'_>, Q) -> Result<R, StatusCode>) -> Vec<u8>
    where
        Q: BinaryDecodable,
        R: BinaryEncodable + MessageInfo,
    {
        let answered = self.decode().and_then(|request| service(self.scope, request));
        let encoded = answered.and_then(|response| encode(&response, self.context));
        encoded.unwrap_or_else(|status| self.fault(status))
    }

    /// For services that write their answer themselves or give it later.
    fn run_raw<Q: BinaryDecodable>(
        &self,
        service: fn(&Scope<'_>, Q) -> Result<Handled, StatusCode>,
    ) -> Handled {
        let answered = self.decode().and_then(|request| service(self.scope, request));
        answered.unwrap_or_else(|status| Some(self.fault(status)))
    }

    fn decode<Q: BinaryDecodable>(&self) -> Result<Q, StatusCode> {
        let mut rest = self.header_at;
        Q::decode(&mut rest, &self.context.context()).map_err(|error| {
            tracing::debug!(channel = self.scope.peer.channel, %error, "request cannot be decoded");
            match error.status() {
                StatusCode::BadEncodingLimitsExceeded => StatusCode::BadEncodingLimitsExceeded,
                _ => StatusCode::BadDecodingError,
            }
        })
    }

    fn unsupported(&self, rest: &[u8]) -> Vec<u8> {
        Call { header_at: rest, ..*self }.fault(StatusCode::BadServiceUnsupported)
    }

    fn fault(&self, status: StatusCode) -> Vec<u8> {
        self.scope.core.diagnostics.request_refused(status);
        let mut rest = self.header_at;
        let header = RequestHeader::decode(&mut rest, &self.context.context());
        service_fault(self.scope.now, header.map_or(0, |header| header.request_handle), status.bits())
    }
}

fn encode<R: BinaryEncodable + MessageInfo>(
    response: &R,
    context: &ContextOwned,
) -> Result<Vec<u8>, StatusCode> {
    let context = context.context();
    let type_id = NodeId::from(response.type_id());
    let mut bytes =
        Vec::with_capacity(type_id.byte_len(&context).saturating_add(response.byte_len(&context)));
    let encoded = type_id.encode(&mut bytes, &context).and_then(|()| response.encode(&mut bytes, &context));
    encoded.map_err(|_| StatusCode::BadEncodingError)?;
    Ok(bytes)
}
