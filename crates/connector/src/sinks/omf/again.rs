//! What a sink keeps in its quarantine: to look at, and to send once more when the reason is gone.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::answer::Outcome;
use super::trouble::OmfTrouble;
use super::wire::{About, Wire};
use crate::config::{Config, OmfConfig, SinkConfig, SinkKind};
use crate::error::Error;
use crate::sinks::quarantine_folder;

/// A message that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedMessage {
    /// The file it is in.
    pub file: PathBuf,
    /// When it was refused.
    pub at: String,
    /// The first container in it; in PI the name of the point.
    pub container: String,
    /// How many values are in it.
    pub values: usize,
    /// With which status it was refused.
    pub code: u16,
    /// What the server said.
    pub reason: String,
}

/// The refused messages of a sink, in the order of the journal; none for a sink of another kind.
///
/// # Errors
/// [`Error::Omf`] when the quarantine cannot be read.
pub fn refused_messages(config: &Config, sink: &SinkConfig) -> Result<Vec<RefusedMessage>, Error> {
    let folder = quarantine_folder(&config.storage.data, sink.name.as_str());
    let failed = |source| OmfTrouble::Quarantine { folder: folder.clone(), source };
    let mut files = Vec::new();
    match fs::read_dir(&folder) {
        Ok(entries) => {
            for entry in entries {
                files.push(entry.map_err(failed)?.path());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error).into()),
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "json"));
    files.sort();
    let mut messages = Vec::new();
    for file in files {
        let kept = Kept::read(&file).map_err(failed)?;
        messages.extend(kept.map(|kept| kept.message(file)));
    }
    Ok(messages)
}

/// Sends refused messages of a sink once more, in the order of the journal, and says of each what became of it: `None` when
/// the server took it, and its file is gone; else why not. The connector may run meanwhile.
///
/// # Errors
/// What stops the sink for now: the rest was not tried.
pub fn send_again(
    config: &Config,
    sink: &SinkConfig,
    mut tell: impl FnMut(&RefusedMessage, Option<&str>),
) -> Result<(), Error> {
    let SinkKind::Omf(omf) = &sink.kind else { return Ok(()) };
    let mut line = line(omf)?;
    for message in refused_messages(config, sink)? {
        let failed = |source| OmfTrouble::Quarantine { folder: message.file.clone(), source };
        let Some(kept) = Kept::read(&message.file).map_err(failed)? else { continue };
        match line.send(About::Values, &kept.body)? {
            Outcome::Taken => {
                fs::remove_file(&message.file).map_err(failed)?;
                tell(&message, None);
            }
            Outcome::TooLarge => tell(&message, Some("larger than the server takes")),
            Outcome::Refused { reason, .. } | Outcome::Conflict { reason } | Outcome::Unknown { reason } => {
                tell(&message, Some(&reason));
            }
            Outcome::Partly(refusals) => {
                let reason = refusals.first().map_or("refused", |refusal| refusal.reason.as_str());
                tell(&message, Some(reason));
            }
        }
    }
    Ok(())
}

fn line(omf: &OmfConfig) -> Result<Wire, Error> {
    Ok(Wire::new(omf)?)
}

/// A file of the quarantine.
struct Kept {
    head: Head,
    /// Digit by digit as it was sent.
    body: String,
    values: usize,
}

#[derive(Deserialize)]
struct Head {
    at: String,
    container: String,
    code: u16,
    reason: String,
}

#[derive(Deserialize)]
struct Message {
    values: Vec<serde::de::IgnoredAny>,
}

impl Kept {
    /// `None` when the file is none of ours, or gone meanwhile.
    fn read(file: &Path) -> std::io::Result<Option<Self>> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        // inside the texts before it a quotation mark is always escaped
        let Some((head, rest)) = text.split_once(",\"body\":") else { return Ok(None) };
        let Some(body) = rest.trim_end().strip_suffix('}') else { return Ok(None) };
        let head = serde_json::from_str(&format!("{head}}}")).ok();
        let messages: Option<Vec<Message>> = serde_json::from_str(body).ok();
        Ok(head.zip(messages).map(|(head, messages)| Self {
            head,
            body: body.to_owned(),
            values: messages.iter().map(|message| message.values.len()).sum(),
        }))
    }

    fn message(self, file: PathBuf) -> RefusedMessage {
        let Head { at, container, code, reason } = self.head;
        RefusedMessage { file, at, container, values: self.values, code, reason }
    }
}
