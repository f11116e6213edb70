//! The audit trail of the simulated plant: a file of JSON lines, and a line on stderr for who watches.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use plant::{AuditRecord, AuditSink};
use serde::Serialize;
use ua_client::status_name;

use crate::advice::{Outcome, disk};
use crate::output::{safe, say};

/// At this size a new file is begun; the one before is kept, the one before that goes.
const LARGEST: u64 = 16 << 20;

/// Appends to the file, and says it.
#[derive(Debug)]
pub(super) struct AuditFile {
    path: PathBuf,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    size: u64,
    /// A full disk is said once.
    failed: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    schema: &'static str,
    time: String,
    event: &'a str,
    done: bool,
    status: &'a str,
    message: &'a str,
    address: Option<String>,
    channel: Option<u32>,
    session: Option<u32>,
    user: Option<&'a str>,
    application: Option<&'a str>,
    thumbprint: Option<&'a str>,
    details: serde_json::Map<String, serde_json::Value>,
}

impl AuditFile {
    pub(super) fn open(path: PathBuf) -> Outcome<Self> {
        let open = Open::at(&path).map_err(|error| disk("open the audit log of the plant", &path, &error))?;
        Ok(Self { path, open: Mutex::new(open) })
    }

    fn append(&self, line: &str) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let result = open.append(&self.path, line);
        match &result {
            Ok(()) => open.failed = false,
            Err(_) if open.failed => return Ok(()),
            Err(_) => open.failed = true,
        }
        result
    }
}

impl Open {
    /// Its owner alone reads it.
    fn at(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size, failed: false })
    }

    fn append(&mut self, path: &Path, line: &str) -> io::Result<()> {
        if self.size >= LARGEST {
            std::fs::rename(path, path.with_extension("1.jsonl"))?;
            *self = Self::at(path)?;
        }
        self.file.write_all(line.as_bytes())?;
        self.size = self.size.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        Ok(())
    }
}

impl AuditSink for AuditFile {
    fn keep(&self, record: &AuditRecord) {
        let line = Line::of(record);
        let written = serde_json::to_string(&line)
            .map_err(io::Error::from)
            .and_then(|text| self.append(&format!("{text}\n")));
        if let Err(error) = written {
            say(&format!("the audit log cannot be written: {error}"));
        }
        if let Some(words) = line.words(record) {
            say(&words);
        }
    }
}

impl<'a> Line<'a> {
    fn of(record: &'a AuditRecord) -> Self {
        let details = record.details.iter().map(|(name, text)| ((*name).to_owned(), text.as_str().into()));
        Self {
            schema: "lockgate/simulate-audit/1",
            time: record.time.to_string(),
            event: record.event,
            done: record.is_done,
            status: status_name(record.status),
            message: &record.message,
            address: record.address.map(|address| address.to_string()),
            channel: record.channel,
            session: record.session,
            user: record.user.as_deref(),
            application: record.application.as_deref(),
            thumbprint: record.thumbprint.as_deref(),
            details: details.collect(),
        }
    }

    /// For people: who, what, and why not. Channels that only ask for the endpoints are not worth a line.
    fn words(&self, record: &AuditRecord) -> Option<String> {
        let detail = |name| self.details.get(name).and_then(serde_json::Value::as_str);
        let policy =
            detail("SecurityPolicyUri").map(|uri| uri.rsplit_once('#').map_or(uri, |(_, name)| name));
        if policy == Some("None") {
            return None;
        }
        let who = match (self.application, self.user) {
            (Some(application), Some(user)) => format!("{} as {}", safe(application), safe(user)),
            (Some(who), None) | (None, Some(who)) => safe(who),
            (None, None) => "-".to_owned(),
        };
        let time = record.time.strftime("%H:%M:%S");
        let address = self.address.as_deref().unwrap_or("-");
        let mut words = format!("{time}  {address}  {who}: {}", safe(self.message));
        let status = (!self.done && detail("Finding").is_none()).then_some(self.status);
        let more = ["Roles", "NewValue", "InputArguments", "Reason"].map(detail);
        for text in [status, policy, detail("SecurityMode")].into_iter().chain(more).flatten() {
            words.push_str(", ");
            words.push_str(&safe(text));
        }
        Some(words)
    }
}
