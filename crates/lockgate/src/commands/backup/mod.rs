//! `lockgate backup`, `backup verify` and `restore`: everything that makes this lockgate what it is, in one folder, or in
//! one file that holds this folder.
//!
//! ```text
//! DIR/manifest.json    written last: every file with its size and SHA-256
//! DIR/lockgate.toml    the configuration
//! DIR/data/            journal and historian, of one instant, also while `run` writes
//! DIR/pki/             the certificate store, without private keys
//! DIR/pki/own/private, DIR/secrets   only with --danger-private-keys
//! ```

mod archive;
mod bytes;
mod manifest;
mod restore;
mod saved;
mod tree;

use std::path::{Path, PathBuf};

use manifest::Manifest;
use saved::Saved;
use serde::Serialize;
use tagstore::{Error, Reader};

use super::{config, data};
use crate::advice::{Advice, Outcome, disk};
use crate::cli::{self, BackupCommand};
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};
pub(super) use restore::run as restore;

const CONFIG: &str = "lockgate.toml";
const DATA: &str = "data";
const PKI: &str = "pki";
const SECRETS: &str = "secrets";

#[derive(Serialize)]
struct Made {
    /// The folder, or the file.
    folder: String,
    form: &'static str,
    files: usize,
    bytes: u64,
    /// Of the one file; `null` for a folder.
    file_bytes: Option<u64>,
    /// Sealed files that share their bytes with the original: they cost no space, and are lost with the same disk.
    linked: u64,
    private_keys: bool,
    missing: Vec<String>,
}

pub(super) fn run(context: &Context, args: &cli::Backup) -> Outcome {
    if let Some(BackupCommand::Verify(args)) = &args.instead {
        return verify(context, &args.backup);
    }
    let place = args.place.as_deref().unwrap_or(Path::new(""));
    let settings = config::load(context)?;
    let keys = if args.danger_private_keys { Keys::Copied } else { Keys::Left };
    let made = if archive::is_named_so(place)? {
        into_file(context, &settings, place, keys)?
    } else {
        begin(place)?;
        make(context, &settings, place, keys).inspect_err(|_| tree::empty(place))?
    };
    context.answer("backup", &made, || {
        let Made { folder, files, bytes, .. } = &made;
        format!("{files} files, {} in {}\n", size(*bytes), safe(folder))
    })?;
    if made.linked > 0 {
        say(&format!(
            "{} files are on the same disk as the original: copy the folder to another one",
            made.linked
        ));
    }
    for path in &made.missing {
        say(&format!(
            "{} is on the list of the journal, and gone: see `{}`",
            safe(path),
            context.line(&["gaps"])
        ));
    }
    say(match keys {
        Keys::Left => "private keys and passwords are not in it",
        Keys::Copied => {
            "private keys and passwords are in it, as they are: keep it where nobody else can read it"
        }
    });
    Ok(if made.missing.is_empty() { Exit::Ok } else { Exit::Partly })
}

/// What becomes of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Copied,
    Left,
}

fn make(context: &Context, settings: &connector::Config, folder: &Path, keys: Keys) -> Outcome<Made> {
    let failed = |e: std::io::Error| disk("make the backup", folder, &e);
    tree::copy_file(&context.config, &folder.join(CONFIG)).map_err(failed)?;
    let copied = match Reader::open(&settings.storage.data) {
        Ok(reader) => {
            let copied = reader.copy_to(&folder.join(DATA)).map_err(|error| data::failed(&error))?;
            let nodes = settings.storage.data.join(NODES);
            if nodes.is_dir() {
                let whole = |path: &Path| path.extension().is_none_or(|extension| extension != "part");
                tree::copy(&nodes, &folder.join(DATA).join(NODES), &whole).map_err(failed)?;
            }
            Some(copied)
        }
        Err(Error::NoJournal { .. }) => {
            say("nothing has been collected yet; the backup has no data");
            None
        }
        Err(error) => return Err(data::failed(&error)),
    };
    let wanted = |path: &Path| keys == Keys::Copied || path.file_name().is_none_or(|name| name != "private");
    if settings.pki.is_dir() {
        tree::copy(&settings.pki, &folder.join(PKI), &wanted).map_err(failed)?;
    }
    let secrets = context.base().join(SECRETS);
    if keys == Keys::Copied && secrets.is_dir() {
        tree::copy(&secrets, &folder.join(SECRETS), &wanted).map_err(failed)?;
    }
    let manifest = Manifest::of(folder, clock::now(), keys == Keys::Copied).map_err(failed)?;
    manifest.write(folder).map_err(failed)?;
    let (linked, missing) = copied.map_or((0, Vec::new()), |copied| (copied.linked, copied.missing));
    Ok(Made {
        folder: folder.display().to_string(),
        form: "folder",
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        file_bytes: None,
        linked,
        private_keys: manifest.private_keys,
        missing,
    })
}

/// The same as one file. The folder is made beside the data first, where the sealed files are linked and cost no space.
fn into_file(context: &Context, settings: &connector::Config, file: &Path, keys: Keys) -> Outcome<Made> {
    if file.exists() {
        return Err(exists(file, "this file exists already; it was left as it is", "name another file"));
    }
    let folder = tree::Staging::begin(&settings.storage.data, file)?;
    let made = make(context, settings, folder.path(), keys)?;
    let file_bytes = archive::pack(folder.path(), file)?;
    Ok(Made {
        folder: file.display().to_string(),
        form: "file",
        file_bytes: Some(file_bytes),
        linked: 0,
        ..made
    })
}

fn begin(folder: &Path) -> Outcome<()> {
    let failed = |e: std::io::Error| disk("make the backup", folder, &e);
    tree::make_private(folder).map_err(failed)?;
    if std::fs::read_dir(folder).map_err(failed)?.next().is_none() {
        return Ok(());
    }
    let there = "there is something in this folder already; it was left as it is";
    Err(exists(folder, there, "name another folder"))
}

fn exists(place: &Path, there: &str, next: &str) -> Box<Advice> {
    Box::new(
        Advice::new("backup.exists", Exit::Usage, there)
            .fact("place", place.display().to_string())
            .then(next),
    )
}

fn verify(context: &Context, folder: &Path) -> Outcome {
    #[derive(Serialize)]
    struct Verified {
        folder: String,
        made_at: String,
        version: String,
        files: usize,
        bytes: u64,
        private_keys: bool,
    }
    let (manifest, _) = checked(folder)?;
    let verified = Verified {
        folder: folder.display().to_string(),
        made_at: manifest.made_at.clone(),
        version: manifest.version.clone(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        private_keys: manifest.private_keys,
    };
    context.answer("backup-verify", &verified, || {
        let Verified { made_at, files, bytes, .. } = &verified;
        format!("the backup of {} is whole: {files} files, {}\n", safe(made_at), size(*bytes))
    })?;
    Ok(Exit::Ok)
}

/// The manifest of a backup whose every file is what it was, and where to have them.
fn checked(backup: &Path) -> Outcome<(Manifest, Saved<'_>)> {
    let saved = Saved::at(backup);
    let (manifest, problems) = saved.check()?;
    if problems.is_empty() {
        return Ok((manifest, saved));
    }
    let mut advice = Advice::new(
        "backup.damaged",
        Exit::Storage,
        format!("this backup is not what was written: {} files differ", problems.len()),
    );
    for problem in problems.iter().take(SHOWN) {
        advice = advice.fact(problem.what, problem.path.clone());
    }
    Err(Box::new(advice.then("use another backup; nothing was changed")))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// `PATH.restoring`: what is not whole yet.
fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

/// In the data folder: what is known of the servers' nodes.
const NODES: &str = "address-space";
/// Files named when some differ.
const SHOWN: usize = 10;
