//! The file sink: every sample is in one file, once, through restarts and crashes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "tests fail by panicking; the site is shared with other tests"
)]

mod site;

use std::path::{Path, PathBuf};

use connector::{Config, SourceState};
use site::{Site, until};
use ua_pki::SecurityPolicy;

/// A site with a file sink in the folder `out`.
async fn site_with(format: &str) -> (Site, PathBuf) {
    let site = Site::new(SecurityPolicy::Basic256Sha256).await;
    let path = site.config().path().to_owned();
    let sink = format!(
        "\n[[sink]]\nname = \"files\"\nkind = \"file\"\nfolder = \"out\"\nformat = \"{format}\"\nevery = \"1s\"\n"
    );
    std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + &sink).unwrap();
    Config::load(&path).unwrap();
    let out = path.with_file_name("out");
    (site, out)
}

/// The finished files, in the order of the journal rows in them.
fn files(out: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(out).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end != "part"));
    files.sort();
    files
}

/// The values of a counter in all files, in their order.
fn counted(out: &Path, counter: &str) -> Vec<u64> {
    let lines = files(out).into_iter().map(|file| std::fs::read_to_string(file).unwrap());
    lines
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap())
        .filter(|line| line["stream"].as_str().unwrap().ends_with(counter))
        .map(|line| line["value"].as_u64().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_sample_is_in_a_file_once_also_after_a_restart() {
    let (site, out) = site_with("jsonl").await;
    for round in 1..=2 {
        let handle = site.start().await;
        site.until_state(SourceState::Flowing).await;
        until("two more files", || (files(&out).len() >= round * 2).then_some(())).await;
        handle.stop().await.unwrap();
    }
    let kept = site.counters();
    let written = counted(&out, "Counter0001");
    assert!(written.len() > 10, "{written:?}");
    assert_eq!(written, kept[0], "as the historian has them");
    assert!(written.is_sorted_by(|a, b| *b == a + 1), "{written:?}");
}
