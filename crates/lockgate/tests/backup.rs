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

#[test]
fn a_backup_in_one_file_is_whole_and_restores_to_the_same_values() {
    let (lab, journal) = collecting();
    assert_page!(lab.run(&["backup", "plant.tar.zst"]));
    drop(journal);
    let left: Vec<_> = fs::read_dir(lab.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("backup"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let verified = lab.run(&["--json", "backup", "verify", "plant.tar.zst"]).json();
    assert_eq!(
        (verified["private_keys"].as_bool(), verified["folder"].as_str()),
        (Some(false), Some("plant.tar.zst"))
    );
    assert_page!(lab.run(&["--config", "again/lockgate.toml", "restore", "plant.tar.zst"]));
    assert_eq!(values(&lab, "again/lockgate.toml"), 10);
    assert_eq!(private_keys(&lab.path().join("again")), 0);
    let twice = lab.run(&["--config", "again/lockgate.toml", "restore", "plant.tar.zst"]);
    assert_eq!(twice.code, 2, "{}", twice.page());
    // an existing file is left as it is, and what is packed in another way is not made under a name that says so
    assert_page!(lab.run(&["backup", "plant.tar.zst"]));
    assert_page!(lab.run(&["backup", "plant.tar.gz"]));
}

#[test]
fn keys_in_a_file_are_their_owners_alone_before_and_after() {
    let (lab, _journal) = collecting();
    let made = lab.run(&["backup", "plant.tar.zst", "--danger-private-keys"]);
    assert!(made.stderr.contains("private keys and passwords are in it"), "{}", made.page());
    assert_eq!(lab.run(&["--config", "again/lockgate.toml", "restore", "plant.tar.zst"]).code, 0);
    assert_eq!(fs::read_to_string(lab.path().join("again/secrets/line1")).unwrap(), "practise\n");
    assert_eq!(lab.run(&["--config", "again/lockgate.toml", "cert", "show"]).code, 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let at = |path: &str| mode(&lab.path().join(path));
        assert_eq!([at("plant.tar.zst"), at("again/secrets/line1")], [0o600; 2]);
        assert_eq!([at("again/pki"), at("again/pki/own/private"), at("again/secrets")], [0o700; 3]);
        let key = fs::read_dir(lab.path().join("again/pki/own/private")).unwrap().next().unwrap().unwrap();
        assert_eq!(mode(&key.path()), 0o600);
    }
}

#[test]
fn a_file_that_is_cut_changed_or_made_by_somebody_else_is_not_restored() {
    let (lab, _journal) = collecting();
    assert_eq!(lab.run(&["backup", "plant.tar.zst"]).code, 0);
    let whole = fs::read(lab.path().join("plant.tar.zst")).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let hostile = {
        let mut archive = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..11].copy_from_slice(b"../evil.txt");
        header.set_size(1);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append(&header, &b"x"[..]).unwrap();
        let files = "{\"schema\":\"lockgate/backup-manifest/1\",\"made_at\":\"\",\"version\":\"\",\"private_keys\":false,\"files\":[]}";
        let mut header = tar::Header::new_gnu();
        header.set_size(files.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, "manifest.json", files.as_bytes()).unwrap();
        archive.into_inner().unwrap().finish().unwrap()
    };
    let cut = whole[..whole.len() - 9].to_vec();
    for (what, bytes) in
        [("cut", cut), ("changed", changed), ("hostile", hostile), ("none", b"hello".to_vec())]
    {
        let name = format!("{what}.tar.zst");
        fs::write(lab.path().join(&name), bytes).unwrap();
        let verified = lab.run(&["backup", "verify", &name]);
        let refused = lab.run(&["--config", "again/lockgate.toml", "restore", &name]);
        assert_eq!((verified.code, refused.code), (9, 9), "{what}: {}", verified.page());
        assert!(!lab.path().join("again").exists(), "{what}");
        assert!(!lab.path().join("evil.txt").exists() && !lab.path().join("../evil.txt").exists());
    }
    assert_page!(lab.run(&["backup", "verify", "cut.tar.zst"]));
    assert_page!(lab.run(&["backup", "verify", "hostile.tar.zst"]));
}

#[cfg(unix)]
#[test]
fn what_a_killed_backup_left_beside_the_data_goes_with_the_next_one() {
    let (lab, _journal) = collecting();
    let left = lab.path().join("data/backup.making");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half"), "").unwrap();
    assert_eq!(lab.run(&["backup", "plant.tar.zst"]).code, 0);
    assert!(!left.exists());
    let busy = fs::File::create(lab.path().join("data/backup.lock")).unwrap();
    busy.lock().unwrap();
    let refused = lab.run(&["backup", "other.tar.zst"]);
    assert_eq!(refused.code, 9);
    assert!(refused.stderr.contains("another backup is being made"), "{}", refused.page());
}
