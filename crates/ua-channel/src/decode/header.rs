//! What comes before the parameters of a service message: type id and header (Part 4 §7.32, §7.33).

use super::{DecodeError, Reader};

/// The parts of a response header that we act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResponseHeader {
    pub(crate) request_handle: u32,
    pub(crate) service_result: u32,
}

impl ResponseHeader {
    pub(crate) fn is_bad(self) -> bool {
        is_bad(self.service_result)
    }
}

/// Whether a status code has the severity Bad (Part 4 §7.39).
pub(crate) fn is_bad(status: u32) -> bool {
    status & 0x8000_0000 != 0
}

/// An ExtensionObject, its body not looked into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExtensionObjectRef<'a> {
    /// Type id of the encoding, 0 when it is not a numeric id of namespace 0.
    pub(crate) type_id: u32,
    /// The body, when it is in binary.
    pub(crate) binary: Option<&'a [u8]>,
    /// There is a body, in binary or not.
    pub(crate) has_body: bool,
}

impl<'a> Reader<'a> {
    /// Reads an ExtensionObject by the length it states.
    pub(crate) fn extension_object(&mut self) -> Result<ExtensionObjectRef<'a>, DecodeError> {
        let type_id = self.type_id()?;
        let encoding = self.u8()?;
        let binary = match encoding {
            0 => None,
            1 => Some(self.byte_string()?.unwrap_or_default()),
            2 => {
                self.byte_string()?;
                None
            }
            other => return Err(DecodeError::Encoding(other)),
        };
        Ok(ExtensionObjectRef { type_id, binary, has_body: encoding != 0 })
    }

    /// Type id of a message or ExtensionObject: a numeric NodeId of namespace 0, in any of its forms; 0 for all others.
    pub(crate) fn type_id(&mut self) -> Result<u32, DecodeError> {
        match self.rest() {
            [0, id, ..] => {
                let id = u32::from(*id);
                self.take(2)?;
                Ok(id)
            }
            [1, 0, low, high, ..] => {
                let id = u32::from(u16::from_le_bytes([*low, *high]));
                self.take(4)?;
                Ok(id)
            }
            [2, 0, 0, ..] => {
                self.take(3)?;
                self.u32()
            }
            _ => {
                self.skip_node_id()?;
                Ok(0)
            }
        }
    }

    /// Begins a response: type id and header.
    ///
    /// # Errors
    /// [`DecodeError::MessageType`] when it is of another type, [`DecodeError::ServiceFault`] for a `ServiceFault`.
    pub(crate) fn response_of(&mut self, expected: u32) -> Result<ResponseHeader, DecodeError> {
        let type_id = self.type_id()?;
        if type_id != expected && type_id != SERVICE_FAULT {
            return Err(DecodeError::MessageType(type_id));
        }
        let header = self.response_header()?;
        if type_id == SERVICE_FAULT {
            return Err(DecodeError::ServiceFault(header.service_result));
        }
        Ok(header)
    }

    /// Nothing may follow: bytes left over mean that something was misread.
    pub(crate) fn finished(&self) -> Result<(), DecodeError> {
        if self.remaining() == 0 { Ok(()) } else { Err(DecodeError::Length) }
    }

    /// Steps over an array of DiagnosticInfo, as it ends most responses.
    pub(crate) fn skip_diagnostic_infos(&mut self) -> Result<(), DecodeError> {
        for _ in 0..self.array_length(1)? {
            self.skip_diagnostic_info()?;
        }
        Ok(())
    }

    /// Reads a response header; diagnostics and additional header are stepped over.
    pub(crate) fn response_header(&mut self) -> Result<ResponseHeader, DecodeError> {
        self.i64()?;
        let request_handle = self.u32()?;
        let service_result = self.u32()?;
        self.skip_diagnostic_info()?;
        for _ in 0..self.array_length(4)? {
            self.byte_string()?;
        }
        self.skip_extension_object()?;
        Ok(ResponseHeader { request_handle, service_result })
    }

    /// Reads a request header and returns the request handle.
    pub(crate) fn request_header(&mut self) -> Result<u32, DecodeError> {
        self.skip_node_id()?;
        self.i64()?;
        let handle = self.u32()?;
        self.u32()?;
        self.byte_string()?;
        self.u32()?;
        self.skip_extension_object()?;
        Ok(handle)
    }
}

const SERVICE_FAULT: u32 = 397;
