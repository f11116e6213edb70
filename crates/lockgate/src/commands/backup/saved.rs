//! A backup that was made, a folder or a file.

use std::path::{Path, PathBuf};

use super::manifest::{Manifest, Problem};
use super::{CONFIG, archive, tree};
use crate::advice::{Outcome, disk};

/// Where the files of a backup are to be had.
#[derive(Debug)]
pub(super) enum Saved<'a> {
    Folder(&'a Path),
    File(&'a Path),
}

impl<'a> Saved<'a> {
    pub(super) fn at(backup: &'a Path) -> Self {
        if backup.is_file() { Self::File(backup) } else { Self::Folder(backup) }
    }

    /// The manifest, and every file that is not what it says.
    pub(super) fn check(&self) -> Outcome<(Manifest, Vec<Problem>)> {
        match self {
            Self::Folder(folder) => {
                let manifest = Manifest::read(folder)?;
                let problems = manifest.check(folder).map_err(|e| disk("read the backup", folder, &e))?;
                Ok((manifest, problems))
            }
            Self::File(file) => archive::check(file),
        }
    }

    pub(super) fn config_to(&self, place: &Path) -> Outcome<()> {
        match self {
            Self::Folder(folder) => {
                tree::copy_file(&folder.join(CONFIG), place).map_err(|e| disk("restore", folder, &e))
            }
            Self::File(file) => archive::unpack_config(file, place),
        }
    }

    /// Whether it has such a part.
    pub(super) fn holds(&self, manifest: &Manifest, part: &str) -> bool {
        match self {
            Self::Folder(folder) => folder.join(part).is_dir(),
            Self::File(_) => manifest.holds(part),
        }
    }

    /// Makes the folder of each part anew.
    pub(super) fn parts_to(&self, manifest: &Manifest, parts: &[(&str, PathBuf)]) -> Outcome<()> {
        match self {
            Self::Folder(folder) => parts.iter().try_for_each(|(part, place)| {
                tree::copy(&folder.join(part), place, &|_| true).map_err(|e| disk("restore", place, &e))
            }),
            Self::File(file) => archive::unpack(file, manifest, parts),
        }
    }
}
