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

use common::{at, one_of_each, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tagstore::{Interval, OwnedSample, ParquetTable, PlotPoint, Reader, StreamInfo, TableRow};

fn written<T: TableRow>(path: &Path, streams: Vec<StreamInfo>, without: &[&str], rows: Vec<T>) -> u64 {
    let mut table = ParquetTable::new(File::create_new(path).unwrap(), path, streams, without).unwrap();
    rows.into_iter().for_each(|row| table.push(0, row).unwrap());
    table.finish().unwrap()
}

fn columns(path: &Path) -> (Vec<String>, usize) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let names = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
    let rows = builder.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    (names, rows)
}

#[test]
fn samples_of_every_kind_and_points_become_rows_of_a_table() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = common::open(data.path());
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    common::append(&mut journal, &one_of_each(id), 20);
    let reader = Reader::open(data.path()).unwrap();
    let mut samples: Vec<OwnedSample> = Vec::new();
    let visit = &mut |sample| {
        samples.push(sample);
        std::ops::ControlFlow::Continue(())
    };
    reader.for_each(&[id], Interval::ALL, visit).unwrap();
    let count = samples.len();
    // more than one chunk
    let many: Vec<_> = samples.iter().cycle().take(20_000).cloned().collect();
    let path = data.path().join("samples.parquet");
    assert_eq!(written(&path, reader.streams().unwrap(), &["unit", "server_time"], many), 20_000);
    let (names, rows) = columns(&path);
    let expected =
        ["name", "source", "time", "value", "text", "status", "good", "type", "source_time", "receive_time"];
    assert_eq!((names, rows), (expected.map(str::to_owned).to_vec(), 20_000));
    assert_eq!(count, 14);
    let path = data.path().join("points.parquet");
    let points = vec![PlotPoint::Value { time: at(1), value: f64::NAN }];
    assert_eq!(
        written(&path, Vec::new(), &[], points),
        1,
        "a row of a stream that is not in the list has no name"
    );
}

#[test]
fn a_table_without_rows_still_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.parquet");
    assert_eq!(written::<tagstore::Bucket>(&path, Vec::new(), &[], Vec::new()), 0);
    let (names, rows) = columns(&path);
    assert_eq!((names.len(), rows), (20, 0));
    assert!(names.iter().any(|name| name == "min_time"));
}
