//! A backup in one file: a tar archive of its folder, packed with zstd, which `tar --zstd -xf` opens as well.
//!
//! The configuration is the first in it, as it says where the rest goes, and the manifest the last, as in a folder. Only plain
//! files and folders are in it; what else an archive may hold, and what leads out of it, is refused.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use tar::{Archive, EntryType, Header};

use super::bytes::Bytes;
use super::manifest::{self, Manifest, Problem, is_inside, plain};
use super::{CONFIG, SECRETS, tree};
use crate::advice::{Advice, Outcome, disk};
use crate::exit::Exit;
use crate::output::file::write_large;

const ENDING: &str = ".tar.zst";

/// Whether a file is meant, by the ending of its name.
pub(super) fn is_named_so(place: &Path) -> Outcome<bool> {
    let name = place.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    if name.ends_with(ENDING) {
        return Ok(true);
    }
    if OTHERS.iter().any(|ending| name.ends_with(ending)) {
        return Err(Box::new(
            Advice::new("backup.form", Exit::Usage, "a backup in one file is a .tar.zst")
                .fact("file", place.display().to_string())
                .then("name a file that ends in .tar.zst, or a folder"),
        ));
    }
    Ok(false)
}

/// Packs the folder of a backup into a new file that its owner alone may read; gives the length of the file.
pub(super) fn pack(folder: &Path, place: &Path) -> Outcome<u64> {
    let failed = |e: io::Error| disk("make the backup", place, &e);
    let bytes = write_large(place, |file| pack_into(folder, file).map_err(failed))?;
    let above = place.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(above).and_then(|above| above.sync_all()).map_err(failed)?;
    Ok(bytes)
}

fn pack_into(folder: &Path, file: File) -> io::Result<u64> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let mut packed = zstd::Encoder::new(file, LEVEL)?;
    packed.include_checksum(true)?;
    let mut archive = tar::Builder::new(packed);
    let mut paths = tree::files(folder)?;
    let folders = tree::folders(folder)?;
    paths.retain(|path| *path != Path::new(CONFIG) && *path != Path::new(manifest::NAME));
    append(&mut archive, folder, Path::new(CONFIG), EntryType::Regular)?;
    for path in folders {
        append(&mut archive, folder, &path, EntryType::Directory)?;
    }
    let mut so_far = Bytes::new("packed", Some(tree::length(folder, &paths)?));
    for path in paths {
        append(&mut archive, folder, &path, EntryType::Regular)?;
        so_far.add(fs::metadata(folder.join(&path))?.len());
    }
    append(&mut archive, folder, Path::new(manifest::NAME), EntryType::Regular)?;
    let mut file = archive.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn append<W: io::Write>(
    archive: &mut tar::Builder<W>,
    folder: &Path,
    path: &Path,
    kind: EntryType,
) -> io::Result<()> {
    let place = folder.join(path);
    let about = fs::metadata(&place)?;
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode(&about));
    let since = about.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    header.set_mtime(since.as_secs());
    if kind == EntryType::Directory {
        header.set_size(0);
        return archive.append_data(&mut header, path, io::empty());
    }
    header.set_size(about.len());
    archive.append_data(&mut header, path, File::open(&place)?)
}

#[cfg(unix)]
fn mode(about: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode(about: &fs::Metadata) -> u32 {
    if about.is_dir() { 0o700 } else { 0o600 }
}

/// The manifest, and every file that is not what it says.
pub(super) fn check(file: &Path) -> Outcome<(Manifest, Vec<Problem>)> {
    let (mut found, mut text, mut others) = (BTreeMap::new(), None, Vec::new());
    let mut so_far = Bytes::new("checked", None);
    each(file, &mut |entry| {
        let path = plain(&entry.path);
        if !is_inside(&entry.path) || !matches!(entry.kind, EntryType::Regular | EntryType::Directory) {
            others.push(Problem { what: "not ours", path });
        } else if path == manifest::NAME {
            let mut bytes = Vec::new();
            entry.content.take(manifest::MAX_BYTES).read_to_end(&mut bytes)?;
            text = Some(bytes);
        } else if entry.kind == EntryType::Regular {
            let digest = manifest::digest_of(entry.content, &mut io::sink())?;
            so_far.add(digest.0);
            if found.insert(path.clone(), digest).is_some() {
                others.push(Problem { what: "twice", path });
            }
        }
        Ok(true)
    })?;
    let Some(text) = text else { return Err(manifest::none(file, manifest::UNFINISHED)) };
    let manifest = Manifest::parse(&text, file)?;
    let mut problems = manifest.compare(found);
    problems.extend(others);
    Ok((manifest, problems))
}

/// The configuration, which is the first in the file.
pub(super) fn unpack_config(file: &Path, place: &Path) -> Outcome<()> {
    let mut done = false;
    each(file, &mut |entry| {
        if entry.path == Path::new(CONFIG) && entry.kind == EntryType::Regular {
            write(entry.content, place, entry.mode)?;
            done = true;
        }
        Ok(!done)
    })?;
    if done { Ok(()) } else { Err(manifest::none(file, "there is no configuration in this backup")) }
}

/// Makes the folder of each part anew. The file was checked before; that it is still the same is checked on the way.
pub(super) fn unpack(file: &Path, manifest: &Manifest, parts: &[(&str, PathBuf)]) -> Outcome<()> {
    let failed = |place: &Path, e: &io::Error| disk("restore", place, e);
    for (_, place) in parts {
        tree::make_private(place).map_err(|e| failed(place, &e))?;
    }
    let mut found = BTreeMap::new();
    let mut so_far = Bytes::new("restored", Some(manifest.bytes()));
    each(file, &mut |entry| {
        let mut names = entry.path.components();
        let part = names.next().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let place = parts.iter().find(|(name, _)| part.as_deref() == Some(name)).map(|(_, place)| place);
        let Some(place) = place.filter(|_| is_inside(&entry.path)) else { return Ok(true) };
        let place = place.join(names.as_path());
        if entry.kind == EntryType::Directory {
            tree::make_private(&place)?;
        } else if entry.kind == EntryType::Regular {
            if let Some(folder) = place.parent() {
                tree::make_private(folder)?;
            }
            let secret = part.as_deref() == Some(SECRETS) || entry.path.iter().any(|name| name == "private");
            let mode = if secret { entry.mode & 0o600 } else { entry.mode };
            let digest = write(entry.content, &place, mode)?;
            so_far.add(digest.0);
            found.insert(plain(&entry.path), digest);
        }
        Ok(true)
    })?;
    for (_, place) in parts {
        for folder in tree::folders(place).map_err(|e| failed(place, &e))? {
            let folder = place.join(folder);
            File::open(&folder).and_then(|open| open.sync_all()).map_err(|e| failed(&folder, &e))?;
        }
    }
    if manifest
        .compare(found)
        .iter()
        .all(|problem| problem.what == "missing" && !in_parts(&problem.path, parts))
    {
        return Ok(());
    }
    Err(damaged(file, "it was changed while it was read"))
}

fn in_parts(path: &str, parts: &[(&str, PathBuf)]) -> bool {
    parts.iter().any(|(name, _)| path.split('/').next() == Some(name))
}

/// A new file, durable; its length and digest.
fn write(content: &mut dyn Read, place: &Path, mode: u32) -> io::Result<(u64, String)> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode & 0o755);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(place)?;
    let digest = manifest::digest_of(content, &mut file)?;
    file.sync_all()?;
    Ok(digest)
}

/// One file or folder in the archive.
struct Packed<'a> {
    path: PathBuf,
    kind: EntryType,
    mode: u32,
    content: &'a mut dyn Read,
}

/// Hands each to `visit` as long as it says `true`. What the archive itself gets wrong is damage, what `visit` meets the disk's.
fn each(file: &Path, visit: &mut dyn FnMut(Packed<'_>) -> io::Result<bool>) -> Outcome<()> {
    let opened = File::open(file).map_err(|e| disk("read the backup", file, &e))?;
    let broken = |e: io::Error| damaged(file, &e.to_string());
    let mut archive = Archive::new(zstd::Decoder::new(BufReader::new(opened)).map_err(broken)?);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        let (kind, mode) = (entry.header().entry_type(), entry.header().mode().map_err(broken)?);
        let mut reading = Reading { inner: &mut entry, failed: false };
        match visit(Packed { path, kind, mode, content: &mut reading }) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) if reading.failed => return Err(broken(error)),
            Err(error) => return Err(disk("restore", file, &error)),
        }
    }
    // what follows the last entry belongs to the checksum
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(broken)?;
    Ok(())
}

/// Remembers whether it was the reading that failed.
struct Reading<R> {
    inner: R,
    failed: bool,
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).inspect_err(|_| self.failed = true)
    }
}

fn damaged(file: &Path, what: &str) -> Box<Advice> {
    Box::new(
        Advice::new("backup.damaged", Exit::Storage, "this backup is cut or damaged, or none")
            .fact("file", file.display().to_string())
            .fact("problem", what.to_owned())
            .then("use another backup; nothing was changed"),
    )
}

/// What other programs would make of it.
const OTHERS: [&str; 8] = [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip", ".zst", ".7z"];
/// Most of it is packed already.
const LEVEL: i32 = 3;
