//! Notifications: what another stack encodes is read value by value; what is malformed is refused.
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
    DataValueRef, DecodeError, NotificationVisitor, PublishSummary, Reader, ValueRef, walk_publish_response,
    walk_republish_response,
};

/// 2026-11-23 05:00:00 UTC.
const TIME: i64 = 134_398_836_000_000_000;

#[derive(Default, Debug, PartialEq)]
struct Collected {
    values: Vec<(u32, String)>,
    statuses: Vec<u32>,
    unsupported: Vec<u32>,
}

impl NotificationVisitor for Collected {
    fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
        self.values.push((client_handle, format!("{:?}", value.value)));
    }
    fn status_change(&mut self, status: u32) {
        self.statuses.push(status);
    }
    fn unsupported(&mut self, type_id: u32) {
        self.unsupported.push(type_id);
    }
}

fn vector(name: &str) -> Vec<u8> {
    let line = include_str!("vectors/publish.txt")
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")))
        .unwrap();
    let hex = line.split(' ').nth(1).unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn every_built_in_type_of_another_stack_is_read() {
    let mut seen = Collected::default();
    let summary = walk_publish_response(&vector("full"), &mut seen).unwrap();
    let expected = PublishSummary {
        request_handle: 42,
        service_result: 0,
        subscription_id: 77,
        available_sequence_numbers: vec![5, 6, 7],
        more_notifications: true,
        sequence_number: 7,
        publish_time: TIME,
        keep_alive: false,
        results: vec![0, 0x807A_0000],
    };
    assert_eq!(summary, expected);
    assert_eq!(seen.statuses, [0x800A_0000]);
    assert_eq!(seen.unsupported, [], "there is a list of events, but none in it");
    let handles: Vec<u32> = seen.values.iter().map(|(handle, _)| *handle).collect();
    assert_eq!(handles, (1000..1028).collect::<Vec<_>>());
    let values: Vec<&str> = seen.values.iter().map(|(_, value)| value.as_str()).collect();
    let guid = "Guid([145, 43, 150, 114, 117, 250, 230, 74, 141, 40, 180, 4, 220, 125, 175, 99])";
    let scalars = [
        "Boolean(true)",
        "SByte(-5)",
        "Byte(250)",
        "Int16(-300)",
        "UInt16(60000)",
        "Int32(-70000)",
        "UInt32(4000000000)",
        "Int64(-1152921504606846976)",
        "UInt64(9223372036854775808)",
        "Float(1.5)",
        "Double(-2.25)",
        "String(\"Grüße\")",
        "DateTime(134398836000000000)",
        guid,
        "ByteString([0, 255])",
    ];
    assert_eq!(&values[..15], &scalars);
    for (at, builtin_type) in [(15, 16), (16, 17), (17, 18), (21, 22)] {
        assert!(
            values[at].starts_with(&format!("Encoded {{ builtin_type: {builtin_type}")),
            "{}",
            values[at]
        );
    }
    assert_eq!(values[18], "StatusCode(2150891520)");
    assert_eq!(values[19], "QualifiedName { namespace: 4, name: \"qn\" }");
    assert_eq!(values[20], "LocalizedText { locale: \"de\", text: \"text\" }");
    assert_eq!(values[22], "Null");
    for (at, builtin_type, len) in [(23, 11, 3), (24, 12, 3), (25, 6, 6), (26, 24, 2), (27, 21, 2)] {
        let start = format!("Array {{ builtin_type: {builtin_type}, len: {len},");
        assert!(values[at].starts_with(&start), "{}", values[at]);
    }
}

#[test]
fn times_and_status_are_those_on_the_wire() {
    struct Fields(Vec<(u32, i64, u16, i64, u16)>);
    impl NotificationVisitor for Fields {
        fn data_change(&mut self, _: u32, value: &DataValueRef<'_>) {
            self.0.push((
                value.status,
                value.source_timestamp,
                value.source_picoseconds,
                value.server_timestamp,
                value.server_picoseconds,
            ));
        }
        fn status_change(&mut self, _: u32) {}
        fn unsupported(&mut self, _: u32) {}
    }
    let mut fields = Fields(Vec::new());
    walk_publish_response(&vector("full"), &mut fields).unwrap();
    assert_eq!(fields.0[0], (0x4000_0000, TIME, 0, TIME + 10_000_000, 0));
    assert_eq!(fields.0[1], (0, 0, 0, 0, 0));
}

#[test]
fn picoseconds_follow_their_own_timestamp() {
    let mut bytes = vec![0x3C];
    bytes.extend(TIME.to_le_bytes());
    bytes.extend(7_u16.to_le_bytes());
    bytes.extend((TIME + 1).to_le_bytes());
    bytes.extend(u16::MAX.to_le_bytes());
    let value = Reader::new(&bytes).data_value().unwrap();
    assert_eq!((value.source_timestamp, value.source_picoseconds), (TIME, 7));
    assert_eq!((value.server_timestamp, value.server_picoseconds), (TIME + 1, u16::MAX));
}

#[test]
fn keep_alives_faults_and_republished_messages_are_told_apart() {
    let mut seen = Collected::default();
    let summary = walk_publish_response(&vector("keep-alive"), &mut seen).unwrap();
    assert!(summary.keep_alive && summary.sequence_number == 7 && seen == Collected::default());

    let fault = walk_publish_response(&vector("fault"), &mut seen);
    assert_eq!(fault, Err(DecodeError::ServiceFault(0x8079_0000)));

    let summary = walk_republish_response(&vector("republish"), &mut seen).unwrap();
    assert_eq!((summary.request_handle, summary.sequence_number, seen.values.len()), (44, 8, 3));

    assert_eq!(walk_republish_response(&vector("full"), &mut seen), Err(DecodeError::MessageType(829)));
    assert_eq!(walk_publish_response(&vector("republish"), &mut seen), Err(DecodeError::MessageType(835)));
}

#[test]
fn events_come_with_their_fields_in_the_order_of_the_filter() {
    #[derive(Default)]
    struct Events(Vec<(u32, Vec<String>)>);
    impl NotificationVisitor for Events {
        fn data_change(&mut self, _: u32, _: &DataValueRef<'_>) {}
        fn status_change(&mut self, _: u32) {}
        fn event(&mut self, client_handle: u32, fields: &[ValueRef<'_>]) {
            self.0.push((client_handle, fields.iter().map(|field| format!("{field:?}")).collect()));
        }
        fn unsupported(&mut self, type_id: u32) {
            panic!("{type_id} is not known");
        }
    }
    let mut seen = Events::default();
    walk_publish_response(&vector("events"), &mut seen).unwrap();
    let text = "LocalizedText { locale: \"en\", text: \"too hot\" }";
    let fields = ["ByteString([105, 100])", text, "UInt16(700)"].map(str::to_owned).to_vec();
    assert_eq!(seen.0, [(7, fields), (8, Vec::new())]);

    // who watches no events is told that there was one, for each
    let mut values = Collected::default();
    walk_publish_response(&vector("events"), &mut values).unwrap();
    assert_eq!(values.unsupported, [916, 916]);
}

#[test]
fn an_event_with_more_fields_than_we_hold_is_refused() {
    let notification = |fields: i32| {
        let mut event = vec![1, 0, 0, 0, 7, 0, 0, 0];
        event.extend(fields.to_le_bytes());
        event.extend(vec![0; usize::try_from(fields).unwrap()]);
        let mut body = vec![1, 0, 0x43, 0x03];
        body.extend([[0_u8; 16].as_slice(), &[0], &[0xFF; 4], &[0, 0, 0]].concat());
        body.extend([[1, 0, 0, 0].as_slice(), &[0; 8], &[1, 0, 0, 0], &[1, 0, 0x94, 0x03, 1]].concat());
        body.extend(u32::try_from(event.len()).unwrap().to_le_bytes());
        body.extend(event);
        body
    };
    assert!(walk_republish_response(&notification(1000), &mut Collected::default()).is_ok());
    let refused = walk_republish_response(&notification(1001), &mut Collected::default());
    assert_eq!(refused, Err(DecodeError::TooMany(1000)));
}

#[test]
fn a_response_cut_anywhere_or_followed_by_anything_is_refused() {
    let body = vector("full");
    for len in 0..body.len() {
        assert!(walk_publish_response(&body[..len], &mut Collected::default()).is_err(), "cut at {len}");
    }
    let mut longer = body;
    longer.push(0);
    assert_eq!(walk_publish_response(&longer, &mut Collected::default()), Err(DecodeError::Length));
}

#[test]
fn a_bad_service_result_leaves_the_rest_unread() {
    let mut body = vector("full");
    body[16..20].copy_from_slice(&0x8077_0000_u32.to_le_bytes());
    let mut seen = Collected::default();
    let summary = walk_publish_response(&body, &mut seen).unwrap();
    assert_eq!((summary.service_result, summary.subscription_id), (0x8077_0000, 0));
    assert_eq!(seen, Collected::default());
}

fn variant(bytes: &[u8]) -> Result<ValueRef<'_>, DecodeError> {
    let mut reader = Reader::new(bytes);
    let value = reader.variant()?;
    if reader.remaining() == 0 { Ok(value) } else { Err(DecodeError::Length) }
}

/// An array of one Variant, which is an array of one Variant, …
fn nested(levels: usize) -> Vec<u8> {
    let mut bytes = [0x98, 1, 0, 0, 0].repeat(levels);
    bytes.extend([1, 1]);
    bytes
}

#[test]
fn nested_variants_are_read_to_the_depth_the_standard_asks_for_and_not_beyond() {
    assert!(matches!(variant(&nested(100)), Ok(ValueRef::Array { builtin_type: 24, len: 1, .. })));
    assert_eq!(variant(&nested(101)), Err(DecodeError::Depth));
    assert_eq!(variant(&nested(1_000_000)), Err(DecodeError::Depth));
    // DataValues inside Variants inside DataValues count on the same counter
    let mut mixed = [0x97, 1, 0, 0, 0, 1].repeat(1_000_000);
    mixed.extend([1, 1]);
    assert_eq!(variant(&mixed), Err(DecodeError::Depth));
}

#[test]
fn array_lengths_that_lie_are_refused_without_taking_memory() {
    for len in [-2_i32, i32::MIN, i32::MAX, 11] {
        let mut bytes = vec![0x80 | 6];
        bytes.extend(len.to_le_bytes());
        bytes.extend([0; 10]);
        assert!(variant(&bytes).is_err(), "{len}");
    }
    let null = [0x80 | 6, 0xFF, 0xFF, 0xFF, 0xFF];
    assert!(matches!(variant(&null), Ok(ValueRef::Array { len: 0, .. })));
}

#[test]
fn dimensions_have_to_multiply_to_the_length() {
    let matrix = |dimensions: &[i32]| {
        let mut bytes = vec![0xC0 | 3, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6];
        bytes.extend(i32::try_from(dimensions.len()).unwrap().to_le_bytes());
        dimensions.iter().for_each(|dimension| bytes.extend(dimension.to_le_bytes()));
        bytes
    };
    assert!(matches!(variant(&matrix(&[2, 3])), Ok(ValueRef::Array { len: 6, .. })));
    for wrong in [&[2, 2][..], &[-1, -6], &[i32::MAX, i32::MAX, i32::MAX], &[0], &[6, 0]] {
        assert_eq!(variant(&matrix(wrong)), Err(DecodeError::Length), "{wrong:?}");
    }
    assert!(variant(&[0x43, 1]).is_err(), "dimensions without an array");
}

#[test]
fn strings_have_to_be_inside_the_message_and_those_that_are_not_utf8_come_as_they_were_sent() {
    let string = |len: i32, bytes: &[u8]| [&[12], len.to_le_bytes().as_slice(), bytes].concat();
    assert_eq!(variant(&string(-1, b"")), Ok(ValueRef::String("")));
    assert_eq!(variant(&string(3, b"a\0b")), Ok(ValueRef::String("a\0b")));
    for bad in [b"\xC0\xAF".as_slice(), b"\xED\xA0\x80", b"\xFF", b"\xF4\x90\x80\x80"] {
        let sent = string(i32::try_from(bad.len()).unwrap(), bad);
        assert_eq!(variant(&sent), Ok(ValueRef::Encoded { builtin_type: 12, bytes: &sent[1..] }));
    }
    assert_eq!(variant(&string(5, b"abc")), Err(DecodeError::Truncated));
    assert_eq!(variant(&string(-2, b"abc")), Err(DecodeError::Length));
}

#[test]
fn text_that_is_not_utf8_is_kept_in_every_type_that_holds_text() {
    let latin = [4, 0, 0, 0, b'k', 0xFC, b'h', b'l'];
    let scalar = |builtin_type: u8, head: &[u8]| [&[builtin_type], head, &latin].concat();
    // QualifiedName, LocalizedText with the text only, and with a locale that is wrong too
    for sent in [scalar(20, &[2, 0]), scalar(21, &[2]), [scalar(21, &[3]).as_slice(), &latin].concat()] {
        assert_eq!(variant(&sent), Ok(ValueRef::Encoded { builtin_type: sent[0], bytes: &sent[1..] }));
    }
    let array = [&[0x80 | 12, 2, 0, 0, 0], latin.as_slice(), &latin].concat();
    assert_eq!(variant(&array), Ok(ValueRef::Array { builtin_type: 12, len: 2, bytes: &array }));
}

#[test]
fn one_string_that_is_not_utf8_does_not_take_the_rest_of_its_message_along() {
    #[derive(Default)]
    struct Seen(Vec<(u32, String)>);
    impl NotificationVisitor for Seen {
        fn data_change(&mut self, client_handle: u32, value: &DataValueRef<'_>) {
            self.0.push((client_handle, format!("{:?}", value.value)));
        }
        fn status_change(&mut self, _: u32) {}
        fn unsupported(&mut self, _: u32) {}
    }
    let mut items = vec![2, 0, 0, 0];
    items.extend([[7, 0, 0, 0].as_slice(), &[1, 12, 1, 0, 0, 0, 0xFC]].concat());
    items.extend([[8, 0, 0, 0].as_slice(), &[1, 3, 42]].concat());
    // no diagnostics
    items.extend([0xFF; 4]);
    let mut body = vec![1, 0, 0x43, 0x03];
    // response header: timestamp, handle, result, no diagnostics, no strings, no additional header
    body.extend([[0_u8; 16].as_slice(), &[0], &[0xFF; 4], &[0, 0, 0]].concat());
    // sequence number, publish time, one DataChangeNotification
    body.extend([[1, 0, 0, 0].as_slice(), &[0; 8], &[1, 0, 0, 0], &[1, 0, 0x2B, 0x03, 1]].concat());
    body.extend(u32::try_from(items.len()).unwrap().to_le_bytes());
    body.extend(items);
    let mut seen = Seen::default();
    walk_republish_response(&body, &mut seen).unwrap();
    let text = "Encoded { builtin_type: 12, bytes: [1, 0, 0, 0, 252] }".to_owned();
    assert_eq!(seen.0, [(7, text), (8, "Byte(42)".to_owned())]);
}

#[test]
fn unknown_encodings_are_refused() {
    for builtin_type in 32..=63 {
        let bytes = [&[builtin_type], [0_u8; 16].as_slice()].concat();
        assert_eq!(variant(&bytes), Err(DecodeError::Encoding(builtin_type)));
    }
    // a NodeId of a form that does not exist, a LocalizedText and a DataValue with unknown bits
    assert_eq!(variant(&[17, 6, 0, 0]), Err(DecodeError::Encoding(6)));
    assert_eq!(variant(&[21, 0x04]), Err(DecodeError::Encoding(4)));
    assert_eq!(Reader::new(&[0x40]).data_value().unwrap_err(), DecodeError::Encoding(0x40));
}

#[test]
fn diagnostics_nested_deeper_than_allowed_are_refused() {
    let inner = |levels: usize| [&[25][..], &vec![0x40; levels], &[0]].concat();
    assert!(variant(&inner(10)).is_ok());
    assert_eq!(variant(&inner(11)), Err(DecodeError::Depth));
    assert_eq!(variant(&inner(100_000)), Err(DecodeError::Depth));
}

#[test]
fn more_sequence_numbers_than_we_hold_are_refused() {
    let mut body = vector("keep-alive");
    // behind type id (4), header (8+4+4+1+4+3) and subscription id (4)
    let at = 4 + 24 + 4;
    let mut list = 10_001_i32.to_le_bytes().to_vec();
    list.extend(vec![0; 40_004]);
    body.splice(at..at + 4, list);
    assert_eq!(walk_publish_response(&body, &mut Collected::default()), Err(DecodeError::TooMany(10_000)));
}

/// Any outcome will do, as long as there is one.
fn survives<T>(_: T) {}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_the_walk_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(walk_publish_response(&bytes, &mut Collected::default()));
        let mut framed = vec![1, 0, 0x3D, 3];
        framed.extend(&bytes);
        survives(walk_publish_response(&framed, &mut Collected::default()));
        survives(variant(&bytes));
        survives(Reader::new(&bytes).data_value());
    }

    #[test]
    fn changes_to_a_real_response_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut body = vector("full");
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        survives(walk_publish_response(&body, &mut Collected::default()));
        survives(walk_publish_response(&body[..cut.index(body.len())], &mut Collected::default()));
    }

    #[test]
    fn a_value_that_is_read_borrows_exactly_its_own_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 1..200),
    ) {
        let mut reader = Reader::new(&bytes);
        if let Ok(ValueRef::Array { bytes: whole, .. }) = reader.variant() {
            prop_assert_eq!(whole.len() + reader.remaining(), bytes.len());
            prop_assert!(bytes.starts_with(whole));
            prop_assert!(variant(whole).is_ok());
        }
    }
}
