//! Creating event items: what of a filter we understand (Part 4 §7.22.3).

use opcua_types::{
    AttributeId, ContentFilter, ContentFilterElement, ElementOperand, EventFilter, EventFilterResult,
    ExtensionObject, FilterOperator, LiteralOperand, MonitoredItemCreateRequest, NodeId, ObjectId,
    ObjectTypeId, QualifiedName, SimpleAttributeOperand, StatusCode, Variant,
};

use super::Scope;
use crate::{
    access::{Grant, Wish},
    address_space::audit_fields,
    core::VALUE_ATTRIBUTE,
    events::BASE_FIELDS,
    subscription::{NewEventItem, Where},
};

/// Elements of one condition, each counted as often as another refers to it.
const MAX_ELEMENTS: usize = 20;
/// Types in one list.
const MAX_TYPES: usize = 200;
/// Fields of one filter.
const MAX_FIELDS: usize = 200;

/// Whether the request is about events.
pub(super) fn is_about_events(request: &MonitoredItemCreateRequest) -> bool {
    AttributeId::from_u32(request.item_to_monitor.attribute_id)
        .is_ok_and(|attribute| attribute == AttributeId::EventNotifier)
}

/// Only the Server object notifies, and of everything.
pub(super) fn prepare(
    scope: &Scope<'_>,
    grant: Grant,
    request: &MonitoredItemCreateRequest,
) -> Result<(NewEventItem, ExtensionObject), StatusCode> {
    let node = &request.item_to_monitor.node_id;
    scope.core.find(grant, node, Wish::ReceiveEvents)?;
    let is_notifier = node.as_object_id().is_ok_and(|id| id == ObjectId::Server);
    if !is_notifier {
        return Err(StatusCode::BadAttributeIdInvalid);
    }
    let wanted = &request.requested_parameters;
    let filter = wanted.filter.inner_as::<EventFilter>().ok_or(StatusCode::BadMonitoredItemFilterInvalid)?;
    let clauses = filter.select_clauses.as_deref().unwrap_or_default();
    if clauses.is_empty() || clauses.len() > MAX_FIELDS {
        return Err(StatusCode::BadEventFilterInvalid);
    }
    let known = scope.core.source.event_fields();
    let select: Vec<_> = clauses.iter().map(|clause| field(clause, &known)).collect();
    let result = EventFilterResult {
        select_clause_results: Some(
            select
                .iter()
                .map(|field| if field.is_some() { StatusCode::Good } else { StatusCode::BadNodeIdUnknown })
                .collect(),
        ),
        ..EventFilterResult::default()
    };
    let new = NewEventItem {
        client_handle: wanted.client_handle,
        select,
        passing: condition(scope, &filter.where_clause)?,
        queue_size: wanted.queue_size.clamp(1, scope.core.config.limits.item_queue.max(1)),
        discard_oldest: wanted.discard_oldest,
        mode: request.monitoring_mode,
    };
    Ok((new, ExtensionObject::from_message(result)))
}

fn field(clause: &SimpleAttributeOperand, known: &[QualifiedName]) -> Option<QualifiedName> {
    let [name] = clause.browse_path.as_deref()? else { return None };
    let is_base = name.namespace_index == 0 && BASE_FIELDS.contains(&name.name.as_ref());
    let is_audit = name.namespace_index == 0 && audit_fields().any(|field| field == name.name.as_ref());
    let is_known = is_base || is_audit || known.contains(name);
    (is_known && clause.attribute_id == VALUE_ATTRIBUTE).then(|| name.clone())
}

fn condition(scope: &Scope<'_>, clause: &ContentFilter) -> Result<Where, StatusCode> {
    let elements = clause.elements.as_deref().unwrap_or_default();
    match elements {
        [] => Ok(Where::All),
        _ if elements.len() > MAX_ELEMENTS => Err(StatusCode::BadEventFilterInvalid),
        _ => {
            let mut room = MAX_ELEMENTS;
            element(scope, elements, 0, &mut room)
        }
    }
}

fn element(
    scope: &Scope<'_>,
    elements: &[ContentFilterElement],
    place: usize,
    room: &mut usize,
) -> Result<Where, StatusCode> {
    // an element that two others refer to counts twice: twenty that each refer twice to the next would be a million
    *room = room.checked_sub(1).ok_or(StatusCode::BadEventFilterInvalid)?;
    let element_at = elements.get(place).ok_or(StatusCode::BadFilterElementInvalid)?;
    let operands = element_at.filter_operands.as_deref().unwrap_or_default();
    match (element_at.filter_operator, operands) {
        (joins @ (FilterOperator::And | FilterOperator::Or), [one, other]) => {
            let mut part = |operand: &ExtensionObject| {
                let index =
                    operand.inner_as::<ElementOperand>().ok_or(StatusCode::BadFilterOperandInvalid)?;
                let index = usize::try_from(index.index).map_err(|_| StatusCode::BadFilterOperandInvalid)?;
                // elements refer to later ones only, so that no condition contains itself
                if index <= place {
                    return Err(StatusCode::BadFilterOperandInvalid);
                }
                element(scope, elements, index, room)
            };
            let (one, other) = (Box::new(part(one)?), Box::new(part(other)?));
            Ok(if joins == FilterOperator::And { Where::Both(one, other) } else { Where::Either(one, other) })
        }
        (FilterOperator::OfType, [operand]) => match literal(operand) {
            Some(Variant::NodeId(event_type)) => of_type(scope, event_type),
            _ => Err(StatusCode::BadFilterOperandInvalid),
        },
        // exactly these types: how some clients list a type with all that is derived from it
        (FilterOperator::InList | FilterOperator::Equals, [left, types @ ..])
            if is_field(left, "EventType") && (1..=MAX_TYPES).contains(&types.len()) =>
        {
            let types = types.iter().map(|operand| match literal(operand) {
                Some(Variant::NodeId(event_type)) => Ok(event_type.as_ref().clone()),
                _ => Err(StatusCode::BadFilterOperandInvalid),
            });
            types.collect::<Result<_, _>>().map(Where::Types)
        }
        (FilterOperator::GreaterThanOrEqual, [left, right]) => {
            let is_severity = is_field(left, "Severity");
            let least = match literal(right) {
                Some(Variant::UInt16(least)) => Some(*least),
                Some(Variant::Int32(least)) => u16::try_from(*least).ok(),
                Some(Variant::UInt32(least)) => u16::try_from(*least).ok(),
                _ => None,
            };
            let least = least.filter(|_| is_severity).ok_or(StatusCode::BadFilterOperandInvalid)?;
            Ok(Where::SeverityAtLeast(least))
        }
        _ => Err(StatusCode::BadFilterOperatorUnsupported),
    }
}

fn is_field(operand: &ExtensionObject, name: &str) -> bool {
    let operand = operand.inner_as::<SimpleAttributeOperand>();
    operand.and_then(|operand| field(operand, &[])).is_some_and(|field| field.name == name)
}

fn literal(operand: &ExtensionObject) -> Option<&Variant> {
    operand.inner_as::<LiteralOperand>().map(|literal| &literal.value)
}

fn of_type(scope: &Scope<'_>, event_type: &NodeId) -> Result<Where, StatusCode> {
    let base = NodeId::from(ObjectTypeId::BaseEventType);
    let all = scope.core.space.subtypes(&base);
    if !all.contains(event_type) {
        return Err(StatusCode::BadFilterOperandInvalid);
    }
    Ok(Where::Types(scope.core.space.subtypes(event_type)))
}
