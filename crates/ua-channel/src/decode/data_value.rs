//! A DataValue and its Variant, borrowed from the message.

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
    Encoded {
        /// Number of the built-in type.
        builtin_type: u8,
        /// The encoded value without the Variant's encoding byte.
        bytes: &'a [u8],
    },
    /// An array, also one of several dimensions. Stepped over and bounds-checked, not interpreted.
    Array {
        /// Number of the built-in type of the elements.
        builtin_type: u8,
        /// Number of elements in all dimensions together.
        len: u32,
        /// The whole Variant, from its encoding byte to its dimensions.
        bytes: &'a [u8],
    },
}
