//! A DataValue and its Variant, borrowed from the message.

use super::skip::{ARRAY_BIT, DIMENSIONS_BIT, TYPE_MASK, builtin};
use super::{DecodeError, MAX_EVENT_FIELDS, Reader};

/// A DataValue (Part 6 §5.2.2.17). Absent fields are 0: Good, no time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataValueRef<'a> {
    /// The value.
    pub value: ValueRef<'a>,
    /// Status code with all its bits.
    pub status: u32,
    /// Source time, 100 ns ticks since 1601-01-01 UTC, 0 = absent.
    pub source_timestamp: i64,
    /// Units of 10 ps to add to the source time; as sent, also above 9999.
    pub source_picoseconds: u16,
    /// Server time, 100 ns ticks since 1601-01-01 UTC, 0 = absent.
    pub server_timestamp: i64,
    /// Units of 10 ps to add to the server time; as sent, also above 9999.
    pub server_picoseconds: u16,
}

/// The content of a Variant (Part 6 §5.2.2.16).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
    /// No value.
    Null,
    /// Boolean.
    Boolean(bool),
    /// SByte.
    SByte(i8),
    /// Byte.
    Byte(u8),
    /// Int16.
    Int16(i16),
    /// UInt16.
    UInt16(u16),
    /// Int32.
    Int32(i32),
    /// UInt32.
    UInt32(u32),
    /// Int64.
    Int64(i64),
    /// UInt64.
    UInt64(u64),
    /// Float, bits as sent.
    Float(f32),
    /// Double, bits as sent.
    Double(f64),
    /// String; a null string reads as empty.
    String(&'a str),
    /// DateTime, 100 ns ticks since 1601-01-01 UTC.
    DateTime(i64),
    /// Guid, 16 bytes as on the wire.
    Guid([u8; 16]),
    /// ByteString; null reads as empty.
    ByteString(&'a [u8]),
    /// StatusCode.
    StatusCode(u32),
    /// QualifiedName.
    QualifiedName {
        /// Index of the namespace.
        namespace: u16,
        /// Name; null reads as empty.
        name: &'a str,
    },
    /// LocalizedText; absent parts read as empty.
    LocalizedText {
        /// Locale id.
        locale: &'a str,
        /// Text.
        text: &'a str,
    },
    /// A scalar of another built-in type: XmlElement 16, NodeId 17, ExpandedNodeId 18, ExtensionObject 22,
    /// DataValue 23, Variant 24, DiagnosticInfo 25. Stepped over and bounds-checked, not interpreted.
    /// Also a String 12, QualifiedName 20 or LocalizedText 21 that is not UTF-8, as servers in front of old controllers
    /// send it: nobody knows the code page, so the bytes are handed on as they came.
    Encoded {
        /// Number of the built-in type.
        builtin_type: u8,
        /// The encoded value without the Variant's encoding byte.
        bytes: &'a [u8],
    },
    /// An array, also one of several dimensions. Stepped over and bounds-checked, not interpreted: its strings may be
    /// no UTF-8.
    Array {
        /// Number of the built-in type of the elements.
        builtin_type: u8,
        /// Number of elements in all dimensions together.
        len: u32,
        /// The whole Variant, from its encoding byte to its dimensions.
        bytes: &'a [u8],
    },
}

impl<'a> Reader<'a> {
    /// Reads a DataValue.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing is allocated on the way.
    #[inline]
    pub fn data_value(&mut self) -> Result<DataValueRef<'a>, DecodeError> {
        let mask = self.u8()?;
        if mask & !DATA_VALUE_BITS != 0 {
            return Err(DecodeError::Encoding(mask));
        }
        // in the order of the wire: source time, source picoseconds, server time, server picoseconds
        let value = if mask & 0x01 != 0 { self.variant()? } else { ValueRef::Null };
        let status = if mask & 0x02 != 0 { self.u32()? } else { 0 };
        let source_timestamp = if mask & 0x04 != 0 { self.i64()? } else { 0 };
        let source_picoseconds = if mask & 0x10 != 0 { self.u16()? } else { 0 };
        let server_timestamp = if mask & 0x08 != 0 { self.i64()? } else { 0 };
        let server_picoseconds = if mask & 0x20 != 0 { self.u16()? } else { 0 };
        Ok(DataValueRef {
            value,
            status,
            source_timestamp,
            source_picoseconds,
            server_timestamp,
            server_picoseconds,
        })
    }

    /// Reads a Variant.
    ///
    /// # Errors
    /// [`DecodeError`]; nothing is allocated on the way.
    #[inline]
    pub fn variant(&mut self) -> Result<ValueRef<'a>, DecodeError> {
        let start = *self;
        let encoding = self.u8()?;
        if encoding & (ARRAY_BIT | DIMENSIONS_BIT) != 0 {
            return self.array(start, encoding);
        }
        Ok(match encoding {
            0 => ValueRef::Null,
            builtin::DOUBLE => ValueRef::Double(self.f64()?),
            builtin::FLOAT => ValueRef::Float(self.f32()?),
            builtin::BOOLEAN => ValueRef::Boolean(self.bool()?),
            builtin::INT32 => ValueRef::Int32(self.i32()?),
            builtin::UINT32 => ValueRef::UInt32(self.u32()?),
            builtin::INT16 => ValueRef::Int16(self.i16()?),
            builtin::UINT16 => ValueRef::UInt16(self.u16()?),
            builtin::INT64 => ValueRef::Int64(self.i64()?),
            builtin::UINT64 => ValueRef::UInt64(self.u64()?),
            builtin::STRING => self.string_value()?,
            builtin::SBYTE => ValueRef::SByte(self.i8()?),
            builtin::BYTE => ValueRef::Byte(self.u8()?),
            builtin::DATE_TIME => ValueRef::DateTime(self.i64()?),
            builtin::GUID => ValueRef::Guid(self.chunk()?),
            builtin::STATUS_CODE => ValueRef::StatusCode(self.u32()?),
            other => self.rare_scalar(other)?,
        })
    }

    /// Reads the fields of one event into `fields`, which is emptied first.
    ///
    /// # Errors
    /// [`DecodeError::TooMany`] above [`MAX_EVENT_FIELDS`], any other [`DecodeError`] for bytes that are no Variants.
    pub(crate) fn event_fields(&mut self, fields: &mut Vec<ValueRef<'a>>) -> Result<(), DecodeError> {
        fields.clear();
        let len = self.array_length(1)?;
        if len > MAX_EVENT_FIELDS {
            return Err(DecodeError::TooMany(MAX_EVENT_FIELDS));
        }
        for _ in 0..len {
            fields.push(self.variant()?);
        }
        Ok(())
    }

    #[inline]
    fn string_value(&mut self) -> Result<ValueRef<'a>, DecodeError> {
        let start = *self;
        let text = utf8(self.byte_string()?);
        Ok(text.map_or_else(|| self.kept_as_sent(builtin::STRING, start), ValueRef::String))
    }

    /// What was read since `start`, for text that is not UTF-8. Its length field says where it ends, so it does not
    /// keep the values behind it from being read.
    fn kept_as_sent(&self, builtin_type: u8, start: Self) -> ValueRef<'a> {
        ValueRef::Encoded { builtin_type, bytes: self.since(&start) }
    }

    fn rare_scalar(&mut self, builtin_type: u8) -> Result<ValueRef<'a>, DecodeError> {
        match builtin_type {
            builtin::BYTE_STRING => Ok(ValueRef::ByteString(self.byte_string()?.unwrap_or_default())),
            builtin::QUALIFIED_NAME => {
                let start = *self;
                let namespace = self.u16()?;
                let name = utf8(self.byte_string()?);
                Ok(name.map_or_else(
                    || self.kept_as_sent(builtin_type, start),
                    |name| ValueRef::QualifiedName { namespace, name },
                ))
            }
            builtin::LOCALIZED_TEXT => {
                let start = *self;
                let (locale, text) = self.localized_bytes()?;
                Ok(match (utf8(locale), utf8(text)) {
                    (Some(locale), Some(text)) => ValueRef::LocalizedText { locale, text },
                    _ => self.kept_as_sent(builtin_type, start),
                })
            }
            _ => {
                let start = *self;
                self.skip_value(builtin_type, 0)?;
                Ok(ValueRef::Encoded { builtin_type, bytes: self.since(&start) })
            }
        }
    }

    fn array(&mut self, start: Self, encoding: u8) -> Result<ValueRef<'a>, DecodeError> {
        if encoding & ARRAY_BIT == 0 {
            return Err(DecodeError::Encoding(encoding));
        }
        let len = self.skip_array(encoding, 0)?;
        Ok(ValueRef::Array { builtin_type: encoding & TYPE_MASK, len, bytes: self.since(&start) })
    }
}

/// Null reads as empty; `None` for what is not UTF-8.
#[inline]
fn utf8(bytes: Option<&[u8]>) -> Option<&str> {
    std::str::from_utf8(bytes.unwrap_or_default()).ok()
}

/// Value, status, both times, both picoseconds.
const DATA_VALUE_BITS: u8 = 0x3F;
