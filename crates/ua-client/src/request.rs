//! The complete list of what this client can ask a server. Read-only by construction.
//!
//! Every byte of a request passes [`encode`](crate::codec::encode), which takes a [`ReadOnlyRequest`]. The trait is
//! sealed and implemented here and nowhere else, for the services below. Write, HistoryUpdate, the node management
//! services and SetTriggering have no implementation, so a request of theirs does not compile:
//!
//! ```compile_fail,E0277
//! fn needs<R: ua_client::ReadOnlyRequest>() {}
//! needs::<ua_client::types::WriteRequest>();
//! ```
//!
//! nor does a Call that was not made from a [`PermittedCall`](crate::PermittedCall), which are four that fetch what was
//! missed:
//!
//! ```compile_fail,E0277
//! fn needs<R: ua_client::ReadOnlyRequest>() {}
//! needs::<ua_client::types::CallRequest>();
//! ```
//!
//! while reading does:
//!
//! ```
//! fn needs<R: ua_client::ReadOnlyRequest>() {}
//! needs::<ua_client::types::ReadRequest>();
//! ```

use opcua_types::{
    ActivateSessionRequest, ActivateSessionResponse, BinaryDecodable, BinaryEncodable, BrowseNextRequest,
    BrowseNextResponse, BrowseRequest, BrowseResponse, CallResponse, CloseSessionRequest,
    CloseSessionResponse, CreateMonitoredItemsRequest, CreateMonitoredItemsResponse, CreateSessionRequest,
    CreateSessionResponse, CreateSubscriptionRequest, CreateSubscriptionResponse,
    DeleteMonitoredItemsRequest, DeleteMonitoredItemsResponse, DeleteSubscriptionsRequest,
    DeleteSubscriptionsResponse, FindServersOnNetworkRequest, FindServersOnNetworkResponse,
    FindServersRequest, FindServersResponse, GetEndpointsRequest, GetEndpointsResponse, HistoryReadRequest,
    HistoryReadResponse, MessageInfo, PublishRequest, PublishResponse, ReadRequest, ReadResponse,
    RegisterNodesRequest, RegisterNodesResponse, RepublishRequest, RepublishResponse, RequestHeader,
    StatusCode, TransferSubscriptionsRequest, TransferSubscriptionsResponse,
    TranslateBrowsePathsToNodeIdsRequest, TranslateBrowsePathsToNodeIdsResponse, UnregisterNodesRequest,
    UnregisterNodesResponse,
};

use crate::call::PermittedCallRequest;
use crate::questions::ReadQuestions;

mod sealed {
    #[expect(unnameable_types, reason = "nobody else shall be able to name it: that is the seal")]
    pub trait Sealed {}
}

/// A request that changes nothing in the plant. Sealed: the list in this module is all there will ever be.
pub trait ReadOnlyRequest: sealed::Sealed + BinaryEncodable + MessageInfo {
    /// The service's name in Part 4.
    const SERVICE: &'static str;
    /// What answers it.
    type Response: BinaryDecodable + MessageInfo + Default;

    /// Where the session's token and the handle go.
    #[doc(hidden)]
    fn header_mut(&mut self) -> &mut RequestHeader;

    /// The service result in the header of an answer.
    #[doc(hidden)]
    fn service_result(response: &Self::Response) -> StatusCode;
}

macro_rules! read_only {
    ($($service:literal: $request:ident => $response:ident),* $(,)?) => {
        $(
            impl sealed::Sealed for $request {}

            impl ReadOnlyRequest for $request {
                const SERVICE: &'static str = $service;
                type Response = $response;

                fn header_mut(&mut self) -> &mut RequestHeader {
                    &mut self.request_header
                }

                fn service_result(response: &$response) -> StatusCode {
                    response.response_header.service_result
                }
            }
        )*

        /// Reads a body as the answer to each service in turn, as a session would; gives how many of them it answers.
        /// For the fuzzer, which has no server to ask.
        #[doc(hidden)]
        #[must_use]
        pub fn answers_read_from(body: &[u8]) -> usize {
            [$(crate::codec::decode::<$request>(body).is_ok()),*].into_iter().filter(|read| *read).count()
        }

        #[cfg(test)]
        const SERVICES: &[&str] = &[$($service),*];
    };
}

read_only! {
    "FindServers": FindServersRequest => FindServersResponse,
    "FindServersOnNetwork": FindServersOnNetworkRequest => FindServersOnNetworkResponse,
    "GetEndpoints": GetEndpointsRequest => GetEndpointsResponse,
    "CreateSession": CreateSessionRequest => CreateSessionResponse,
    "ActivateSession": ActivateSessionRequest => ActivateSessionResponse,
    "CloseSession": CloseSessionRequest => CloseSessionResponse,
    "Read": ReadRequest => ReadResponse,
    "Browse": BrowseRequest => BrowseResponse,
    "BrowseNext": BrowseNextRequest => BrowseNextResponse,
    "TranslateBrowsePathsToNodeIds": TranslateBrowsePathsToNodeIdsRequest => TranslateBrowsePathsToNodeIdsResponse,
    "RegisterNodes": RegisterNodesRequest => RegisterNodesResponse,
    "UnregisterNodes": UnregisterNodesRequest => UnregisterNodesResponse,
    "HistoryRead": HistoryReadRequest => HistoryReadResponse,
    "CreateSubscription": CreateSubscriptionRequest => CreateSubscriptionResponse,
    "DeleteSubscriptions": DeleteSubscriptionsRequest => DeleteSubscriptionsResponse,
    "CreateMonitoredItems": CreateMonitoredItemsRequest => CreateMonitoredItemsResponse,
    "DeleteMonitoredItems": DeleteMonitoredItemsRequest => DeleteMonitoredItemsResponse,
    "TransferSubscriptions": TransferSubscriptionsRequest => TransferSubscriptionsResponse,
    "Publish": PublishRequest => PublishResponse,
    "Republish": RepublishRequest => RepublishResponse,
}

impl sealed::Sealed for ReadQuestions<'_> {}

impl ReadOnlyRequest for ReadQuestions<'_> {
    const SERVICE: &'static str = ReadRequest::SERVICE;
    type Response = ReadResponse;

    fn header_mut(&mut self) -> &mut RequestHeader {
        Self::header_mut(self)
    }

    fn service_result(response: &ReadResponse) -> StatusCode {
        response.response_header.service_result
    }
}

impl sealed::Sealed for PermittedCallRequest {}

impl ReadOnlyRequest for PermittedCallRequest {
    const SERVICE: &'static str = crate::call::SERVICE;
    type Response = CallResponse;

    fn header_mut(&mut self) -> &mut RequestHeader {
        Self::header_mut(self)
    }

    fn service_result(response: &CallResponse) -> StatusCode {
        response.response_header.service_result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_service_in_the_list_can_change_the_plant() {
        for service in SERVICES {
            for writing in
                ["Write", "Call", "Update", "AddNodes", "AddReferences", "DeleteNodes", "DeleteReferences"]
            {
                assert!(!service.contains(writing), "{service} is not read-only");
            }
        }
    }
}
