//! One value of a stream, as row, CSV line and JSON.

use serde::{Serialize, Serializer};
use tagstore::{OwnedSample, OwnedValue, Timestamp};
use ua_client::status_name;

use crate::output::escape::acts;

/// The head of every CSV that holds samples.
pub(crate) const CSV_HEADER: &str = "stream,time,value,type,status,source_time,server_time,receive_time\n";

/// A sample with everything that is known about it.
#[derive(Debug, Serialize)]
pub(crate) struct SampleView {
    /// When the value was true: by the device, else by the server, else when we received it.
    pub(crate) time: String,
    #[serde(serialize_with = "plain_value")]
    pub(crate) value: OwnedValue,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// Name of the OPC UA status code.
    pub(crate) status: &'static str,
    pub(crate) status_code: u32,
    pub(crate) source_time: Option<String>,
    pub(crate) server_time: Option<String>,
    pub(crate) receive_time: Option<String>,
}

impl SampleView {
    /// The view of one sample.
    pub(crate) fn of(sample: OwnedSample) -> Self {
        let time = |at: Timestamp| (!at.is_absent()).then(|| at.to_string());
        Self {
            time: sample.time().to_string(),
            kind: sample.value.as_value().kind().as_str(),
            status: status_name(sample.status),
            status_code: sample.status,
            source_time: time(sample.source_time),
            server_time: time(sample.server_time),
            receive_time: time(sample.receive_time),
            value: sample.value,
        }
    }

    /// The value in words; empty when there is none.
    pub(crate) fn value_text(&self) -> String {
        match &self.value {
            OwnedValue::Null => String::new(),
            value => value.to_string(),
        }
    }

    /// The sample as one line of CSV (RFC 4180, with LF), `stream` in front.
    ///
    /// `for_terminal` replaces characters that could act on a terminal; a file gets the exact text.
    pub(crate) fn csv(&self, stream: &str, for_terminal: bool) -> String {
        let value = self.value_text();
        let times = [&self.source_time, &self.server_time, &self.receive_time];
        let mut fields =
            vec![stream.to_owned(), self.time.clone(), value, self.kind.to_owned(), self.status.to_owned()];
        fields.extend(times.map(|time| time.clone().unwrap_or_default()));
        let fields: Vec<String> = fields.iter().map(|field| csv_field(field, for_terminal)).collect();
        format!("{}\n", fields.join(","))
    }
}

fn csv_field(text: &str, for_terminal: bool) -> String {
    let text: String = if for_terminal {
        text.chars().map(|c| if acts(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Numbers as numbers, text as text, bytes as lower-case hex; NaN and the infinities, which JSON cannot say, as text.
fn plain_value<S: Serializer>(value: &OwnedValue, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        OwnedValue::Null => serializer.serialize_none(),
        OwnedValue::Bool(v) => serializer.serialize_bool(*v),
        OwnedValue::Int(v) => serializer.serialize_i64(*v),
        OwnedValue::UInt(v) => serializer.serialize_u64(*v),
        OwnedValue::Float(v) if v.is_finite() => serializer.serialize_f32(*v),
        OwnedValue::Double(v) if v.is_finite() => serializer.serialize_f64(*v),
        OwnedValue::Text(v) => serializer.serialize_str(v),
        other @ (OwnedValue::Float(_) | OwnedValue::Double(_) | OwnedValue::Bytes(_)) => {
            serializer.collect_str(other)
        }
    }
}

#[cfg(test)]
mod tests {
    use tagstore::StreamId;

    use super::*;

    fn view(value: OwnedValue) -> SampleView {
        let at = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
        SampleView::of(OwnedSample {
            stream: StreamId::new(1),
            source_time: at,
            server_time: Timestamp::ABSENT,
            receive_time: at,
            status: 0x801F_0000,
            value,
        })
    }

    #[test]
    fn csv_quotes_what_would_break_a_line_and_keeps_the_exact_text_for_files() {
        let nasty = view(OwnedValue::Text("a,\"b\"\n\u{1b}[2J".to_owned()));
        assert_eq!(
            nasty.csv("s", false),
            "s,2023-11-14T22:13:20Z,\"a,\"\"b\"\"\n\u{1b}[2J\",text,BadUserAccessDenied,\
             2023-11-14T22:13:20Z,,2023-11-14T22:13:20Z\n"
        );
        assert!(nasty.csv("s", true).trim_end().chars().all(|c| !acts(c)));
    }

    #[test]
    fn json_says_numbers_as_numbers_and_what_json_lacks_as_text() {
        let json = |value| serde_json::to_value(view(value)).unwrap()["value"].to_string();
        assert_eq!(json(OwnedValue::UInt(u64::MAX)), "18446744073709551615");
        assert_eq!(json(OwnedValue::Double(f64::NAN)), "\"NaN\"");
        assert_eq!(json(OwnedValue::Double(f64::NEG_INFINITY)), "\"-inf\"");
        assert_eq!(json(OwnedValue::Bytes(vec![0, 255])), "\"00ff\"");
        assert_eq!(json(OwnedValue::Null), "null");
    }
}
