//! One value of a stream as people and programs read it: a line of CSV or JSON. The same for a file sink, an export and a query.

use serde::{Serialize, Serializer};
use tagstore::{OwnedSample, OwnedValue, Timestamp, ValueState};
use ua_client::status_name;

/// The head of every CSV that holds samples.
pub const CSV_HEADER: &str = "stream,time,value,type,status,source_time,server_time,receive_time\n";

/// A sample with everything that is known about it.
#[derive(Debug, Serialize)]
pub struct SampleView {
    /// When the value was true: by the device, else by the server, else when we received it.
    pub time: String,
    /// The value; in JSON numbers are numbers, and what JSON lacks is text.
    #[serde(serialize_with = "plain_value")]
    pub value: OwnedValue,
    /// Which kind of value it is.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Name of the OPC UA status code.
    pub status: &'static str,
    /// The status code, all bits.
    pub status_code: u32,
    /// The device's time.
    pub source_time: Option<String>,
    /// The server's time.
    pub server_time: Option<String>,
    /// When it arrived here.
    pub receive_time: Option<String>,
}

impl SampleView {
    /// The view of one sample.
    #[must_use]
    pub fn of(sample: OwnedSample) -> Self {
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
    #[must_use]
    pub fn value_text(&self) -> String {
        match &self.value {
            OwnedValue::Null => String::new(),
            value => value.to_string(),
        }
    }

    /// The value in words, with the name of the state that it stands for, as in `2 (Mixing)`.
    #[must_use]
    pub fn value_text_with(&self, states: &[ValueState]) -> String {
        let number = match self.value {
            OwnedValue::Bool(value) => Some(i64::from(value)),
            OwnedValue::Int(value) => Some(value),
            OwnedValue::UInt(value) => i64::try_from(value).ok(),
            _ => None,
        };
        let state = states.iter().find(|state| Some(state.value) == number);
        match state.map(|state| &state.name).filter(|name| !name.is_empty()) {
            Some(name) => format!("{} ({name})", self.value_text()),
            None => self.value_text(),
        }
    }

    /// The sample as one line of CSV (RFC 4180, with LF), `stream` in front. Each field is written as `shown` makes it: a
    /// file gets the exact text, a terminal one that cannot act on it.
    #[must_use]
    pub fn csv(&self, stream: &str, shown: impl Fn(&str) -> String) -> String {
        let value = self.value_text();
        let times = [&self.source_time, &self.server_time, &self.receive_time];
        let mut fields =
            vec![stream.to_owned(), self.time.clone(), value, self.kind.to_owned(), self.status.to_owned()];
        fields.extend(times.map(|time| time.clone().unwrap_or_default()));
        let fields: Vec<String> = fields.iter().map(|field| csv_field(shown(field))).collect();
        format!("{}\n", fields.join(","))
    }
}

/// A field of CSV (RFC 4180): in quotes where it must be.
#[must_use]
pub fn csv_field(text: String) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// Numbers as numbers, text as text, events as objects, bytes as lower-case hex; NaN and the infinities, which JSON cannot say, as text.
///
/// # Errors
/// Those of the serializer.
pub fn plain_value<S: Serializer>(value: &OwnedValue, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        OwnedValue::Null => serializer.serialize_none(),
        OwnedValue::Bool(v) => serializer.serialize_bool(*v),
        OwnedValue::Int(v) => serializer.serialize_i64(*v),
        OwnedValue::UInt(v) => serializer.serialize_u64(*v),
        OwnedValue::Float(v) if v.is_finite() => serializer.serialize_f32(*v),
        OwnedValue::Double(v) if v.is_finite() => serializer.serialize_f64(*v),
        OwnedValue::Text(v) => serializer.serialize_str(v),
        OwnedValue::Event(v) => match serde_json::from_str::<serde_json::Value>(v) {
            Ok(record) => record.serialize(serializer),
            Err(_) => serializer.serialize_str(v),
        },
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
            nasty.csv("s", str::to_owned),
            "s,2023-11-14T22:13:20Z,\"a,\"\"b\"\"\n\u{1b}[2J\",text,BadUserAccessDenied,\
             2023-11-14T22:13:20Z,,2023-11-14T22:13:20Z\n"
        );
        assert_eq!(nasty.csv("s", |_| "x,".to_owned()).matches("\"x,\"").count(), 8);
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
