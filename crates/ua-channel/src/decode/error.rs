//! Why bytes could not be read.

/// A decoding failure. The message is lost, the channel is not.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does, or a length field says more than there is.
    #[error("message ends inside a value")]
    Truncated,
    /// A length field is negative and not -1, or beyond what the format allows.
    #[error("length field invalid")]
    Length,
    /// A string outside of values is not UTF-8. Values that are not are handed on as they came.
    #[error("string is not UTF-8")]
    Utf8,
    /// An encoding byte, type id or mask has no meaning.
    #[error("encoding 0x{0:02X} unknown")]
    Encoding(u8),
    /// Values are nested deeper than allowed.
    #[error("values nested too deeply")]
    Depth,
    /// More entries than we are willing to hold.
    #[error("more than {0} entries")]
    TooMany(usize),
    /// The message is of another type than asked for; the id is that of its encoding (0 if not numeric).
    #[error("message of type i={0}")]
    MessageType(u32),
    /// The server answered with a `ServiceFault`.
    #[error("service fault 0x{0:08X}")]
    ServiceFault(u32),
}
