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

//! Random sequences of appending, sealing, crashing and trimming, beside a model that is just a list.

mod common;

use common::{append_seconds, at, historian, open, seconds_of, stream};
use proptest::collection::vec;
use proptest::prelude::*;
use tagstore::{CompactOptions, SealOptions, Seq};

#[derive(Debug, Clone)]
enum Action {
    /// Appends so many samples in one commit.
    Append(i64),
    /// Seals rows of so many samples, but only the first so many of the four steps, then crashes.
    Seal {
        max_rows: usize,
        steps: usize,
    },
    /// Another sink confirms what it has not, up to so many rows.
    Confirm(usize),
    Trim,
    /// Merges files, but only the first so many of the steps, then crashes.
    Compact {
        steps: usize,
    },
    /// Lets so many hours pass.
    Wait(i64),
    Crash,
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (1..30_i64).prop_map(Action::Append),
        4 => (1..80_usize, 0..=4_usize).prop_map(|(max_rows, steps)| Action::Seal { max_rows, steps }),
        2 => (1..4_usize).prop_map(Action::Confirm),
        1 => Just(Action::Trim),
        3 => (0..=5_usize).prop_map(|steps| Action::Compact { steps }),
        2 => (1..20_i64).prop_map(Action::Wait),
        1 => Just(Action::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_readers_and_sinks_see_every_sample_once(actions in vec(any_action(), 1..30)) {
        let data = tempfile::tempdir().unwrap();
        let mut journal = open(data.path());
        let id = journal.register_streams(&[stream("a")]).unwrap()[0];
        journal.advance("mqtt", Seq::ZERO).unwrap();
        let (mut appended, mut confirmed, mut hours) = (0, 0, 0);
        for action in actions {
            match action {
                Action::Append(rows) => {
                    append_seconds(&mut journal, id, appended..appended + rows);
                    appended += rows;
                }
                Action::Seal { max_rows, steps } => {
                    let folder = historian(data.path());
                    let mut options = SealOptions::default();
                    options.max_rows = max_rows;
                    let plan = (steps > 0).then(|| folder.plan(&mut journal, &options, at(hours * 3600)).unwrap()).flatten();
                    let written = plan.filter(|_| steps > 1).map(|plan| folder.write(&journal, &plan).unwrap());
                    let published = written.filter(|_| steps > 2).map(|written| folder.publish(written).unwrap());
                    if let (Some(published), true) = (published, steps > 3) {
                        folder.record(&mut journal, published, at(hours * 3600)).unwrap();
                    }
                    drop(journal);
                    journal = open(data.path());
                }
                Action::Confirm(rows) => {
                    let cursor = journal.cursor("mqtt").unwrap();
                    for (seq, batch) in journal.read_after(cursor, usize::MAX).unwrap().into_iter().take(rows) {
                        for sample in &batch {
                            prop_assert_eq!(sample.source_time, at(confirmed));
                            confirmed += 1;
                        }
                        journal.advance("mqtt", seq).unwrap();
                    }
                }
                Action::Trim => drop(journal.trim().unwrap()),
                Action::Wait(more) => hours += more,
                Action::Compact { steps } => {
                    let folder = historian(data.path());
                    let (options, now) = (CompactOptions::default(), at(hours * 3600));
                    if steps == 5 {
                        folder.compact(&mut journal, &options, now).unwrap();
                    }
                    let plan = (steps > 0).then(|| folder.plan_merge(&mut journal, &options, now).unwrap()).flatten();
                    if let Some(plan) = plan.filter(|_| steps > 1) {
                        let written = folder.write_merge(&journal, &plan, &mut || true).unwrap();
                        if steps > 2 {
                            let published = folder.publish(written).unwrap();
                            if steps > 3 {
                                folder.record_merge(&mut journal, &plan, published, now).unwrap();
                            }
                        }
                    }
                    drop(journal);
                    journal = open(data.path());
                }
                Action::Crash => {
                    drop(journal);
                    journal = open(data.path());
                }
            }
            prop_assert_eq!(seconds_of(data.path(), id), (0..appended).collect::<Vec<_>>());
        }
    }
}
