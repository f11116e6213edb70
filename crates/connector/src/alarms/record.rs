//! An event as it is kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tagstore::Timestamp;
use ua_client::{Decoded, Namespaces, Variant, variant_json};

use super::fields::FIXED;

/// What an event says, beside its times: those are the sample's. Its JSON is what the journal and the files hold, and
/// begins with the identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// EventId in lower-case hex; `None` when the server gives none.
    pub event_id: Option<String>,
    /// The type, as `i=…` or `nsu=<uri>;…`.
    pub event_type: Option<String>,
    /// Its browse name, where the server shows it.
    pub type_name: Option<String>,
    /// What it is about.
    pub source_node: Option<String>,
    /// Its name, for people.
    pub source_name: Option<String>,
    /// 1 to 1000.
    pub severity: Option<u16>,
    /// What happened, for people.
    pub message: Option<String>,
    /// The states of the condition that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionState>,
    /// It was told when we asked for the conditions that hold (ConditionRefresh), and may have happened long before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh: bool,
    /// What its type has besides, each as `UaType` (number of the built-in type) and `Value` (Part 6 §5.4.2.17).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

/// A condition at the time of the event. What its type does not have is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionState {
    /// The condition's node.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// The former state that this is about; `None` is the present one.
    pub branch: Option<String>,
    /// Whether it is still of interest.
    pub retain: Option<bool>,
    /// Whether it is enabled.
    pub enabled: Option<bool>,
    /// Whether the situation stands.
    pub active: Option<bool>,
    /// Whether somebody has seen it.
    pub acknowledged: Option<bool>,
    /// Whether somebody has confirmed what was done.
    pub confirmed: Option<bool>,
}

/// An event with its times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Happened {
    /// When it happened.
    pub(crate) time: Timestamp,
    /// When the server learned of it.
    pub(crate) server_time: Timestamp,
    pub(crate) record: EventRecord,
}

impl EventRecord {
    /// Reads what the store holds; `None` when that is no record.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As the store holds it.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Happened {
    /// From the fields as they were asked for: the fixed ones, and behind them those with these names.
    pub(crate) fn of(values: &[Variant], names: &[String], namespaces: &Namespaces) -> Self {
        let field = |place: usize| values.get(place);
        let node = |place| node(field(place), namespaces);
        let condition = ConditionState {
            id: node(8),
            name: text(field(9)),
            branch: node(10),
            retain: flag(field(11)),
            enabled: flag(field(12)),
            active: flag(field(13)),
            acknowledged: flag(field(14)),
            confirmed: flag(field(15)),
        };
        let mut fields = Map::new();
        for (name, value) in names.iter().zip(values.iter().skip(FIXED.len())) {
            if !matches!(value, Variant::Empty) && !fields.contains_key(name) {
                let json = variant_json(value, &Decoded::Value(value.clone()), namespaces);
                fields.insert(name.clone(), json);
            }
        }
        let record = EventRecord {
            event_id: match field(0) {
                Some(Variant::ByteString(id)) => id.value.as_deref().and_then(hex),
                _ => None,
            },
            event_type: node(1),
            type_name: None,
            source_node: node(2),
            source_name: text(field(3)),
            severity: match field(7) {
                Some(Variant::UInt16(severity)) => Some(*severity),
                _ => None,
            },
            message: text(field(6)),
            condition: (condition != ConditionState::default()).then_some(condition),
            refresh: false,
            fields,
        };
        Self { time: time(field(4)), server_time: time(field(5)), record }
    }
}

fn node(field: Option<&Variant>, namespaces: &Namespaces) -> Option<String> {
    match field? {
        Variant::NodeId(id) if !id.is_null() => Some(namespaces.express(id)),
        _ => None,
    }
}

fn text(field: Option<&Variant>) -> Option<String> {
    let text = match field? {
        Variant::LocalizedText(text) => text.text.as_ref().to_owned(),
        Variant::String(text) => text.as_ref().to_owned(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn flag(field: Option<&Variant>) -> Option<bool> {
    match field? {
        Variant::Boolean(value) => Some(*value),
        _ => None,
    }
}

fn time(field: Option<&Variant>) -> Timestamp {
    match field {
        Some(Variant::DateTime(at)) => Timestamp::from_ticks(at.ticks().max(0)),
        _ => Timestamp::ABSENT,
    }
}

fn hex(bytes: &[u8]) -> Option<String> {
    (!bytes.is_empty()).then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
