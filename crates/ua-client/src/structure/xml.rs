//! As much XML as a type dictionary needs: elements and their attributes. No text, no DTD, no entities but the five.

/// Longest dictionary; the largest of the standard is a quarter of it.
const MAX_BYTES: usize = 4 << 20;
/// Elements in one dictionary.
const MAX_ELEMENTS: usize = 100_000;
/// Attributes of one element.
const MAX_ATTRIBUTES: usize = 50;

/// The beginning of an element, or the end of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    Begin { name: &'a str, attributes: Vec<(&'a str, String)>, is_empty: bool },
    End,
}

/// Reads a document from its beginning; `None` for what is no such XML.
pub(super) fn events(text: &str) -> Option<Vec<Event<'_>>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut events = Vec::new();
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        if events.len() >= MAX_ELEMENTS {
            return None;
        }
        rest = if let Some(comment) = tag.strip_prefix("!--") {
            comment.split_once("-->")?.1
        } else if let Some(instruction) = tag.strip_prefix('?') {
            instruction.split_once("?>")?.1
        } else if tag.starts_with('!') {
            // a DTD can define entities that grow without end
            return None;
        } else if let Some(end) = tag.strip_prefix('/') {
            events.push(Event::End);
            end.split_once('>')?.1
        } else {
            let (event, rest) = begin(tag)?;
            events.push(event);
            rest
        };
    }
    Some(events)
}

fn begin(tag: &str) -> Option<(Event<'_>, &str)> {
    let (name, mut rest) = tag.split_at(tag.find([' ', '\t', '\r', '\n', '/', '>'])?);
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix("/>") {
            return Some((Event::Begin { name, attributes, is_empty: true }, rest));
        }
        if let Some(rest) = rest.strip_prefix('>') {
            return Some((Event::Begin { name, attributes, is_empty: false }, rest));
        }
        let (key, value) = rest.split_once('=')?;
        let value = value.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let (value, after) = value.strip_prefix(quote)?.split_once(quote)?;
        if attributes.len() >= MAX_ATTRIBUTES {
            return None;
        }
        attributes.push((key.trim(), unescape(value)));
        rest = after;
    }
}

fn unescape(text: &str) -> String {
    // the ampersand last, so that nothing is unescaped twice
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_come_with_their_attributes() {
        let text = "<?xml version='1.0'?><!-- <no> --><a:B x=\"1 &lt; 2\" y = 'z'>text<c/></a:B>";
        let found = events(text).unwrap();
        assert_eq!(found.len(), 3);
        let Event::Begin { name: "a:B", attributes, is_empty: false } = &found[0] else {
            panic!("{found:?}")
        };
        assert_eq!(attributes[..], [("x", "1 < 2".to_owned()), ("y", "z".to_owned())]);
        assert_eq!(found[2], Event::End);
    }

    #[test]
    fn what_is_no_such_xml_is_refused() {
        for text in ["<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", "<a", "<a b>", "<a b=1/>", "<!-- "] {
            assert_eq!(events(text), None, "{text}");
        }
        assert_eq!(events(&"<a>".repeat(MAX_ELEMENTS + 1)), None);
    }
}
