//! Files of the format before this one: `fixtures/format-1.parquet` is what `sample_store` made of its last five minutes
//! when times were nanoseconds.
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

mod common;

use std::fs::File;
use std::path::Path;

use common::{append, batch, files, historian, open, sample, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tagstore::{
    CompactOptions, OwnedSample, OwnedValue, Reader, SealOptions, StreamId, StreamQuery, Timestamp, Value,
};

/// 2026-08-27T06:00:00Z and some seconds.
fn at(second: i64) -> Timestamp {
    let start: jiff::Timestamp = "2026-08-27T06:00:00Z".parse().unwrap();
    Timestamp::from(start).saturating_add_millis(second * 1000)
}

fn all(data: &Path, id: StreamId) -> Vec<OwnedSample> {
    Reader::open(data).unwrap().query(&StreamQuery::new(id, 1000)).unwrap()
}

fn type_of_times(path: &Path) -> String {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    builder.schema().field_with_name("source_time").unwrap().data_type().to_string()
}

#[test]
fn a_file_of_format_1_is_read_to_the_last_100_ns_and_becomes_format_2_when_it_is_merged() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path());
    let names = ["Temperature", "Counter", "Big", "Running", "State", "Ratio", "Raw"];
    let ids = journal.register_streams(&names.map(stream)).unwrap();
    // a file in the list with the extent of the fixture, which then takes its place
    let like = (6900..7200).flat_map(|second| ids.iter().map(move |id| (second, *id)));
    let like: Vec<_> = like
        .map(|(second, id)| tagstore::Sample { source_time: at(second + 1), ..sample(id, 0, Value::Null) })
        .collect();
    append(&mut journal, &batch(like), 0);
    historian(data.path()).seal(&mut journal, &SealOptions::default(), common::at(0)).unwrap().unwrap();
    let [file] = files(data.path()).try_into().unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-1.parquet"), &file)
        .unwrap();
    assert_eq!(type_of_times(&file), "Timestamp(ns, \"UTC\")");
    let check = || {
        let temperature = all(data.path(), ids[0]);
        let times: Vec<Timestamp> = temperature.iter().map(|sample| sample.source_time).collect();
        let expected = |second: i64| Timestamp::from_ticks(at(second).ticks() + second % 10);
        assert_eq!(times, (6900..7200).map(expected).collect::<Vec<_>>());
        let counter = all(data.path(), ids[1]);
        assert_eq!(
            counter.iter().map(|s| s.value.clone()).collect::<Vec<_>>(),
            (6900..7200).map(OwnedValue::Int).collect::<Vec<_>>()
        );
        assert_eq!(counter[0].receive_time, at(6900).saturating_add_millis(70));
        assert_eq!(all(data.path(), ids[2])[1].value, OwnedValue::UInt(u64::MAX - 6901));
        assert_eq!(all(data.path(), ids[4])[1].value, OwnedValue::Text("step 115, \"Füllen\"".to_owned()));
    };
    check();
    append(&mut journal, &batch([sample(ids[6], 0, Value::Null)]), 0);
    historian(data.path()).seal(&mut journal, &SealOptions::default(), common::at(1)).unwrap().unwrap();
    let merged =
        historian(data.path()).compact(&mut journal, &CompactOptions::default(), common::at(7200)).unwrap();
    assert_eq!(merged.unwrap().rows, 2101);
    let [file] = files(data.path()).try_into().unwrap();
    assert_eq!(type_of_times(&file), "Timestamp(µs, \"UTC\")");
    check();
}
