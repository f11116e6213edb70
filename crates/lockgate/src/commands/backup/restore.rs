//! `lockgate restore`: a backup becomes a configuration, data and certificate store again.
//!
//! Nothing that is there is touched. Each part is copied under another name beside its place and takes it when it is
//! whole; the configuration comes last, so that an interrupted restore is none.

use std::fs;
use std::path::{Path, PathBuf};

use connector::Config;
use serde::Serialize;

use super::manifest::Manifest;
use super::saved::Saved;
use super::{DATA, PKI, SECRETS, checked, size, unfinished};
use crate::advice::{Advice, Outcome, disk};
use crate::cli;
use crate::commands::failure;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{safe, say};

#[derive(Serialize)]
struct Restored {
    made_at: String,
    config: String,
    data: String,
    pki: String,
    files: usize,
    bytes: u64,
    private_keys: bool,
}

/// A part of the backup and where it goes.
struct Part {
    name: &'static str,
    place: PathBuf,
}

pub(crate) fn run(context: &Context, args: &cli::Restore) -> Outcome {
    let backup = &args.backup;
    let (manifest, saved) = checked(backup)?;
    let config = &context.config;
    free(config)?;
    let failed = |e: std::io::Error| disk("restore", backup, &e);
    if let Some(folder) = config.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let draft = unfinished(config);
    free(&draft)?;
    saved.config_to(&draft)?;
    let restored = Config::load(&draft)
        .map_err(|error| failure::explain(context, None, &error))
        .and_then(|settings| {
            let parts = [
                Part { name: DATA, place: settings.storage.data.clone() },
                Part { name: PKI, place: settings.pki.clone() },
                Part { name: SECRETS, place: context.base().join(SECRETS) },
            ];
            copy(&saved, &manifest, &parts)?;
            fs::rename(&draft, config).map_err(failed)?;
            Ok(settings)
        })
        .inspect_err(|_| drop(fs::remove_file(&draft)))?;
    let answer = Restored {
        made_at: manifest.made_at.clone(),
        config: config.display().to_string(),
        data: restored.storage.data.display().to_string(),
        pki: restored.pki.display().to_string(),
        files: manifest.files.len(),
        bytes: manifest.bytes(),
        private_keys: manifest.private_keys,
    };
    context.answer("restore", &answer, || {
        let Restored { made_at, files, bytes, data, .. } = &answer;
        format!(
            "restored the backup of {}: {files} files, {}, data in {}\n",
            safe(made_at),
            size(*bytes),
            safe(data)
        )
    })?;
    if !manifest.private_keys {
        say(
            "private keys and passwords were not in the backup: make a certificate, and enter passwords anew",
        );
        say(&format!("  {}", context.line(&["cert", "create"])));
        say(&format!("  {}", context.line(&["source", "list"])));
    }
    Ok(Exit::Ok)
}

/// All parts beside their places, then all into them.
fn copy(saved: &Saved<'_>, manifest: &Manifest, parts: &[Part]) -> Outcome<()> {
    let parts: Vec<&Part> = parts.iter().filter(|part| saved.holds(manifest, part.name)).collect();
    for part in &parts {
        free(&part.place)?;
        free(&unfinished(&part.place))?;
    }
    let drafts: Vec<_> = parts.iter().map(|part| (part.name, unfinished(&part.place))).collect();
    let copied = saved.parts_to(manifest, &drafts);
    let moved = copied.and_then(|()| {
        parts.iter().try_for_each(|part| {
            // an empty folder may be there; anything else may not
            fs::rename(unfinished(&part.place), &part.place).map_err(|e| disk("restore", &part.place, &e))
        })
    });
    if moved.is_err() {
        for part in &parts {
            drop(fs::remove_dir_all(unfinished(&part.place)));
        }
    }
    moved
}

/// Refuses what is there; an empty folder is nothing.
fn free(place: &Path) -> Outcome<()> {
    let empty = |place: &Path| fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    if fs::symlink_metadata(place).is_err() || empty(place) {
        return Ok(());
    }
    Err(Box::new(
        Advice::new(
            "restore.exists",
            Exit::Usage,
            "there is something in this place already; nothing was changed",
        )
        .fact("place", place.display().to_string())
        .then("move it away first, or restore into another folder with --config FOLDER/lockgate.toml"),
    ))
}
