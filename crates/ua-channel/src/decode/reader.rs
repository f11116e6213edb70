//! A bounded cursor over an encoded message.

use super::DecodeError;

/// Locale and text, each absent or as sent.
pub(crate) type LocalizedBytes<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Reads OPC UA binary values from a slice. Every method moves forward by exactly what it read, or fails.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! fixed {
    ($($(#[$doc:meta])* $name:ident -> $ty:ty, $len:literal;)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`DecodeError::Truncated`].
            #[inline]
            pub fn $name(&mut self) -> Result<$ty, DecodeError> {
                Ok(<$ty>::from_le_bytes(self.chunk::<$len>()?))
            }
        )*
    };
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Number of bytes left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn chunk<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    /// The bytes read since `start`, an earlier copy of this reader.
    #[must_use]
    pub fn since(&self, start: &Self) -> &'a [u8] {
        let len = start.rest.len().saturating_sub(self.rest.len());
        start.rest.split_at_checked(len).map_or(&[], |(read, _)| read)
    }

    fixed! {
        /// Byte.
        u8 -> u8, 1;
        /// SByte.
        i8 -> i8, 1;
        /// UInt16.
        u16 -> u16, 2;
        /// Int16.
        i16 -> i16, 2;
        /// UInt32, StatusCode.
        u32 -> u32, 4;
        /// Int32, enumerations.
        i32 -> i32, 4;
        /// UInt64.
        u64 -> u64, 8;
        /// Int64, DateTime in ticks.
        i64 -> i64, 8;
        /// Float.
        f32 -> f32, 4;
        /// Double.
        f64 -> f64, 8;
    }

    /// Boolean: every byte but 0 is true (Part 6 §5.2.2.1).
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        Ok(self.u8()? != 0)
    }

    /// A length field: `None` for null (-1).
    ///
    /// # Errors
    /// [`DecodeError::Length`] for other negative numbers, [`DecodeError::Truncated`].
    #[inline]
    pub fn length(&mut self) -> Result<Option<usize>, DecodeError> {
        match self.i32()? {
            -1 => Ok(None),
            len => usize::try_from(len).map(Some).map_err(|_| DecodeError::Length),
        }
    }

    /// ByteString; `None` for null.
    ///
    /// # Errors
    /// [`DecodeError::Length`], [`DecodeError::Truncated`].
    #[inline]
    pub fn byte_string(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        match self.length()? {
            None => Ok(None),
            Some(len) => self.take(len).map(Some),
        }
    }

    /// String; `None` for null.
    ///
    /// # Errors
    /// [`DecodeError::Utf8`], [`DecodeError::Length`], [`DecodeError::Truncated`].
    #[inline]
    pub fn string(&mut self) -> Result<Option<&'a str>, DecodeError> {
        match self.byte_string()? {
            None => Ok(None),
            Some(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| DecodeError::Utf8),
        }
    }

    /// LocalizedText: locale and text as bytes, `None` when absent.
    pub(crate) fn localized_bytes(&mut self) -> Result<LocalizedBytes<'a>, DecodeError> {
        let mask = self.u8()?;
        if mask & 0xFC != 0 {
            return Err(DecodeError::Encoding(mask));
        }
        let locale = if mask & 0x01 != 0 { self.byte_string()? } else { None };
        let text = if mask & 0x02 != 0 { self.byte_string()? } else { None };
        Ok((locale, text))
    }

    /// Length of an array whose elements take at least `min_element` bytes each; null counts as empty.
    ///
    /// # Errors
    /// [`DecodeError::Length`], or [`DecodeError::Truncated`] when so many elements cannot be in what is left.
    #[inline]
    pub fn array_length(&mut self, min_element: usize) -> Result<usize, DecodeError> {
        let len = self.length()?.unwrap_or(0);
        if len.saturating_mul(min_element) > self.remaining() {
            return Err(DecodeError::Truncated);
        }
        Ok(len)
    }
}
