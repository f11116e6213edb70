//! A disk that keeps what it must, and of the rest whatever it likes.
//!
//! What POSIX promises, and nothing more: the content of a file is durable up to its last fsync; of what was written since,
//! any subset of the sectors of 512 bytes may be there after a power cut, and a change of length may be there or not. A
//! name in a folder is durable after an fsync of the folder, also when the file behind it was fsynced; of what was done to names
//! since, any subset, but a rename is done or not. A file that is longer than what was kept of it has zeros there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::random::Random;
use crate::trace::Call;

#[derive(Debug, Default)]
pub(crate) struct Disk {
    files: Vec<Content>,
    folders: BTreeMap<PathBuf, Folder>,
    ignored: Vec<Ignored>,
}

/// Whose fsync this disk only pretends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ignored {
    Wal,
    Database,
    Parquet,
    /// The folder of the journal.
    Data,
    /// The folders of the days.
    Days,
}

#[derive(Debug, Default, Clone)]
struct Content {
    durable: Vec<u8>,
    since: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Rc<[u8]>),
    Cut(u64),
}

#[derive(Debug, Default)]
struct Folder {
    durable: BTreeMap<String, Entry>,
    since: Vec<Naming>,
    now: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Copy)]
enum Entry {
    File(usize),
    Folder,
}

#[derive(Debug, Clone)]
enum Naming {
    Set(String, Entry),
    Gone(String),
    Renamed(String, String, Entry),
}

/// What of the things that are not durable is there after the cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Luck {
    None,
    Some(u64),
}

/// Files with their content, folders without.
pub(crate) type Image = BTreeMap<PathBuf, Option<Vec<u8>>>;

impl Disk {
    pub(crate) fn new(ignored: &[Ignored]) -> Self {
        let mut disk = Self { ignored: ignored.to_vec(), ..Self::default() };
        disk.folders.insert(PathBuf::new(), Folder::default());
        disk
    }

    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Create(path) => {
                if self.entry(path).is_none() {
                    self.files.push(Content::default());
                    self.name(path, Entry::File(self.files.len() - 1));
                }
            }
            Call::Empty(path) => self.change(path, Change::Cut(0)),
            Call::Write { path, at, bytes } => self.change(path, Change::Write(*at, Rc::clone(bytes))),
            Call::Cut { path, length } => self.change(path, Change::Cut(*length)),
            Call::Sync(path) => self.sync(path),
            Call::Rename(from, to) => {
                let entry = self.entry(from).unwrap();
                assert_eq!(from.parent(), to.parent(), "a rename from folder to folder is not known here");
                let folder = self.folder(from);
                folder.now.remove(&name(from));
                folder.now.insert(name(to), entry);
                folder.since.push(Naming::Renamed(name(from), name(to), entry));
            }
            Call::Link(from, to) => {
                let entry = self.entry(from).unwrap();
                self.name(to, entry);
            }
            Call::Remove(path) => {
                let folder = self.folder(path);
                folder.now.remove(&name(path));
                folder.since.push(Naming::Gone(name(path)));
            }
            Call::Folder(path) => {
                self.folders.insert(path.clone(), Folder::default());
                self.name(path, Entry::Folder);
            }
            Call::Mark(_) => {}
        }
    }

    /// What is there after a power cut now.
    pub(crate) fn cut(&self, luck: Luck) -> Image {
        let mut random = Random::new(if let Luck::Some(seed) = luck { seed } else { 0 });
        let mut chance = |part: u64| match luck {
            Luck::None => false,
            Luck::Some(_) => random.below(4) < part,
        };
        let mut image = Image::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(path) = folders.pop() {
            let folder = &self.folders[&path];
            let mut names = folder.durable.clone();
            // usually the journal of the file system keeps their order: some first ones are there
            let some_first = chance(2);
            let mut more = true;
            for naming in &folder.since {
                let happened = chance(2) && more;
                more = more && (happened || !some_first);
                if happened {
                    naming.apply(&mut names);
                }
            }
            for (name, entry) in names {
                let place = path.join(name);
                match entry {
                    Entry::File(file) => {
                        // all, most, some or few of the changes of a file
                        let part = if chance(2) { 3 } else { 1 };
                        let content = self.files[file].cut(|| chance(part));
                        image.insert(place, Some(content));
                    }
                    Entry::Folder => {
                        image.insert(place.clone(), None);
                        folders.push(place);
                    }
                }
            }
        }
        image
    }

    /// What a look at the files shows while the power is on.
    pub(crate) fn now(&self) -> Image {
        let mut image = Image::new();
        for (path, folder) in &self.folders {
            for (name, entry) in &folder.now {
                let content = match entry {
                    Entry::File(file) => Some(self.files[*file].cut(|| true)),
                    Entry::Folder => None,
                };
                image.insert(path.join(name), content);
            }
        }
        image
    }

    /// Whether a cut now can lose something.
    pub(crate) fn is_settled(&self) -> bool {
        self.files.iter().all(|file| file.since.is_empty())
            && self.folders.values().all(|folder| folder.since.is_empty())
    }

    fn sync(&mut self, path: &Path) {
        if self.ignored.iter().any(|ignored| ignored.is(path)) {
            return;
        }
        if let Some(folder) = self.folders.get_mut(path) {
            folder.durable.clone_from(&folder.now);
            folder.since.clear();
        } else if let Some(Entry::File(file)) = self.entry(path) {
            let content = &mut self.files[file];
            content.durable = content.cut(|| true);
            content.since.clear();
        }
    }

    fn change(&mut self, path: &Path, change: Change) {
        let Some(Entry::File(file)) = self.entry(path) else { panic!("{} is not there", path.display()) };
        self.files[file].since.push(change);
    }

    fn name(&mut self, path: &Path, entry: Entry) {
        let folder = self.folder(path);
        folder.now.insert(name(path), entry);
        folder.since.push(Naming::Set(name(path), entry));
    }

    fn entry(&self, path: &Path) -> Option<Entry> {
        self.folders.get(path.parent()?)?.now.get(&name(path)).copied()
    }

    fn folder(&mut self, of: &Path) -> &mut Folder {
        self.folders.get_mut(of.parent().unwrap()).unwrap()
    }
}

impl Content {
    fn cut(&self, mut chance: impl FnMut() -> bool) -> Vec<u8> {
        let mut content = self.durable.clone();
        for change in &self.since {
            match change {
                Change::Cut(length) if chance() => content.resize(usize::try_from(*length).unwrap(), 0),
                Change::Cut(_) => {}
                Change::Write(at, bytes) => {
                    let begin = usize::try_from(*at).unwrap();
                    let mut from = begin;
                    while from < begin + bytes.len() {
                        let to = ((from / SECTOR + 1) * SECTOR).min(begin + bytes.len());
                        if chance() {
                            content.resize(content.len().max(to), 0);
                            content[from..to].copy_from_slice(&bytes[from - begin..to - begin]);
                        }
                        from = to;
                    }
                }
            }
        }
        content
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<String, Entry>) {
        match self {
            Self::Set(name, entry) => drop(names.insert(name.clone(), *entry)),
            Self::Gone(name) => drop(names.remove(name)),
            Self::Renamed(from, to, entry) => {
                names.remove(from);
                names.insert(to.clone(), *entry);
            }
        }
    }
}

impl Ignored {
    fn is(self, path: &Path) -> bool {
        let text = path.to_str().unwrap();
        match self {
            Self::Wal => text.ends_with(".sqlite-wal"),
            Self::Database => text.ends_with(".sqlite"),
            Self::Parquet => text.ends_with(".parquet.tmp"),
            Self::Data => text.is_empty(),
            Self::Days => name(path).starts_with("date="),
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_str().unwrap().to_owned()).unwrap_or_default()
}

const SECTOR: usize = 512;
