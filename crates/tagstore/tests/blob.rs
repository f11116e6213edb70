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

use common::{at, noise, one_of_each, sample};
use proptest::collection::vec;
use proptest::prelude::*;
use tagstore::{Error, OwnedSample, OwnedValue, SampleBatch, StreamId, Timestamp, Value};

fn any_value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        Just(OwnedValue::Null),
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i64>().prop_map(OwnedValue::Int),
        any::<u64>().prop_map(OwnedValue::UInt),
        any::<u32>().prop_map(|bits| OwnedValue::Float(f32::from_bits(bits))),
        any::<u64>().prop_map(|bits| OwnedValue::Double(f64::from_bits(bits))),
        ".{0,20}".prop_map(OwnedValue::Text),
        vec(any::<u8>(), 0..20).prop_map(OwnedValue::Bytes),
    ]
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let usual = (0..1_000_000_i64).prop_map(|ticks| at(0).ticks() + ticks);
    prop_oneof![usual, Just(0), any::<i64>()].prop_map(Timestamp::from_ticks)
}

fn any_sample() -> impl Strategy<Value = OwnedSample> {
    let stream = prop_oneof![0..50_u32, any::<u32>()].prop_map(StreamId::new);
    let status = prop_oneof![Just(0_u32), any::<u32>()];
    let times = (any_time(), any_time(), any_time());
    (stream, times, status, any_value()).prop_map(|(stream, times, status, value)| OwnedSample {
        stream,
        source_time: times.0,
        server_time: times.1,
        receive_time: times.2,
        status,
        value,
    })
}

fn any_batch() -> impl Strategy<Value = SampleBatch> {
    vec(any_sample(), 1..40).prop_map(|samples| common::batch(samples.iter().map(OwnedSample::as_sample)))
}

proptest! {
    #[test]
    fn every_batch_comes_back_from_its_blob(batch in any_batch()) {
        let mut back = SampleBatch::new();
        back.decode(&batch.encode().unwrap()).unwrap();
        prop_assert_eq!(back, batch);
    }

    #[test]
    fn a_changed_blob_is_refused(batch in any_batch(), place in any::<prop::sample::Index>(), bit in 0..8) {
        let mut blob = batch.encode().unwrap();
        let place = place.index(blob.len());
        blob[place] ^= 1_u8 << bit;
        let mut back = SampleBatch::new();
        let result = back.decode(&blob);
        // one bit of zstd's frame header says nothing that a reader uses; then nothing may have changed
        prop_assert!(result.is_err() && back.is_empty() || back == batch, "{:?}", result);
    }

    #[test]
    fn a_cut_blob_is_refused(batch in any_batch(), place in any::<prop::sample::Index>()) {
        let blob = batch.encode().unwrap();
        let cut = &blob[..place.index(blob.len())];
        prop_assert!(matches!(SampleBatch::new().decode(cut), Err(Error::BlobDamaged(_))));
    }

    #[test]
    fn foreign_bytes_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        let mut blob = b"LGSB\x01\x01\x00\x00".to_vec();
        blob.extend(&bytes);
        prop_assert!(SampleBatch::new().decode(&blob).is_err());
        prop_assert!(SampleBatch::new().decode(&bytes).is_err());
    }

    #[test]
    fn a_foreign_body_in_a_good_frame_is_refused(bytes in vec(any::<u8>(), 0..200), rows in 1..10_u32) {
        let mut blob = b"LGSB\x01\x01\x00\x00".to_vec();
        blob.extend(rows.to_le_bytes());
        blob.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        blob.extend(zstd::bulk::compress(&bytes, 1).unwrap());
        prop_assert!(SampleBatch::new().decode(&blob).is_err());
    }
}

#[test]
fn a_newer_blob_is_refused_as_such() {
    let mut blob = one_of_each(StreamId::new(1)).encode().unwrap();
    blob[4] = 9;
    let refused = SampleBatch::new().decode(&blob);
    assert!(matches!(refused, Err(Error::NewerFormat { found: 9, known: 1, .. })), "{refused:?}");
}

#[test]
fn decoding_adds_to_what_is_there() {
    let (first, second) = (one_of_each(StreamId::new(1)), one_of_each(StreamId::new(2)));
    let mut both = SampleBatch::new();
    both.decode(&first.encode().unwrap()).unwrap();
    both.decode(&second.encode().unwrap()).unwrap();
    let mut expected = first;
    expected.extend(&second);
    assert_eq!(both, expected);
    assert_eq!(both.iter().len(), 28);
    let texts = both.iter().filter(|sample| sample.value == Value::Text("")).count();
    assert_eq!(texts, 2);
}

#[test]
fn a_blob_that_promises_a_huge_body_does_not_get_the_memory() {
    let body = noise(100);
    for size in [u32::MAX, 256 << 20, 1 << 20, 99, 101] {
        let mut blob = b"LGSB\x01\x01\x00\x00\x01\x00\x00\x00".to_vec();
        blob.extend(size.to_le_bytes());
        blob.extend(zstd::bulk::compress(&body, 1).unwrap());
        let refused = SampleBatch::new().decode(&blob);
        assert!(matches!(refused, Err(Error::BlobDamaged(_))), "{refused:?}");
    }
}

#[test]
fn a_usual_batch_takes_few_bytes() {
    let id = |n: i64| StreamId::new(u32::try_from(n).unwrap());
    let batch = common::batch((1..=10_000).map(|n| sample(id(n), 1, Value::UInt(7))));
    let size = batch.encode().unwrap().len();
    assert!(size < 2_000, "{size} bytes for 10,000 samples");
}
