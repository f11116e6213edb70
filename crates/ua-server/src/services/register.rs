//! RegisterNodes and UnregisterNodes (Part 4 §5.9.5, §5.9.6). Every node is found by its id at once, so the ids stay as they are
//! and there is nothing to keep.

use opcua_types::{
    RegisterNodesRequest, RegisterNodesResponse, StatusCode, UnregisterNodesRequest, UnregisterNodesResponse,
};

use super::Scope;

pub(super) fn register(
    scope: &Scope<'_>,
    request: RegisterNodesRequest,
) -> Result<RegisterNodesResponse, StatusCode> {
    scope.session(&request.request_header)?;
    let nodes = scope.operations(request.nodes_to_register)?;
    Ok(RegisterNodesResponse {
        response_header: scope.good(&request.request_header),
        registered_node_ids: Some(nodes),
    })
}

pub(super) fn unregister(
    scope: &Scope<'_>,
    request: UnregisterNodesRequest,
) -> Result<UnregisterNodesResponse, StatusCode> {
    scope.session(&request.request_header)?;
    scope.operations(request.nodes_to_unregister)?;
    Ok(UnregisterNodesResponse { response_header: scope.good(&request.request_header) })
}
