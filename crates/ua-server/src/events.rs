//! What happens, as a source tells it (Part 5 §6.4.2).

use std::sync::Arc;

use opcua_types::{
    ByteString, DateTime, LocalizedText, NodeId, ObjectId, ObjectTypeId, QualifiedName, Variant,
};

use crate::values::Ticks;

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// Tells this event from every other of the server.
    pub id: Vec<u8>,
    /// Its type, a subtype of BaseEventType.
    pub event_type: NodeId,
    /// What it is about.
    pub source: NodeId,
    /// Name of the source, for people.
    pub source_name: Arc<str>,
    /// When.
    pub time: Ticks,
    /// What, for people.
    pub message: String,
    /// 1 to 1000.
    pub severity: u16,
    /// Fields that its type has besides.
    pub more: Vec<(QualifiedName, Variant)>,
}

/// The fields of every event, in the order of their nodes in the standard.
pub(crate) const BASE_FIELDS: [&str; 8] =
    ["EventId", "EventType", "SourceNode", "SourceName", "Time", "ReceiveTime", "Message", "Severity"];

impl Event {
    pub(crate) fn field(&self, name: &QualifiedName, received: Ticks) -> Option<Variant> {
        if name.namespace_index != 0 {
            return self.more.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        }
        Some(match name.name.as_ref() {
            "EventId" => Variant::from(ByteString::from(self.id.clone())),
            "EventType" => Variant::from(self.event_type.clone()),
            "SourceNode" => Variant::from(self.source.clone()),
            "SourceName" => Variant::String(self.source_name.as_ref().into()),
            "Time" => Variant::from(DateTime::from(self.time)),
            "ReceiveTime" => Variant::from(DateTime::from(received)),
            "Message" => Variant::from(LocalizedText::new("en", &self.message)),
            "Severity" => Variant::UInt16(self.severity),
            _ => return self.more.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()),
        })
    }

    /// Tells a client that events were dropped from its queue.
    pub(crate) fn queue_overflow(time: Ticks) -> Self {
        let message = "events were dropped, the queue was full";
        Self::of_server(ObjectTypeId::EventQueueOverflowEventType, message, time, 500)
    }

    /// The conditions that are retained follow.
    pub(crate) fn refresh_start(time: Ticks) -> Self {
        Self::of_server(ObjectTypeId::RefreshStartEventType, "conditions follow", time, 1)
    }

    /// Those were all conditions that are retained.
    pub(crate) fn refresh_end(time: Ticks) -> Self {
        Self::of_server(ObjectTypeId::RefreshEndEventType, "those were all conditions", time, 1)
    }

    /// Tells that nodes came or went.
    pub(crate) fn model_change(time: Ticks) -> Self {
        Self::of_server(ObjectTypeId::GeneralModelChangeEventType, "nodes came or went", time, 100)
    }

    fn of_server(event_type: ObjectTypeId, message: &str, time: Ticks, severity: u16) -> Self {
        let mut id = time.to_le_bytes().to_vec();
        id.extend(NodeId::from(event_type).as_u32().unwrap_or_default().to_le_bytes());
        Self {
            id,
            event_type: event_type.into(),
            source: ObjectId::Server.into(),
            source_name: Arc::from("Server"),
            time,
            message: message.to_owned(),
            severity,
            more: Vec::new(),
        }
    }
}
