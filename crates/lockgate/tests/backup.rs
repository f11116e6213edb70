//! Backup and restore, through the binary.

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

use std::fs;
use std::path::Path;

use common::Lab;
use tagstore::{
    Commit, Historian, Journal, JournalOptions, NewStream, Sample, SampleBatch, SealOptions, Timestamp, Value,
};

fn at(second: i64) -> Timestamp {
    Timestamp::from("2026-08-27T06:00:00Z".parse::<jiff::Timestamp>().unwrap())
        .saturating_add_millis(second * 1000)
}

/// A lab with ten values of one stream, half of them sealed, and the journal still open.
fn collecting() -> (Lab, Journal) {
    let lab = Lab::initialised();
    let data = lab.path().join("data");
    fs::create_dir_all(&data).unwrap();
    let mut journal = Journal::open(data.join(tagstore::JOURNAL_FILE), JournalOptions::default()).unwrap();
    let level = NewStream {
        key: "k".to_owned(),
        name: "line1.Level".to_owned(),
        source: "line1".to_owned(),
        ..NewStream::default()
    };
    let stream = journal.register_streams(&[level]).unwrap()[0];
    for part in 0..2 {
        let mut batch = SampleBatch::new();
        for second in part * 5..part * 5 + 5 {
            let [source_time, server_time, receive_time] = [at(second); 3];
            batch.push(Sample {
                stream,
                source_time,
                server_time,
                receive_time,
                status: 0,
                value: Value::Int(second),
            });
        }
        journal.append(&Commit { batches: &[&batch], now: at(10), ..Commit::default() }).unwrap();
        if part == 0 {
            let historian = Historian::open(data.join(tagstore::HISTORIAN_DIR)).unwrap();
            historian.seal(&mut journal, &SealOptions::default(), at(10)).unwrap().unwrap();
        }
    }
    fs::create_dir(lab.path().join("secrets")).unwrap();
    fs::write(lab.path().join("secrets/line1"), "practise\n").unwrap();
    (lab, journal)
}

fn values(lab: &Lab, config: &str) -> usize {
    let words =
        ["--config", config, "--json", "query", "Level", "--from", "2026-08-27", "--to", "2026-08-28"];
    lab.run(&words).json()["samples"].as_array().unwrap().len()
}

fn private_keys(folder: &Path) -> usize {
    fs::read_dir(folder.join("pki/own/private")).map_or(0, Iterator::count)
}

#[test]
fn a_backup_beside_a_running_writer_is_whole_and_restores_to_the_same_values() {
    let (lab, journal) = collecting();
    let made = lab.run(&["backup", "saved"]);
    assert_page!(made);
    drop(journal);
    assert_eq!(private_keys(&lab.path().join("saved")), 0);
    assert!(!lab.path().join("saved/secrets").exists());
    let verified = lab.run(&["--json", "backup", "verify", "saved"]).json();
    assert_eq!(
        (verified["schema"].as_str(), verified["private_keys"].as_bool()),
        (Some("lockgate/backup-verify/1"), Some(false))
    );
    let restored = lab.run(&["--config", "again/lockgate.toml", "restore", "saved"]);
    assert_page!(restored);
    assert_eq!(values(&lab, "again/lockgate.toml"), 10);
    assert!(lab.path().join("again/pki/own/certs").is_dir());
    let twice = lab.run(&["--config", "again/lockgate.toml", "restore", "saved"]);
    assert_page!(twice);
    assert_eq!(values(&lab, "again/lockgate.toml"), 10);
    let left: Vec<_> =
        fs::read_dir(lab.path().join("again")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("restoring")), "{left:?}");
}

#[test]
fn private_keys_and_passwords_come_along_only_when_that_is_asked_for() {
    let (lab, _journal) = collecting();
    let made = lab.run(&["--json", "backup", "saved", "--danger-private-keys"]).json();
    assert_eq!(made["private_keys"], true);
    assert_eq!(private_keys(&lab.path().join("saved")), 1);
    assert_eq!(lab.run(&["--config", "again/lockgate.toml", "restore", "saved"]).code, 0);
    assert_eq!(fs::read_to_string(lab.path().join("again/secrets/line1")).unwrap(), "practise\n");
    let shown = lab.run(&["--config", "again/lockgate.toml", "cert", "show"]);
    assert_eq!(shown.code, 0, "{}", shown.page());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &str| fs::metadata(lab.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode("saved"), mode("again/pki"), mode("again/secrets")], [0o700; 3]);
        let key = fs::read_dir(lab.path().join("again/pki/own/private")).unwrap().next().unwrap().unwrap();
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_backup_that_was_changed_is_named_and_not_restored() {
    let (lab, _journal) = collecting();
    assert_eq!(lab.run(&["backup", "saved"]).code, 0);
    let database = lab.path().join("saved/data/journal.sqlite");
    let mut bytes = fs::read(&database).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&database, bytes).unwrap();
    fs::write(lab.path().join("saved/pki/stray"), "").unwrap();
    fs::remove_file(lab.path().join("saved/lockgate.toml")).unwrap();
    assert_page!(lab.run(&["backup", "verify", "saved"]));
    let refused = lab.run(&["--config", "again/lockgate.toml", "restore", "saved"]);
    assert_eq!(refused.code, 9);
    assert!(!lab.path().join("again").exists());
}

#[test]
fn nothing_is_overwritten_and_what_is_no_backup_is_said_to_be_none() {
    let (lab, _journal) = collecting();
    assert_page!(lab.run(&["backup", "pki"]));
    assert_page!(lab.run(&["backup", "verify", "pki"]));
    assert_eq!(lab.run(&["backup"]).code, 2);
    assert_eq!(lab.run(&["backup", "saved"]).code, 0);
    // the manifest decides what a backup holds, and may not point elsewhere
    let manifest = lab.path().join("saved/manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("lockgate.toml", "../lockgate.toml", 1)).unwrap();
    let refused = lab.run(&["backup", "verify", "saved"]);
    assert!(refused.stderr.contains("outside"), "{}", refused.page());
}

#[test]
fn before_anything_is_collected_configuration_and_certificates_are_saved() {
    let lab = Lab::initialised();
    let made = lab.run(&["backup", "saved"]);
    assert_eq!(made.code, 0, "{}", made.page());
    assert!(made.stderr.contains("nothing has been collected yet"), "{}", made.page());
    assert_eq!(lab.run(&["backup", "verify", "saved"]).code, 0);
}
