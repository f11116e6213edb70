//! A value in the form of its OMF type.
//!
//! | OPC UA | OMF | PI point |
//! |---|---|---|
//! | Boolean | boolean | as PI Web API maps it |
//! | SByte, Byte, Int16, UInt16, Int32 | integer of 16 or 32 bits | Int32 |
//! | UInt32, Int64, UInt64 | integer | Float64: exact up to 2^53 (`long_integers = "text"`: String) |
//! | Float, Double | number | Float32, Float64 |
//! | DateTime | string, date-time | Timestamp |
//! | String, Guid, LocalizedText, … | string | String |
//! | arrays | string with the JSON of it | String |
//! | byte strings, structures | string with the bytes in hex, lower case | String |
//!
//! A number whose states have names, an enumeration for example, is an integer with an OMF enumeration: a digital state in PI.
//! No value, NaN and the infinities are `null`, which PI keeps as No Data; the status goes with it as it is. A stream whose
//! data type says nothing about the form (an enumeration, an abstract type) is taken for 32-bit integers. A value that
//! does not fit the form of its stream goes into a container of its own, named by stream and form: `line1.Mode~Double`.

use tagstore::Value;
use ua_client::{Decoded, Namespaces, value_json};
use ua_client::{ValueRef, to_variant};

/// The form of the values of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Form {
    Boolean,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    UInt64,
    Float,
    Double,
    String,
    DateTime,
    /// The number of a state whose name the server knows.
    State,
    /// An event, with members of its own.
    Event,
}

impl Form {
    /// The name of the OMF type, behind its prefix.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "Boolean",
            Self::Int16 => "Int16",
            Self::UInt16 => "UInt16",
            Self::Int32 => "Int32",
            Self::UInt32 => "UInt32",
            Self::Int64 => "Int64",
            Self::UInt64 => "UInt64",
            Self::Float => "Float",
            Self::Double => "Double",
            Self::String => "String",
            Self::DateTime => "DateTime",
            Self::State => "State",
            Self::Event => "Event",
        }
    }

    /// `type` and `format` of OMF.
    pub(super) const fn keywords(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Boolean => ("boolean", None),
            Self::Int16 | Self::State => ("integer", Some("int16")),
            Self::UInt16 => ("integer", Some("uint16")),
            Self::Int32 => ("integer", Some("int32")),
            Self::UInt32 => ("integer", Some("uint32")),
            Self::Int64 => ("integer", Some("int64")),
            Self::UInt64 => ("integer", Some("uint64")),
            Self::Float => ("number", Some("float32")),
            Self::Double => ("number", Some("float64")),
            Self::String | Self::Event => ("string", None),
            Self::DateTime => ("string", Some("date-time")),
        }
    }

    /// The form of a stream whose data type has this name in the catalogue.
    pub(super) fn of(data_type: Option<&str>, long_integers_as_text: bool) -> Self {
        let long = |form| if long_integers_as_text { Self::String } else { form };
        match data_type.unwrap_or_default() {
            tagstore::EVENTS => Self::Event,
            "Boolean" => Self::Boolean,
            "SByte" | "Byte" | "Int16" => Self::Int16,
            "UInt16" => Self::UInt16,
            "UInt32" | "StatusCode" | "Counter" | "IntegerId" | "Index" => Self::UInt32,
            "Int64" => long(Self::Int64),
            "UInt64" | "BitFieldMaskDataType" => long(Self::UInt64),
            "Float" => Self::Float,
            "Double" | "Duration" | "Number" => Self::Double,
            "DateTime" | "UtcTime" | "Date" => Self::DateTime,
            "String" | "LocalizedText" | "QualifiedName" | "Guid" | "ByteString" | "XmlElement"
            | "NodeId" | "ExpandedNodeId" | "LocaleId" | "NumericRange" | "NormalizedString"
            | "DecimalString" | "DurationString" | "TimeString" | "DateString" | "Image" | "ImageBMP"
            | "ImageGIF" | "ImageJPG" | "ImagePNG" | "Structure" => Self::String,
            array if array.ends_with("[]") => Self::String,
            _ => Self::Int32,
        }
    }

    /// The form that takes every value of this kind.
    pub(super) const fn that_takes(value: &Value<'_>) -> Self {
        match value {
            Value::Bool(_) => Self::Boolean,
            Value::Int(_) => Self::Int64,
            Value::UInt(_) => Self::UInt64,
            Value::Float(_) => Self::Float,
            Value::Double(_) => Self::Double,
            Value::Null | Value::Text(_) | Value::Bytes(_) => Self::String,
            Value::Event(_) => Self::Event,
        }
    }

    /// Whether numbers of this form have a normal range.
    pub(super) const fn is_measured(self) -> bool {
        !matches!(self, Self::Boolean | Self::String | Self::DateTime | Self::State | Self::Event)
    }

    /// Appends the value as JSON; `false` and nothing, when the form cannot hold it exactly.
    pub(super) fn write(self, value: &Value<'_>, out: &mut String) -> bool {
        if matches!(value, Value::Null) {
            out.push_str("null");
            return true;
        }
        match self {
            Self::Boolean => match value {
                Value::Bool(v) => plain(v, out),
                _ => false,
            },
            Self::Int16 => integer::<i16>(value, out),
            Self::UInt16 => integer::<u16>(value, out),
            Self::Int32 => integer::<i32>(value, out),
            Self::UInt32 => integer::<u32>(value, out),
            Self::Int64 => integer::<i64>(value, out),
            Self::UInt64 => integer::<u64>(value, out),
            Self::Float => match *value {
                Value::Float(v) => float(v.is_finite(), &v, out),
                _ => false,
            },
            Self::Double => match *value {
                Value::Double(v) => float(v.is_finite(), &v, out),
                Value::Float(v) => float(v.is_finite(), &v, out),
                // beyond 2^53 a double cannot tell neighbours apart
                Value::Int(v) if v.unsigned_abs() <= EXACT => plain(&v, out),
                Value::UInt(v) if v <= EXACT => plain(&v, out),
                _ => false,
            },
            Self::String => text(value, out),
            Self::DateTime => match value {
                Value::Text(v) if v.parse::<jiff::Timestamp>().is_ok() => quoted(v, out),
                _ => false,
            },
            // whether there is such a state is known to the stream alone, and an event is no single value
            Self::State | Self::Event => false,
        }
    }
}

fn plain(value: &impl ToString, out: &mut String) -> bool {
    out.push_str(&value.to_string());
    true
}

fn integer<T: TryFrom<i64> + TryFrom<u64> + ToString>(value: &Value<'_>, out: &mut String) -> bool {
    let fitting = match *value {
        Value::Int(v) => T::try_from(v).ok(),
        Value::UInt(v) => T::try_from(v).ok(),
        _ => None,
    };
    fitting.is_some_and(|v| plain(&v, out))
}

fn float(finite: bool, value: &impl serde::Serialize, out: &mut String) -> bool {
    match serde_json::to_string(value) {
        Ok(number) if finite => out.push_str(&number),
        _ => out.push_str("null"),
    }
    true
}

fn quoted(value: &str, out: &mut String) -> bool {
    match serde_json::to_string(value) {
        Ok(text) => out.push_str(&text),
        Err(_) => return false,
    }
    true
}

fn text(value: &Value<'_>, out: &mut String) -> bool {
    match *value {
        Value::Text(v) => quoted(v, out),
        Value::Bytes(v) => quoted(&opened(v), out),
        ref other => quoted(&other.to_owned().to_string(), out),
    }
}

/// The JSON of an array of what is built in, else the bytes in hex.
fn opened(bytes: &[u8]) -> String {
    if let Some(&head) = bytes.first()
        && head & ARRAY != 0
        && let Ok(variant) = to_variant(&ValueRef::Array { builtin_type: head & BUILTIN, len: 0, bytes })
    {
        return value_json(&Decoded::Value(variant), &Namespaces::new(Vec::new())).to_string();
    }
    tagstore::OwnedValue::Bytes(bytes.to_vec()).to_string()
}

/// 2^53
const EXACT: u64 = 1 << 53;
/// The bit of a Variant's first byte that says array, and those of its type (Part 6 §5.2.2.16).
const ARRAY: u8 = 0x80;
const BUILTIN: u8 = 0x3f;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, value: Value<'_>) -> Option<String> {
        let mut out = String::new();
        form.write(&value, &mut out).then_some(out)
    }

    #[test]
    fn a_form_takes_only_what_it_can_hold_exactly() {
        assert_eq!(written(Form::Int32, Value::UInt(7)).as_deref(), Some("7"));
        assert_eq!(written(Form::Int32, Value::Int(1 << 40)), None);
        assert_eq!(written(Form::UInt16, Value::Int(-1)), None);
        assert_eq!(written(Form::Double, Value::UInt(1 << 53)).as_deref(), Some("9007199254740992"));
        assert_eq!(written(Form::Double, Value::UInt((1 << 53) + 1)), None);
        assert_eq!(written(Form::Float, Value::Double(0.1)), None);
        assert_eq!(written(Form::Boolean, Value::Int(1)), None);
    }

    #[test]
    fn what_json_numbers_lack_is_null() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(Form::Double, Value::Double(value)).as_deref(), Some("null"));
        }
        assert_eq!(written(Form::Float, Value::Float(0.1)).as_deref(), Some("0.1"));
    }

    #[test]
    fn an_array_is_its_json_and_bytes_are_hex() {
        let array = [0x86, 2, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255];
        assert_eq!(written(Form::String, Value::Bytes(&array)).as_deref(), Some("\"[1,-1]\""));
        // an array that promises more than there is
        assert_eq!(written(Form::String, Value::Bytes(&[0x86, 9])).as_deref(), Some("\"8609\""));
        assert_eq!(written(Form::String, Value::Bytes(&[22, 1])).as_deref(), Some("\"1601\""));
    }

    #[test]
    fn long_integers_are_text_where_that_is_wanted() {
        assert_eq!(Form::of(Some("UInt64"), true), Form::String);
        assert_eq!(written(Form::String, Value::UInt(u64::MAX)).as_deref(), Some("\"18446744073709551615\""));
    }
}
