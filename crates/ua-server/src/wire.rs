//! Writing answers. Only what the publish path writes value by value is written here; all else goes through the generated types.

use opcua_types::{BinaryEncodable, ContextOwned};

use crate::values::{Sample, Ticks, Value};

/// Numeric ids of the binary encodings written by hand (Part 6, NodeIds.csv).
pub(crate) mod encoding_id {
    pub(crate) const SERVICE_FAULT: u16 = 397;
    pub(crate) const DATA_CHANGE_NOTIFICATION: u16 = 811;
    pub(crate) const STATUS_CHANGE_NOTIFICATION: u16 = 820;
    pub(crate) const PUBLISH_RESPONSE: u16 = 829;
    pub(crate) const EVENT_NOTIFICATION_LIST: u16 = 916;
    pub(crate) const REPUBLISH_RESPONSE: u16 = 835;
}

/// Which timestamps a client wants with a value (Part 4 §7.40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub(crate) source: bool,
    pub(crate) server: bool,
}

/// Little-endian bytes in OPC UA binary encoding.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.raw(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.raw(&value.to_le_bytes());
    }

    /// The length in front of an array, a string or a body. Nothing we send comes near 2 GiB.
    pub(crate) fn length(&mut self, length: usize) {
        self.raw(&i32::try_from(length).unwrap_or(i32::MAX).to_le_bytes());
    }

    pub(crate) fn null_array(&mut self) {
        self.raw(&(-1_i32).to_le_bytes());
    }

    /// A numeric node id of namespace 0 in its four byte form.
    pub(crate) fn type_id(&mut self, id: u16) {
        self.raw(&[1, 0]);
        self.raw(&id.to_le_bytes());
    }

    pub(crate) fn u32_array(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        self.length(values.len());
        values.for_each(|value| self.u32(value));
    }

    pub(crate) fn response_header(&mut self, now: Ticks, request_handle: u32, service_result: u32) {
        self.i64(now);
        self.u32(request_handle);
        self.u32(service_result);
        self.u8(0); // no diagnostics: we never send any (HS-39)
        self.null_array(); // string table
        self.raw(&[0, 0, 0]); // no additional header
    }

    pub(crate) fn data_value(
        &mut self,
        sample: &Sample,
        server_time: Ticks,
        stamps: Stamps,
        context: &ContextOwned,
    ) {
        let has_value = !matches!(sample.value, Value::Null);
        let has_source = stamps.source && sample.source_time != 0;
        let has_server = stamps.server && server_time != 0;
        let bit = |set: bool, mask: u8| if set { mask } else { 0 };
        self.u8(bit(has_value, 1) | bit(sample.status != 0, 2) | bit(has_source, 4) | bit(has_server, 8));
        if has_value {
            self.variant(&sample.value, context);
        }
        if sample.status != 0 {
            self.u32(sample.status);
        }
        if has_source {
            self.i64(sample.source_time);
        }
        if has_server {
            self.i64(server_time);
        }
    }

    fn variant(&mut self, value: &Value, context: &ContextOwned) {
        match value {
            Value::Null => self.u8(0),
            Value::Boolean(v) => self.raw(&[1, u8::from(*v)]),
            Value::Byte(v) => self.raw(&[3, *v]),
            Value::Int16(v) => self.tagged(4, &v.to_le_bytes()),
            Value::UInt16(v) => self.tagged(5, &v.to_le_bytes()),
            Value::Int32(v) => self.tagged(6, &v.to_le_bytes()),
            Value::UInt32(v) => self.tagged(7, &v.to_le_bytes()),
            Value::Int64(v) => self.tagged(8, &v.to_le_bytes()),
            Value::UInt64(v) => self.tagged(9, &v.to_le_bytes()),
            Value::Float(v) => self.tagged(10, &v.to_le_bytes()),
            Value::Double(v) => self.tagged(11, &v.to_le_bytes()),
            Value::Text(v) => {
                self.u8(12);
                self.length(v.len());
                self.raw(v.as_bytes());
            }
            Value::DateTime(v) => self.tagged(13, &v.to_le_bytes()),
            Value::Other(v) => self.raw(&v.encode_to_vec(&context.context())),
        }
    }

    fn tagged(&mut self, tag: u8, bytes: &[u8]) {
        self.u8(tag);
        self.raw(bytes);
    }
}

/// A service fault as a whole message body.
pub(crate) fn service_fault(now: Ticks, request_handle: u32, status: u32) -> Vec<u8> {
    let mut writer = Writer::with_capacity(32);
    writer.type_id(encoding_id::SERVICE_FAULT);
    writer.response_header(now, request_handle, status);
    writer.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opcua_types::{BinaryDecodable, DataValue, NodeId, ServiceFault, StatusCode, Variant};

    #[test]
    fn data_values_written_by_hand_read_back_as_the_library_reads_them() {
        let context = ContextOwned::default();
        let values = [
            Value::Null,
            Value::Boolean(true),
            Value::Byte(7),
            Value::Int16(-2),
            Value::UInt16(2),
            Value::Int32(-3),
            Value::UInt32(3),
            Value::Int64(-4),
            Value::UInt64(4),
            Value::Float(1.5),
            Value::Double(-2.5),
            Value::Text("Ölstand".into()),
            Value::DateTime(133_000_000_000_000_000),
            Value::from(Variant::from(vec![1_u32, 2])),
        ];
        for value in values {
            let sample = Sample { value, status: 0x8000_0000, source_time: 132_000_000_000_000_000 };
            let mut writer = Writer::default();
            writer.data_value(
                &sample,
                132_000_000_000_000_001,
                Stamps { source: true, server: true },
                &context,
            );
            let read = DataValue::decode(&mut writer.into_bytes().as_slice(), &context.context()).unwrap();
            assert_eq!(read.value.unwrap_or_default(), sample.value.to_variant());
            assert_eq!(read.status, Some(StatusCode::from(0x8000_0000)));
            assert_eq!(read.source_timestamp.unwrap().ticks(), 132_000_000_000_000_000);
            assert_eq!(read.server_timestamp.unwrap().ticks(), 132_000_000_000_000_001);
        }
    }

    #[test]
    fn a_fault_written_by_hand_reads_back_as_the_library_reads_it() {
        let context = ContextOwned::default();
        let body = service_fault(132_000_000_000_000_000, 9, StatusCode::BadServiceUnsupported.bits());
        let mut rest = body.as_slice();
        assert_eq!(NodeId::decode(&mut rest, &context.context()).unwrap(), NodeId::new(0, 397_u32));
        let fault = ServiceFault::decode(&mut rest, &context.context()).unwrap();
        assert_eq!(fault.response_header.request_handle, 9);
        assert_eq!(fault.response_header.service_result, StatusCode::BadServiceUnsupported);
        assert!(rest.is_empty());
    }
}
