//! One request each, and what came of it.

use opcua_types::{
    BinaryDecodable, BinaryEncodable, BrowseDescription, BrowseDirection, BrowsePath, BrowseRequest,
    BrowseResponse, CallMethodRequest, CallRequest, CallResponse, ContextOwned, CreateMonitoredItemsRequest,
    CreateMonitoredItemsResponse, CreateSubscriptionRequest, CreateSubscriptionResponse, DataValue, DateTime,
    ExtensionObject, HistoryReadRequest, HistoryReadResponse, HistoryReadValueId, MessageInfo,
    MonitoredItemCreateRequest, NodeId, QualifiedName, ReadRawModifiedDetails, ReadRequest, ReadResponse,
    ReadValueId, RelativePath, RelativePathElement, StatusCode, TranslateBrowsePathsToNodeIdsRequest,
    TranslateBrowsePathsToNodeIdsResponse, Variant, WriteRequest, WriteResponse, WriteValue,
};

use super::test_target::{Target, encode, header};

/// The answer to one request.
pub(super) fn ask<Q: BinaryEncodable + MessageInfo, R: BinaryDecodable>(
    target: &Target,
    request: &Q,
) -> Result<R, StatusCode> {
    let answer = target.ask(&encode(request)).unwrap();
    match target.result(&answer) {
        StatusCode::Good => {
            let mut rest = answer.as_slice();
            let context = ContextOwned::default();
            NodeId::decode(&mut rest, &context.context()).unwrap();
            Ok(R::decode(&mut rest, &context.context()).unwrap())
        }
        status => Err(status),
    }
}

pub(super) fn read(target: &Target, node: &NodeId, attribute_id: u32) -> DataValue {
    let item = ReadValueId { node_id: node.clone(), attribute_id, ..ReadValueId::default() };
    let request =
        ReadRequest { request_header: header(), nodes_to_read: Some(vec![item]), ..ReadRequest::default() };
    ask::<_, ReadResponse>(target, &request).unwrap().results.unwrap().remove(0)
}

pub(super) fn read_status(target: &Target, node: &NodeId, attribute: u32) -> StatusCode {
    read(target, node, attribute).status.unwrap_or(StatusCode::Good)
}

pub(super) fn write_status(
    target: &Target,
    node: &NodeId,
    attribute_id: u32,
    value: DataValue,
) -> StatusCode {
    let item = WriteValue { node_id: node.clone(), attribute_id, value, ..WriteValue::default() };
    let request = WriteRequest { request_header: header(), nodes_to_write: Some(vec![item]) };
    ask::<_, WriteResponse>(target, &request).unwrap().results.unwrap()[0]
}

pub(super) fn value(variant: impl Into<Variant>) -> DataValue {
    DataValue { value: Some(variant.into()), ..DataValue::default() }
}

pub(super) fn browse(target: &Target, node: &NodeId) -> Result<Vec<NodeId>, StatusCode> {
    let description = BrowseDescription {
        node_id: node.clone(),
        browse_direction: BrowseDirection::Forward,
        include_subtypes: true,
        result_mask: 63,
        ..BrowseDescription::default()
    };
    let request = BrowseRequest {
        request_header: header(),
        nodes_to_browse: Some(vec![description]),
        ..BrowseRequest::default()
    };
    let result = ask::<_, BrowseResponse>(target, &request)?.results.unwrap().remove(0);
    match result.status_code {
        StatusCode::Good => {
            Ok(result.references.unwrap().into_iter().map(|reference| reference.node_id.node_id).collect())
        }
        status => Err(status),
    }
}

pub(super) fn history_status(target: &Target, node: &NodeId) -> StatusCode {
    let details = ReadRawModifiedDetails {
        start_time: DateTime::from(1_000_000),
        end_time: DateTime::from(2_000_000),
        ..ReadRawModifiedDetails::default()
    };
    let request = HistoryReadRequest {
        request_header: header(),
        history_read_details: ExtensionObject::from_message(details),
        nodes_to_read: Some(vec![HistoryReadValueId {
            node_id: node.clone(),
            ..HistoryReadValueId::default()
        }]),
        ..HistoryReadRequest::default()
    };
    let status = ask::<_, HistoryReadResponse>(target, &request).unwrap().results.unwrap()[0].status_code;
    if status == StatusCode::GoodNoData { StatusCode::Good } else { status }
}

pub(super) fn watch_status(target: &Target, node: &NodeId) -> StatusCode {
    let request =
        CreateSubscriptionRequest { request_header: header(), ..CreateSubscriptionRequest::default() };
    let subscription_id = ask::<_, CreateSubscriptionResponse>(target, &request).unwrap().subscription_id;
    let item = MonitoredItemCreateRequest {
        item_to_monitor: ReadValueId { node_id: node.clone(), attribute_id: 13, ..ReadValueId::default() },
        ..MonitoredItemCreateRequest::default()
    };
    let request = CreateMonitoredItemsRequest {
        request_header: header(),
        subscription_id,
        items_to_create: Some(vec![item]),
        ..CreateMonitoredItemsRequest::default()
    };
    ask::<_, CreateMonitoredItemsResponse>(target, &request).unwrap().results.unwrap()[0].status_code
}

pub(super) fn translate_status(target: &Target, from: &NodeId, name: &str) -> StatusCode {
    let step = RelativePathElement {
        include_subtypes: true,
        target_name: QualifiedName::new(1, name),
        ..RelativePathElement::default()
    };
    let path = BrowsePath {
        starting_node: from.clone(),
        relative_path: RelativePath { elements: Some(vec![step]) },
    };
    let request =
        TranslateBrowsePathsToNodeIdsRequest { request_header: header(), browse_paths: Some(vec![path]) };
    ask::<_, TranslateBrowsePathsToNodeIdsResponse>(target, &request).unwrap().results.unwrap()[0].status_code
}

pub(super) fn call_status(target: &Target, object: &NodeId, method: &NodeId) -> StatusCode {
    // of different types: a list of them is no array
    let inputs = vec![Variant::from(1.5), Variant::from("two"), Variant::from(vec![3_i32])];
    let call = CallMethodRequest {
        object_id: object.clone(),
        method_id: method.clone(),
        input_arguments: Some(inputs),
    };
    let request = CallRequest { request_header: header(), methods_to_call: Some(vec![call]) };
    ask::<_, CallResponse>(target, &request).unwrap().results.unwrap()[0].status_code
}
