//! An event in OMF: one dynamic type for all of them, and a container for each stream of events.
//!
//! PI keeps one value of a container for one time, and an alarm is often more than one event of the same millisecond. So an
//! event that has the time of the one before in its stream is sent a millisecond later; when it really happened stands in
//! `EventTime`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::definitions::Definition;
use crate::alarms::EventRecord;

/// The type of events.
pub(super) fn event_type(name: String) -> Definition {
    let text = json!({ "type": ["string", "null"] });
    let flag = json!({ "type": ["boolean", "null"] });
    let json = json!({
        "id": name,
        "classification": "dynamic",
        "type": "object",
        "properties": {
            "Time": { "type": "string", "format": "date-time", "isindex": true },
            "EventTime": { "type": ["string", "null"], "format": "date-time" },
            "Severity": { "type": ["integer", "null"], "format": "int16" },
            "SourceName": text,
            "Message": text,
            "Type": text,
            "Condition": text,
            "Active": flag,
            "Acknowledged": flag,
            "EventId": text,
            "SourceNode": text,
            "Fields": text,
        },
    });
    Definition { name, json: json.to_string() }
}

/// Writes an event that is sent under a time of its own.
pub(super) fn write(happened: Timestamp, sent: Timestamp, record: &str, out: &mut String) {
    let record = EventRecord::read(record).unwrap_or_default();
    let condition = record.condition.unwrap_or_default();
    let fields = (!record.fields.is_empty()).then(|| Value::Object(record.fields).to_string());
    let json = json!({
        "Time": sent.to_string(),
        "EventTime": happened.to_string(),
        "Severity": record.severity.and_then(|severity| i16::try_from(severity).ok()),
        "SourceName": short(record.source_name),
        "Message": short(record.message),
        "Type": short(record.type_name.or(record.event_type)),
        "Condition": short(condition.name),
        "Active": condition.active,
        "Acknowledged": condition.acknowledged,
        "EventId": short(record.event_id),
        "SourceNode": short(record.source_node),
        // a part of JSON is none
        "Fields": fields.filter(|fields| fields.chars().count() <= LONGEST_TEXT),
    });
    out.push_str(&json.to_string());
}

/// Which times of a stream are taken.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// When the last event happened, and under which time it was sent.
    last: Option<(Timestamp, Timestamp)>,
}

impl Times {
    /// The time under which an event that happened now is sent.
    pub(super) fn free(&self, happened: Timestamp) -> Timestamp {
        match self.last {
            Some((before, sent)) if (before..=sent).contains(&happened) => {
                sent.checked_add(SignedDuration::from_millis(1)).unwrap_or(happened)
            }
            _ => happened,
        }
    }

    /// It was.
    pub(super) fn take(&mut self, happened: Timestamp) {
        self.last = Some((happened, self.free(happened)));
    }
}

fn short(text: Option<String>) -> Option<String> {
    text.map(|text| text.chars().take(LONGEST_TEXT).collect())
}

/// What a PI point takes of a text.
const LONGEST_TEXT: usize = 976;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_are_sent_one_after_the_other() {
        let at = |millis: i64| Timestamp::from_millisecond(millis).unwrap();
        let mut times = Times::default();
        let mut sent = Vec::new();
        for happened in [100, 100, 100, 101, 105, 90, 90] {
            sent.push(times.free(at(happened)).as_millisecond());
            times.take(at(happened));
        }
        assert_eq!(sent, [100, 101, 102, 103, 105, 90, 91]);
    }
}
