//! Which events to send, and which of their fields (Part 4 §7.22.3, Part 5 §6.4.2).

use opcua_types::{
    AttributeId, BrowseDirection, ContentFilter, ContentFilterElement, CreateMonitoredItemsRequest,
    ElementOperand, EventFilter, EventFilterResult, ExtensionObject, FilterOperator, LiteralOperand,
    MonitoredItemCreateRequest, MonitoringMode, MonitoringParameters, NodeClass, NodeId, ObjectTypeId,
    QualifiedName, ReadValueId, ReferenceTypeId, SimpleAttributeOperand, TimestampsToReturn, Variant,
};

use crate::batch::{Batches, Verdict};
use crate::browse::BrowseFilter;
use crate::codec::exactly;
use crate::session::{Session, duration_from_ms};
use crate::subscription::ItemInfo;
use crate::{Error, status};

/// One field of an event: where it is declared and the way to it from there.
#[derive(Clone, Debug, PartialEq)]
pub struct EventField {
    /// The event type that declares it.
    pub event_type: NodeId,
    /// Browse names from the type to the field. None at all asks for the node that the event is about itself, which
    /// only conditions have (Part 9 §5.5.2.13).
    pub path: Vec<QualifiedName>,
}

impl EventField {
    /// The node of the condition that an event tells of.
    #[must_use]
    pub fn condition_id() -> Self {
        Self { event_type: ObjectTypeId::ConditionType.into(), path: Vec::new() }
    }
}

/// Which events, and which fields of them in which order. The visitor gets the fields in this order.
///
/// ```
/// # use ua_client::EventSelection;
/// let selection = EventSelection::base().severity_at_least(500);
/// assert_eq!(selection.names()[4], "Time");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EventSelection {
    fields: Vec<EventField>,
    of_types: Vec<NodeId>,
    severity: Option<u16>,
}

/// The fields that every event has, in the order of [`EventSelection::base`].
const BASE_FIELDS: [&str; 8] =
    ["EventId", "EventType", "SourceNode", "SourceName", "Time", "ReceiveTime", "Message", "Severity"];
/// More fields than any type of event has.
const MAX_FIELDS: usize = 1000;
/// Steps up the tree of event types.
const MAX_ANCESTORS: usize = 50;

impl EventSelection {
    /// The fields that every event has: EventId, EventType, SourceNode, SourceName, Time, ReceiveTime, Message, Severity.
    #[must_use]
    pub fn base() -> Self {
        let fields = BASE_FIELDS.map(|name| EventField {
            event_type: ObjectTypeId::BaseEventType.into(),
            path: vec![QualifiedName::new(0, name)],
        });
        Self { fields: fields.into(), of_types: Vec::new(), severity: None }
    }

    /// Exactly these fields, for example those of [`Session::event_fields`].
    #[must_use]
    pub fn of_fields(fields: Vec<EventField>) -> Self {
        Self { fields, of_types: Vec::new(), severity: None }
    }

    /// One more field, behind the others.
    #[must_use]
    pub fn with_field(mut self, field: EventField) -> Self {
        self.fields.push(field);
        self
    }

    /// Only events of a type and its subtypes.
    #[must_use]
    pub fn only_of_type(self, event_type: NodeId) -> Self {
        self.only_of_types(vec![event_type])
    }

    /// Only events of one of these types and their subtypes; of none of them when there are none: all.
    #[must_use]
    pub fn only_of_types(self, event_types: Vec<NodeId>) -> Self {
        Self { of_types: event_types, ..self }
    }

    /// Only events of at least this severity, 1 to 1000.
    #[must_use]
    pub fn severity_at_least(self, severity: u16) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The fields in their order.
    #[must_use]
    pub fn fields(&self) -> &[EventField] {
        &self.fields
    }

    /// The names of the fields in their order, as `Time` or `ActiveState/Id`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let name = |field: &EventField| {
            let names: Vec<&str> = field.path.iter().map(|name| name.name.as_ref()).collect();
            names.join("/")
        };
        self.fields.iter().map(name).collect()
    }

    /// The filter as the services take it.
    #[must_use]
    pub fn filter(&self) -> EventFilter {
        let select = self.fields.iter().map(|field| operand(field.event_type.clone(), field.path.clone()));
        let of_type = |event_type: &NodeId| {
            Condition::Is(FilterOperator::OfType, vec![literal(Variant::from(event_type.clone()))])
        };
        let types =
            self.of_types.iter().map(of_type).reduce(|a, b| Condition::both(FilterOperator::Or, a, b));
        let severity = self.severity.map(|severity| {
            let field = operand(ObjectTypeId::BaseEventType.into(), vec![QualifiedName::new(0, "Severity")]);
            let operands = vec![ExtensionObject::from_message(field), literal(Variant::UInt16(severity))];
            Condition::Is(FilterOperator::GreaterThanOrEqual, operands)
        });
        let all = types.into_iter().chain(severity).reduce(|a, b| Condition::both(FilterOperator::And, a, b));
        let mut elements = Vec::new();
        if let Some(all) = all {
            all.write(&mut elements);
        }
        EventFilter {
            select_clauses: Some(select.collect()),
            where_clause: ContentFilter { elements: (!elements.is_empty()).then_some(elements) },
        }
    }
}

/// What an event has to be.
enum Condition {
    Is(FilterOperator, Vec<ExtensionObject>),
    Joined(FilterOperator, Box<[Self; 2]>),
}

impl Condition {
    fn both(operator: FilterOperator, one: Self, other: Self) -> Self {
        Self::Joined(operator, Box::new([one, other]))
    }

    /// Writes it behind the elements, what joins before what is joined: elements may only refer to later ones
    /// (Part 4 §7.7.1). Gives its place.
    fn write(self, elements: &mut Vec<ContentFilterElement>) -> u32 {
        let place = elements.len();
        elements.push(ContentFilterElement::default());
        let (filter_operator, operands) = match self {
            Self::Is(operator, operands) => (operator, operands),
            Self::Joined(operator, parts) => {
                let part = |part: Self| {
                    let index = part.write(elements);
                    ExtensionObject::from_message(ElementOperand { index })
                };
                (operator, parts.map(part).into())
            }
        };
        if let Some(element) = elements.get_mut(place) {
            *element = ContentFilterElement { filter_operator, filter_operands: Some(operands) };
        }
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

fn literal(value: Variant) -> ExtensionObject {
    ExtensionObject::from_message(LiteralOperand { value })
}

#[expect(clippy::as_conversions, reason = "the attribute's wire number")]
fn operand(type_definition_id: NodeId, path: Vec<QualifiedName>) -> SimpleAttributeOperand {
    let attribute = if path.is_empty() { AttributeId::NodeId } else { AttributeId::Value };
    SimpleAttributeOperand {
        type_definition_id,
        browse_path: Some(path),
        attribute_id: attribute as u32,
        ..Default::default()
    }
}

/// A notifier to watch for events: the Server object sees them all.
#[derive(Clone, Debug, PartialEq)]
pub struct EventItemRequest {
    /// The node whose EventNotifier attribute is watched.
    pub notifier: NodeId,
    /// Comes back with every event.
    pub client_handle: u32,
    /// Which events and fields.
    pub selection: EventSelection,
    /// How many events the server keeps for us between two notifications.
    pub queue_size: u32,
    /// What gives way when the queue is full: the oldest event, or else the newest.
    pub discard_oldest: bool,
}

/// An event item as the server made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventItemInfo {
    /// Its id and its queue.
    pub item: ItemInfo,
    /// Places of fields that the server does not know, with its status; they come as empty values.
    pub unknown_fields: Vec<(usize, u32)>,
}

impl Session {
    /// Watches notifiers for events; they come with [`next_publish`](Session::next_publish) to the visitor's `event`.
    /// One result per item, in order.
    ///
    /// # Errors
    ///
    /// As [`create_monitored_items`](Session::create_monitored_items).
    pub async fn create_event_items(
        &self,
        subscription_id: u32,
        items: &[EventItemRequest],
    ) -> Result<Vec<Result<EventItemInfo, u32>>, Error> {
        let mut made = Vec::with_capacity(items.len());
        let mut batches = Batches::new(items.len(), &self.inner.limits.monitored_items);
        while let Some(range) = batches.next() {
            let batch = items.get(range.clone()).unwrap_or_default();
            match self.create_event_batch(subscription_id, batch).await {
                Ok(results) => made.extend(results),
                Err(error @ (Error::Decode { .. } | Error::Timeout { .. })) => return Err(error),
                Err(error) => match batches.failed(range, error)? {
                    Verdict::Retry => {}
                    Verdict::ItemFailed(code) => made.push(Err(code)),
                },
            }
        }
        Ok(made)
    }

    async fn create_event_batch(
        &self,
        subscription_id: u32,
        batch: &[EventItemRequest],
    ) -> Result<Vec<Result<EventItemInfo, u32>>, Error> {
        let request = CreateMonitoredItemsRequest {
            subscription_id,
            timestamps_to_return: TimestampsToReturn::Both,
            items_to_create: Some(batch.iter().map(item).collect()),
            ..Default::default()
        };
        let results =
            exactly::<CreateMonitoredItemsRequest, _>(self.call(request).await?.results, batch.len())?;
        let results = results.into_iter().map(|result| match result.status_code.bits() {
            code if status::is_bad(code) => Err(code),
            _ => Ok(EventItemInfo {
                item: ItemInfo {
                    id: result.monitored_item_id,
                    revised_sampling_interval: duration_from_ms(result.revised_sampling_interval),
                    revised_queue_size: result.revised_queue_size,
                },
                unknown_fields: unknown_fields(&result.filter_result),
            }),
        });
        Ok(results.collect())
    }

    /// The fields that events of a type have: its own and those of the types it is derived from, the most general
    /// first. Fields of fields, such as `ActiveState/Id`, are named by hand.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the server refuses to browse.
    pub async fn event_fields(&self, event_type: &NodeId) -> Result<Vec<EventField>, Error> {
        let mut types = vec![event_type.clone()];
        let up = BrowseFilter {
            direction: BrowseDirection::Inverse,
            reference_type: ReferenceTypeId::HasSubtype.into(),
            ..BrowseFilter::default()
        };
        let base = NodeId::from(ObjectTypeId::BaseEventType);
        while let Some(last) = types.last().filter(|last| **last != base).cloned() {
            let found = self.browse(&[last], &up).await?.pop().unwrap_or(Ok(Vec::new()));
            let parent = found.unwrap_or_default().into_iter().next().map(|found| found.node_id.node_id);
            match parent {
                Some(parent) if types.len() < MAX_ANCESTORS => types.push(parent),
                _ => break,
            }
        }
        types.reverse();
        let down = BrowseFilter {
            reference_type: ReferenceTypeId::Aggregates.into(),
            #[expect(clippy::as_conversions, reason = "the class's bit on the wire")]
            node_classes: NodeClass::Variable as u32,
            ..BrowseFilter::default()
        };
        let found = self.browse(&types, &down).await?;
        let mut fields: Vec<EventField> = Vec::new();
        for (event_type, found) in types.into_iter().zip(found) {
            for reference in found.unwrap_or_default() {
                let path = vec![reference.browse_name];
                if fields.len() < MAX_FIELDS && fields.iter().all(|known| known.path != path) {
                    fields.push(EventField { event_type: event_type.clone(), path });
                }
            }
        }
        Ok(fields)
    }
}

fn item(request: &EventItemRequest) -> MonitoredItemCreateRequest {
    MonitoredItemCreateRequest {
        item_to_monitor: ReadValueId::new(request.notifier.clone(), AttributeId::EventNotifier),
        monitoring_mode: MonitoringMode::Reporting,
        requested_parameters: MonitoringParameters {
            client_handle: request.client_handle,
            // events are not sampled (Part 4 §5.13.1.2)
            sampling_interval: 0.0,
            filter: ExtensionObject::from_message(request.selection.filter()),
            queue_size: request.queue_size,
            discard_oldest: request.discard_oldest,
        },
    }
}

fn unknown_fields(result: &ExtensionObject) -> Vec<(usize, u32)> {
    let Some(result) = result.inner_as::<EventFilterResult>() else { return Vec::new() };
    let codes = result.select_clause_results.iter().flatten().map(|code| code.bits()).enumerate();
    codes.filter(|(_, code)| status::is_bad(*code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_by_an_and_that_stands_first() {
        let one = EventSelection::base().severity_at_least(500).filter().where_clause.elements.unwrap();
        assert_eq!(one.len(), 1);
        let selection = EventSelection::base().severity_at_least(500);
        let two = selection.only_of_type(NodeId::new(1, 5_u32)).filter().where_clause.elements.unwrap();
        let operators: Vec<_> = two.iter().map(|element| element.filter_operator).collect();
        let expected = [FilterOperator::And, FilterOperator::OfType, FilterOperator::GreaterThanOrEqual];
        assert_eq!(operators, expected);
        let types = [1, 2, 3_u32].map(|id| NodeId::new(1, id)).to_vec();
        let many = EventSelection::base().only_of_types(types).severity_at_least(1).filter().where_clause;
        let elements = many.elements.unwrap();
        let operators: Vec<_> = elements.iter().map(|element| element.filter_operator).collect();
        let (or, of) = (FilterOperator::Or, FilterOperator::OfType);
        assert_eq!(operators, [FilterOperator::And, or, or, of, of, of, FilterOperator::GreaterThanOrEqual]);
        for (place, element) in elements.iter().enumerate() {
            let operands = element.filter_operands.iter().flatten();
            let joined = operands.filter_map(|operand| operand.inner_as::<ElementOperand>());
            let place = u32::try_from(place).unwrap();
            assert!(joined.into_iter().all(|operand| operand.index > place));
        }
        assert_eq!(EventSelection::base().filter().where_clause.elements, None);
        assert_eq!(EventSelection::base().filter().select_clauses.unwrap().len(), 8);
    }
}
