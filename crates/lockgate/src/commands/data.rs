//! The data folder, as the commands that read it need it. Reading works while `lockgate run` writes.

use std::path::Path;

use tagstore::{Error, Reader, StreamInfo, Timestamp};

use super::config;
use crate::advice::{Advice, Outcome, bug, disk};
use crate::cli::Range;
use crate::clock;
use crate::context::Context;
use crate::exit::Exit;
use connector::time_range::When;

/// Opens the data folder of the configuration for reading.
pub(crate) fn open(context: &Context) -> Outcome<Reader> {
    let config = config::load(context)?;
    open_at(&config.storage.data)
}

/// Opens a data folder for reading.
pub(crate) fn open_at(data: &Path) -> Outcome<Reader> {
    Reader::open(data).map_err(|error| failed(&error))
}

/// The streams that these names mean, each once.
pub(crate) fn streams(reader: &Reader, names: &[String]) -> Outcome<Vec<StreamInfo>> {
    let mut streams: Vec<StreamInfo> = Vec::with_capacity(names.len());
    for name in names {
        let found = reader.find_stream(name).map_err(|error| failed(&error))?;
        if !streams.iter().any(|stream| stream.id == found.id) {
            streams.push(found);
        }
    }
    Ok(streams)
}

/// The interval in the store's own time, `from` before `to`.
pub(crate) fn range(range: Range) -> Outcome<(Timestamp, Timestamp)> {
    let from = instant(range.from)?;
    let to = instant(range.to)?;
    if from >= to {
        return Err(Box::new(
            Advice::new("usage.empty_interval", Exit::Usage, "the interval ends before it begins")
                .fact("from", from.to_string())
                .fact("to", to.to_string()),
        ));
    }
    Ok((from, to))
}

/// One time as typed, in the store's own time.
pub(crate) fn instant(when: When) -> Outcome<Timestamp> {
    let zone = jiff::tz::TimeZone::system();
    when.resolve(clock::now(), &zone)
        .map(Timestamp::from)
        .map_err(|error| Box::new(Advice::new("usage.time", Exit::Usage, error.to_string())))
}

/// What a failure of the store means for the user.
pub(crate) fn failed(error: &Error) -> Box<Advice> {
    let advice = |code, exit| Advice::new(code, exit, error.to_string());
    Box::new(match error {
        Error::NoJournal { path } => {
            Advice::new("data.none", Exit::Config, "nothing has been collected here yet")
                .fact("journal", path.display().to_string())
                .then("collect with")
                .then_run(&["run"])
        }
        Error::NoSuchStream { .. } => {
            advice("data.no_such_stream", Exit::Usage).then("streams are listed by").then_run(&["streams"])
        }
        Error::AmbiguousStream { .. } => {
            advice("data.ambiguous_stream", Exit::Usage).then("give a longer ending, or the whole name")
        }
        Error::Locked { .. } => advice("data.in_use", Exit::Storage)
            .side(crate::advice::Side::Us)
            .rule("one lockgate at a time writes to a data folder")
            .then("stop the other one first, or give this one its own configuration and data folder"),
        Error::Disk { path, .. } => return disk("use the data folder", path, error),
        Error::NewerFormat { .. } | Error::NotOurs { .. } | Error::ForeignHistorian { .. } => {
            advice("data.not_ours", Exit::Storage)
        }
        Error::RowDamaged { .. }
        | Error::BlobDamaged(_)
        | Error::FileDamaged { .. }
        | Error::FileMissing { .. } => advice("data.damaged", Exit::Storage)
            .then("everything else is still readable; keep a copy of the folder before trying repairs"),
        Error::JournalDamaged { path, .. } => advice("data.journal_damaged", Exit::Storage)
            .fact("journal", path.display().to_string())
            .then("keep a copy of the data folder; its sealed values can be read as they are, with DuckDB for instance")
            .then("restore the newest backup into another folder:")
            .then_run_alone(&["restore", "BACKUP", "--config", "FOLDER/lockgate.toml"]),
        other => return bug("the sample store failed", other),
    })
}
