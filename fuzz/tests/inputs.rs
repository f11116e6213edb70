//! Every seed and every former finding, without a fuzzer: what was found once stays found.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folders(of: &str) -> Vec<PathBuf> {
    let listed = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(of)).unwrap();
    listed.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn feed(of: &str) -> usize {
    let mut fed = 0;
    for folder in folders(of) {
        let target = fuzz::target(folder.file_name().unwrap().to_str().unwrap()).unwrap();
        for file in fs::read_dir(&folder).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display());
            (target.run)(&fs::read(path).unwrap());
            fed += 1;
        }
    }
    fed
}

#[test]
fn every_seed_is_survived() {
    assert!(feed("seeds") > 20);
}

#[test]
fn every_former_finding_stays_mended() {
    feed("regressions");
}

#[test]
fn every_target_has_seeds_and_is_found_by_its_folder() {
    let seeded: BTreeSet<_> =
        folders("seeds").into_iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    let targets: BTreeSet<_> = fuzz::TARGETS.iter().map(|target| target.name.into()).collect();
    assert_eq!(seeded, targets);
}
