//! Events lie among the samples, in the order in which they came, and each is given once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

mod common;

use common::{append, at, batch, historian, open, sample, stream};
use tagstore::{
    CompactOptions, EVENTS, NewStream, OwnedValue, Reader, Sample, SealOptions, Seq, StreamId, StreamQuery,
    Value,
};

const FIRST: &str = r#"{"event_id":"01","severity":700,"message":"zu heiß; '"}"#;
const SECOND: &str = r#"{"event_id":"02","severity":700,"message":"zu heiß; '"}"#;
/// The first once more, as a refresh of conditions brings it.
const AGAIN: &str = r#"{"event_id":"01","severity":700,"message":"zu heiß; '","refresh":true}"#;
const NAMELESS: [&str; 2] = [r#"{"event_id":null,"message":"a"}"#, r#"{"event_id":null,"message":"b"}"#];

fn events(reader: &Reader, stream: StreamId) -> Vec<String> {
    let samples = reader.query(&StreamQuery::new(stream, 100)).unwrap();
    let record = |value| match value {
        OwnedValue::Event(record) => record,
        other => panic!("no event: {other:?}"),
    };
    samples.into_iter().map(|sample| record(sample.value)).collect()
}

#[test]
fn events_are_given_once_and_as_they_came_from_journal_and_files() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let alarms = NewStream { data_type: Some(EVENTS.to_owned()), ..stream("alarms") };
    let ids = journal.register_streams(&[stream("Level"), alarms]).unwrap();
    let event = |second, record| sample(ids[1], second, Value::Event(record));
    append(&mut journal, &batch([event(1, FIRST), sample(ids[0], 1, Value::Int(1)), event(1, SECOND)]), 1);
    historian(data.path()).seal(&mut journal, &SealOptions::default(), at(2)).unwrap().unwrap();
    let later = |sample: Sample<'static>| Sample { server_time: at(3000), receive_time: at(3000), ..sample };
    append(
        &mut journal,
        &batch([later(event(1, AGAIN)), event(2, NAMELESS[0]), event(2, NAMELESS[1])]),
        3000,
    );
    let expected = [FIRST, SECOND, NAMELESS[0], NAMELESS[1]];
    let reader = Reader::open(data.path()).unwrap();
    assert!(reader.find_stream("alarms").unwrap().is_of_events());
    assert!(!reader.find_stream("Level").unwrap().is_of_events());
    assert_eq!(events(&reader, ids[1]), expected);
    assert_eq!(journal.read_after(Seq::ZERO, 100).unwrap().len(), 1, "a sink sees them in the same rows");

    historian(data.path()).seal(&mut journal, &SealOptions::default(), at(3001)).unwrap().unwrap();
    assert_eq!(events(&reader, ids[1]), expected);
    historian(data.path()).compact(&mut journal, &CompactOptions::default(), at(90_000)).unwrap().unwrap();
    assert_eq!(events(&reader, ids[1]), expected);
}
