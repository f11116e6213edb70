//! Bytes that the socket has not taken yet.

use std::collections::VecDeque;

/// Bytes on their way to the socket.
#[derive(Default)]
pub(crate) struct Unsent {
    parts: VecDeque<Vec<u8>>,
    /// How much of the first part is gone already.
    sent: usize,
    bytes: usize,
}

impl Unsent {
    pub(crate) fn push(&mut self, part: Vec<u8>) {
        if !part.is_empty() {
            self.bytes += part.len();
            self.parts.push_back(part);
        }
    }

    /// How much is waiting.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// What to write next; nothing when all is gone.
    pub(crate) fn front(&self) -> &[u8] {
        self.parts.front().and_then(|part| part.get(self.sent..)).unwrap_or_default()
    }

    /// Takes note that the socket took this much of the front.
    pub(crate) fn advance(&mut self, count: usize) {
        self.sent += count;
        self.bytes = self.bytes.saturating_sub(count);
        if self.parts.front().is_some_and(|part| self.sent >= part.len()) {
            self.parts.pop_front();
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_goes_out_once_and_in_order() {
        let mut unsent = Unsent::default();
        unsent.push(b"abc".to_vec());
        unsent.push(Vec::new());
        unsent.push(b"de".to_vec());
        assert_eq!(unsent.bytes(), 5);
        let mut sent = Vec::new();
        while !unsent.is_empty() {
            let taken = unsent.front().len().min(2);
            sent.extend_from_slice(&unsent.front()[..taken]);
            unsent.advance(taken);
        }
        assert_eq!((sent.as_slice(), unsent.bytes()), (&b"abcde"[..], 0));
    }
}
