//! From a value read in place to one that can be kept.

use opcua_types::{
    BinaryDecodable, ByteString, DataValue, DateTime, Guid, LocalizedText, QualifiedName, StatusCode, Variant,
};
use ua_channel::{DataValueRef, ValueRef};

use crate::{Error, codec};

/// A value as the wire library's own type: for the rare ones that are shown or kept as they are, not for the hot path.
///
/// # Errors
///
/// [`Error::Decode`] for an array or a structure whose bytes cannot be read, for example text that is no UTF-8.
pub fn to_variant(value: &ValueRef<'_>) -> Result<Variant, Error> {
    Ok(match *value {
        ValueRef::Null => Variant::Empty,
        ValueRef::Boolean(v) => v.into(),
        ValueRef::SByte(v) => v.into(),
        ValueRef::Byte(v) => v.into(),
        ValueRef::Int16(v) => v.into(),
        ValueRef::UInt16(v) => v.into(),
        ValueRef::Int32(v) => v.into(),
        ValueRef::UInt32(v) => v.into(),
        ValueRef::Int64(v) => v.into(),
        ValueRef::UInt64(v) => v.into(),
        ValueRef::Float(v) => v.into(),
        ValueRef::Double(v) => v.into(),
        ValueRef::String(v) => Variant::String(v.into()),
        ValueRef::DateTime(v) => Variant::from(DateTime::from(v)),
        ValueRef::Guid(bytes) => Variant::from(decode::<Guid>(&[], &bytes)?),
        ValueRef::ByteString(v) => Variant::from(ByteString::from(v.to_vec())),
        ValueRef::StatusCode(v) => Variant::from(StatusCode::from(v)),
        ValueRef::QualifiedName { namespace, name } => Variant::from(QualifiedName::new(namespace, name)),
        ValueRef::LocalizedText { locale, text } => Variant::from(LocalizedText::new(locale, text)),
        ValueRef::Encoded { builtin_type, bytes } => decode(&[builtin_type], bytes)?,
        ValueRef::Array { bytes, .. } => decode(&[], bytes)?,
    })
}

/// The same for a value with its status and times; what is 0 counts as absent.
///
/// # Errors
///
/// As [`to_variant`].
pub fn to_data_value(value: &DataValueRef<'_>) -> Result<DataValue, Error> {
    let time = |ticks: i64| (ticks != 0).then(|| DateTime::from(ticks));
    let picoseconds = |count: u16| (count != 0).then_some(count);
    Ok(DataValue {
        value: Some(to_variant(&value.value)?).filter(|value| !value.is_empty()),
        status: Some(StatusCode::from(value.status)),
        source_timestamp: time(value.source_timestamp),
        source_picoseconds: picoseconds(value.source_picoseconds),
        server_timestamp: time(value.server_timestamp),
        server_picoseconds: picoseconds(value.server_picoseconds),
    })
}

fn decode<T: BinaryDecodable>(head: &[u8], bytes: &[u8]) -> Result<T, Error> {
    let owned = codec::context_for(bytes);
    let mut stream = std::io::Read::chain(head, bytes);
    T::decode(&mut stream, &owned.context())
        .map_err(|error| Error::Decode { service: "a value", detail: error.to_string() })
}
