//! Requests that ask for too much: each is cut to a limit or refused, and costs no more than it should (HS cases of the security
//! catalogue).

use opcua_types::{
    BrowseDescription, BrowseDirection, BrowsePath, BrowseRequest, BrowseResponse, CancelRequest,
    CloseSessionRequest, ContentFilter, ContentFilterElement, CreateMonitoredItemsRequest,
    CreateMonitoredItemsResponse, CreateSessionRequest, CreateSessionResponse, CreateSubscriptionRequest,
    CreateSubscriptionResponse, DateTime, ElementOperand, EventFilter, ExtensionObject, FilterOperator,
    LiteralOperand, MonitoredItemCreateRequest, MonitoringParameters, NodeId, NumericRange, ObjectId,
    ObjectTypeId, QualifiedName, ReadRequest, ReadResponse, ReadValueId, RelativePath, RelativePathElement,
    RequestHeader, SimpleAttributeOperand, StatusCode, TranslateBrowsePathsToNodeIdsRequest,
    TranslateBrowsePathsToNodeIdsResponse, Variant,
};

use super::{
    ask::ask,
    logins::{activate, named},
    test_target::{FIRST_NONCE, Target, encode, header, identity, variable},
};
use crate::{Role, subscription::SessionKey};

fn subscribe(target: &Target) -> u32 {
    let request =
        CreateSubscriptionRequest { request_header: header(), ..CreateSubscriptionRequest::default() };
    ask::<_, CreateSubscriptionResponse>(target, &request).unwrap().subscription_id
}

fn create_item(target: &Target, item: MonitoredItemCreateRequest) -> opcua_types::MonitoredItemCreateResult {
    let request = CreateMonitoredItemsRequest {
        request_header: header(),
        subscription_id: subscribe(target),
        items_to_create: Some(vec![item]),
        ..CreateMonitoredItemsRequest::default()
    };
    ask::<_, CreateMonitoredItemsResponse>(target, &request).unwrap().results.unwrap().remove(0)
}

fn event_status(target: &Target, elements: Vec<ContentFilterElement>) -> StatusCode {
    let message = SimpleAttributeOperand {
        type_definition_id: ObjectTypeId::BaseEventType.into(),
        browse_path: Some(vec![QualifiedName::new(0, "Message")]),
        attribute_id: 13,
        index_range: NumericRange::None,
    };
    let filter = EventFilter {
        select_clauses: Some(vec![message]),
        where_clause: ContentFilter { elements: Some(elements) },
    };
    let item = MonitoredItemCreateRequest {
        item_to_monitor: ReadValueId {
            node_id: ObjectId::Server.into(),
            attribute_id: 12,
            ..ReadValueId::default()
        },
        requested_parameters: MonitoringParameters {
            filter: ExtensionObject::from_message(filter),
            ..MonitoringParameters::default()
        },
        ..MonitoredItemCreateRequest::default()
    };
    create_item(target, item).status_code
}

fn both(one: u32, other: u32) -> ContentFilterElement {
    let operand = |index| ExtensionObject::from_message(ElementOperand { index });
    ContentFilterElement {
        filter_operator: FilterOperator::And,
        filter_operands: Some(vec![operand(one), operand(other)]),
    }
}

fn any_event() -> ContentFilterElement {
    let event_type = LiteralOperand { value: Variant::from(NodeId::from(ObjectTypeId::BaseEventType)) };
    ContentFilterElement {
        filter_operator: FilterOperator::OfType,
        filter_operands: Some(vec![ExtensionObject::from_message(event_type)]),
    }
}

#[test]
fn a_condition_that_contains_itself_or_doubles_with_each_element_is_refused() {
    let target = Target::new();
    assert_eq!(event_status(&target, vec![both(1, 2), any_event(), any_event()]), StatusCode::Good);
    assert_eq!(event_status(&target, vec![both(0, 0)]), StatusCode::BadFilterOperandInvalid);
    assert_eq!(event_status(&target, vec![both(1, 1), both(0, 0)]), StatusCode::BadFilterOperandInvalid);
    assert_eq!(event_status(&target, vec![both(1, 7), any_event()]), StatusCode::BadFilterElementInvalid);
    let mut doubling: Vec<_> = (1..20).map(|next| both(next, next)).collect();
    doubling.push(any_event());
    assert_eq!(event_status(&target, doubling), StatusCode::BadEventFilterInvalid);
    assert_eq!(event_status(&target, vec![any_event(); 21]), StatusCode::BadEventFilterInvalid);
}

#[test]
fn a_list_of_types_is_taken_and_not_one_without_end() {
    let target = Target::new();
    let list = |count: usize| {
        let event_type = SimpleAttributeOperand {
            type_definition_id: ObjectTypeId::BaseEventType.into(),
            browse_path: Some(vec![QualifiedName::new(0, "EventType")]),
            attribute_id: 13,
            index_range: NumericRange::None,
        };
        let one = LiteralOperand { value: Variant::from(NodeId::from(ObjectTypeId::BaseEventType)) };
        let mut operands = vec![ExtensionObject::from_message(event_type)];
        operands.extend(vec![ExtensionObject::from_message(one); count]);
        vec![ContentFilterElement {
            filter_operator: FilterOperator::InList,
            filter_operands: Some(operands),
        }]
    };
    assert_eq!(event_status(&target, list(20)), StatusCode::Good);
    for count in [0, 1_000] {
        assert_eq!(event_status(&target, list(count)), StatusCode::BadFilterOperatorUnsupported);
    }
}

#[test]
fn the_server_counts_who_was_there_and_who_was_refused() {
    let target = Target::with_fresh_session();
    let counts = |target: &Target| {
        target.core.handle_timeout(target.core.clock.now());
        let summary = target.core.diagnostics.summary();
        [
            summary.current_session_count,
            summary.security_rejected_session_count,
            summary.current_subscription_count,
            summary.cumulated_subscription_count,
            summary.rejected_requests_count,
        ]
    };
    activate(&target, &named("reader", "falsch", &FIRST_NONCE)).unwrap_err();
    assert_eq!(counts(&target), [0, 1, 0, 0, 1]);
    activate(&target, &named("reader", "lesen", &FIRST_NONCE)).unwrap();
    subscribe(&target);
    assert_eq!(counts(&target), [1, 1, 1, 1, 1]);
    let item = ReadValueId { node_id: NodeId::new(0, 2277), attribute_id: 13, ..ReadValueId::default() };
    let request =
        ReadRequest { request_header: header(), nodes_to_read: Some(vec![item]), ..ReadRequest::default() };
    let read = ask::<_, ReadResponse>(&target, &request).unwrap().results.unwrap().remove(0);
    assert_eq!(read.value, Some(Variant::UInt32(1)));
    let close = CloseSessionRequest { request_header: header(), delete_subscriptions: true };
    target.ask(&encode(&close)).unwrap();
    assert_eq!(counts(&target), [0, 1, 0, 1, 1]);
}

#[test]
fn a_path_longer_than_any_tree_is_refused() {
    let target = Target::new();
    let step = RelativePathElement {
        include_subtypes: true,
        target_name: QualifiedName::new(1, "Variable"),
        ..RelativePathElement::default()
    };
    let path = BrowsePath {
        starting_node: ObjectId::ObjectsFolder.into(),
        relative_path: RelativePath { elements: Some(vec![step; 8_000]) },
    };
    let request =
        TranslateBrowsePathsToNodeIdsRequest { request_header: header(), browse_paths: Some(vec![path]) };
    let answer = ask::<_, TranslateBrowsePathsToNodeIdsResponse>(&target, &request).unwrap();
    assert_eq!(answer.results.unwrap()[0].status_code, StatusCode::BadQueryTooComplex);
}

#[test]
fn a_browse_of_everything_is_cut_and_places_to_go_on_from_cannot_be_hoarded() {
    let target = Target::configured(|config| config.limits.references_per_node = 3);
    let description = BrowseDescription {
        node_id: ObjectId::Server.into(),
        browse_direction: BrowseDirection::Both,
        result_mask: 63,
        ..BrowseDescription::default()
    };
    target.activate([Role::Observer]);
    let request = BrowseRequest {
        request_header: header(),
        requested_max_references_per_node: 0,
        nodes_to_browse: Some(vec![description; 12]),
        ..BrowseRequest::default()
    };
    let results = ask::<_, BrowseResponse>(&target, &request).unwrap().results.unwrap();
    let good = results.iter().filter(|result| result.status_code == StatusCode::Good);
    assert!(good.clone().all(|result| result.references.as_ref().unwrap().len() == 3));
    assert_eq!(good.count(), target.core.config.limits.continuation_points);
    assert!(results[10..].iter().all(|result| result.status_code == StatusCode::BadNoContinuationPoints));
}

#[test]
fn sessions_that_nobody_activates_push_each_other_out_and_never_one_that_is_used() {
    let target = Target::configured(|config| config.limits.sessions = 5);
    target.activate([Role::Observer]);
    let create = CreateSessionRequest {
        request_header: RequestHeader { authentication_token: NodeId::null(), ..header() },
        client_description: opcua_types::ApplicationDescription {
            application_uri: "urn:test:server".into(),
            ..Default::default()
        },
        client_nonce: vec![5; 32].into(),
        client_certificate: identity().certificate().der().to_vec().into(),
        requested_session_timeout: f64::INFINITY,
        ..CreateSessionRequest::default()
    };
    for _ in 0..100 {
        let created = ask::<_, CreateSessionResponse>(&target, &create).unwrap();
        assert!(created.revised_session_timeout.is_finite());
    }
    let alive = (1..=101).filter(|key| target.core.sessions().has(SessionKey(*key))).count();
    assert_eq!(alive, 5);
    assert_eq!(read(&target, header(), NumericRange::None), StatusCode::Good);
}

fn read(target: &Target, request_header: RequestHeader, index_range: NumericRange) -> StatusCode {
    let item = ReadValueId {
        node_id: NodeId::new(0, 2259),
        attribute_id: 13,
        index_range,
        ..ReadValueId::default()
    };
    let request = ReadRequest { request_header, nodes_to_read: Some(vec![item]), ..ReadRequest::default() };
    match ask::<_, ReadResponse>(target, &request) {
        Ok(answer) => {
            assert!(answer.diagnostic_infos.is_none());
            assert!(answer.response_header.service_diagnostics.inner_diagnostic_info.is_none());
            answer.results.unwrap().remove(0).status.unwrap_or(StatusCode::Good)
        }
        Err(status) => status,
    }
}

#[test]
fn what_a_header_says_of_time_and_wants_of_diagnostics_changes_nothing() {
    let target = Target::new();
    for ticks in [0, 1, i64::MAX, -1, i64::MIN] {
        for timeout_hint in [0, u32::MAX] {
            let timestamp = DateTime::from(ticks);
            let everything = opcua_types::DiagnosticBits::all();
            let asked = RequestHeader { timestamp, timeout_hint, return_diagnostics: everything, ..header() };
            assert_eq!(read(&target, asked, NumericRange::None), StatusCode::Good);
        }
    }
}

#[test]
fn an_index_range_that_means_nothing_is_refused_alone() {
    let target = Target::new();
    for range in ["4294967295:0", "0:0", "1:2,3:4,5:6", "99999999999"] {
        let Ok(range) = range.parse::<NumericRange>() else { continue };
        assert_ne!(read(&target, header(), range), StatusCode::Good);
    }
    assert_eq!(read(&target, header(), NumericRange::None), StatusCode::Good);
}

#[test]
fn an_item_gets_a_pace_and_a_queue_within_bounds_whatever_it_asks_for() {
    let target = Target::new();
    for sampling_interval in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e-300, 1e300] {
        let item = MonitoredItemCreateRequest {
            item_to_monitor: ReadValueId { node_id: variable(), attribute_id: 13, ..ReadValueId::default() },
            requested_parameters: MonitoringParameters {
                sampling_interval,
                queue_size: u32::MAX,
                ..MonitoringParameters::default()
            },
            ..MonitoredItemCreateRequest::default()
        };
        let made = create_item(&target, item);
        assert_eq!(made.status_code, StatusCode::Good);
        assert!((10.0..=3_600_000.0).contains(&made.revised_sampling_interval), "{made:?}");
        assert_eq!(made.revised_queue_size, target.core.config.limits.item_queue);
    }
}

#[test]
fn cancelling_what_is_not_there_and_closing_twice_break_nothing() {
    let target = Target::new();
    for request_handle in [0, 1, 77, u32::MAX] {
        let cancel = CancelRequest { request_header: header(), request_handle };
        assert_eq!(target.result(&target.ask(&encode(&cancel)).unwrap()), StatusCode::BadServiceUnsupported);
    }
    let close = CloseSessionRequest { request_header: header(), delete_subscriptions: true };
    assert_eq!(target.result(&target.ask(&encode(&close)).unwrap()), StatusCode::Good);
    assert_eq!(target.result(&target.ask(&encode(&close)).unwrap()), StatusCode::BadSessionIdInvalid);
}

#[test]
fn a_session_that_changes_its_user_has_the_rights_of_the_new_one_at_once() {
    // AZ-18, UT-14: `reader` is an Observer, `guest` is nothing
    let guest = crate::UserAccount::with_password("guest", "gast").unwrap();
    let target = Target::configured(|config| config.users.push(guest));
    let value = |target: &Target| super::ask::read_status(target, &variable(), 1);
    let nonce = activate(&target, &named("reader", "lesen", &FIRST_NONCE)).unwrap();
    let watched = subscribe(&target);
    assert_ne!(super::ask::read_status(&target, &variable(), 13), StatusCode::BadUserAccessDenied);
    let nonce = activate(&target, &named("guest", "gast", &nonce)).unwrap();
    assert_eq!(super::ask::read_status(&target, &variable(), 13), StatusCode::BadUserAccessDenied);
    assert_eq!(value(&target), StatusCode::Good, "who logged in sees that it is there");
    assert!(!target.core.engine().has_subscription(SessionKey(1), watched), "it stays the former user's");
    activate(&target, &named("reader", "lesen", &nonce)).unwrap();
    assert_ne!(super::ask::read_status(&target, &variable(), 13), StatusCode::BadUserAccessDenied);
}
