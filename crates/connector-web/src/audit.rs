//! Who changed what, from where and when: one line of JSON for each change, in a file that is only added to.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use connector::Config;
use connector::documents::json;
use jiff::Timestamp;
use serde::Serialize;

use crate::access::store;

/// The file, in the data folder.
#[derive(Debug)]
pub(crate) struct Audit {
    path: PathBuf,
    writing: Mutex<Flood>,
}

/// What was refused to people who are not logged in: they must not be able to fill the disk.
#[derive(Debug, Default)]
struct Flood {
    minute: i64,
    written: u32,
    left_out: u64,
}

/// One line.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Entry<'a> {
    pub(crate) at: Timestamp,
    /// Name of the user or token; of a login the name that was given.
    pub(crate) who: &'a str,
    /// `session`, `token`, or null for one who was not logged in.
    pub(crate) by: Option<&'static str>,
    pub(crate) from: IpAddr,
    /// As `trust.accept`.
    pub(crate) action: &'static str,
    /// What it was done to, as far as the address says it.
    pub(crate) target: &'a str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// What was done, or why not.
    pub(crate) detail: &'a str,
}

impl Audit {
    pub(crate) fn of(config: &Config) -> Self {
        Self { path: config.storage.data.join("audit.jsonl"), writing: Mutex::default() }
    }

    /// Opens the file to be added to. What cannot be written down must not be done.
    pub(crate) fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        store::private().append(true).create(true).open(&self.path)
    }

    /// Adds a line and waits until it is on the disk.
    pub(crate) fn write(&self, file: &mut File, entry: &Entry<'_>) -> io::Result<()> {
        let mut flood = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if entry.by.is_none() && entry.status >= 400 && !flood.admits(entry.at) {
            return Ok(());
        }
        let left_out = std::mem::take(&mut flood.left_out);
        let detail = match left_out {
            0 => Cow::Borrowed(entry.detail),
            more => Cow::Owned(format!("{} (and {more} refused ones before, not listed)", entry.detail)),
        };
        let entry = Entry { who: cut(entry.who), target: cut(entry.target), detail: &detail, ..*entry };
        let mut line = json::line(&entry).map_err(io::Error::other)?;
        line.push('\n');
        file.write_all(line.as_bytes())?;
        file.sync_data()
    }

    /// The newest lines, the newest first, and whether there are more.
    pub(crate) fn newest(&self, limit: usize) -> io::Result<(Vec<serde_json::Value>, bool)> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let begin = length.saturating_sub(LOOKED_AT);
        file.seek(SeekFrom::Start(begin))?;
        let mut bytes = Vec::new();
        file.take(LOOKED_AT).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        // the first line may be the end of one; a torn last one is none
        let mut lines =
            text.lines().skip(usize::from(begin > 0)).filter_map(|line| serde_json::from_str(line).ok());
        let mut newest: Vec<serde_json::Value> = lines.by_ref().collect();
        newest.reverse();
        let more = newest.len() > limit || begin > 0;
        newest.truncate(limit);
        Ok((newest, more))
    }
}

impl Flood {
    /// Whether another one is written in this minute.
    fn admits(&mut self, at: Timestamp) -> bool {
        let minute = at.as_second().div_euclid(60);
        if minute != self.minute {
            (self.minute, self.written) = (minute, 0);
        }
        self.written = self.written.saturating_add(1);
        let admits = self.written <= A_MINUTE;
        if !admits {
            self.left_out = self.left_out.saturating_add(1);
        }
        admits
    }
}

/// What somebody sent, as far as it can be a name.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// Characters of a name that are written down.
const LONGEST: usize = 100;
/// Of what is refused to people who are not logged in, so many lines a minute are written.
const A_MINUTE: u32 = 60;
/// As far back as the file is looked at.
const LOOKED_AT: u64 = 4 << 20;
