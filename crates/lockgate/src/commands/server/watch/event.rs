//! Events as `watch` shows them: what every event says, and the state of a condition where there is one.

use serde::Serialize;
use ua_client::types::{NodeId, ObjectTypeId, QualifiedName};
use ua_client::{EventField, EventSelection, Variant};

use super::subscription::is_type;
use crate::view::variant;

/// The fields that are asked for; [`Happened::of`] takes them in this order. A server gives nothing for a field
/// that its event does not have.
pub(super) fn selection() -> EventSelection {
    CONDITION_FIELDS.iter().fold(EventSelection::base(), |selection, (declared_by, path)| {
        let path = path.iter().map(|name| QualifiedName::new(0, *name)).collect();
        selection.with_field(EventField { event_type: NodeId::from(*declared_by), path })
    })
}

/// Part 9 §5.5.2, §5.7.2, §5.8.2.
const CONDITION_FIELDS: [(ObjectTypeId, &[&str]); 4] = [
    (ObjectTypeId::ConditionType, &["ConditionName"]),
    (ObjectTypeId::ConditionType, &["Retain"]),
    (ObjectTypeId::AcknowledgeableConditionType, &["AckedState", "Id"]),
    (ObjectTypeId::AlarmConditionType, &["ActiveState", "Id"]),
];

/// One event.
#[derive(Debug, Serialize)]
pub(super) struct Happened<'a> {
    /// The notifier, as it was asked for.
    node: &'a str,
    node_id: String,
    time: Option<String>,
    receive_time: Option<String>,
    severity: Option<u16>,
    /// Name of what it is about.
    source: Option<String>,
    source_node: Option<String>,
    message: Option<String>,
    event_type: Option<String>,
    /// In hexadecimal.
    event_id: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// The state of a condition at the time of the event.
#[derive(Debug, Serialize)]
struct Condition {
    name: Option<String>,
    /// Whether it is still of interest.
    retain: Option<bool>,
    acknowledged: Option<bool>,
    active: Option<bool>,
}

/// What a server says with an event about its own sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Conditions that hold now follow.
    RefreshStart,
    /// That were all of them.
    RefreshEnd,
    /// The server cannot say what changed; conditions have to be asked for.
    RefreshRequired,
    /// Events were lost in the server's queue.
    Overflow,
}

impl Sign {
    /// The sign that an event is, if it is one (Part 5 §6.4.28, Part 9 §5.11).
    pub(super) fn of(fields: &[Variant]) -> Option<Self> {
        let event_type = fields.get(EVENT_TYPE)?;
        [
            (ObjectTypeId::RefreshStartEventType, Self::RefreshStart),
            (ObjectTypeId::RefreshEndEventType, Self::RefreshEnd),
            (ObjectTypeId::RefreshRequiredEventType, Self::RefreshRequired),
            (ObjectTypeId::EventQueueOverflowEventType, Self::Overflow),
        ]
        .into_iter()
        .find_map(|(of, sign)| is_type(event_type, of).then_some(sign))
    }
}

/// The time of an event.
pub(super) fn time(fields: &[Variant]) -> Option<String> {
    date(fields.get(TIME))
}

impl<'a> Happened<'a> {
    /// An event by its fields, which came in the order of [`selection`].
    pub(super) fn of(node: &'a str, id: &NodeId, fields: &[Variant]) -> Self {
        let field = |place: usize| fields.get(place);
        let condition = Condition {
            name: text(field(8)),
            retain: flag(field(9)),
            acknowledged: flag(field(10)),
            active: flag(field(11)),
        };
        Self {
            node,
            node_id: id.to_string(),
            event_id: field(0).map_or(serde_json::Value::Null, variant::to_json),
            event_type: text(field(EVENT_TYPE)),
            source_node: text(field(2)),
            source: text(field(3)),
            time: date(field(TIME)),
            receive_time: date(field(5)),
            message: text(field(6)),
            severity: match field(7) {
                Some(Variant::UInt16(severity)) => Some(*severity),
                _ => None,
            },
            condition: condition.is_there().then_some(condition),
        }
    }

    /// The event in one line, not yet safe for a terminal.
    pub(super) fn text(&self) -> String {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let severity = self.severity.map_or_else(|| "?".to_owned(), |severity| severity.to_string());
        let mut line = format!(
            "{}  {}  EVENT {severity}  {}: {}",
            word(&self.time),
            self.node,
            word(&self.source),
            self.message.as_deref().unwrap_or("(no message)")
        );
        if let Some(condition) = &self.condition {
            line.push_str(&condition.text());
        }
        line
    }
}

impl Condition {
    fn is_there(&self) -> bool {
        self.name.is_some() || self.retain.is_some() || self.acknowledged.is_some() || self.active.is_some()
    }

    fn text(&self) -> String {
        let states = [
            self.active.map(|active| if active { "active" } else { "not active" }),
            self.acknowledged.map(|acked| if acked { "acknowledged" } else { "not acknowledged" }),
        ];
        let states: Vec<&str> = states.into_iter().flatten().collect();
        let name = self.name.as_deref().unwrap_or("condition");
        if states.is_empty() { format!("  [{name}]") } else { format!("  [{name}: {}]", states.join(", ")) }
    }
}

fn text(field: Option<&Variant>) -> Option<String> {
    match field? {
        Variant::Empty => None,
        Variant::LocalizedText(text) => Some(text.text.as_ref().to_owned()),
        other => Some(variant::to_text(other)),
    }
}

fn flag(field: Option<&Variant>) -> Option<bool> {
    match field? {
        Variant::Boolean(value) => Some(*value),
        _ => None,
    }
}

fn date(field: Option<&Variant>) -> Option<String> {
    match field? {
        Variant::DateTime(at) => variant::time_of(at),
        _ => None,
    }
}

const EVENT_TYPE: usize = 1;
const TIME: usize = 4;

#[cfg(test)]
mod tests {
    use ua_client::types::{DateTime, LocalizedText};

    use super::*;

    fn fields() -> Vec<Variant> {
        let mut fields = vec![Variant::Empty; 12];
        fields[1] = NodeId::from(ObjectTypeId::AlarmConditionType).into();
        fields[3] = Variant::from("Boiler");
        fields[4] = Variant::from(DateTime::from(133_444_736_001_234_567));
        fields[6] = LocalizedText::new("en", "too hot").into();
        fields[7] = Variant::UInt16(700);
        fields
    }

    #[test]
    fn an_event_is_one_line_and_a_condition_adds_its_state() {
        let id = NodeId::new(0, 2253_u32);
        let plain = Happened::of("i=2253", &id, &fields());
        assert_eq!(plain.text(), "2023-11-14T22:13:20.1234567Z  i=2253  EVENT 700  Boiler: too hot");
        assert!(serde_json::to_value(&plain).unwrap().get("condition").is_none());
        let mut fields = fields();
        (fields[8], fields[10], fields[11]) = (Variant::from("High"), false.into(), true.into());
        let alarm = Happened::of("i=2253", &id, &fields);
        assert!(alarm.text().ends_with("too hot  [High: active, not acknowledged]"), "{}", alarm.text());
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_left_open() {
        let id = NodeId::new(0, 2253_u32);
        let nothing = Happened::of("x", &id, &[Variant::from(1.0)]);
        assert_eq!(nothing.text(), "?  x  EVENT ?  ?: (no message)");
    }

    #[test]
    fn signs_of_the_server_are_told_from_events() {
        let mut fields = fields();
        assert_eq!(Sign::of(&fields), None);
        fields[1] = NodeId::from(ObjectTypeId::RefreshStartEventType).into();
        assert_eq!(Sign::of(&fields), Some(Sign::RefreshStart));
        fields[1] = NodeId::from(ObjectTypeId::EventQueueOverflowEventType).into();
        assert_eq!(Sign::of(&fields), Some(Sign::Overflow));
        assert_eq!(Sign::of(&[]), None);
    }
}
