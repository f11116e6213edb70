//! Answers to reads, of the present and of the past: what another stack encodes is read value by value; what is
//! malformed is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::string_slice,
    missing_docs,
    reason = "tests fail by panicking"
)]

use proptest::prelude::*;
use ua_channel::{
    DataValueRef, DecodeError, HistorySummary, HistoryVisitor, Modification, ReadSummary, ValueRef,
    walk_browse_next_response, walk_browse_response, walk_history_read_response, walk_read_response,
};

/// 2026-11-23 05:00:00 UTC.
const TIME: i64 = 134_398_836_000_000_000;

/// What happened, a line each.
#[derive(Default, Debug, PartialEq)]
struct Told(Vec<String>);

impl HistoryVisitor for Told {
    fn begin_node(&mut self, node: usize, status: u32, continuation_point: Option<&[u8]>) {
        self.0.push(format!("node {node} 0x{status:08X} {continuation_point:?}"));
    }
    fn value(&mut self, value: &DataValueRef<'_>) {
        self.0.push(format!("{:?} at {}", value.value, value.source_timestamp));
    }
    fn modification(&mut self, place: usize, modification: &Modification<'_>) {
        let Modification { time, update_type, user_name } = modification;
        self.0.push(format!("value {place}: {update_type} by {} at {time}", user_name.escape_ascii()));
    }
    fn event(&mut self, fields: &[ValueRef<'_>]) {
        self.0.push(format!("event {fields:?}"));
    }
    fn unsupported(&mut self, type_id: u32) {
        self.0.push(format!("type {type_id}"));
    }
    fn end_node(&mut self, node: usize) {
        self.0.push(format!("end {node}"));
    }
}

fn vector(file: &str, name: &str) -> Vec<u8> {
    let line = file.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    let hex = line.split(' ').nth(1).unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn history(name: &str) -> Vec<u8> {
    vector(include_str!("vectors/history.txt"), name)
}

fn read() -> Vec<u8> {
    vector(include_str!("vectors/read.txt"), "values")
}

fn walk(body: &[u8]) -> Result<HistorySummary, DecodeError> {
    walk_history_read_response(body, &mut Told::default())
}

/// A response with one node; `node` is everything behind its status.
fn one_node(node: &[u8]) -> Vec<u8> {
    let mut body = vec![1, 0, 0x9B, 0x02];
    // response header: timestamp, handle, result, no diagnostics, no strings, no additional header
    body.extend([[0_u8; 16].as_slice(), &[0], &[0xFF; 4], &[0, 0, 0]].concat());
    body.extend([1, 0, 0, 0, 0, 0, 0, 0]);
    body.extend(node);
    // no diagnostics
    body.extend([0xFF; 4]);
    body
}

#[test]
fn every_kind_of_history_of_another_stack_is_told_node_by_node() {
    let mut told = Told::default();
    let summary = walk_history_read_response(&history("all"), &mut told).unwrap();
    let expected = HistorySummary { request_handle: 45, service_result: 0, nodes: 5, values: 4, events: 2 };
    assert_eq!(summary, expected);
    let expected = [
        "node 0 0x00000000 Some([109, 111, 114, 101])",
        &format!("Boolean(true) at {TIME}"),
        &format!("SByte(-5) at {TIME}"),
        &format!("Byte(250) at {TIME}"),
        "end 0",
        "node 1 0x80340000 None",
        "end 1",
        "node 2 0x00000000 None",
        &format!("Boolean(true) at {TIME}"),
        &format!("value 0: 2 by someone at {TIME}"),
        "end 2",
        "node 3 0x00000000 None",
        "event [String(\"field\"), Double(2.5)]",
        "event []",
        "end 3",
        "node 4 0x00000000 None",
        "type 889",
        "end 4",
    ];
    assert_eq!(told.0, expected);
}

#[test]
fn answers_without_nodes_faults_and_other_messages_are_told_apart() {
    assert_eq!(walk(&history("none")).unwrap().nodes, 0);
    assert_eq!(walk(&history("fault")), Err(DecodeError::ServiceFault(0x8079_0000)));
    assert_eq!(walk(&read()), Err(DecodeError::MessageType(634)));
    assert_eq!(walk_read_response(&history("all"), |_, _| ()), Err(DecodeError::MessageType(667)));
}

#[test]
fn values_read_come_with_their_place_in_the_request() {
    let mut seen = Vec::new();
    let summary = walk_read_response(&read(), |place, value| {
        seen.push((place, format!("{:?}", value.value), value.status));
    });
    assert_eq!(summary, Ok(ReadSummary { request_handle: 46, service_result: 0, values: 4 }));
    let expected = [("Boolean(true)", 0), ("SByte(-5)", 0), ("Byte(250)", 0), ("Null", 0x8034_0000)];
    let expected = expected.map(|(value, status)| (value.to_owned(), status));
    assert_eq!(seen.iter().map(|seen| seen.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(seen.into_iter().map(|(_, value, status)| (value, status)).collect::<Vec<_>>(), expected);
}

#[test]
fn answers_cut_anywhere_or_followed_by_anything_are_refused() {
    let (past, present) = (history("all"), read());
    for len in 0..past.len() {
        walk(&past[..len]).unwrap_err();
    }
    for len in 0..present.len() {
        walk_read_response(&present[..len], |_, _| ()).unwrap_err();
    }
    let longer = |body: &[u8]| [body, &[0]].concat();
    assert_eq!(walk(&longer(&past)), Err(DecodeError::Length));
    assert_eq!(walk_read_response(&longer(&present), |_, _| ()), Err(DecodeError::Length));
}

#[test]
fn a_bad_service_result_leaves_the_rest_unread() {
    let mut body = history("all");
    body[16..20].copy_from_slice(&0x8077_0000_u32.to_le_bytes());
    let mut told = Told::default();
    let summary = walk_history_read_response(&body, &mut told).unwrap();
    assert_eq!((summary.service_result, summary.nodes, told), (0x8077_0000, 0, Told::default()));
}

#[test]
fn a_continuation_point_longer_than_we_keep_is_refused() {
    let node = |len: i32| {
        let mut node = len.to_le_bytes().to_vec();
        node.extend(vec![7; usize::try_from(len).unwrap()]);
        node.extend([0, 0, 0]);
        node
    };
    assert!(walk(&one_node(&node(8192))).is_ok());
    assert_eq!(walk(&one_node(&node(8193))), Err(DecodeError::TooMany(8192)));
    // an empty one says the same as none
    let mut told = Told::default();
    walk_history_read_response(&one_node(&node(0)), &mut told).unwrap();
    assert_eq!(told.0, ["node 0 0x00000000 None", "end 0"]);
}

#[test]
fn history_that_is_longer_or_shorter_than_it_says_is_refused() {
    let data = |stated: i32, values: &[u8]| {
        // no continuation point, HistoryData, binary
        let mut node = vec![0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0x92, 0x02, 1];
        node.extend(i32::try_from(4 + values.len()).unwrap().to_le_bytes());
        node.extend(stated.to_le_bytes());
        node.extend(values);
        one_node(&node)
    };
    assert_eq!(walk(&data(2, &[1, 3, 7, 0])).unwrap().values, 2);
    assert_eq!(walk(&data(1, &[1, 3, 7, 0])), Err(DecodeError::Length));
    assert_eq!(walk(&data(3, &[1, 3, 7, 0])), Err(DecodeError::Truncated));
    for lie in [i32::MAX, 5, -2, i32::MIN] {
        assert!(walk(&data(lie, &[1, 3, 7, 0])).is_err(), "{lie}");
    }
}

#[test]
fn history_in_another_encoding_is_named_and_not_taken_for_none() {
    let body = |encoding: u8| one_node(&[0xFF, 0xFF, 0xFF, 0xFF, 0, 0, encoding, 2, 0, 0, 0, b'<', b'>']);
    let mut told = Told::default();
    walk_history_read_response(&body(2), &mut told).unwrap();
    assert_eq!(told.0, ["node 0 0x00000000 None", "type 0", "end 0"]);
    assert_eq!(walk(&body(3)), Err(DecodeError::Encoding(3)));
}

/// Any outcome will do, as long as there is one.
fn survives<T>(_: T) {}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_the_walks_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        for head in [&[][..], &[1, 0, 0x9B, 2], &[1, 0, 0x7A, 2], &[1, 0, 0x12, 2], &[1, 0, 0x18, 2]] {
            let body = [head, &bytes].concat();
            survives(walk(&body));
            survives(walk_read_response(&body, |_, _| ()));
            survives(walk_browse_response(&body, &mut ()));
            survives(walk_browse_next_response(&body, &mut ()));
        }
        survives(walk(&one_node(&bytes)));
    }

    #[test]
    fn changes_to_a_real_answer_never_panic_and_never_end_a_node_that_did_not_begin(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut body = history("all");
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let mut told = Told::default();
        let walked = walk_history_read_response(&body, &mut told);
        let count = |word: &str| told.0.iter().filter(|line| line.starts_with(word)).count();
        prop_assert!(count("end") <= count("node"));
        if let Ok(summary) = walked {
            prop_assert_eq!((count("node"), count("end")), (summary.nodes, summary.nodes));
        }
    }
}
