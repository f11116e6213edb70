//! How much a peer may make us hold.

/// Limits of one channel. All are enforced before memory is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest chunk we receive, bytes; announced in HEL/ACK. At least 8192.
    pub receive_buffer: u32,
    /// Largest chunk we send, bytes; the peer may lower it. At least 8192.
    pub send_buffer: u32,
    /// Largest message body we assemble, bytes.
    pub max_message_size: u32,
    /// Most chunks of one message. The defaults are an eighth above what the largest message needs in full chunks: some
    /// peers reckon without headers and warn, or send chunks that are not full.
    pub max_chunk_count: u32,
    /// Messages that may be in assembly at the same time.
    pub max_partial_messages: usize,
    /// Requests a client may have outstanding.
    pub max_outstanding_requests: usize,
    /// Largest message body a server assembles before [`mark_session_active`] was called, bytes.
    ///
    /// [`mark_session_active`]: crate::ServerChannel::mark_session_active
    pub max_message_size_before_session: u32,
}

impl Limits {
    /// Defaults of a client: 64 KiB chunks, messages up to 64 MiB.
    #[must_use]
    pub fn client() -> Self {
        Self {
            receive_buffer: 65_535,
            send_buffer: 65_535,
            max_message_size: 64 * 1024 * 1024,
            max_chunk_count: 1152,
            max_partial_messages: 8,
            max_outstanding_requests: 1024,
            max_message_size_before_session: 64 * 1024 * 1024,
        }
    }

    /// Defaults of a server: 64 KiB chunks, messages up to 4 MiB, 64 KiB before there is a session.
    #[must_use]
    pub fn server() -> Self {
        Self {
            max_message_size: 4 * 1024 * 1024,
            max_chunk_count: 72,
            max_message_size_before_session: 64 * 1024,
            ..Self::client()
        }
    }
}

/// Smallest buffer a peer may offer (Part 6 §7.1.2.3).
pub(crate) const MIN_BUFFER: u32 = 8192;
