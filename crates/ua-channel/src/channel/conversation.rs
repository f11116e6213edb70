//! What both roles share: queues, tokens, sequence numbers, assembly, and the way of one chunk in and out.

use std::collections::VecDeque;
use std::time::Instant;

use super::assembler::{Assembled, Assembler};
use super::sequence::{ReceiveSequence, SendSequence};
use super::token::TokenTable;
use super::{ChannelEvent, CloseReason, Phase};
use crate::wire::chunk::{self, sequence_header, symmetric_ids};
use crate::wire::frame::{BufferSizes, ChunkKind, FrameBuffer, FrameKind};
use crate::{Error, Limits};

/// State of a channel that does not depend on the role.
pub(crate) struct Conversation {
    pub(crate) phase: Phase,
    pub(crate) channel_id: u32,
    pub(crate) tokens: Option<TokenTable>,
    pub(crate) send_sequence: SendSequence,
    pub(crate) receive_sequence: ReceiveSequence,
    pub(crate) assembler: Assembler,
    /// What we accept and offer.
    pub(crate) own: BufferSizes,
    /// What the peer accepts.
    pub(crate) peer: PeerLimits,
    input: FrameBuffer,
    outbox: VecDeque<Vec<u8>>,
    events: VecDeque<ChannelEvent>,
}

/// Limits on what we send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerLimits {
    pub(crate) chunk: u32,
    /// `u32::MAX` = no limit.
    message: u32,
    /// `u32::MAX` = no limit.
    chunks: u32,
}

impl Conversation {
    pub(crate) fn new(limits: &Limits, max_message_size: u32) -> Self {
        let own = BufferSizes::of(limits);
        Self {
            phase: Phase::Connecting,
            channel_id: 0,
            tokens: None,
            send_sequence: SendSequence::default(),
            receive_sequence: ReceiveSequence::default(),
            assembler: Assembler::new(limits, max_message_size),
            own,
            peer: PeerLimits { chunk: own.send_buffer, message: u32::MAX, chunks: u32::MAX },
            input: FrameBuffer::default(),
            outbox: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes over what the peer's HEL or ACK says. Sizes above ours change nothing.
    pub(crate) fn negotiate(&mut self, peer: BufferSizes) {
        let unlimited = |limit: u32| if limit == 0 { u32::MAX } else { limit };
        self.own.receive_buffer = self.own.receive_buffer.min(peer.send_buffer);
        self.own.send_buffer = self.own.send_buffer.min(peer.receive_buffer);
        self.peer = PeerLimits {
            chunk: self.own.send_buffer,
            message: unlimited(peer.max_message_size),
            chunks: unlimited(peer.max_chunk_count),
        };
    }

    pub(crate) fn take_input(&mut self, bytes: &[u8]) -> FrameBuffer {
        let mut input = std::mem::take(&mut self.input);
        input.extend(bytes);
        input
    }

    pub(crate) fn return_input(&mut self, input: FrameBuffer) {
        if self.phase != Phase::Closed {
            self.input = input;
        }
    }

    pub(crate) fn transmit(&mut self, frame: Vec<u8>) {
        self.outbox.push_back(frame);
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    pub(crate) fn event(&mut self, event: ChannelEvent) {
        self.events.push_back(event);
    }

    pub(crate) fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.events.pop_front()
    }

    /// Ends the channel once; keys and half-read bytes go at once, what is queued for the wire stays.
    pub(crate) fn close(&mut self, reason: CloseReason) {
        if self.phase == Phase::Closed {
            return;
        }
        self.phase = Phase::Closed;
        self.tokens = None;
        self.input.clear();
        self.event(ChannelEvent::Closed(reason));
    }

    /// Verifies a MSG or CLO chunk in place; returns its request id and body.
    pub(crate) fn open_chunk<'a>(
        &mut self,
        now: Instant,
        frame: &'a mut [u8],
    ) -> Result<(u32, &'a [u8]), Error> {
        let tokens = self.tokens.as_mut().ok_or(Error::NotOpen)?;
        let (channel_id, token_id) = symmetric_ids(frame)?;
        if channel_id != self.channel_id {
            return Err(Error::ChannelId { found: channel_id, expected: self.channel_id });
        }
        let opened = tokens.receiving(token_id, now)?.receive.open(frame)?;
        let (sequence, request_id, body) = sequence_header(opened)?;
        self.receive_sequence.accept(sequence)?;
        tokens.used(token_id);
        Ok((request_id, body))
    }

    /// Verifies a MSG chunk; returns the message it completes.
    pub(crate) fn handle_message(
        &mut self,
        now: Instant,
        kind: ChunkKind,
        frame: &mut [u8],
        expected: impl FnOnce(u32) -> Result<(), Error>,
    ) -> Result<Option<Assembled>, Error> {
        let (request_id, body) = self.open_chunk(now, frame)?;
        expected(request_id)?;
        self.assembler.push(kind, request_id, body)
    }

    /// Queues a message in as many chunks as it needs.
    ///
    /// # Errors
    /// [`Error::NotOpen`], [`Error::OutgoingLimit`]; nothing was queued then.
    pub(crate) fn send_message(
        &mut self,
        kind: FrameKind,
        request_id: u32,
        body: &[u8],
    ) -> Result<(), Error> {
        let token = self.tokens.as_ref().ok_or(Error::NotOpen)?.sending();
        let max_body = token.send.max_body(usize::try_from(self.peer.chunk).unwrap_or(usize::MAX)).max(1);
        self.peer.check(body.len(), max_body)?;
        let mut pieces = body.chunks(max_body).peekable();
        loop {
            let piece = pieces.next().unwrap_or_default();
            let last = pieces.peek().is_none();
            let kind = if last { kind } else { FrameKind::Message(ChunkKind::Intermediate) };
            let mut frame =
                chunk::symmetric(kind, self.channel_id, token.id, self.send_sequence.next(), request_id);
            frame.reserve(piece.len().saturating_add(chunk::MAX_TRAILER_LEN));
            frame.extend_from_slice(piece);
            self.outbox.push_back(token.send.seal(frame)?);
            if last {
                return Ok(());
            }
        }
    }
}

impl PeerLimits {
    fn check(&self, len: usize, max_body: usize) -> Result<(), Error> {
        let limit = usize::try_from(self.message).unwrap_or(usize::MAX);
        if len > limit {
            return Err(Error::OutgoingLimit { needed: len, limit, unit: "bytes" });
        }
        let limit = usize::try_from(self.chunks).unwrap_or(usize::MAX);
        let needed = len.div_ceil(max_body);
        if needed > limit {
            return Err(Error::OutgoingLimit { needed, limit, unit: "chunks" });
        }
        Ok(())
    }
}
