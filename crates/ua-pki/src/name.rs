//! Distinguished names: for people to read, and for us to compare.

use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;

/// As text, with everything that could fool a terminal or a log escaped.
pub(crate) fn printable(name: &X509Name<'_>) -> String {
    let text = name.to_string();
    // an attribute always begins with its type: no name can pretend to be this
    if text.starts_with("<X509Error") { "(a name that cannot be read)".to_owned() } else { harmless(&text) }
}

/// Escapes control characters, and those that are invisible or turn the direction of writing.
pub(crate) fn harmless(text: &str) -> String {
    let deceives = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if deceives(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// In a form in which names that RFC 5280 §7.1 calls equal are equal bytes: attribute types and values, string
/// values whatever their string type with case folded and white space collapsed, everything else as it is.
pub(crate) fn normalised(name: &X509Name<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.as_raw().len());
    for rdn in name.iter_rdn() {
        // the attributes of one RDN are a set
        let mut attributes: Vec<Vec<u8>> = rdn
            .iter()
            .map(|attribute| {
                let mut one = Vec::new();
                append(&mut one, b'T', attribute.attr_type().as_bytes());
                match text(attribute.attr_value()) {
                    Some(text) => append(&mut one, b'S', folded(&text).as_bytes()),
                    None => append(&mut one, b'B', attribute.attr_value().data),
                }
                one
            })
            .collect();
        attributes.sort();
        append(&mut out, b'R', &attributes.concat());
    }
    out
}

/// Length-prefixed, so that no two different lists give the same bytes.
fn append(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&bytes.len().to_be_bytes());
    out.extend_from_slice(bytes);
}

fn text(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::BmpString => {
            let units: Vec<u16> = value
                .data
                .chunks_exact(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            String::from_utf16(&units).ok().filter(|_| value.data.len().is_multiple_of(2))
        }
        _ => None,
    }
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
