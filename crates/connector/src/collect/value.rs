//! From OPC UA's values to the journal's.
//!
//! | OPC UA | kept as |
//! |---|---|
//! | Boolean, integers, Float, Double, String, ByteString | themselves |
//! | DateTime | text, RFC 3339 with all its digits; outside the years of that format its ticks as integer |
//! | Guid | text, `72962b91-fa75-4ae6-8d28-b404dc7daf63` |
//! | StatusCode | unsigned integer |
//! | LocalizedText | its text; the locale is the server's choice and not kept |
//! | QualifiedName | text, `2:Name` |
//! | text that is not UTF-8, as some controllers send it | bytes, like the next |
//! | arrays, structures, node ids, XML and the rest | bytes: the whole Variant as on the wire (Part 6 §5.2.2.16), so its first byte says what it is; the stream's data type says what to make of it |

use std::fmt::Write as _;

use tagstore::{Timestamp, Value};
use ua_channel::ValueRef;

/// Room for values that need another form than on the wire; reused from value to value.
#[derive(Default)]
pub(crate) struct Scratch {
    text: String,
    bytes: Vec<u8>,
}

/// The value as the journal keeps it.
pub(crate) fn convert<'a>(value: &ValueRef<'a>, scratch: &'a mut Scratch) -> Value<'a> {
    match *value {
        ValueRef::Null => Value::Null,
        ValueRef::Boolean(v) => Value::Bool(v),
        ValueRef::SByte(v) => Value::Int(v.into()),
        ValueRef::Int16(v) => Value::Int(v.into()),
        ValueRef::Int32(v) => Value::Int(v.into()),
        ValueRef::Int64(v) => Value::Int(v),
        ValueRef::Byte(v) => Value::UInt(v.into()),
        ValueRef::UInt16(v) => Value::UInt(v.into()),
        ValueRef::UInt32(v) | ValueRef::StatusCode(v) => Value::UInt(v.into()),
        ValueRef::UInt64(v) => Value::UInt(v),
        ValueRef::Float(v) => Value::Float(v),
        ValueRef::Double(v) => Value::Double(v),
        ValueRef::String(v) | ValueRef::LocalizedText { text: v, .. } => Value::Text(v),
        ValueRef::ByteString(v) => Value::Bytes(v),
        ValueRef::DateTime(ticks) => match Timestamp::from_ticks(ticks).to_jiff() {
            Some(time) => text(scratch, format_args!("{time}")),
            None => Value::Int(ticks),
        },
        ValueRef::Guid(bytes) => guid(bytes, scratch),
        ValueRef::QualifiedName { namespace, name } => text(scratch, format_args!("{namespace}:{name}")),
        ValueRef::Encoded { builtin_type, bytes } => {
            // the encoding byte in front makes it the Variant that it was on the wire
            scratch.bytes.clear();
            scratch.bytes.push(builtin_type);
            scratch.bytes.extend_from_slice(bytes);
            Value::Bytes(&scratch.bytes)
        }
        ValueRef::Array { bytes, .. } => Value::Bytes(bytes),
    }
}

fn text<'a>(scratch: &'a mut Scratch, arguments: std::fmt::Arguments<'_>) -> Value<'a> {
    scratch.text.clear();
    // writing into a String cannot fail
    match scratch.text.write_fmt(arguments) {
        Ok(()) => Value::Text(&scratch.text),
        Err(_) => Value::Null,
    }
}

/// Data1 to Data3 are little endian on the wire (Part 6 §5.2.2.6), the rest is bytes.
fn guid(bytes: [u8; 16], scratch: &mut Scratch) -> Value<'_> {
    let [a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, e0, e1, e2, e3, e4, e5] = bytes;
    let first = u32::from_le_bytes([a0, a1, a2, a3]);
    let second = u16::from_le_bytes([b0, b1]);
    let third = u16::from_le_bytes([c0, c1]);
    text(
        scratch,
        format_args!(
            "{first:08x}-{second:04x}-{third:04x}-{d0:02x}{d1:02x}-{e0:02x}{e1:02x}{e2:02x}{e3:02x}{e4:02x}{e5:02x}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(value: ValueRef<'_>) -> tagstore::OwnedValue {
        convert(&value, &mut Scratch::default()).to_owned()
    }

    fn as_text(value: ValueRef<'_>) -> String {
        match converted(value) {
            tagstore::OwnedValue::Text(text) => text,
            other => panic!("not text: {other:?}"),
        }
    }

    #[test]
    fn guid_reads_as_people_write_it() {
        let wire =
            [0x91, 0x2b, 0x96, 0x72, 0x75, 0xfa, 0xe6, 0x4a, 0x8d, 0x28, 0xb4, 0x04, 0xdc, 0x7d, 0xaf, 0x63];
        assert_eq!(as_text(ValueRef::Guid(wire)), "72962b91-fa75-4ae6-8d28-b404dc7daf63");
    }

    #[test]
    fn time_keeps_its_hundred_nanoseconds() {
        assert_eq!(as_text(ValueRef::DateTime(116_444_736_000_000_001)), "1970-01-01T00:00:00.0000001Z");
        assert_eq!(converted(ValueRef::DateTime(i64::MAX)), tagstore::OwnedValue::Int(i64::MAX));
    }

    #[test]
    fn structure_is_kept_as_the_variant_it_was() {
        let kept = converted(ValueRef::Encoded { builtin_type: 22, bytes: &[1, 2, 3] });
        assert_eq!(kept, tagstore::OwnedValue::Bytes(vec![22, 1, 2, 3]));
        let array = ValueRef::Array { builtin_type: 11, len: 1, bytes: &[0x8b, 1, 0, 0, 0] };
        assert_eq!(converted(array), tagstore::OwnedValue::Bytes(vec![0x8b, 1, 0, 0, 0]));
    }

    #[test]
    fn not_a_number_keeps_its_bits() {
        let bits = 0x7ff8_0000_dead_beef;
        match converted(ValueRef::Double(f64::from_bits(bits))) {
            tagstore::OwnedValue::Double(value) => assert_eq!(value.to_bits(), bits),
            other => panic!("not a double: {other:?}"),
        }
    }
}
