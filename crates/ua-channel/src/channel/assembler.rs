//! Chunks to messages, within limits.

use crate::wire::frame::{ChunkKind, read_status_and_reason};
use crate::{Error, Limits};

/// What a chunk completed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Assembled {
    Message { request_id: u32, body: Vec<u8> },
    Aborted { request_id: u32, status: u32, reason: String },
}

/// Messages in assembly. The sum of their bytes counts against the limit of one message.
#[derive(Debug)]
pub(crate) struct Assembler {
    partial: Vec<Partial>,
    bytes: usize,
    max_bytes: usize,
    max_chunks: u32,
    max_partial: usize,
}

#[derive(Debug)]
struct Partial {
    request_id: u32,
    chunks: u32,
    body: Vec<u8>,
}

impl Assembler {
    pub(crate) fn new(limits: &Limits, max_bytes: u32) -> Self {
        Self {
            partial: Vec::new(),
            bytes: 0,
            max_bytes: usize::try_from(max_bytes).unwrap_or(usize::MAX),
            max_chunks: limits.max_chunk_count,
            max_partial: limits.max_partial_messages,
        }
    }

    pub(crate) fn set_max_bytes(&mut self, max_bytes: u32) {
        self.max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    }

    /// Takes the body of a verified chunk.
    pub(crate) fn push(
        &mut self,
        kind: ChunkKind,
        request_id: u32,
        body: &[u8],
    ) -> Result<Option<Assembled>, Error> {
        if kind == ChunkKind::Abort {
            let found = self.partial.iter().position(|partial| partial.request_id == request_id);
            found.map(|index| self.remove(index));
            let (status, reason) = read_status_and_reason(body);
            return Ok(Some(Assembled::Aborted { request_id, status, reason }));
        }
        if self.bytes.saturating_add(body.len()) > self.max_bytes {
            return Err(Error::IncomingLimit { limit: self.max_bytes, unit: "bytes" });
        }
        let found = self.partial.iter().position(|partial| partial.request_id == request_id);
        match (found, kind) {
            (None, ChunkKind::Final) => Ok(Some(Assembled::Message { request_id, body: body.to_vec() })),
            (None, _) => self.begin(request_id, body).map(|()| None),
            (Some(index), _) => {
                self.extend(index, body)?;
                if kind != ChunkKind::Final {
                    return Ok(None);
                }
                Ok(Some(Assembled::Message { request_id, body: self.remove(index).body }))
            }
        }
    }

    fn begin(&mut self, request_id: u32, body: &[u8]) -> Result<(), Error> {
        if self.partial.len() >= self.max_partial {
            return Err(Error::IncomingLimit { limit: self.max_partial, unit: "messages in progress" });
        }
        self.bytes = self.bytes.saturating_add(body.len());
        self.partial.push(Partial { request_id, chunks: 1, body: body.to_vec() });
        Ok(())
    }

    fn extend(&mut self, index: usize, body: &[u8]) -> Result<(), Error> {
        let Some(partial) = self.partial.get_mut(index) else { return Ok(()) };
        if partial.chunks >= self.max_chunks {
            let limit = usize::try_from(self.max_chunks).unwrap_or(usize::MAX);
            return Err(Error::IncomingLimit { limit, unit: "chunks" });
        }
        partial.chunks = partial.chunks.saturating_add(1);
        partial.body.extend_from_slice(body);
        self.bytes = self.bytes.saturating_add(body.len());
        Ok(())
    }

    fn remove(&mut self, index: usize) -> Partial {
        let partial = self.partial.swap_remove(index);
        self.bytes = self.bytes.saturating_sub(partial.body.len());
        partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembler() -> Assembler {
        let limits = Limits { max_chunk_count: 3, max_partial_messages: 2, ..Limits::client() };
        Assembler::new(&limits, 10)
    }

    #[test]
    fn interleaved_messages_are_told_apart() {
        let mut assembler = assembler();
        assert_eq!(assembler.push(ChunkKind::Intermediate, 1, b"ab"), Ok(None));
        assert_eq!(assembler.push(ChunkKind::Intermediate, 2, b"cd"), Ok(None));
        let first = assembler.push(ChunkKind::Final, 1, b"e").unwrap();
        assert_eq!(first, Some(Assembled::Message { request_id: 1, body: b"abe".to_vec() }));
        let second = assembler.push(ChunkKind::Final, 2, b"").unwrap();
        assert_eq!(second, Some(Assembled::Message { request_id: 2, body: b"cd".to_vec() }));
        assert_eq!(assembler.bytes, 0);
    }

    #[test]
    fn the_sum_of_all_partial_messages_is_limited() {
        let mut assembler = assembler();
        assembler.push(ChunkKind::Intermediate, 1, b"12345").unwrap();
        assembler.push(ChunkKind::Intermediate, 2, b"12345").unwrap();
        let error = assembler.push(ChunkKind::Final, 1, b"1").unwrap_err();
        assert_eq!(error, Error::IncomingLimit { limit: 10, unit: "bytes" });
    }

    #[test]
    fn endless_empty_chunks_are_limited_by_count() {
        let mut assembler = assembler();
        for _ in 0..3 {
            assert_eq!(assembler.push(ChunkKind::Intermediate, 1, b""), Ok(None));
        }
        let error = assembler.push(ChunkKind::Intermediate, 1, b"").unwrap_err();
        assert_eq!(error, Error::IncomingLimit { limit: 3, unit: "chunks" });
    }

    #[test]
    fn messages_in_progress_are_limited() {
        let mut assembler = assembler();
        assembler.push(ChunkKind::Intermediate, 1, b"").unwrap();
        assembler.push(ChunkKind::Intermediate, 2, b"").unwrap();
        let error = assembler.push(ChunkKind::Intermediate, 3, b"").unwrap_err();
        assert_eq!(error, Error::IncomingLimit { limit: 2, unit: "messages in progress" });
    }

    #[test]
    fn an_abort_frees_what_the_message_held_and_survives_a_malformed_reason() {
        let mut assembler = assembler();
        assembler.push(ChunkKind::Intermediate, 1, b"1234567890").unwrap();
        let aborted = assembler.push(ChunkKind::Abort, 1, &[1, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F]).unwrap();
        let expected = Assembled::Aborted { request_id: 1, status: 0x8000_0001, reason: String::new() };
        assert_eq!(aborted, Some(expected));
        assert_eq!(assembler.bytes, 0);
        assert!(assembler.push(ChunkKind::Final, 2, b"1234567890").unwrap().is_some());
    }
}
