//! Stepping over values that nobody asked for, without recursion into the unknown (Part 6 §5.2.2).
//!
//! One depth counter runs through Variants, DataValues and arrays of them; it is never reset, so that no nesting trick
//! reaches the stack. ExtensionObjects are stepped over by their length and not looked into.

use super::{DecodeError, MAX_DEPTH, MAX_DIAGNOSTIC_DEPTH, Reader};

/// Built-in types that are stepped over by name.
pub(crate) mod builtin {
    pub(crate) const BOOLEAN: u8 = 1;
    pub(crate) const SBYTE: u8 = 2;
    pub(crate) const BYTE: u8 = 3;
    pub(crate) const INT16: u8 = 4;
    pub(crate) const UINT16: u8 = 5;
    pub(crate) const INT32: u8 = 6;
    pub(crate) const UINT32: u8 = 7;
    pub(crate) const INT64: u8 = 8;
    pub(crate) const UINT64: u8 = 9;
    pub(crate) const FLOAT: u8 = 10;
    pub(crate) const DOUBLE: u8 = 11;
    pub(crate) const STRING: u8 = 12;
    pub(crate) const DATE_TIME: u8 = 13;
    pub(crate) const GUID: u8 = 14;
    pub(crate) const BYTE_STRING: u8 = 15;
    pub(crate) const XML_ELEMENT: u8 = 16;
    pub(crate) const NODE_ID: u8 = 17;
    pub(crate) const EXPANDED_NODE_ID: u8 = 18;
    pub(crate) const STATUS_CODE: u8 = 19;
    pub(crate) const QUALIFIED_NAME: u8 = 20;
    pub(crate) const LOCALIZED_TEXT: u8 = 21;
    pub(crate) const EXTENSION_OBJECT: u8 = 22;
    pub(crate) const DATA_VALUE: u8 = 23;
    pub(crate) const VARIANT: u8 = 24;
    pub(crate) const DIAGNOSTIC_INFO: u8 = 25;
    /// Ids 26 to 31 are reserved and read as ByteString (Part 6 §5.2.2.16).
    pub(crate) const LAST_RESERVED: u8 = 31;
}

/// Bytes of a value of fixed length; `None` for the others.
#[inline]
pub(crate) fn fixed_len(builtin_type: u8) -> Option<usize> {
    match builtin_type {
        builtin::BOOLEAN..=builtin::BYTE => Some(1),
        builtin::INT16 | builtin::UINT16 => Some(2),
        builtin::INT32 | builtin::UINT32 | builtin::FLOAT | builtin::STATUS_CODE => Some(4),
        builtin::INT64 | builtin::UINT64 | builtin::DOUBLE | builtin::DATE_TIME => Some(8),
        builtin::GUID => Some(16),
        _ => None,
    }
}

impl Reader<'_> {
    /// Steps over one value of a built-in type; text is not looked into. `depth` counts the Variants and DataValues around it.
    pub(crate) fn skip_value(&mut self, builtin_type: u8, depth: u32) -> Result<(), DecodeError> {
        if let Some(len) = fixed_len(builtin_type) {
            return self.take(len).map(|_| ());
        }
        match builtin_type {
            builtin::NODE_ID => self.skip_node_id(),
            builtin::EXPANDED_NODE_ID => self.skip_expanded_node_id(),
            builtin::QUALIFIED_NAME => {
                self.u16()?;
                self.byte_string().map(|_| ())
            }
            builtin::LOCALIZED_TEXT => self.localized_bytes().map(|_| ()),
            builtin::EXTENSION_OBJECT => self.skip_extension_object(),
            builtin::DATA_VALUE => self.skip_data_value(deeper(depth)?),
            builtin::VARIANT => self.skip_variant(deeper(depth)?),
            builtin::DIAGNOSTIC_INFO => self.skip_diagnostic_info(),
            builtin::STRING | builtin::BYTE_STRING | builtin::XML_ELEMENT | 26..=builtin::LAST_RESERVED => {
                self.byte_string().map(|_| ())
            }
            other => Err(DecodeError::Encoding(other)),
        }
    }

    /// Steps over a Variant.
    pub(crate) fn skip_variant(&mut self, depth: u32) -> Result<(), DecodeError> {
        let encoding = self.u8()?;
        let builtin_type = encoding & TYPE_MASK;
        if encoding & ARRAY_BIT != 0 {
            return self.skip_array(encoding, depth).map(|_| ());
        }
        if encoding & DIMENSIONS_BIT != 0 {
            return Err(DecodeError::Encoding(encoding));
        }
        match builtin_type {
            0 => Ok(()),
            _ => self.skip_value(builtin_type, depth),
        }
    }

    /// Steps over the array of a Variant whose encoding byte was read; returns the number of elements.
    pub(crate) fn skip_array(&mut self, encoding: u8, depth: u32) -> Result<u32, DecodeError> {
        let builtin_type = encoding & TYPE_MASK;
        if builtin_type == 0 {
            return Err(DecodeError::Encoding(encoding));
        }
        let fixed = fixed_len(builtin_type);
        let len = self.array_length(fixed.unwrap_or(1))?;
        match fixed {
            Some(element) => {
                self.take(len.saturating_mul(element))?;
            }
            None => {
                for _ in 0..len {
                    self.skip_value(builtin_type, depth)?;
                }
            }
        }
        if encoding & DIMENSIONS_BIT != 0 {
            self.check_dimensions(len)?;
        }
        u32::try_from(len).map_err(|_| DecodeError::Length)
    }

    /// Dimensions have to multiply to the number of elements.
    fn check_dimensions(&mut self, len: usize) -> Result<(), DecodeError> {
        let mut product = Some(1_usize);
        for _ in 0..self.array_length(4)? {
            let dimension = usize::try_from(self.i32()?).map_err(|_| DecodeError::Length)?;
            product = product.and_then(|product| product.checked_mul(dimension));
        }
        if product == Some(len) { Ok(()) } else { Err(DecodeError::Length) }
    }

    /// Steps over a DataValue.
    pub(crate) fn skip_data_value(&mut self, depth: u32) -> Result<(), DecodeError> {
        let mask = self.u8()?;
        if mask & 0xC0 != 0 {
            return Err(DecodeError::Encoding(mask));
        }
        if mask & 0x01 != 0 {
            self.skip_variant(depth)?;
        }
        for (bit, len) in [(0x02, 4), (0x04, 8), (0x10, 2), (0x08, 8), (0x20, 2)] {
            if mask & bit != 0 {
                self.take(len)?;
            }
        }
        Ok(())
    }

    /// Steps over a NodeId in any of its forms.
    pub(crate) fn skip_node_id(&mut self) -> Result<(), DecodeError> {
        let encoding = self.u8()?;
        self.skip_node_id_body(encoding)
    }

    fn skip_expanded_node_id(&mut self) -> Result<(), DecodeError> {
        let encoding = self.u8()?;
        self.skip_node_id_body(encoding & 0x3F)?;
        if encoding & 0x80 != 0 {
            self.byte_string()?;
        }
        if encoding & 0x40 != 0 {
            self.u32()?;
        }
        Ok(())
    }

    fn skip_node_id_body(&mut self, encoding: u8) -> Result<(), DecodeError> {
        match encoding {
            0 => self.take(1).map(|_| ()),
            1 => self.take(3).map(|_| ()),
            2 => self.take(6).map(|_| ()),
            3 => {
                self.u16()?;
                self.byte_string().map(|_| ())
            }
            4 => self.take(18).map(|_| ()),
            5 => {
                self.u16()?;
                self.byte_string().map(|_| ())
            }
            other => Err(DecodeError::Encoding(other)),
        }
    }

    /// Steps over an ExtensionObject by the length it states.
    pub(crate) fn skip_extension_object(&mut self) -> Result<(), DecodeError> {
        self.extension_object().map(|_| ())
    }

    /// Steps over a DiagnosticInfo, which may hold another one inside.
    pub(crate) fn skip_diagnostic_info(&mut self) -> Result<(), DecodeError> {
        for _ in 0..=MAX_DIAGNOSTIC_DEPTH {
            let mask = self.u8()?;
            if mask & 0x80 != 0 {
                return Err(DecodeError::Encoding(mask));
            }
            // symbolic id, namespace, localized text, locale
            for bit in [0x01, 0x02, 0x08, 0x04] {
                if mask & bit != 0 {
                    self.i32()?;
                }
            }
            if mask & 0x10 != 0 {
                self.byte_string()?;
            }
            if mask & 0x20 != 0 {
                self.u32()?;
            }
            if mask & 0x40 == 0 {
                return Ok(());
            }
        }
        Err(DecodeError::Depth)
    }
}

fn deeper(depth: u32) -> Result<u32, DecodeError> {
    if depth >= MAX_DEPTH { Err(DecodeError::Depth) } else { Ok(depth.saturating_add(1)) }
}

/// Built-in type in a Variant's encoding byte.
pub(crate) const TYPE_MASK: u8 = 0x3F;
/// The Variant holds an array.
pub(crate) const ARRAY_BIT: u8 = 0x80;
/// The array has several dimensions.
pub(crate) const DIMENSIONS_BIT: u8 = 0x40;
