//! The lines of `watch`: a table that never ends for people, JSON lines for scripts.

use serde::Serialize;
use ua_client::{DataValue, NodeId, status_name};

use super::event::Happened;
use crate::advice::Outcome;
use crate::output::{json, print, safe};
use crate::view::content::Content;
use crate::view::variant;

/// Something that happened. In JSON its `event` names it.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The subscription stands.
    Subscribed {
        schema: &'static str,
        subscription_id: u32,
        publishing_interval_ms: u128,
        nodes: Vec<Item<'a>>,
        /// `Good`, or why the conditions that hold already are not sent; only where events are watched.
        #[serde(skip_serializing_if = "Option::is_none")]
        condition_refresh: Option<&'static str>,
    },
    /// A value.
    Value(Box<Value<'a>>),
    /// Something happened in the plant.
    #[serde(rename = "event")]
    Happened(Box<Happened<'a>>),
    /// The conditions that hold now: `start` and `end` of their list, or `required`: the server wants to be asked.
    Refresh { node: &'a str, state: &'static str },
    /// Values are missing, or may be.
    Gap { from: Option<String>, to: Option<String>, reason: String },
    /// A server's queue was too short: values between this one and the one before it are lost.
    Overflow { node: &'a str, at: Option<String> },
    /// The connection is gone.
    Disconnected { reason: String },
    /// It is back; how the subscription went on.
    Reconnected { how: &'static str },
    /// Messages that had not come were fetched again.
    Republished { messages: u32 },
}

/// A watched node and what the server made of our wishes.
#[derive(Debug, Serialize)]
pub(super) struct Item<'a> {
    pub(super) node: &'a str,
    pub(super) node_id: Option<String>,
    /// `values` or `events`.
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sampling_interval_ms: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) queue_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
}

/// One value of one node.
#[derive(Debug, Serialize)]
pub(super) struct Value<'a> {
    node: &'a str,
    node_id: String,
    value: serde_json::Value,
    data_type: String,
    status: &'static str,
    status_code: u32,
    source_time: Option<String>,
    server_time: Option<String>,
    #[serde(skip)]
    text: String,
}

impl<'a> Value<'a> {
    /// The value as it came.
    pub(super) fn of(node: &'a str, id: &NodeId, value: &DataValue, content: Content) -> Self {
        let status = value.status.unwrap_or_default().bits();
        Self {
            node,
            node_id: id.to_string(),
            value: content.json,
            data_type: content.data_type,
            status: status_name(status),
            status_code: status,
            source_time: value.source_timestamp.as_ref().and_then(variant::time_of),
            server_time: value.server_timestamp.as_ref().and_then(variant::time_of),
            text: content.text,
        }
    }
}

/// Where lines go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lines {
    json: bool,
}

impl Lines {
    pub(super) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints one event.
    pub(super) fn tell(self, event: &Event<'_>) -> Outcome<()> {
        let line = if self.json { json::line(event)? } else { event.text() };
        print(&format!("{line}\n"))?;
        Ok(())
    }
}

impl Event<'_> {
    fn text(&self) -> String {
        let time = |at: &Option<String>| at.clone().unwrap_or_else(|| "?".to_owned());
        match self {
            Self::Subscribed { publishing_interval_ms, nodes, condition_refresh, .. } => {
                let mut out = format!("-- watching, the server sends every {publishing_interval_ms} ms");
                for item in nodes {
                    let detail = match (&item.problem, item.sampling_interval_ms, item.queue_size) {
                        (Some(problem), ..) => format!("NOT WATCHED: {}", safe(problem)),
                        (None, None, Some(queue)) => format!("its events, queue {queue}"),
                        (None, Some(sampling), Some(queue)) => {
                            format!("sampled every {sampling} ms, queue {queue}")
                        }
                        _ => format!("NOT WATCHED: {}", item.status),
                    };
                    out.push_str(&format!("\n--   {}: {detail}", safe(item.node)));
                }
                if let Some(refused) = condition_refresh.filter(|status| *status != "Good") {
                    out.push_str(&format!(
                        "\n--   alarms that stand already are not shown: the server does not list them ({refused})"
                    ));
                }
                out
            }
            Self::Value(value) => format!(
                "{}  {}  {}  {}",
                time(&value.source_time.clone().or_else(|| value.server_time.clone())),
                safe(value.node),
                safe(&value.text),
                value.status
            ),
            Self::Happened(event) => safe(&event.text()),
            Self::Refresh { state: "start", .. } => "-- ALARMS that stand now:".to_owned(),
            Self::Refresh { state: "end", .. } => "-- ALARMS: that were all of them".to_owned(),
            Self::Refresh { .. } => "-- ALARMS: the server asks us to fetch those that stand".to_owned(),
            Self::Gap { from, to, reason } => {
                format!("-- GAP from {} to {}: {}", time(from), time(to), safe(reason))
            }
            Self::Overflow { node, at } => format!(
                "-- OVERFLOW of {}: the server's queue was too short, values before {} are lost; a longer --queue-size or a \
                 shorter --publishing-interval helps",
                safe(node),
                time(at)
            ),
            Self::Disconnected { reason } => format!("-- DISCONNECTED: {}", safe(reason)),
            Self::Reconnected { how } => format!("-- RECONNECTED: {how}"),
            Self::Republished { messages } => format!("-- REPUBLISHED: {messages} message(s) fetched again"),
        }
    }
}
