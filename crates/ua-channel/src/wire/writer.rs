//! Appends OPC UA binary values to a buffer: the few that handshake messages need.

/// Appends values to a `Vec`.
pub(crate) trait Write {
    fn put_u32(&mut self, value: u32);
    fn put_i64(&mut self, value: i64);
    /// ByteString or String; `None` is null.
    fn put_bytes(&mut self, value: Option<&[u8]>);
}

impl Write for Vec<u8> {
    fn put_u32(&mut self, value: u32) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_i64(&mut self, value: i64) {
        self.extend_from_slice(&value.to_le_bytes());
    }

    fn put_bytes(&mut self, value: Option<&[u8]>) {
        // what does not fit a length field is far above every limit and was refused before
        match value.and_then(|bytes| i32::try_from(bytes.len()).ok().map(|len| (len, bytes))) {
            Some((len, bytes)) => {
                self.extend_from_slice(&len.to_le_bytes());
                self.extend_from_slice(bytes);
            }
            None => self.extend_from_slice(&(-1_i32).to_le_bytes()),
        }
    }
}
