//! The power is cut at every write, and the disk keeps what it must and of the rest whatever it likes.
//!
//! A process of its own does what a connector does all day; `record.c` writes down every call by which it changes its files.
//! Each beginning of that record is then a disk whose power went at that moment ([`disk`]), and the store that is opened on it
//! must hold what the process had called durable, once each ([`promise`]). See docs/decisions/0013.
//!
//! `POWER_CUTS=20` tries so many disks for each call, `POWER_SEED=7` another day; without them it is the same each time.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
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

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod promise;
mod random;
mod trace;
mod workload;

use std::path::{Path, PathBuf};
use std::process::Command;

use disk::{Disk, Ignored, Image, Luck};
use promise::Promise;
use random::Random;
use trace::Call;

/// Tells the process started by a test that it is the one whose power is cut.
const WORKER: &str = "TAGSTORE_TEST_POWER";

#[test]
fn what_was_called_durable_is_there_once_after_a_power_cut_at_any_write() {
    if let Some(data) = std::env::var_os("POWER_ROOT").filter(|_| std::env::var_os(WORKER).is_some()) {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        return workload::run(Path::new(&data), number("POWER_SEED").unwrap(), number(WORKER) == Some(1));
    }
    let found = day_of(seed(), false).cut_everywhere(&[], number("POWER_CUTS", 1));
    assert!(found.is_none(), "{}", found.unwrap());
}

#[test]
fn so_is_what_a_sink_missed_when_the_journal_was_full() {
    let found = day_of(seed() + 1, true).cut_everywhere(&[], number("POWER_CUTS", 1));
    assert!(found.is_none(), "{}", found.unwrap());
}

#[test]
fn a_disk_that_only_pretends_one_kind_of_fsync_is_found_out() {
    let day = day_of(seed(), false);
    for ignored in [Ignored::Wal, Ignored::Database, Ignored::Parquet, Ignored::Data, Ignored::Days] {
        let found = day.cut_everywhere(&[ignored], 1);
        assert!(
            found.is_some(),
            "without the fsync of {ignored:?} nothing is lost: it is not needed, or not tested"
        );
    }
}

/// What a process did.
struct Day {
    calls: Vec<Call>,
    limited: bool,
}

fn day_of(seed: u64, limited: bool) -> Day {
    let folder = tempfile::tempdir().unwrap();
    let folder_path = folder.path().canonicalize().unwrap();
    let (data, record) = (folder_path.join("data"), folder_path.join("record"));
    std::fs::create_dir(&data).unwrap();
    let worker = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "what_was_called_durable_is_there_once_after_a_power_cut_at_any_write"])
        .env("LD_PRELOAD", trace::recorder(folder.path()))
        .env("POWER_ROOT", &data)
        .env("POWER_TRACE", &record)
        .env("POWER_SEED", seed.to_string())
        .env(WORKER, u8::from(limited).to_string())
        .output()
        .unwrap();
    assert!(worker.status.success(), "{}", String::from_utf8_lossy(&worker.stdout));
    let calls = trace::read(&std::fs::read(&record).unwrap(), &data);
    let day = Day { calls, limited };
    day.is_whole(&data);
    day
}

impl Day {
    /// The record leads to what is in the folder: no call is missing in it.
    fn is_whole(&self, data: &Path) {
        let mut disk = Disk::new(&[]);
        self.calls.iter().for_each(|call| disk.apply(call));
        let built = disk.now();
        assert!(built.keys().any(|path| path.extension().is_some_and(|ending| ending == "parquet")));
        let mut there = Image::new();
        read_folder(data, Path::new(""), &mut there);
        assert_eq!(built.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
        for (path, content) in &built {
            assert!(there[path] == *content, "{} is not what the record says", path.display());
        }
    }

    /// Cuts the power behind each call, on so many disks; gives the first trouble.
    fn cut_everywhere(&self, ignored: &[Ignored], disks: u64) -> Option<String> {
        let mut disk = Disk::new(ignored);
        let mut promise = Promise::default();
        let mut random = Random::new(0);
        // what is on the disk for certain, when it was looked at last
        let mut seen = (Image::new(), promise.clone());
        for (at, call) in self.calls.iter().enumerate() {
            disk.apply(call);
            if let Call::Mark(mark) = call {
                promise.hear(mark);
            }
            let certain = (disk.cut(Luck::None), promise.clone());
            let known = certain == seen;
            let some = (0..if disk.is_settled() { 0 } else { disks })
                .map(|_| Luck::Some(random.next()))
                .map(|luck| (luck, disk.cut(luck)));
            let certain_one = (!known).then(|| (Luck::None, certain.0.clone()));
            for (luck, image) in certain_one.into_iter().chain(some) {
                if let Err(trouble) = self.look(&image, &promise) {
                    return Some(format!(
                        "{trouble}\nafter call {at} of {}, {call:?}, {luck:?}",
                        self.calls.len()
                    ));
                }
            }
            seen = certain;
        }
        None
    }

    fn look(&self, image: &Image, promise: &Promise) -> Result<(), String> {
        let folder = tempfile::tempdir_in(memory()).unwrap();
        for (path, content) in image {
            let place = folder.path().join(path);
            match content {
                Some(content) => std::fs::write(place, content).unwrap(),
                None => std::fs::create_dir(place).unwrap(),
            }
        }
        promise.check(folder.path(), self.limited).map_err(|trouble| {
            let kept: Vec<String> = image
                .iter()
                .map(|(path, content)| format!("  {} {:?}", path.display(), content.as_ref().map(Vec::len)))
                .collect();
            format!("{trouble}\non a disk with\n{}", kept.join("\n"))
        })
    }
}

fn read_folder(root: &Path, folder: &Path, image: &mut Image) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            image.insert(path.clone(), None);
            read_folder(root, &path, image);
        } else if !trace::is_memory(&path) {
            image.insert(path, Some(std::fs::read(entry.path()).unwrap()));
        }
    }
}

/// Where thousands of small folders cost no disk.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

fn seed() -> u64 {
    number("POWER_SEED", 1)
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect(name))
}
