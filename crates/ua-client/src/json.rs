//! Values as JSON (Part 6 §5.4).

use opcua_types::{DataValue, ExpandedNodeId, NodeId, StatusCode, Variant};
use serde_json::{Map, Number, Value, json};

use crate::namespaces::Namespaces;
use crate::structure::{Decoded, StructureValue};
use crate::{status_name, timestamp};

/// A value as a person or a script wants to read it: numbers as numbers, structures as objects, several dimensions as
/// arrays in arrays, enumerations as `Name_Number` (Part 6 §5.4.4, verbose).
///
/// 64-bit integers are texts, because JSON's readers round them; NaN and the infinities are texts; times have seven
/// digits; byte strings are Base64; nodes and names carry the namespace's URI. What kind a value is of does not show: see
/// [`variant_json`].
#[must_use]
pub fn value_json(value: &Decoded, namespaces: &Namespaces) -> Value {
    match value {
        Decoded::Absent => Value::Null,
        Decoded::Value(value) => plain(value, namespaces),
        Decoded::Enumeration { value, name: Some(name) } => Value::String(format!("{name}_{value}")),
        Decoded::Enumeration { value, name: None } => Value::from(*value),
        Decoded::Flags { bits, names } => json!({ "Bits": bits.to_string(), "Names": names }),
        Decoded::Structure(structure) => structure_json(structure, namespaces),
        Decoded::List { items, dimensions } => {
            let items = items.iter().map(|item| value_json(item, namespaces)).collect();
            nested(items, dimensions.as_deref())
        }
        Decoded::Encoded { encoding, bytes, .. } => json!({
            "UaTypeId": namespaces.express(encoding),
            "UaEncoding": 1,
            "UaBody": base64(bytes),
        }),
    }
}

/// A value with the number of its built-in type, so that it can be turned back (Part 6 §5.4.2.17): `UaType`, `Value` and,
/// for several dimensions, `Dimensions`.
#[must_use]
pub fn variant_json(value: &Variant, decoded: &Decoded, namespaces: &Namespaces) -> Value {
    let mut object = Map::new();
    object.insert("UaType".to_owned(), Value::from(builtin_type(value)));
    match value {
        Variant::Array(array) => {
            let flat = match decoded {
                Decoded::List { items, .. } => {
                    items.iter().map(|item| value_json(item, namespaces)).collect()
                }
                _ => array.values.iter().map(|value| plain(value, namespaces)).collect::<Vec<_>>(),
            };
            object.insert("Value".to_owned(), Value::Array(flat));
            if let Some(dimensions) = array.dimensions.as_ref().filter(|dimensions| dimensions.len() > 1) {
                object.insert("Dimensions".to_owned(), json!(dimensions));
            }
        }
        _ => {
            let value = match decoded {
                Decoded::Enumeration { value, .. } => Value::from(*value),
                Decoded::Structure(structure) => {
                    let mut fields = structure_json(structure, namespaces);
                    let type_id = namespaces.express(&structure.data_type);
                    if let Value::Object(fields) = &mut fields {
                        fields.insert("UaTypeId".to_owned(), Value::from(type_id));
                    }
                    fields
                }
                other => value_json(other, namespaces),
            };
            object.insert("Value".to_owned(), value);
        }
    }
    Value::Object(object)
}

/// The name of a built-in type by its number, as `Double` or `LocalizedText`; `None` beyond 25.
#[must_use]
pub fn builtin_type_name(number: u8) -> Option<&'static str> {
    const NAMES: [&str; 26] = [
        "Null",
        "Boolean",
        "SByte",
        "Byte",
        "Int16",
        "UInt16",
        "Int32",
        "UInt32",
        "Int64",
        "UInt64",
        "Float",
        "Double",
        "String",
        "DateTime",
        "Guid",
        "ByteString",
        "XmlElement",
        "NodeId",
        "ExpandedNodeId",
        "StatusCode",
        "QualifiedName",
        "LocalizedText",
        "Structure",
        "DataValue",
        "Variant",
        "DiagnosticInfo",
    ];
    NAMES.get(usize::from(number)).copied()
}

/// The number of a value's built-in type; of an array that of its elements (Part 6 §5.1.2). 0 for no value.
#[must_use]
pub fn builtin_type(value: &Variant) -> u8 {
    let kind = match value {
        Variant::Array(array) => Some(array.value_type),
        value => value.scalar_type_id(),
    };
    #[expect(clippy::as_conversions, reason = "the enumeration's wire value")]
    kind.and_then(|kind| u8::try_from(kind as u32).ok()).unwrap_or(0)
}

fn structure_json(structure: &StructureValue, namespaces: &Namespaces) -> Value {
    let fields = structure.fields.iter().filter(|(_, value)| *value != Decoded::Absent);
    Value::Object(fields.map(|(name, value)| (name.clone(), value_json(value, namespaces))).collect())
}

/// Elements in the order of the wire, cut into arrays of arrays.
fn nested(items: Vec<Value>, dimensions: Option<&[u32]>) -> Value {
    let Some([_, inner @ ..]) = dimensions.filter(|dimensions| dimensions.len() > 1) else {
        return Value::Array(items);
    };
    let size =
        inner.iter().try_fold(1_usize, |size, dimension| size.checked_mul(usize::try_from(*dimension).ok()?));
    let Some(size @ 1..) = size else { return Value::Array(items) };
    let mut rows = Vec::new();
    let mut items = items.into_iter();
    loop {
        let row: Vec<Value> = items.by_ref().take(size).collect();
        if row.is_empty() {
            return Value::Array(rows);
        }
        rows.push(nested(row, Some(inner)));
    }
}

fn plain(value: &Variant, namespaces: &Namespaces) -> Value {
    match value {
        Variant::Empty => Value::Null,
        Variant::Boolean(v) => Value::from(*v),
        Variant::SByte(v) => Value::from(*v),
        Variant::Byte(v) => Value::from(*v),
        Variant::Int16(v) => Value::from(*v),
        Variant::UInt16(v) => Value::from(*v),
        Variant::Int32(v) => Value::from(*v),
        Variant::UInt32(v) => Value::from(*v),
        Variant::Int64(v) => Value::from(v.to_string()),
        Variant::UInt64(v) => Value::from(v.to_string()),
        // the shortest text that is this Float, not the Double next to it
        Variant::Float(v) => real(v.to_string().parse().unwrap_or(f64::NAN)),
        Variant::Double(v) => real(*v),
        Variant::String(v) => v.value().as_ref().map_or(Value::Null, |text| Value::from(text.as_str())),
        Variant::DateTime(v) => time(v.ticks()),
        Variant::Guid(v) => Value::from(v.to_string()),
        Variant::StatusCode(v) => status_json(*v),
        Variant::ByteString(v) if v.is_null() => Value::Null,
        Variant::ByteString(v) => Value::from(v.as_base64()),
        Variant::XmlElement(v) => Value::from(v.to_string()),
        Variant::QualifiedName(v) => Value::from(namespaces.express_name(v)),
        Variant::LocalizedText(v) => {
            let mut object = Map::new();
            if !v.locale.is_empty() {
                object.insert("Locale".to_owned(), Value::from(v.locale.as_ref()));
            }
            object.insert("Text".to_owned(), Value::from(v.text.as_ref()));
            Value::Object(object)
        }
        Variant::NodeId(v) => node(v, namespaces),
        Variant::ExpandedNodeId(v) => expanded(v, namespaces),
        Variant::ExtensionObject(v) => {
            // only when nobody has opened it
            json!({ "UaTypeId": namespaces.express(&v.binary_type_id().node_id) })
        }
        Variant::Variant(v) => plain(v, namespaces),
        Variant::DataValue(v) => data_value(v, namespaces),
        Variant::DiagnosticInfo(v) => Value::from(format!("{v:?}")),
        Variant::Array(array) => {
            let items = array.values.iter().map(|value| plain(value, namespaces)).collect();
            nested(items, array.dimensions.as_deref())
        }
    }
}

fn real(value: f64) -> Value {
    let text = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(value).map_or_else(|| Value::from(text), Value::Number)
}

/// All seven digits, so that no tick is lost.
fn time(ticks: i64) -> Value {
    let text = timestamp(ticks).map(|at| {
        let whole = jiff::Timestamp::from_second(at.as_second()).unwrap_or(at);
        let text = whole.to_string();
        let ticks = at.duration_since(whole).subsec_nanos() / 100;
        format!("{}.{ticks:07}Z", text.trim_end_matches('Z'))
    });
    Value::from(text.unwrap_or_else(|| "0001-01-01T00:00:00Z".to_owned()))
}

fn status_json(status: StatusCode) -> Value {
    json!({ "Code": status.bits(), "Symbol": status_name(status.bits()) })
}

fn node(id: &NodeId, namespaces: &Namespaces) -> Value {
    if id.is_null() { Value::Null } else { Value::from(namespaces.express(id)) }
}

fn expanded(id: &ExpandedNodeId, namespaces: &Namespaces) -> Value {
    let text = if id.namespace_uri.is_empty() {
        namespaces.express(&id.node_id)
    } else {
        let uri = crate::namespaces::escape_uri(id.namespace_uri.as_ref());
        format!("nsu={uri};{}", id.node_id.identifier)
    };
    Value::from(if id.server_index == 0 { text } else { format!("svr={};{text}", id.server_index) })
}

fn data_value(value: &DataValue, namespaces: &Namespaces) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
    if let Some(inner) = &value.value {
        put("UaType", Value::from(builtin_type(inner)));
        put("Value", plain(inner, namespaces));
    }
    if let Some(status) = value.status.filter(|status| status.bits() != 0) {
        put("Status", status_json(status));
    }
    if let Some(at) = &value.source_timestamp {
        put("SourceTimestamp", time(at.ticks()));
    }
    if let Some(at) = &value.server_timestamp {
        put("ServerTimestamp", time(at.ticks()));
    }
    Value::Object(object)
}

fn base64(bytes: &[u8]) -> String {
    opcua_types::ByteString::from(bytes.to_vec()).as_base64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opcua_types::{Array, ByteString, DateTime, LocalizedText, QualifiedName, VariantScalarTypeId};

    fn table() -> Namespaces {
        Namespaces::new([crate::UA_NAMESPACE, "urn:server"].map(str::to_owned).to_vec())
    }

    fn json_of(value: impl Into<Variant>) -> Value {
        value_json(&Decoded::Value(value.into()), &table())
    }

    #[test]
    fn every_built_in_type_has_its_form() {
        let at: jiff::Timestamp = "2026-08-21T12:34:56.0000007Z".parse().unwrap();
        assert_eq!(json_of(true), json!(true));
        assert_eq!(json_of(-7_i8), json!(-7));
        assert_eq!(json_of(u32::MAX), json!(4_294_967_295_u32));
        assert_eq!(json_of(i64::MIN), json!("-9223372036854775808"));
        assert_eq!(json_of(u64::MAX), json!("18446744073709551615"));
        assert_eq!(json_of(0.1_f32).to_string(), "0.1");
        assert_eq!(json_of(0.1_f64).to_string(), "0.1");
        assert_eq!(json_of(f64::NAN), json!("NaN"));
        assert_eq!(json_of(f32::NEG_INFINITY), json!("-Infinity"));
        assert_eq!(json_of("Öl\u{1}"), json!("Öl\u{1}"));
        assert_eq!(json_of(DateTime::from(crate::ticks(at))), json!("2026-08-21T12:34:56.0000007Z"));
        assert_eq!(json_of(DateTime::null()), json!("0001-01-01T00:00:00Z"));
        assert_eq!(json_of(ByteString::from(vec![1, 2, 255])), json!("AQL/"));
        assert_eq!(json_of(NodeId::new(1, "x")), json!("nsu=urn:server;s=x"));
        assert_eq!(json_of(QualifiedName::new(1, "n")), json!("nsu=urn:server;n"));
        assert_eq!(json_of(LocalizedText::new("de", "t")), json!({ "Locale": "de", "Text": "t" }));
        assert_eq!(
            json_of(StatusCode::BadNodeIdUnknown),
            json!({ "Code": 0x8034_0000_u32, "Symbol": "BadNodeIdUnknown" })
        );
        assert_eq!(json_of(Variant::Empty), Value::Null);
    }

    #[test]
    fn matrices_are_arrays_in_arrays_and_can_be_turned_back() {
        let values: Vec<Variant> = (0..6).map(Variant::Int32).collect();
        let matrix = Array::new_multi(VariantScalarTypeId::Int32, values, vec![2, 3]).unwrap();
        let matrix = Variant::from(matrix);
        assert_eq!(json_of(matrix.clone()), json!([[0, 1, 2], [3, 4, 5]]));
        assert_eq!(
            variant_json(&matrix, &Decoded::Value(matrix.clone()), &table()),
            json!({ "UaType": 6, "Value": [0, 1, 2, 3, 4, 5], "Dimensions": [2, 3] })
        );
        let empty = Array::new_multi(VariantScalarTypeId::Int32, vec![], vec![0, 3]).unwrap();
        assert_eq!(json_of(Variant::from(empty)), json!([]));
    }

    #[test]
    fn the_number_of_a_type_leads_to_its_name() {
        assert_eq!(builtin_type_name(builtin_type(&Variant::Double(1.0))), Some("Double"));
        assert_eq!(builtin_type_name(builtin_type(&Variant::from(vec![1_u8]))), Some("Byte"));
        assert_eq!((builtin_type(&Variant::Empty), builtin_type_name(26)), (0, None));
    }
}
