//! What is in a backup, to the bit.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::bytes::Bytes;
use super::tree;
use crate::advice::{Advice, Outcome, disk};
use crate::exit::Exit;
use crate::output::file;

pub(super) const NAME: &str = "manifest.json";
pub(super) const UNFINISHED: &str =
    "this is no backup, or one that was not finished: it has no manifest.json";
const SCHEMA: &str = "lockgate/backup-manifest/1";
/// A historian of ten years in minutes has fewer files.
pub(super) const MAX_BYTES: u64 = 1 << 30;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    schema: String,
    pub(super) made_at: String,
    pub(super) version: String,
    pub(super) private_keys: bool,
    pub(super) files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Below the folder, with `/`.
    pub(super) path: String,
    bytes: u64,
    sha256: String,
}

/// A file that is not what the manifest says.
pub(super) struct Problem {
    pub(super) what: &'static str,
    pub(super) path: String,
}

impl Manifest {
    /// Of everything in a folder.
    pub(super) fn of(folder: &Path, now: jiff::Timestamp, private_keys: bool) -> io::Result<Self> {
        let mut files = Vec::new();
        let paths = tree::files(folder)?;
        let mut so_far = Bytes::new("checked", Some(tree::length(folder, &paths)?));
        for path in paths {
            let (bytes, sha256) = digest(&folder.join(&path))?;
            so_far.add(bytes);
            files.push(Entry { path: plain(&path), bytes, sha256 });
        }
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let made_at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Self { schema: SCHEMA.to_owned(), made_at, version, private_keys, files })
    }

    /// Makes the backup one.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        file::write_new(&folder.join(NAME), &serde_json::to_vec_pretty(self)?)?;
        File::open(folder)?.sync_all()
    }

    pub(super) fn read(folder: &Path) -> Outcome<Self> {
        let path = folder.join(NAME);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(none(folder, UNFINISHED));
            }
            Err(e) => return Err(disk("read the backup", &path, &e)),
        };
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text).map_err(|e| disk("read the backup", &path, &e))?;
        Self::parse(&text, folder)
    }

    /// From its text in the backup of that name.
    pub(super) fn parse(text: &[u8], backup: &Path) -> Outcome<Self> {
        let manifest: Self =
            serde_json::from_slice(text).map_err(|_| none(backup, "manifest.json cannot be read"))?;
        if manifest.schema != SCHEMA {
            return Err(none(backup, "a newer lockgate made this backup; use that one"));
        }
        if !manifest.files.iter().all(|entry| is_inside(Path::new(&entry.path))) {
            return Err(none(backup, "manifest.json names files outside of the backup"));
        }
        Ok(manifest)
    }

    /// Every file of a folder that is missing, changed or not in the manifest.
    pub(super) fn check(&self, folder: &Path) -> io::Result<Vec<Problem>> {
        let mut found = BTreeMap::new();
        let paths = tree::files(folder)?;
        let mut so_far = Bytes::new("checked", Some(tree::length(folder, &paths)?));
        for path in paths {
            let digest = digest(&folder.join(&path))?;
            so_far.add(digest.0);
            found.insert(plain(&path), digest);
        }
        Ok(self.compare(found))
    }

    /// What is found by its path, beside what there should be.
    pub(super) fn compare(&self, mut found: BTreeMap<String, (u64, String)>) -> Vec<Problem> {
        found.remove(NAME);
        let mut problems = Vec::new();
        for entry in &self.files {
            let what = match found.remove(&entry.path) {
                None => "missing",
                Some(there) if there != (entry.bytes, entry.sha256.clone()) => "changed",
                Some(_) => continue,
            };
            problems.push(Problem { what, path: entry.path.clone() });
        }
        problems.extend(found.into_keys().map(|path| Problem { what: "not ours", path }));
        problems
    }

    /// Whether there is something below this folder.
    pub(super) fn holds(&self, folder: &str) -> bool {
        self.files.iter().any(|entry| entry.path.split('/').next() == Some(folder))
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|entry| entry.bytes).sum()
    }
}

/// What is said of something that is no backup.
pub(super) fn none(backup: &Path, what: &str) -> Box<Advice> {
    Box::new(
        Advice::new("backup.none", Exit::Config, what)
            .fact("backup", backup.display().to_string())
            .then("a backup is made by")
            .then_run(&["backup", "DIR"]),
    )
}

/// A path that leads nowhere else than below the folder it is joined to.
pub(super) fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

pub(super) fn plain(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (bytes, hex) = digest_of(&mut File::open(path)?, &mut io::sink())?;
    let length = fs::metadata(path)?.len();
    if length == bytes {
        Ok((bytes, hex))
    } else {
        Err(io::Error::other("the file changes while it is read"))
    }
}

/// Length and SHA-256 of what is read, which also goes to `copy`.
pub(super) fn digest_of(from: &mut dyn Read, copy: &mut dyn io::Write) -> io::Result<(u64, String)> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let part = buffer.get(..read).unwrap_or_default();
        context.update(part);
        copy.write_all(part)?;
        bytes += u64::try_from(read).unwrap_or(0);
    }
    let hex = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, hex))
}
