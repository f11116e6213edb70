//! Which fields of events are asked for.
//!
//! Always those of every event and the states of a condition, at fixed places ([`FIXED`]). Behind them what the wanted
//! types have besides. Without a choice of types those are all types that the server knows, but the audits of the standard,
//! whose many fields say what others did to the server.

use ua_client::types::{NodeId, ObjectTypeId, QualifiedName};
use ua_client::{EventField, EventType};

/// The fields at fixed places, as paths from the type that declares them.
pub(super) const FIXED: [(ObjectTypeId, &[&str]); 16] = [
    (ObjectTypeId::BaseEventType, &["EventId"]),
    (ObjectTypeId::BaseEventType, &["EventType"]),
    (ObjectTypeId::BaseEventType, &["SourceNode"]),
    (ObjectTypeId::BaseEventType, &["SourceName"]),
    (ObjectTypeId::BaseEventType, &["Time"]),
    (ObjectTypeId::BaseEventType, &["ReceiveTime"]),
    (ObjectTypeId::BaseEventType, &["Message"]),
    (ObjectTypeId::BaseEventType, &["Severity"]),
    // no name: the node of the condition itself
    (ObjectTypeId::ConditionType, &[]),
    (ObjectTypeId::ConditionType, &["ConditionName"]),
    (ObjectTypeId::ConditionType, &["BranchId"]),
    (ObjectTypeId::ConditionType, &["Retain"]),
    (ObjectTypeId::ConditionType, &["EnabledState", "Id"]),
    (ObjectTypeId::AlarmConditionType, &["ActiveState", "Id"]),
    (ObjectTypeId::AcknowledgeableConditionType, &["AckedState", "Id"]),
    (ObjectTypeId::AcknowledgeableConditionType, &["ConfirmedState", "Id"]),
];

/// The fields that are always asked for.
pub(super) fn fixed() -> Vec<EventField> {
    let field = |(declared_by, path): &(ObjectTypeId, &[&str])| EventField {
        event_type: NodeId::from(*declared_by),
        path: path.iter().map(|name| QualifiedName::new(0, *name)).collect(),
    };
    FIXED.iter().map(field).collect()
}

/// The places in `types` of the wanted ones and everything derived from them. No wish is all of them.
pub(super) fn with_subtypes(types: &[EventType], wanted: &[usize]) -> Vec<usize> {
    let mut taken: Vec<bool> = Vec::with_capacity(types.len());
    for (place, event_type) in types.iter().enumerate() {
        let above = event_type.parent.and_then(|parent| taken.get(parent).copied());
        taken.push(wanted.is_empty() || wanted.contains(&place) || above.unwrap_or(false));
    }
    (0..).zip(taken).filter(|(_, taken)| *taken).map(|(place, _)| place).collect()
}

/// What is asked for besides the fixed fields: of the wanted types, of those above them, and of those derived from them. At
/// most [`MOST`]; says whether there are more.
pub(super) fn further(types: &[EventType], wanted: &[usize]) -> (Vec<EventField>, bool) {
    let mut of: Vec<usize> = wanted.iter().flat_map(|place| lineage(types, *place)).collect();
    of.extend(with_subtypes(types, wanted));
    if wanted.is_empty() {
        of.retain(|place| !lineage(types, *place).any(|above| is_audit(types, above)));
    }
    of.sort_unstable();
    of.dedup();
    let known = fixed();
    let mut fields: Vec<EventField> = Vec::new();
    for place in &of {
        let Some(event_type) = types.get(*place) else { continue };
        for field in &event_type.fields {
            let inherited = lineage(types, *place).skip(1).any(|above| {
                types
                    .get(above)
                    .is_some_and(|above| above.fields.iter().any(|other| other.path == field.path))
            });
            let is_fixed = known.iter().any(|fixed| fixed.path == field.path);
            if inherited || is_fixed {
                continue;
            }
            if fields.len() == MOST {
                return (fields, true);
            }
            fields.push(field.clone());
        }
    }
    (fields, false)
}

/// A type and those that it is derived from, up to the first.
fn lineage(types: &[EventType], place: usize) -> impl Iterator<Item = usize> + '_ {
    // a parent stands before its children, so that this ends
    std::iter::successors(Some(place), |place| types.get(*place)?.parent.filter(|parent| parent < place))
}

fn is_audit(types: &[EventType], place: usize) -> bool {
    types.get(place).is_some_and(|found| found.node == ObjectTypeId::AuditEventType)
}

/// Fields beside the fixed ones. Servers have limits of their own, and may refuse what is below this.
const MOST: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    fn event_type(id: u32, parent: Option<usize>, fields: &[&str]) -> EventType {
        let node = NodeId::new(u16::from(id > 20_000), id);
        let field = |name: &&str| EventField {
            event_type: node.clone(),
            path: vec![QualifiedName::new(node.namespace, *name)],
        };
        let fields = fields.iter().map(field).collect();
        EventType { name: QualifiedName::new(node.namespace, format!("T{id}")), node, parent, fields }
    }

    /// Base, audit with a child, and two of a vendor.
    fn types() -> Vec<EventType> {
        vec![
            event_type(2041, None, &["EventId", "Message", "LocalTime"]),
            event_type(2052, Some(0), &["ServerId"]),
            event_type(2058, Some(1), &["SecureChannelId"]),
            event_type(20_001, Some(0), &["Batch"]),
            event_type(20_002, Some(3), &["Batch", "Recipe"]),
        ]
    }

    fn names(wanted: &[usize]) -> Vec<String> {
        let (fields, more) = further(&types(), wanted);
        assert!(!more);
        fields.iter().map(|field| field.path[0].name.as_ref().to_owned()).collect()
    }

    #[test]
    fn a_type_brings_the_fields_above_and_below_it_and_each_once() {
        assert_eq!(names(&[4]), ["LocalTime", "Batch", "Recipe"]);
        assert_eq!(names(&[3]), ["LocalTime", "Batch", "Recipe"]);
        assert_eq!(names(&[1]), ["LocalTime", "ServerId", "SecureChannelId"]);
    }

    #[test]
    fn without_a_choice_audits_are_left_to_those_who_ask_for_them() {
        assert_eq!(names(&[]), ["LocalTime", "Batch", "Recipe"]);
        assert_eq!(with_subtypes(&types(), &[]), [0, 1, 2, 3, 4], "their events come all the same");
        assert_eq!(with_subtypes(&types(), &[3]), [3, 4]);
    }
}
