//! Texts, each kept once, in one piece of memory.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;

/// A text of a [`Texts`]. The same text has the same number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Text(u32);

impl Text {
    /// The text of no length.
    pub(super) const EMPTY: Self = Self(0);
}

/// Texts by number.
#[derive(Debug)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each ends; it begins where the one before ends.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: RandomState,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), ends: vec![0], numbers: HashTable::new(), hasher: RandomState::new() }
    }

    /// The number of a text, a new one if it was not there; `None` when no more fits.
    pub(super) fn intern(&mut self, text: &[u8]) -> Option<Text> {
        if let Some(known) = self.find(text) {
            return Some(known);
        }
        let end = u32::try_from(self.bytes.len().checked_add(text.len())?).ok().filter(|end| *end <= MOST)?;
        let number = u32::try_from(self.ends.len()).ok()?;
        self.bytes.extend_from_slice(text);
        self.ends.push(end);
        let Self { bytes, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        numbers.insert_unique(hash, number, |number| hasher.hash_one(slice(bytes, ends, *number)));
        Some(Text(number))
    }

    /// The number of a text that is there.
    pub(super) fn find(&self, text: &[u8]) -> Option<Text> {
        if text.is_empty() {
            return Some(Text::EMPTY);
        }
        let is_it = |number: &u32| slice(&self.bytes, &self.ends, *number) == text;
        self.numbers.find(self.hasher.hash_one(text), is_it).copied().map(Text)
    }

    pub(super) fn bytes(&self, text: Text) -> &[u8] {
        slice(&self.bytes, &self.ends, text.0)
    }

    /// What was interned as text; bytes that are none are empty.
    pub(super) fn text(&self, text: Text) -> &str {
        std::str::from_utf8(self.bytes(text)).unwrap_or_default()
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[u32], number: u32) -> &'a [u8] {
    let place = usize::try_from(number).unwrap_or(usize::MAX);
    let at = |place: usize| ends.get(place).and_then(|end| usize::try_from(*end).ok());
    let begin = place.checked_sub(1).and_then(at).unwrap_or(0);
    at(place).and_then(|end| bytes.get(begin..end)).unwrap_or_default()
}

/// Bytes of all texts together: whatever a server calls its nodes, memory is bounded.
const MOST: u32 = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_found_again() {
        let mut texts = Texts::new();
        let words: Vec<String> = (0..10_000).map(|number| format!("word {}", number % 5000)).collect();
        let numbers: Vec<Text> = words.iter().map(|word| texts.intern(word.as_bytes()).unwrap()).collect();
        assert_eq!(numbers[17], numbers[5017]);
        for (word, number) in words.iter().zip(&numbers) {
            assert_eq!(texts.text(*number), word);
            assert_eq!(texts.find(word.as_bytes()), Some(*number));
        }
        assert_eq!((texts.intern(b""), texts.text(Text::EMPTY)), (Some(Text::EMPTY), ""));
        assert_eq!(texts.find(b"word 5000"), None);
        assert_eq!(texts.bytes.len(), words[..5000].iter().map(String::len).sum::<usize>());
    }
}
