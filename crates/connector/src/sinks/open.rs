//! From the configuration of a sink to one that runs.

use std::time::Duration;

use tagstore::{HISTORIAN_SINK, Journal};

use super::file::FileSink;
use super::omf::OmfSink;
use super::stdout::StdoutSink;
use super::{Report, Sink, Worker, quarantine_folder, status_key};
use crate::config::{Config, SinkConfig, SinkKind};
use crate::error::Error;
use crate::event::Events;
use crate::watchdog::Life;

/// A sink that is open, by its name, and what starts it.
pub(crate) type Open = (String, Box<dyn FnOnce(Events, Life) -> Result<Worker, Error>>);

/// The configured sinks. A sink that is not configured any more holds nothing back.
pub(crate) fn open_sinks(config: &Config, journal: &Journal) -> Result<Vec<Open>, Error> {
    let mut own = journal.another()?;
    for (name, _) in own.cursors()? {
        let known = name == HISTORIAN_SINK || config.sinks.iter().any(|sink| sink.name.as_str() == name);
        if !known {
            tracing::warn!(sink = name, "this sink is no longer configured; what waited for it is let go");
            forget(&mut own, &name)?;
        }
    }
    config.sinks.iter().map(|sink| open_sink(config, sink, journal)).collect()
}

pub(crate) fn open_sink(config: &Config, sink: &SinkConfig, journal: &Journal) -> Result<Open, Error> {
    let name = sink.name.as_str().to_owned();
    let (own, report) = (journal.another()?, Report::new(&name, journal.another()?));
    Ok(match &sink.kind {
        SinkKind::File { folder, format } => {
            ready(FileSink::new(name, folder.clone(), *format, own)?, sink.every, report)
        }
        SinkKind::Omf(omf) => {
            let quarantine = quarantine_folder(&config.storage.data, &name);
            ready(OmfSink::new(name, (**omf).clone(), quarantine, own)?, sink.every, report)
        }
        SinkKind::Stdout => ready(StdoutSink::new(name, own)?, sink.every, report),
    })
}

/// Lets go what waits for a sink.
///
/// # Errors
/// [`Error::Storage`].
pub(crate) fn forget(journal: &mut Journal, name: &str) -> Result<(), Error> {
    journal.remove_sink(name)?;
    journal.remove_source_status(&status_key(name))?;
    Ok(())
}

fn ready(sink: impl Sink, every: Duration, report: Report) -> Open {
    let name = sink.name().to_owned();
    (name, Box::new(move |events, life| Worker::start(sink, every, Some(report), events, life)))
}
