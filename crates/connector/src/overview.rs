//! The whole at one glance: every source by what it last said of itself, and what the storage holds.
//!
//! Read from the data folder alone, so it is the same for a command in another process and for the connector's own
//! HTTP face. Whether anybody collects is told by the lock on the journal; a source whose status the running connector
//! has not renewed for a while counts as stopped.

use jiff::{SignedDuration, Timestamp};
pub use tagstore::{Depth, GapCounts, LossReason, SinkLoss, Summary};
use tagstore::{HISTORIAN_SINK, Reader};

use crate::config::{Config, SinkConfig, SinkKind};
use crate::sink_status::{SinkState, SinkStatus};
use crate::status::{SourceState, SourceStatus};

/// The connector renews every status about once a second; after this long it does not any more.
const NOBODY_RENEWS: SignedDuration = SignedDuration::from_secs(10);

/// Everything at one moment.
#[derive(Clone, Debug)]
pub struct Overview {
    /// When.
    pub at: Timestamp,
    /// Whether a connector has the data folder open.
    pub running: bool,
    /// The configured sources, in the order of the file.
    pub sources: Vec<SourceOverview>,
    /// The configured sinks beside the historian, in the order of the file.
    pub sinks: Vec<SinkOverview>,
    /// What is stored; `None` before anything ever was.
    pub storage: Option<Summary>,
    /// How the gaps on the ledger stand.
    pub gaps: GapCounts,
    /// For how long the running connector has not written down anything, if that is too long: the disk does not take it.
    pub silent: Option<SignedDuration>,
    /// What the embedded historian last said of itself; `None` if it never ran.
    pub historian: Option<SinkStatus>,
}

/// One source.
#[derive(Clone, Debug)]
pub struct SourceOverview {
    /// Its name.
    pub name: String,
    /// Its address, as configured.
    pub url: String,
    /// Its state now; `None` if it was never collected.
    pub state: Option<SourceState>,
    /// What it last said of itself; `None` if it was never collected.
    pub last: Option<SourceStatus>,
}

/// One sink beside the historian.
#[derive(Clone, Debug)]
pub struct SinkOverview {
    /// Its name.
    pub name: String,
    /// Its kind, as the configuration calls it.
    pub kind: &'static str,
    /// How it goes; `None` if it never ran, or does not now.
    pub state: Option<SinkState>,
    /// Samples behind its cursor.
    pub waiting: u64,
    /// When the oldest of them was committed.
    pub oldest: Option<Timestamp>,
    /// What went before it had taken it.
    pub missed: Vec<SinkLoss>,
    /// What it last said of itself; `None` if it never ran.
    pub last: Option<SinkStatus>,
}

impl Overview {
    /// Looks into the data folder of a configuration.
    ///
    /// # Errors
    /// What [`Reader::open`] and reading say; a folder in which nothing was ever collected is none.
    pub fn look(config: &Config, now: Timestamp) -> Result<Self, tagstore::Error> {
        let reader = match Reader::open(&config.storage.data) {
            Ok(reader) => Some(reader),
            Err(tagstore::Error::NoJournal { .. }) => None,
            Err(error) => return Err(error),
        };
        let written = reader.as_ref().map(Reader::source_statuses).transpose()?.unwrap_or_default();
        let running = reader.as_ref().map(Reader::is_written).transpose()?.unwrap_or(false);
        let of = |name: &str| {
            let status = written.iter().find(|status| status.source == name)?;
            SourceStatus::from_json(&status.json)
        };
        let began = reader.as_ref().and_then(Reader::written_since);
        let silent = silence(&written, began, now).filter(|_| running);
        let sources = config.sources.iter().map(|source| {
            let last = of(source.name.as_str());
            let state = last.as_ref().map(|last| match (running, silent) {
                (false, _) => SourceState::Stopped,
                (true, Some(_)) => SourceState::StorageFailed,
                (true, None) => last.state_at(now),
            });
            SourceOverview { name: source.name.to_string(), url: source.url.as_str().to_owned(), state, last }
        });
        let sources = sources.collect();
        let waiting = reader.as_ref().map(Reader::waiting).transpose()?.unwrap_or_default();
        let losses = reader.as_ref().map(Reader::sink_losses).transpose()?.unwrap_or_default();
        let sinks = config.sinks.iter().map(|sink| {
            let name = sink.name.as_str();
            let last = SinkStatus::find(name, &written);
            let depth = waiting.iter().find(|(waiting, _)| waiting == name).map(|(_, depth)| depth);
            SinkOverview {
                name: name.to_owned(),
                kind: sink.kind.word(),
                state: last
                    .as_ref()
                    .map(|last| state_of(last, sink, depth, now))
                    .filter(|_| running && silent.is_none()),
                waiting: depth.map_or(0, |depth| depth.rows),
                oldest: depth.and_then(|depth| depth.oldest?.to_jiff()),
                missed: losses.iter().filter(|loss| sink.misses(loss)).cloned().collect(),
                last,
            }
        });
        let sinks = sinks.collect();
        let gaps = reader.as_ref().map(|reader| reader.gap_counts(None)).transpose()?.unwrap_or_default();
        let historian = SinkStatus::find(HISTORIAN_SINK, &written);
        let storage = reader.map(|reader| reader.summary()).transpose()?;
        Ok(Self { at: now, running, sources, sinks, storage, gaps, silent, historian })
    }
}

/// For how long nobody has written a status, where that is too long. A process that has only begun is not silent.
fn silence(
    written: &[tagstore::SourceStatus],
    began: Option<Timestamp>,
    now: Timestamp,
) -> Option<SignedDuration> {
    let newest = written.iter().filter_map(|status| status.updated_at.to_jiff()).max()?;
    let since = began.map_or(newest, |began| began.max(newest));
    Some(now.duration_since(since)).filter(|silent| *silent >= NOBODY_RENEWS)
}

/// A sink says after each delivery how it goes: one that says nothing although values wait has one in hand that does not
/// end.
fn state_of(last: &SinkStatus, sink: &SinkConfig, depth: Option<&Depth>, now: Timestamp) -> SinkState {
    let patience =
        NOBODY_RENEWS.saturating_add(SignedDuration::try_from(sink.every).unwrap_or(SignedDuration::MAX));
    let hangs = last.state != SinkState::Failing
        && depth.is_some_and(|depth| depth.rows > 0)
        && now.duration_since(last.updated) >= patience;
    if hangs { SinkState::Hanging } else { last.state }
}

impl SinkConfig {
    /// Whether this is missing there: it is of a source that the sink takes.
    pub fn misses(&self, loss: &SinkLoss) -> bool {
        let takes = match &self.kind {
            SinkKind::Omf(omf) => {
                omf.sources.is_empty() || omf.sources.iter().any(|source| source.as_str() == loss.source)
            }
            SinkKind::File { .. } | SinkKind::Stdout => true,
        };
        takes && loss.sink == self.name.as_str()
    }
}

impl SourceStatus {
    /// The state as it counts now: a status that is not renewed any more is that of a stopped source.
    fn state_at(&self, now: Timestamp) -> SourceState {
        if now.duration_since(self.updated) < NOBODY_RENEWS { self.state } else { SourceState::Stopped }
    }
}
