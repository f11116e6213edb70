//! Values on their way into one request: collected in the order of the journal, written out container by container.

use std::collections::HashMap;
use std::ops::Range;

use super::definitions::Key;

/// Values for one request, and how long their text is.
#[derive(Debug, Default)]
pub(super) struct Body {
    text: String,
    values: Vec<Placed>,
    /// Containers met so far; the number is the place in `heads`.
    known: HashMap<Key, usize>,
    heads: Vec<(Key, String)>,
    length: usize,
}

#[derive(Debug, Clone)]
struct Placed {
    container: usize,
    text: Range<usize>,
}

/// One message of a request: a container, and which of the values are in it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) container: usize,
    pub(super) values: Vec<usize>,
}

impl Body {
    /// How long the text would become with one more value.
    pub(super) fn length_with(&self, key: Key, container: &str, value: &str) -> usize {
        let head = if self.known.contains_key(&key) { 0 } else { container.len() + FRAME };
        self.length + head + value.len() + 1 + BRACKETS
    }

    pub(super) fn push(&mut self, key: Key, container: &str, value: &str) {
        self.length = self.length_with(key, container, value) - BRACKETS;
        let number = match self.known.get(&key) {
            Some(&number) => number,
            None => {
                self.known.insert(key, self.heads.len());
                self.heads.push((key, container.to_owned()));
                self.heads.len() - 1
            }
        };
        let start = self.text.len();
        self.text.push_str(value);
        self.values.push(Placed { container: number, text: start..self.text.len() });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The name of a container by its number in [`Message`].
    pub(super) fn container(&self, number: usize) -> &str {
        self.heads.get(number).map_or("", |(_, name)| name)
    }

    /// Which container that is.
    pub(super) fn key(&self, number: usize) -> Option<Key> {
        self.heads.get(number).map(|(key, _)| *key)
    }

    /// All containers with a value in the request.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.heads.iter().map(|(key, _)| *key)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The messages of these values, container by container in the order in which they appear.
    pub(super) fn messages(&self, values: &[usize]) -> Vec<Message> {
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut messages: Vec<Message> = Vec::new();
        for &value in values {
            let Some(placed) = self.values.get(value) else { continue };
            let place = *places.entry(placed.container).or_insert(messages.len());
            match messages.get_mut(place) {
                Some(message) => message.values.push(value),
                None => messages.push(Message { container: placed.container, values: vec![value] }),
            }
        }
        messages
    }

    /// The JSON of a request.
    pub(super) fn render(&self, messages: &[Message]) -> String {
        let mut out = String::with_capacity(self.length + BRACKETS);
        out.push('[');
        for (place, message) in messages.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            out.push_str("{\"containerid\":\"");
            // names.rs lets nothing through that JSON would have to escape
            out.push_str(self.container(message.container));
            out.push_str("\",\"values\":[");
            for (place, &value) in message.values.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                let range = self.values.get(value).map_or(0..0, |placed| placed.text.clone());
                out.push_str(self.text.get(range).unwrap_or_default());
            }
            out.push_str("]}");
        }
        out.push(']');
        out
    }
}

/// What is around the name and the values of a container, with the comma.
const FRAME: usize = r#"{"containerid":"","values":[]},"#.len();
const BRACKETS: usize = 2;

#[cfg(test)]
mod tests {
    use tagstore::StreamId;

    use super::super::value::Form;
    use super::*;

    #[test]
    fn values_keep_their_order_in_each_container_and_the_length_is_never_less_than_the_text() {
        let key = |name: &str| (StreamId::new(u32::from(name.as_bytes()[0])), Form::Int32);
        let mut body = Body::default();
        for (container, value) in [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4")] {
            let promised = body.length_with(key(container), container, value);
            body.push(key(container), container, value);
            let all: Vec<usize> = (0..body.len()).collect();
            assert!(body.render(&body.messages(&all)).len() <= promised);
        }
        let text = body.render(&body.messages(&[0, 1, 2, 3]));
        assert_eq!(text, r#"[{"containerid":"a","values":[1,3,4]},{"containerid":"b","values":[2]}]"#);
        let some = body.render(&body.messages(&[1, 3]));
        assert_eq!(some, r#"[{"containerid":"b","values":[2]},{"containerid":"a","values":[4]}]"#);
    }
}
