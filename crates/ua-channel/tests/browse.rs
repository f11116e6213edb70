//! Answers to Browse and BrowseNext that another stack made, walked in place.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

use ua_channel::{
    BrowseSummary, BrowseVisitor, BrowsedRef, DecodeError, IdentifierRef, ReferenceRef,
    walk_browse_next_response, walk_browse_response,
};

/// What came, a line each.
#[derive(Default, Debug, PartialEq)]
struct Told(Vec<String>);

impl BrowseVisitor for Told {
    fn begin_node(&mut self, node: usize, browsed: &BrowsedRef<'_>) {
        let BrowsedRef { status, continuation_point, references } = browsed;
        let point = continuation_point.map(|point| point.escape_ascii().to_string());
        self.0.push(format!("node {node} 0x{status:08X} {point:?} {references}"));
    }
    fn reference(&mut self, reference: &ReferenceRef<'_>) {
        let id = &reference.node_id;
        let identifier = match id.node_id.identifier {
            IdentifierRef::Numeric(number) => number.to_string(),
            IdentifierRef::String(text) => text.to_owned(),
            IdentifierRef::Guid(bytes) => format!("{:02x?}", &bytes[..4]),
            IdentifierRef::Opaque(bytes) => format!("{bytes:?}"),
        };
        assert_eq!(reference.reference_type.identifier, IdentifierRef::Numeric(47));
        assert_eq!(reference.type_definition.node_id.identifier, IdentifierRef::Numeric(63));
        assert!(reference.is_forward);
        self.0.push(format!(
            "{} {identifier} {:?} {} {:?} {:?} {}",
            id.node_id.namespace,
            id.namespace_uri,
            id.server_index,
            reference.browse_name,
            reference.display_name,
            reference.node_class
        ));
    }
}

fn vector(name: &str) -> Vec<u8> {
    let file = include_str!("vectors/browse.txt");
    let line = file.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    let hex = line.split(' ').nth(1).unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn expected() -> Vec<String> {
    let ids = [
        "0 5 None 0",
        "3 700 None 0",
        "300 70000 None 0",
        "2 Öl None 0",
        // the first part of 72962B91-… in the order of the wire
        "2 [91, 2b, 96, 72] None 0",
        "2 [1, 2] None 0",
        "0 far Some(\"urn:far\") 3",
    ];
    let references = ids.iter().enumerate().map(|(place, id)| {
        format!("{id} (2, Some(\"N{place}\")) (Some(\"de\"), Some(\"Knoten {place}\")) 2")
    });
    ["node 0 0x00000000 Some(\"more\") 7".to_owned()].into_iter().chain(references).collect()
}

#[test]
fn references_come_with_every_form_of_node_id() {
    let mut told = Told::default();
    let summary = walk_browse_response(&vector("references"), &mut told);
    assert_eq!(summary, Ok(BrowseSummary { request_handle: 47, service_result: 0, results: 2 }));
    let mut lines = expected();
    lines.push("node 1 0x80340000 None 0".to_owned());
    assert_eq!(told.0, lines);
    let mut told = Told::default();
    let summary = walk_browse_next_response(&vector("next"), &mut told);
    assert_eq!(summary, Ok(BrowseSummary { request_handle: 48, service_result: 0, results: 1 }));
    assert_eq!(told.0, expected());
}

#[test]
fn answers_to_the_other_service_cut_anywhere_or_followed_by_anything_are_refused() {
    let (first, next) = (vector("references"), vector("next"));
    assert_eq!(walk_browse_response(&next, &mut ()), Err(DecodeError::MessageType(536)));
    assert_eq!(walk_browse_next_response(&first, &mut ()), Err(DecodeError::MessageType(530)));
    for len in 0..first.len() {
        walk_browse_response(&first[..len], &mut ()).unwrap_err();
    }
    assert_eq!(walk_browse_response(&[first.as_slice(), &[0]].concat(), &mut ()), Err(DecodeError::Length));
}

#[test]
fn text_that_is_no_text_and_more_references_than_there_are_bytes_are_refused() {
    let mut body = vector("references");
    let name = body.windows(2).position(|two| two == b"N0").unwrap();
    body[name] = 0xFF;
    assert_eq!(walk_browse_response(&body, &mut ()), Err(DecodeError::Utf8));
    let mut body = vector("references");
    let more = body.windows(4).position(|four| four == b"more").unwrap() + 4;
    body[more..more + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    assert_eq!(walk_browse_response(&body, &mut ()), Err(DecodeError::Truncated));
}
