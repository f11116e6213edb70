//! What is in a backup, to the bit.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::tree;
use crate::advice::{Advice, Outcome, disk};
use crate::exit::Exit;
use crate::output::file;

const NAME: &str = "manifest.json";
const SCHEMA: &str = "lockgate/backup-manifest/1";
/// A historian of ten years in minutes has fewer files.
const MAX_BYTES: u64 = 1 << 30;

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
        for path in tree::files(folder)? {
            let (bytes, sha256) = digest(&folder.join(&path))?;
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
        let none = |what: &str| {
            Box::new(
                Advice::new("backup.none", Exit::Config, what)
                    .fact("folder", folder.display().to_string())
                    .then("a backup is made by")
                    .then_run(&["backup", "DIR"]),
            )
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(none("this is no backup, or one that was not finished: it has no manifest.json"));
            }
            Err(e) => return Err(disk("read the backup", &path, &e)),
        };
        let mut text = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut text).map_err(|e| disk("read the backup", &path, &e))?;
        let manifest: Self =
            serde_json::from_slice(&text).map_err(|_| none("manifest.json cannot be read"))?;
        if manifest.schema != SCHEMA {
            return Err(none("a newer lockgate made this backup; use that one"));
        }
        let inside = |entry: &Entry| {
            Path::new(&entry.path).components().all(|part| matches!(part, Component::Normal(_)))
        };
        if !manifest.files.iter().all(inside) {
            return Err(none("manifest.json names files outside of the backup"));
        }
        Ok(manifest)
    }

    /// Every file that is missing, changed or not in the manifest.
    pub(super) fn check(&self, folder: &Path) -> io::Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let mut there: BTreeSet<String> = tree::files(folder)?.iter().map(|path| plain(path)).collect();
        there.remove(NAME);
        for entry in &self.files {
            let what = if !there.remove(&entry.path) {
                "missing"
            } else if digest(&folder.join(&entry.path))? != (entry.bytes, entry.sha256.clone()) {
                "changed"
            } else {
                continue;
            };
            problems.push(Problem { what, path: entry.path.clone() });
        }
        problems.extend(there.into_iter().map(|path| Problem { what: "not ours", path }));
        Ok(problems)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|entry| entry.bytes).sum()
    }
}

fn plain(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn digest(path: &PathBuf) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        context.update(buffer.get(..read).unwrap_or_default());
        bytes += u64::try_from(read).unwrap_or(0);
    }
    let hex = context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let length = fs::metadata(path)?.len();
    if length == bytes {
        Ok((bytes, hex))
    } else {
        Err(io::Error::other("the file changes while it is read"))
    }
}
