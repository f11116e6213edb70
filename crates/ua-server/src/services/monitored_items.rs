//! The monitored item services (Part 4 §5.13), for values, attributes and events.

use opcua_types::{
    AttributeId, CreateMonitoredItemsRequest, CreateMonitoredItemsResponse, DataChangeFilter, DeadbandType,
    DeleteMonitoredItemsRequest, DeleteMonitoredItemsResponse, ExtensionObject, ModifyMonitoredItemsRequest,
    ModifyMonitoredItemsResponse, MonitoredItemCreateRequest, MonitoredItemCreateResult,
    MonitoredItemModifyResult, MonitoringParameters, NumericRange, SetMonitoringModeRequest,
    SetMonitoringModeResponse, StatusCode,
};

use super::{
    Scope, event_items,
    read::{check_encoding, sample_attribute, stamps},
    subscribe::{milliseconds, revise_interval},
};
use crate::{
    access::{Grant, Wish},
    address_space::{Content, Node, NodeKind},
    core::VALUE_ATTRIBUTE,
    subscription::{ChangeFilter, Feed, ItemSettings, NewItem, SessionKey, Watched},
    values::{TICKS_PER_MS, Ticks},
    wire::Stamps,
};

pub(super) fn create(
    scope: &Scope<'_>,
    request: CreateMonitoredItemsRequest,
) -> Result<CreateMonitoredItemsResponse, StatusCode> {
    let (session, owner) = scope.session(&request.request_header)?;
    let grant = owner.grant;
    let stamps = stamps(request.timestamps_to_return)?;
    let items = scope.operations(request.items_to_create)?;
    check_subscription(scope, session, request.subscription_id)?;
    let results = items
        .into_iter()
        .map(|item| create_one(scope, grant, session, request.subscription_id, item, stamps))
        .collect();
    scope.core.wake.notify_one();
    Ok(CreateMonitoredItemsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

fn create_one(
    scope: &Scope<'_>,
    grant: Grant,
    session: SessionKey,
    subscription: u32,
    request: MonitoredItemCreateRequest,
    stamps: Stamps,
) -> MonitoredItemCreateResult {
    if event_items::is_about_events(&request) {
        return create_event_item(scope, grant, session, subscription, &request);
    }
    let made = prepare(scope, grant, &request, stamps).and_then(|new| {
        let (interval, queue) = (new.settings.interval, new.settings.queue_size);
        let id = scope.core.engine().create_item(session, subscription, new, scope.now, scope.core)?;
        Ok((id, interval, queue))
    });
    match made {
        Ok((id, interval, queue)) => MonitoredItemCreateResult {
            status_code: StatusCode::Good,
            monitored_item_id: id,
            revised_sampling_interval: milliseconds(interval),
            revised_queue_size: queue,
            filter_result: ExtensionObject::null(),
        },
        Err(status_code) => MonitoredItemCreateResult { status_code, ..MonitoredItemCreateResult::default() },
    }
}

fn create_event_item(
    scope: &Scope<'_>,
    grant: Grant,
    session: SessionKey,
    subscription: u32,
    request: &MonitoredItemCreateRequest,
) -> MonitoredItemCreateResult {
    let made = event_items::prepare(scope, grant, request).and_then(|(new, filter_result)| {
        let queue = new.queue_size;
        let id = scope.core.engine().create_event_item(session, subscription, new, scope.now)?;
        Ok((id, queue, filter_result))
    });
    match made {
        Ok((id, queue, filter_result)) => MonitoredItemCreateResult {
            status_code: StatusCode::Good,
            monitored_item_id: id,
            revised_sampling_interval: 0.0,
            revised_queue_size: queue,
            filter_result,
        },
        Err(status_code) => MonitoredItemCreateResult { status_code, ..MonitoredItemCreateResult::default() },
    }
}

fn prepare(
    scope: &Scope<'_>,
    grant: Grant,
    request: &MonitoredItemCreateRequest,
    stamps: Stamps,
) -> Result<NewItem, StatusCode> {
    let wanted = &request.item_to_monitor;
    let node = scope.core.find(grant, &wanted.node_id, Wish::Browse)?;
    let attribute =
        AttributeId::from_u32(wanted.attribute_id).map_err(|_| StatusCode::BadAttributeIdInvalid)?;
    scope.core.check(grant, node, Wish::Read(attribute))?;
    let watched = Watched { node, attribute: wanted.attribute_id };
    let is_value = wanted.attribute_id == VALUE_ATTRIBUTE;
    check_encoding(wanted, is_value)?;
    if wanted.index_range != NumericRange::None {
        return Err(StatusCode::BadIndexRangeNoData);
    }
    let facts = scope.core.space.node(node).ok_or(StatusCode::BadNodeIdUnknown)?;
    let feed = match &facts.kind {
        NodeKind::Variable { content: Content::Live(slot), .. } if is_value => Feed::Live(*slot),
        NodeKind::Variable { content: Content::Server(_), .. } if is_value => Feed::Polled,
        _ => Feed::Fixed,
    };
    let absent = StatusCode::BadAttributeIdInvalid.bits();
    if feed == Feed::Fixed
        && sample_attribute(scope.core, grant, node, wanted.attribute_id, scope.now).status == absent
    {
        return Err(StatusCode::BadAttributeIdInvalid);
    }
    let settings = settings(scope, facts, is_value, &request.requested_parameters, stamps)?;
    Ok(NewItem { watched, feed, settings, mode: request.monitoring_mode })
}

fn settings(
    scope: &Scope<'_>,
    node: &Node,
    is_value: bool,
    wanted: &MonitoringParameters,
    stamps: Stamps,
) -> Result<ItemSettings, StatusCode> {
    let limits = &scope.core.config.limits;
    let filter = filter(node, is_value, &wanted.filter)?;
    // negative: the publishing interval, which the client could have named; 0: as fast as the source has something new
    let natural = match node.kind {
        NodeKind::Variable { minimum_sampling, .. } if wanted.sampling_interval == 0.0 => minimum_sampling,
        _ => wanted.sampling_interval,
    };
    let natural = if natural < 0.0 { DEFAULT_SAMPLING_MS } else { natural };
    Ok(ItemSettings {
        client_handle: wanted.client_handle,
        interval: whole_milliseconds(revise_interval(natural, limits.sampling_interval)),
        queue_size: wanted.queue_size.clamp(1, limits.item_queue.max(1)),
        discard_oldest: wanted.discard_oldest,
        filter,
        stamps,
    })
}

/// Granted for a negative sampling interval.
const DEFAULT_SAMPLING_MS: f64 = 1_000.0;

/// Paces are whole milliseconds, so that items of nearly the same pace share a group.
fn whole_milliseconds(interval: Ticks) -> Ticks {
    (interval / TICKS_PER_MS).max(1).saturating_mul(TICKS_PER_MS)
}

fn filter(node: &Node, is_value: bool, filter: &ExtensionObject) -> Result<ChangeFilter, StatusCode> {
    if filter.is_null() {
        return Ok(ChangeFilter::STATUS_VALUE);
    }
    let filter =
        filter.inner_as::<DataChangeFilter>().ok_or(StatusCode::BadMonitoredItemFilterUnsupported)?;
    let data_type = match &node.kind {
        NodeKind::Variable { data_type, .. } if is_value => data_type,
        _ => return Err(StatusCode::BadFilterNotAllowed),
    };
    let kind = i32::try_from(filter.deadband_type).ok().and_then(|kind| DeadbandType::try_from(kind).ok());
    let dead_band = match kind {
        Some(DeadbandType::None) => 0.0,
        Some(DeadbandType::Absolute) if filter.deadband_value >= 0.0 && filter.deadband_value.is_finite() => {
            filter.deadband_value
        }
        Some(DeadbandType::Percent) => return Err(StatusCode::BadMonitoredItemFilterUnsupported),
        _ => return Err(StatusCode::BadDeadbandFilterInvalid),
    };
    // SByte to Double, Number to UInteger, Duration
    let is_number = matches!(data_type.as_u32(), Some(2..=11 | 26..=28 | 290));
    if dead_band > 0.0 && !is_number {
        return Err(StatusCode::BadFilterNotAllowed);
    }
    Ok(ChangeFilter { trigger: filter.trigger, dead_band })
}

pub(super) fn modify(
    scope: &Scope<'_>,
    request: ModifyMonitoredItemsRequest,
) -> Result<ModifyMonitoredItemsResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let stamps = stamps(request.timestamps_to_return)?;
    let items = scope.operations(request.items_to_modify)?;
    check_subscription(scope, session, request.subscription_id)?;
    let modify_one = |id: u32, wanted: &MonitoringParameters| {
        let mut engine = scope.core.engine();
        let watched = engine.item(session, request.subscription_id, id)?.watched;
        let node = scope.core.space.node(watched.node).ok_or(StatusCode::BadNodeIdUnknown)?;
        let settings = settings(scope, node, watched.attribute == VALUE_ATTRIBUTE, wanted, stamps)?;
        let granted = (settings.interval, settings.queue_size);
        match engine.modify_item(session, request.subscription_id, id, settings, scope.now) {
            StatusCode::Good => Ok(granted),
            status => Err(status),
        }
    };
    let results =
        items.iter().map(|item| match modify_one(item.monitored_item_id, &item.requested_parameters) {
            Ok((interval, queue)) => MonitoredItemModifyResult {
                status_code: StatusCode::Good,
                revised_sampling_interval: milliseconds(interval),
                revised_queue_size: queue,
                filter_result: ExtensionObject::null(),
            },
            Err(status_code) => {
                MonitoredItemModifyResult { status_code, ..MonitoredItemModifyResult::default() }
            }
        });
    let results = results.collect();
    scope.core.wake.notify_one();
    Ok(ModifyMonitoredItemsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

pub(super) fn set_mode(
    scope: &Scope<'_>,
    request: SetMonitoringModeRequest,
) -> Result<SetMonitoringModeResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let ids = scope.operations(request.monitored_item_ids)?;
    check_subscription(scope, session, request.subscription_id)?;
    let mut engine = scope.core.engine();
    let set = |id| {
        engine.set_item_mode(
            session,
            request.subscription_id,
            id,
            request.monitoring_mode,
            scope.now,
            scope.core,
        )
    };
    let results = ids.into_iter().map(set).collect();
    drop(engine);
    scope.core.wake.notify_one();
    Ok(SetMonitoringModeResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

pub(super) fn delete(
    scope: &Scope<'_>,
    request: DeleteMonitoredItemsRequest,
) -> Result<DeleteMonitoredItemsResponse, StatusCode> {
    let (session, _) = scope.session(&request.request_header)?;
    let ids = scope.operations(request.monitored_item_ids)?;
    check_subscription(scope, session, request.subscription_id)?;
    let mut engine = scope.core.engine();
    let results =
        ids.into_iter().map(|id| engine.delete_item(session, request.subscription_id, id)).collect();
    Ok(DeleteMonitoredItemsResponse {
        response_header: scope.good(&request.request_header),
        results: Some(results),
        diagnostic_infos: None,
    })
}

fn check_subscription(scope: &Scope<'_>, session: SessionKey, id: u32) -> Result<(), StatusCode> {
    let found = scope.core.engine().has_subscription(session, id);
    if found { Ok(()) } else { Err(StatusCode::BadSubscriptionIdInvalid) }
}
