//! Requests that no honest client sends: whatever they are, there is one answer, soon, and the server goes on.

use opcua_types::{
    AddNodesRequest, AddReferencesRequest, BinaryDecodable, BinaryEncodable, BrowseDescription,
    BrowseNextRequest, BrowsePath, BrowseRequest, ByteString, ContextOwned, CreateMonitoredItemsRequest,
    CreateSessionRequest, CreateSubscriptionRequest, DataChangeFilter, DeleteMonitoredItemsRequest,
    DeleteNodesRequest, DeleteReferencesRequest, DeleteSubscriptionsRequest, ExtensionObject,
    FindServersRequest, GetEndpointsRequest, HistoryUpdateRequest, ModifyMonitoredItemsRequest,
    ModifySubscriptionRequest, MonitoredItemCreateRequest, MonitoredItemModifyRequest, MonitoringMode,
    MonitoringParameters, NodeId, ObjectId, PublishRequest, QualifiedName, ReadRequest, ReadValueId,
    RelativePath, RelativePathElement, RepublishRequest, SetMonitoringModeRequest, SetPublishingModeRequest,
    StatusCode, SubscriptionAcknowledgement, TransferSubscriptionsRequest,
    TranslateBrowsePathsToNodeIdsRequest, WriteRequest, WriteValue,
};
use proptest::prelude::*;
use ua_pki::SecurityPolicy;

use super::test_target::{CHANNEL, Target, encode, header, variable};
use crate::subscription::Sampler;

/// One honest request of every service, to be spoilt.
fn honest() -> Vec<Vec<u8>> {
    let request_header = header();
    let h = || request_header.clone();
    let item = ReadValueId { node_id: variable(), attribute_id: 13, ..ReadValueId::default() };
    let parameters = MonitoringParameters {
        client_handle: 1,
        sampling_interval: 10.0,
        filter: ExtensionObject::from_message(DataChangeFilter::default()),
        queue_size: 10,
        discard_oldest: true,
    };
    let step = RelativePathElement {
        include_subtypes: true,
        target_name: QualifiedName::new(1, "Variable"),
        ..RelativePathElement::default()
    };
    let path = BrowsePath {
        starting_node: ObjectId::ObjectsFolder.into(),
        relative_path: RelativePath { elements: Some(vec![step]) },
    };
    let browse = BrowseDescription {
        node_id: NodeId::new(0, 85_u32),
        result_mask: 63,
        ..BrowseDescription::default()
    };
    let create_item = MonitoredItemCreateRequest {
        item_to_monitor: item.clone(),
        monitoring_mode: MonitoringMode::Reporting,
        requested_parameters: parameters.clone(),
    };
    let modify_item = MonitoredItemModifyRequest { monitored_item_id: 1, requested_parameters: parameters };
    let ack = SubscriptionAcknowledgement { subscription_id: 1, sequence_number: 1 };
    let write = WriteValue { node_id: variable(), attribute_id: 13, ..WriteValue::default() };
    vec![
        encode(&GetEndpointsRequest { request_header: h(), ..Default::default() }),
        encode(&FindServersRequest { request_header: h(), ..Default::default() }),
        encode(&CreateSessionRequest { request_header: h(), ..Default::default() }),
        encode(&ReadRequest { request_header: h(), nodes_to_read: Some(vec![item]), ..Default::default() }),
        encode(&BrowseRequest {
            request_header: h(),
            nodes_to_browse: Some(vec![browse]),
            ..Default::default()
        }),
        encode(&BrowseNextRequest {
            request_header: h(),
            continuation_points: Some(vec![ByteString::from(vec![1, 0, 0, 0])]),
            ..Default::default()
        }),
        encode(&TranslateBrowsePathsToNodeIdsRequest { request_header: h(), browse_paths: Some(vec![path]) }),
        encode(&CreateSubscriptionRequest {
            request_header: h(),
            publishing_enabled: true,
            ..Default::default()
        }),
        encode(&ModifySubscriptionRequest { request_header: h(), subscription_id: 1, ..Default::default() }),
        encode(&SetPublishingModeRequest {
            request_header: h(),
            subscription_ids: Some(vec![1]),
            ..Default::default()
        }),
        encode(&TransferSubscriptionsRequest {
            request_header: h(),
            subscription_ids: Some(vec![1]),
            ..Default::default()
        }),
        encode(&CreateMonitoredItemsRequest {
            request_header: h(),
            subscription_id: 1,
            items_to_create: Some(vec![create_item]),
            ..Default::default()
        }),
        encode(&ModifyMonitoredItemsRequest {
            request_header: h(),
            subscription_id: 1,
            items_to_modify: Some(vec![modify_item]),
            ..Default::default()
        }),
        encode(&SetMonitoringModeRequest {
            request_header: h(),
            monitored_item_ids: Some(vec![1]),
            ..Default::default()
        }),
        encode(&DeleteMonitoredItemsRequest {
            request_header: h(),
            monitored_item_ids: Some(vec![1]),
            ..Default::default()
        }),
        encode(&DeleteSubscriptionsRequest { request_header: h(), subscription_ids: Some(vec![1]) }),
        encode(&PublishRequest { request_header: h(), subscription_acknowledgements: Some(vec![ack]) }),
        encode(&RepublishRequest { request_header: h(), subscription_id: 1, retransmit_sequence_number: 1 }),
        encode(&WriteRequest { request_header: h(), nodes_to_write: Some(vec![write]) }),
    ]
}

/// Bytes put in the place of others, bytes left out, bytes put in.
fn spoil(
    mut body: Vec<u8>,
    changes: &[(prop::sample::Index, u8, u8)],
    cut: Option<prop::sample::Index>,
) -> Vec<u8> {
    for (place, kind, byte) in changes {
        if body.is_empty() {
            break;
        }
        let place = place.index(body.len());
        match kind % 3 {
            0 => body[place] = *byte,
            1 => body.insert(place, *byte),
            _ => drop(body.remove(place)),
        }
    }
    if let Some(cut) = cut {
        body.truncate(cut.index(body.len().max(1)));
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn spoilt_requests_get_one_answer_each_and_break_nothing(
        spoilt in prop::collection::vec(
            (
                any::<prop::sample::Index>(),
                prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u8>()), 0..4),
                prop::option::weighted(0.1, any::<prop::sample::Index>()),
            ),
            1..150,
        ),
    ) {
        let mut target = Target::new();
        let honest = honest();
        for (which, changes, cut) in spoilt {
            let body = spoil(honest[which.index(honest.len())].clone(), &changes, cut);
            match target.ask(&body) {
                Some(answer) => {
                    target.result(&answer);
                }
                None => {
                    // only Publish answers later; at the end of everything each is answered
                    prop_assert_eq!(NodeId::decode(&mut body.as_slice(), &ContextOwned::default().context()).unwrap(), NodeId::from(ObjectId::PublishRequest_Encoding_DefaultBinary));
                }
            }
            let now = target.core.clock.now();
            target.core.handle_timeout(now);
        }
        while let Ok(answer) = target.answers.try_recv() {
            target.result(&answer.body);
        }
        // the server is as well as before
        let read = target.ask(&honest[3]);
        if let Some(answer) = read {
            let result = target.result(&answer);
            prop_assert!(matches!(result, StatusCode::Good | StatusCode::BadSessionIdInvalid | StatusCode::BadSessionNotActivated));
        }
    }

    #[test]
    fn noise_behind_any_type_id_gets_an_answer(
        noises in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)), 1..200),
    ) {
        let target = Target::new();
        for (type_id, noise) in noises {
            let mut body = vec![1, 0];
            body.extend(type_id.to_le_bytes());
            body.extend(noise);
            if let Some(answer) = target.ask(&body) {
                target.result(&answer);
            }
        }
    }
}

#[test]
fn a_service_that_changes_history_or_nodes_does_not_exist() {
    let target = Target::new();
    for request in [
        encode(&HistoryUpdateRequest { request_header: header(), ..HistoryUpdateRequest::default() }),
        encode(&AddNodesRequest { request_header: header(), nodes_to_add: None }),
        encode(&AddReferencesRequest { request_header: header(), references_to_add: None }),
        encode(&DeleteNodesRequest { request_header: header(), nodes_to_delete: None }),
        encode(&DeleteReferencesRequest { request_header: header(), references_to_delete: None }),
    ] {
        let answer = target.ask(&request).unwrap();
        assert_eq!(target.result(&answer), StatusCode::BadServiceUnsupported);
    }
}

#[test]
fn every_honest_request_is_understood() {
    let target = Target::new();
    for body in &honest() {
        if let Some(answer) = target.ask(body) {
            let result = target.result(&answer);
            assert_ne!(result, StatusCode::BadDecodingError);
            assert_ne!(result, StatusCode::BadServiceUnsupported);
        }
    }
}

#[test]
fn more_operations_than_the_limit_are_refused_as_a_whole() {
    let target = Target::new();
    let item = ReadValueId { node_id: variable(), attribute_id: 13, ..ReadValueId::default() };
    let request = |count| ReadRequest {
        request_header: header(),
        nodes_to_read: Some(vec![item.clone(); count]),
        ..ReadRequest::default()
    };
    let result = |count| target.result(&target.ask(&encode(&request(count))).unwrap());
    assert_eq!(result(50), StatusCode::Good);
    assert_eq!(result(51), StatusCode::BadTooManyOperations);
    assert_eq!(result(0), StatusCode::BadNothingToDo);
}

#[test]
fn nested_values_are_read_to_the_limit_and_no_deeper() {
    let target = Target::new();
    assert_eq!(target.result(&target.ask(&nested(90)).unwrap()), StatusCode::Good);
    for depth in [150, 5_000, 60_000] {
        let result = target.result(&target.ask(&nested(depth)).unwrap());
        let refused = [StatusCode::BadDecodingError, StatusCode::BadEncodingLimitsExceeded];
        assert!(refused.contains(&result), "{depth}: {result}");
    }
    // the gauge has gone back to zero
    assert_eq!(target.result(&target.ask(&nested(90)).unwrap()), StatusCode::Good);
}

/// GetEndpoints with a header that carries a variant in a variant in a variant …
fn nested(depth: usize) -> Vec<u8> {
    let context = ContextOwned::default();
    let mut parameter = 1_i32.to_le_bytes().to_vec(); // one key with one value
    parameter.extend([0, 0, 255, 255, 255, 255]); // key: the null name
    parameter.extend(vec![24; depth]);
    parameter.extend([6, 1, 0, 0, 0]);
    let mut body =
        NodeId::from(ObjectId::GetEndpointsRequest_Encoding_DefaultBinary).encode_to_vec(&context.context());
    let mut head = header().encode_to_vec(&context.context());
    head.truncate(head.len() - 3); // without its null additional header
    body.extend(head);
    body.extend(
        NodeId::from(ObjectId::AdditionalParametersType_Encoding_DefaultBinary)
            .encode_to_vec(&context.context()),
    );
    body.push(1);
    body.extend(i32::try_from(parameter.len()).unwrap().to_le_bytes());
    body.extend(parameter);
    body.extend([255; 12]); // null URL, locales and profiles
    body
}

#[test]
fn a_session_is_good_over_its_own_channel_only() {
    let mut target = Target::new();
    let body = honest().remove(3);
    target.peer.channel = CHANNEL + 1;
    assert_eq!(target.result(&target.ask(&body).unwrap()), StatusCode::BadSecureChannelIdInvalid);
}

#[test]
fn creating_a_session_for_another_certificate_than_the_channels_is_refused() {
    let target = Target::new();
    let request = CreateSessionRequest {
        request_header: header(),
        client_nonce: vec![1; 32].into(),
        client_certificate: ByteString::null(),
        ..CreateSessionRequest::default()
    };
    assert_eq!(target.result(&target.ask(&encode(&request)).unwrap()), StatusCode::BadCertificateInvalid);
}

#[test]
fn creating_a_session_over_a_channel_without_security_is_refused() {
    let mut target = Target::new();
    target.peer.policy = SecurityPolicy::None;
    target.peer.certificate = None;
    let request = CreateSessionRequest { request_header: header(), ..CreateSessionRequest::default() };
    assert_eq!(target.result(&target.ask(&encode(&request)).unwrap()), StatusCode::BadSecurityPolicyRejected);
}

#[test]
fn the_sampler_answers_for_attributes_that_are_not_values() {
    let target = Target::new();
    let node = target.core.space.index(&variable()).unwrap();
    let watched = crate::subscription::Watched { node, attribute: 4 };
    let grant = target.grant([crate::Role::Observer]);
    assert_eq!(target.core.polled(grant, watched, 0).status, 0);
}
