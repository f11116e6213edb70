//! A value of any OPC UA type for people and scripts: JSON after Part 6 §5.4 where that is readable, names instead of
//! numbers where it is not.

use serde_json::{Map, Value, json};
use ua_client::types::{ByteString, DateTime, DiagnosticInfo, ExpandedNodeId, UAString};
use ua_client::{DataValue, Variant, status_name};

use connector::documents::hex;

/// The value as JSON. Numbers stay numbers, also 64-bit ones; what JSON lacks (NaN, the infinities) is text.
pub(crate) fn to_json(value: &Variant) -> Value {
    match value {
        Variant::Empty => Value::Null,
        Variant::Boolean(v) => json!(v),
        Variant::SByte(v) => json!(v),
        Variant::Byte(v) => json!(v),
        Variant::Int16(v) => json!(v),
        Variant::UInt16(v) => json!(v),
        Variant::Int32(v) => json!(v),
        Variant::UInt32(v) => json!(v),
        Variant::Int64(v) => json!(v),
        Variant::UInt64(v) => json!(v),
        Variant::Float(v) => float(f64::from(*v), v.to_string()),
        Variant::Double(v) => float(*v, v.to_string()),
        Variant::String(v) => text(v),
        Variant::DateTime(v) => json!(time_of(v)),
        Variant::Guid(v) => json!(v.to_string()),
        Variant::StatusCode(v) => json!(status_name(v.bits())),
        Variant::ByteString(v) => bytes(v),
        Variant::XmlElement(v) => json!(v.to_string()),
        Variant::QualifiedName(v) => json!(qualified(v.namespace_index, v.name.as_ref())),
        Variant::LocalizedText(v) => match v.locale.as_ref() {
            "" => text(&v.text),
            locale => json!({ "locale": locale, "text": v.text.as_ref() }),
        },
        Variant::NodeId(v) => json!(v.to_string()),
        Variant::ExpandedNodeId(v) => expanded(v),
        Variant::ExtensionObject(v) => match &v.body {
            None => Value::Null,
            // who shows values opens structures first: see `content`
            Some(_) => json!({ "encoding": v.binary_type_id().to_string() }),
        },
        Variant::Variant(v) => to_json(v),
        Variant::DataValue(v) => data_value(v),
        Variant::DiagnosticInfo(v) => diagnostic(v),
        Variant::Array(array) => {
            let values: Vec<Value> = array.values.iter().map(to_json).collect();
            let dimensions: Vec<usize> = array
                .dimensions
                .iter()
                .flatten()
                .map(|length| usize::try_from(*length).unwrap_or(usize::MAX))
                .collect();
            nested(values, &dimensions)
        }
    }
}

/// The value in one line for people.
pub(crate) fn to_text(value: &Variant) -> String {
    match to_json(value) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The name of the value's type, such as `Double`, `Double[3]` or `Double[2,2]`; empty when there is no value.
pub(crate) fn type_name(value: &Variant) -> String {
    match value {
        Variant::Empty => String::new(),
        Variant::Array(array) => {
            let element = array.value_type.to_string();
            let lengths: Vec<String> = match &array.dimensions {
                Some(dimensions) if !dimensions.is_empty() => dimensions.iter().map(u32::to_string).collect(),
                _ => vec![array.values.len().to_string()],
            };
            format!("{element}[{}]", lengths.join(","))
        }
        scalar => scalar.scalar_type_id().map(|kind| kind.to_string()).unwrap_or_default(),
    }
}

/// An OPC UA time with its seven digits (100 ns), `None` for no time.
pub(crate) fn time(ticks: i64) -> Option<String> {
    match ua_client::timestamp(ticks) {
        Some(at) => Some(at.strftime("%Y-%m-%dT%H:%M:%S%.7fZ").to_string()),
        None if ticks <= 0 => None,
        // beyond what a calendar here knows: still not nothing
        None => Some(format!("{ticks} ticks of 100 ns since 1601")),
    }
}

/// The time of a field that may be missing.
pub(crate) fn time_of(at: &DateTime) -> Option<String> {
    time(at.checked_ticks())
}

fn float(v: f64, words: String) -> Value {
    serde_json::Number::from_f64(v).map_or(Value::String(words), Value::Number)
}

fn text(v: &UAString) -> Value {
    if v.is_null() { Value::Null } else { json!(v.as_ref()) }
}

fn bytes(v: &ByteString) -> Value {
    v.value.as_ref().map_or(Value::Null, |bytes| json!(hex(bytes)))
}

fn qualified(namespace: u16, name: &str) -> String {
    if namespace == 0 { name.to_owned() } else { format!("{namespace}:{name}") }
}

fn expanded(v: &ExpandedNodeId) -> Value {
    json!(v.to_string())
}

fn data_value(v: &DataValue) -> Value {
    let mut object = Map::new();
    object.insert("value".to_owned(), v.value.as_ref().map_or(Value::Null, to_json));
    object.insert("status".to_owned(), json!(status_name(v.status.unwrap_or_default().bits())));
    let times = [("source_time", &v.source_timestamp), ("server_time", &v.server_timestamp)];
    for (name, at) in times {
        if let Some(at) = at.as_ref().and_then(time_of) {
            object.insert(name.to_owned(), json!(at));
        }
    }
    Value::Object(object)
}

fn diagnostic(v: &DiagnosticInfo) -> Value {
    v.additional_info.as_ref().map_or(Value::Null, text)
}

/// Rows of rows, as the dimensions say; the flat list when they do not fit.
pub(crate) fn nested(values: Vec<Value>, dimensions: &[usize]) -> Value {
    let product = dimensions.iter().try_fold(1_usize, |product, length| product.checked_mul(*length));
    let [_, inner @ ..] = dimensions else { return Value::Array(values) };
    if inner.is_empty() || product != Some(values.len()) || values.is_empty() {
        return Value::Array(values);
    }
    let row: usize = inner.iter().product();
    let mut rows = Vec::new();
    let mut values = values.into_iter().peekable();
    while values.peek().is_some() {
        rows.push(nested(values.by_ref().take(row).collect(), inner));
    }
    Value::Array(rows)
}

#[cfg(test)]
mod tests {
    use ua_client::types::{Array, LocalizedText, QualifiedName, VariantScalarTypeId};

    use super::*;

    #[test]
    fn times_have_all_their_digits_and_no_time_is_none() {
        assert_eq!(time(0), None);
        assert_eq!(time(133_444_736_001_234_567).as_deref(), Some("2023-11-14T22:13:20.1234567Z"));
        assert_eq!(time(133_444_736_000_000_000).as_deref(), Some("2023-11-14T22:13:20.0000000Z"));
        assert!(time(i64::MAX).is_some());
    }

    #[test]
    fn numbers_stay_numbers_and_what_json_lacks_is_text() {
        assert_eq!(to_json(&Variant::UInt64(u64::MAX)).to_string(), "18446744073709551615");
        assert_eq!(to_json(&Variant::Double(f64::NAN)), json!("NaN"));
        assert_eq!(
            to_json(&Variant::Float(0.1)).as_f64().map(|v| v.to_string()),
            Some(f64::from(0.1_f32).to_string())
        );
        assert_eq!(to_json(&Variant::from(QualifiedName::new(2, "Speed"))), json!("2:Speed"));
        assert_eq!(
            to_json(&Variant::from(LocalizedText::new("de", "Druck"))),
            json!({ "locale": "de", "text": "Druck" })
        );
    }

    #[test]
    fn a_matrix_is_rows_of_rows() {
        let values: Vec<Variant> = (1..=6).map(Variant::Int32).collect();
        let matrix = Array::new_multi(VariantScalarTypeId::Int32, values, vec![2, 3]).unwrap();
        let matrix = Variant::Array(Box::new(matrix));
        assert_eq!(to_json(&matrix), json!([[1, 2, 3], [4, 5, 6]]));
        assert_eq!(type_name(&matrix), "Int32[2,3]");
    }
}
