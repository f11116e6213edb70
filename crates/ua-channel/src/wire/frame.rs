//! Frames: cutting the byte stream, and the messages of the connection protocol (Part 6 §7.1.2).

use super::limits::MIN_BUFFER;
use super::writer::Write;
use crate::{DecodeError, Error, Limits, Reader};

/// What the four bytes at the head of a frame say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Hello,
    Acknowledge,
    Error,
    Open,
    Message(ChunkKind),
    Close,
}

/// Place of a chunk in its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkKind {
    Intermediate,
    Final,
    Abort,
}

impl FrameKind {
    fn from_wire(bytes: [u8; 4]) -> Result<Self, Error> {
        match &bytes {
            b"HELF" => Ok(Self::Hello),
            b"ACKF" => Ok(Self::Acknowledge),
            b"ERRF" => Ok(Self::Error),
            // OPN and CLO are single chunks: nothing before a session needs more (rule PO-03)
            b"OPNF" => Ok(Self::Open),
            b"CLOF" => Ok(Self::Close),
            b"MSGC" => Ok(Self::Message(ChunkKind::Intermediate)),
            b"MSGF" => Ok(Self::Message(ChunkKind::Final)),
            b"MSGA" => Ok(Self::Message(ChunkKind::Abort)),
            _ => Err(Error::UnknownMessageType { found: bytes }),
        }
    }

    pub(crate) fn wire(self) -> &'static [u8; 4] {
        match self {
            Self::Hello => b"HELF",
            Self::Acknowledge => b"ACKF",
            Self::Error => b"ERRF",
            Self::Open => b"OPNF",
            Self::Close => b"CLOF",
            Self::Message(ChunkKind::Intermediate) => b"MSGC",
            Self::Message(ChunkKind::Final) => b"MSGF",
            Self::Message(ChunkKind::Abort) => b"MSGA",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hello => "HEL",
            Self::Acknowledge => "ACK",
            Self::Error => "ERR",
            Self::Open => "OPN",
            Self::Message(_) => "MSG",
            Self::Close => "CLO",
        }
    }

    /// Header bytes before anything of variable length.
    fn min_size(self) -> u32 {
        match self {
            Self::Hello => 32,
            Self::Acknowledge => 28,
            Self::Error => 16,
            Self::Open | Self::Message(_) | Self::Close => 24,
        }
    }
}

/// Collects bytes until a frame is whole. Holds at most one frame and what came with it in one read.
#[derive(Debug, Default)]
pub(crate) struct FrameBuffer {
    bytes: Vec<u8>,
    start: usize,
}

impl FrameBuffer {
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start.min(self.bytes.len()));
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, header included; the caller may decrypt in place. A frame whose size field is out of
    /// bounds fails as soon as its header is there, before its bytes are waited for.
    pub(crate) fn next(&mut self, max_size: u32) -> Result<Option<(FrameKind, &mut [u8])>, Error> {
        let pending = self.bytes.get(self.start..).unwrap_or_default();
        let Some((header, _)) = pending.split_first_chunk::<HEADER_LEN>() else {
            return Ok(None);
        };
        let [a, b, c, d, size @ ..] = *header;
        let kind = FrameKind::from_wire([a, b, c, d])?;
        let size = u32::from_le_bytes(size);
        if size < kind.min_size() || size > max_size {
            return Err(Error::ChunkSize { size, min: kind.min_size(), max: max_size });
        }
        let len = usize::try_from(size).map_err(|_| Error::ChunkSize {
            size,
            min: kind.min_size(),
            max: max_size,
        })?;
        if pending.len() < len {
            return Ok(None);
        }
        let end = self.start.saturating_add(len);
        let frame = self.bytes.get_mut(self.start..end).unwrap_or_default();
        self.start = end;
        Ok(Some((kind, frame)))
    }

    /// Forgets everything: the channel is over.
    pub(crate) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
    }
}

/// The numbers of HEL and ACK (Part 6 §7.1.2.3, §7.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BufferSizes {
    pub(crate) receive_buffer: u32,
    pub(crate) send_buffer: u32,
    /// 0 = no limit.
    pub(crate) max_message_size: u32,
    /// 0 = no limit.
    pub(crate) max_chunk_count: u32,
}

impl BufferSizes {
    pub(crate) fn of(limits: &Limits) -> Self {
        Self {
            receive_buffer: limits.receive_buffer.max(MIN_BUFFER),
            send_buffer: limits.send_buffer.max(MIN_BUFFER),
            max_message_size: limits.max_message_size,
            max_chunk_count: limits.max_chunk_count,
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // the peer's protocol version: every version has to accept newer ones, so it decides nothing
        reader.u32()?;
        Ok(Self {
            receive_buffer: reader.u32()?,
            send_buffer: reader.u32()?,
            max_message_size: reader.u32()?,
            max_chunk_count: reader.u32()?,
        })
    }

    fn write(self, frame: &mut Vec<u8>) {
        for number in [0, self.receive_buffer, self.send_buffer, self.max_message_size, self.max_chunk_count]
        {
            frame.put_u32(number);
        }
    }

    /// Refuses buffers below the smallest allowed.
    fn checked(self) -> Result<Self, Error> {
        match self.receive_buffer.min(self.send_buffer) {
            size if size < MIN_BUFFER => Err(Error::BufferTooSmall { size }),
            _ => Ok(self),
        }
    }
}

pub(crate) fn hello(sizes: BufferSizes, endpoint_url: &str) -> Vec<u8> {
    let mut frame = begin(FrameKind::Hello);
    sizes.write(&mut frame);
    frame.put_bytes(Some(endpoint_url.as_bytes()));
    finish(frame)
}

pub(crate) fn read_hello(frame: &[u8]) -> Result<(BufferSizes, String), Error> {
    const MALFORMED: Error = Error::Malformed { what: "HEL message" };
    let mut reader = body(frame);
    let sizes = BufferSizes::read(&mut reader).map_err(|_| MALFORMED)?;
    let url = reader.string().map_err(|_| MALFORMED)?.unwrap_or_default();
    if url.len() > MAX_TEXT || reader.remaining() > 0 {
        return Err(MALFORMED);
    }
    Ok((sizes.checked()?, url.to_owned()))
}

pub(crate) fn acknowledge(sizes: BufferSizes) -> Vec<u8> {
    let mut frame = begin(FrameKind::Acknowledge);
    sizes.write(&mut frame);
    finish(frame)
}

pub(crate) fn read_acknowledge(frame: &[u8]) -> Result<BufferSizes, Error> {
    const MALFORMED: Error = Error::Malformed { what: "ACK message" };
    let mut reader = body(frame);
    let sizes = BufferSizes::read(&mut reader).map_err(|_| MALFORMED)?;
    if reader.remaining() > 0 {
        return Err(MALFORMED);
    }
    sizes.checked()
}

/// An ERR message; an empty reason goes out as null.
pub(crate) fn error(status: u32, reason: &str) -> Vec<u8> {
    let mut frame = begin(FrameKind::Error);
    frame.put_u32(status);
    let reason = cut(reason, MAX_TEXT);
    frame.put_bytes((!reason.is_empty()).then_some(reason.as_bytes()));
    finish(frame)
}

/// Status and reason of an ERR message. A reason that cannot be read reads as empty: the message ends the connection
/// anyway, and its status is what matters.
pub(crate) fn read_error(frame: &[u8]) -> (u32, String) {
    read_status_and_reason(body(frame).rest())
}

/// Status and reason, the body of ERR messages and of abort chunks.
pub(crate) fn read_status_and_reason(bytes: &[u8]) -> (u32, String) {
    let mut reader = Reader::new(bytes);
    let Ok(status) = reader.u32() else {
        return (crate::error::BAD_DECODING_ERROR, String::new());
    };
    let reason = reader.byte_string().ok().flatten().unwrap_or_default();
    let (reason, _) = reason.split_at_checked(MAX_TEXT).unwrap_or((reason, &[]));
    (status, cut(&String::from_utf8_lossy(reason), MAX_TEXT).to_owned())
}

/// `text`, cut at a character boundary to at most `max` bytes.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    let end = text.floor_char_boundary(max.min(text.len()));
    text.get(..end).unwrap_or_default()
}

pub(crate) fn begin(kind: FrameKind) -> Vec<u8> {
    let mut frame = Vec::with_capacity(64);
    frame.extend_from_slice(kind.wire());
    frame.put_u32(0);
    frame
}

fn finish(mut frame: Vec<u8>) -> Vec<u8> {
    let len = frame.len();
    set_size(&mut frame, len);
    frame
}

/// Writes the size field.
pub(crate) fn set_size(frame: &mut [u8], size: usize) {
    if let (Some(field), Ok(size)) = (frame.get_mut(4..HEADER_LEN), u32::try_from(size)) {
        field.copy_from_slice(&size.to_le_bytes());
    }
}

fn body(frame: &[u8]) -> Reader<'_> {
    Reader::new(frame.get(HEADER_LEN..).unwrap_or_default())
}

/// Type, chunk kind, size.
pub(crate) const HEADER_LEN: usize = 8;
/// Longest URL and reason (Part 6 §7.1.2.3, §7.1.2.5).
pub(crate) const MAX_TEXT: usize = 4096;
