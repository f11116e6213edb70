//! The types of events that a server knows, with the fields that each adds (Part 3 §4.6.2).

use opcua_types::{AttributeId, NodeClass, NodeId, ObjectTypeId, QualifiedName, ReferenceTypeId, Variant};

use crate::Error;
use crate::browse::BrowseFilter;
use crate::events::EventField;
use crate::session::Session;

/// One type of events.
#[derive(Clone, Debug, PartialEq)]
pub struct EventType {
    /// The type.
    pub node: NodeId,
    /// Its browse name.
    pub name: QualifiedName,
    /// The place in the list of the type that it is derived from; `None` for the first.
    pub parent: Option<usize>,
    /// The fields that it adds to those of the types above it.
    pub fields: Vec<EventField>,
}

impl Session {
    /// Every type of events that the server shows, BaseEventType first, each behind the one it is derived from; at most
    /// `MAX_EVENT_TYPES`.
    ///
    /// # Errors
    ///
    /// When the connection ends, no answer comes in time, or the server refuses to browse.
    pub async fn event_types(&self) -> Result<Vec<EventType>, Error> {
        let base = NodeId::from(ObjectTypeId::BaseEventType);
        let name = self.read(&[(base.clone(), AttributeId::BrowseName)]).await?.pop();
        let name = match name.and_then(|name| name.value) {
            Some(Variant::QualifiedName(name)) => *name,
            _ => QualifiedName::new(0, "BaseEventType"),
        };
        let mut types = vec![EventType { node: base, name, parent: None, fields: Vec::new() }];
        let down =
            BrowseFilter { reference_type: ReferenceTypeId::HasSubtype.into(), ..of_class(OBJECT_TYPE) };
        let mut from = 0;
        while from < types.len() && types.len() < MAX_EVENT_TYPES {
            let nodes: Vec<NodeId> = types.iter().skip(from).map(|found| found.node.clone()).collect();
            let below = self.browse(&nodes, &down).await?;
            for (parent, found) in (from..types.len()).zip(below) {
                for reference in found.unwrap_or_default() {
                    let (node, name) = (reference.node_id.node_id, reference.browse_name);
                    if types.len() < MAX_EVENT_TYPES && types.iter().all(|known| known.node != node) {
                        types.push(EventType { node, name, parent: Some(parent), fields: Vec::new() });
                    }
                }
            }
            from += nodes.len();
        }
        self.add_fields(&mut types).await?;
        Ok(types)
    }

    async fn add_fields(&self, types: &mut [EventType]) -> Result<(), Error> {
        let aggregates =
            BrowseFilter { reference_type: ReferenceTypeId::Aggregates.into(), ..of_class(VARIABLE) };
        let nodes: Vec<NodeId> = types.iter().map(|found| found.node.clone()).collect();
        let found = self.browse(&nodes, &aggregates).await?;
        for (event_type, found) in types.iter_mut().zip(found) {
            let fields = found.unwrap_or_default().into_iter().take(MAX_FIELDS_OF_ONE);
            let field = |name| EventField { event_type: event_type.node.clone(), path: vec![name] };
            event_type.fields = fields.map(|reference| field(reference.browse_name)).collect();
        }
        Ok(())
    }
}

fn of_class(node_classes: u32) -> BrowseFilter {
    BrowseFilter { node_classes, max_references_per_node: MAX_EVENT_TYPES, ..BrowseFilter::default() }
}

/// More types of events than any server has.
pub const MAX_EVENT_TYPES: usize = 2000;
const MAX_FIELDS_OF_ONE: usize = 200;
#[expect(clippy::as_conversions, reason = "the class's bit on the wire")]
const OBJECT_TYPE: u32 = NodeClass::ObjectType as u32;
#[expect(clippy::as_conversions, reason = "the class's bit on the wire")]
const VARIABLE: u32 = NodeClass::Variable as u32;
