//! A page of the journal that turned into noise, and a clock that steps.
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

use std::path::Path;

use common::{append, at, batch, historian, noise, open, sample, seconds_of, stream};
use proptest::prelude::*;
use tagstore::{
    CompactOptions, Error, JOURNAL_FILE, Journal, JournalOptions, Reader, SealOptions, StreamId, StreamQuery,
    Value,
};

const PAGE: usize = 4096;
const ROWS: i64 = 8;

/// Eight rows of one sample each that does not compress, and so fills pages of its own.
fn filled(data: &Path) -> StreamId {
    let mut journal = open(data);
    let id = journal.register_streams(&[stream("a")]).unwrap()[0];
    for second in 0..ROWS {
        let bytes = noise(10_000);
        append(&mut journal, &batch([sample(id, second, Value::Bytes(&bytes))]), second);
    }
    id
}

/// Everything that can be had: opens, seals until nothing is left, and queries. An error ends it.
fn rescue(data: &Path, id: StreamId) -> Result<(Vec<i64>, usize), Error> {
    let mut journal = Journal::open(data.join(JOURNAL_FILE), JournalOptions::default())?;
    while historian(data).seal(&mut journal, &SealOptions::default(), at(100))?.is_some() {}
    let damaged = journal.damaged()?.len();
    let samples = Reader::open(data)?.query(&StreamQuery::new(id, 1000))?;
    let second = |sample: &tagstore::OwnedSample| (sample.time().ticks() - at(0).ticks()) / 10_000_000;
    let expected = tagstore::OwnedValue::Bytes(noise(10_000));
    assert!(samples.iter().all(|sample| sample.value == expected), "what is given is what was written");
    Ok((samples.iter().map(second).collect(), damaged))
}

#[test]
fn a_page_of_noise_in_the_journal_is_an_error_or_a_row_on_the_ledger_and_never_a_silent_loss() {
    let original = tempfile::tempdir().unwrap();
    let id = filled(original.path());
    let whole = std::fs::read(original.path().join(JOURNAL_FILE)).unwrap();
    let (mut set_aside, mut refused, mut unharmed) = (0, 0, 0);
    for page in 0..whole.len() / PAGE {
        let data = tempfile::tempdir().unwrap();
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].copy_from_slice(&noise(PAGE));
        std::fs::write(data.path().join(JOURNAL_FILE), bytes).unwrap();
        match rescue(data.path(), id) {
            Ok((seconds, damaged)) => {
                assert_eq!(
                    seconds.len() + damaged,
                    ROWS as usize,
                    "page {page}: {seconds:?}, {damaged} set aside"
                );
                set_aside += usize::from(damaged > 0);
                unharmed += usize::from(damaged == 0);
            }
            Err(error) => {
                let named = matches!(
                    error,
                    Error::JournalDamaged { .. } | Error::NotOurs { .. } | Error::Disk { .. }
                );
                assert!(named, "page {page}: {error:?}");
                refused += 1;
            }
        }
    }
    assert!(
        set_aside >= ROWS as usize,
        "{set_aside} pages cost a row, {refused} the journal, {unharmed} nothing"
    );
}

#[test]
fn a_bit_that_flips_anywhere_in_a_row_costs_that_row_alone() {
    let original = tempfile::tempdir().unwrap();
    let id = filled(original.path());
    let whole = std::fs::read(original.path().join(JOURNAL_FILE)).unwrap();
    let value = noise(10_000);
    // where the bytes of the rows lie
    let places: Vec<usize> = whole
        .windows(64)
        .enumerate()
        .filter(|(_, bytes)| *bytes == &value[3000..3064])
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), ROWS as usize);
    for place in places {
        let data = tempfile::tempdir().unwrap();
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        std::fs::write(data.path().join(JOURNAL_FILE), bytes).unwrap();
        let (seconds, damaged) = rescue(data.path(), id).unwrap();
        assert_eq!((seconds.len(), damaged), (ROWS as usize - 1, 1));
        let gaps = Reader::open(data.path()).unwrap().gaps(&tagstore::GapFilter::default()).unwrap();
        assert_eq!(gaps.len(), 1);
        assert!(
            (0..ROWS).filter(|second| !seconds.contains(second)).all(|second| gaps[0].from <= at(second))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The clock of the machine decides in which folder a file lies and when it is merged, never whether a sample is kept.
    #[test]
    fn a_clock_that_steps_back_and_forth_costs_no_sample(
        steps in prop::collection::vec((0..5_u8, -400_000..400_000_i64), 1..40),
    ) {
        let data = tempfile::tempdir().unwrap();
        let mut journal = open(data.path());
        let id = journal.register_streams(&[stream("a")]).unwrap()[0];
        let mut second = 0;
        for (step, clock) in steps {
            match step {
                0 | 1 => {
                    let samples = (second..second + 3).map(|second| sample(id, second, Value::Int(second)));
                    append(&mut journal, &batch(samples), clock);
                    second += 3;
                }
                2 | 3 => {
                    historian(data.path()).seal(&mut journal, &SealOptions::default(), at(clock)).unwrap();
                }
                _ => {
                    historian(data.path()).compact(&mut journal, &CompactOptions::default(), at(clock)).unwrap();
                }
            }
            prop_assert_eq!(seconds_of(data.path(), id), (0..second).collect::<Vec<_>>());
        }
    }
}
