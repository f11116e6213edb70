//! One event as people and programs read it: a line of CSV or JSON. The same for a file sink, standard output and
//! `lockgate events`.

use serde::Serialize;
use tagstore::{Sample, Timestamp, Value};

use crate::alarms::{ConditionState, EventRecord};
use crate::sample_view::csv_field;

/// The head of every CSV that holds events.
pub const EVENT_CSV_HEADER: &str = "stream,time,severity,source_name,message,type_name,condition_name,active,acknowledged,\
                                    confirmed,enabled,retain,condition_id,branch,event_id,event_type,source_node,refresh,\
                                    server_time,receive_time,fields\n";

/// An event with everything that is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct EventView {
    /// The stream.
    pub stream: String,
    /// When it happened.
    pub time: String,
    /// Always `event`, where a value has its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When the server learned of it.
    pub server_time: Option<String>,
    /// When it arrived here.
    pub receive_time: Option<String>,
    /// What it says.
    #[serde(flatten)]
    pub record: EventRecord,
}

impl EventView {
    /// The view of a sample that is an event; `None` for any other.
    #[must_use]
    pub fn of(stream: &str, sample: &Sample<'_>) -> Option<Self> {
        let Value::Event(text) = sample.value else { return None };
        let time = |at: Timestamp| (!at.is_absent()).then(|| at.to_string());
        Some(Self {
            stream: stream.to_owned(),
            time: sample.time().to_string(),
            kind: "event",
            server_time: time(sample.server_time),
            receive_time: time(sample.receive_time),
            // what another program wrote there is shown as far as it goes
            record: EventRecord::read(text)
                .unwrap_or_else(|| EventRecord { message: Some(text.to_owned()), ..EventRecord::default() }),
        })
    }

    /// The states of its condition in words; empty for an event that is none of a condition.
    #[must_use]
    pub fn condition_text(&self) -> String {
        let Some(condition) = &self.record.condition else { return String::new() };
        let word = |state: Option<bool>, yes: &'static str, no: &'static str| {
            state.map(|state| if state { yes } else { no })
        };
        let states = [
            condition.branch.as_ref().map(|_| "a former state"),
            word(condition.enabled.filter(|enabled| !enabled), "", "disabled"),
            word(condition.active, "active", "not active"),
            word(condition.acknowledged, "acknowledged", "not acknowledged"),
        ];
        let states: Vec<&str> = states.into_iter().flatten().collect();
        let name = condition.name.as_deref().unwrap_or("condition");
        if states.is_empty() { name.to_owned() } else { format!("{name}: {}", states.join(", ")) }
    }

    /// The event as one line of CSV (RFC 4180, with LF). Each field is written as `shown` makes it: a file gets the exact
    /// text, a terminal one that cannot act on it.
    #[must_use]
    pub fn csv(&self, shown: impl Fn(&str) -> String) -> String {
        let none = ConditionState::default();
        let EventRecord { severity, refresh, fields, .. } = &self.record;
        let condition = self.record.condition.as_ref().unwrap_or(&none);
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let flag = |state: Option<bool>| state.map(|state| state.to_string()).unwrap_or_default();
        let further = match fields.is_empty() {
            true => String::new(),
            false => serde_json::to_string(fields).unwrap_or_default(),
        };
        let fields = [
            self.stream.clone(),
            self.time.clone(),
            severity.map(|severity| severity.to_string()).unwrap_or_default(),
            text(&self.record.source_name),
            text(&self.record.message),
            text(&self.record.type_name),
            text(&condition.name),
            flag(condition.active),
            flag(condition.acknowledged),
            flag(condition.confirmed),
            flag(condition.enabled),
            flag(condition.retain),
            text(&condition.id),
            text(&condition.branch),
            text(&self.record.event_id),
            text(&self.record.event_type),
            text(&self.record.source_node),
            refresh.to_string(),
            text(&self.server_time),
            text(&self.receive_time),
            further,
        ];
        let fields = fields.map(|field| csv_field(shown(&field)));
        format!("{}\n", fields.join(","))
    }
}
