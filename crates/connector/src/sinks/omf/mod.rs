//! A server that takes OMF 1.2 as a sink: PI Web API, Edge Data Store, CONNECT.
//!
//! Values are posted in the order of the journal, container by container, and the cursor moves when the server has answered
//! that they are its own: the status of the request and, as a message can fail inside an accepted one, of each message in it.
//! A crash between the two sends the last request again; PI drops or replaces what it has (`OmfCreateMode`), so replay is
//! harmless unless that is set to `Insert`.
//!
//! - [`catalogue`]: where a value goes; [`value`]: its form; [`event`]: an event's; [`names`]: the names of containers; [`states`]: enumerations; [`definitions`]: types and
//!   containers, which come before values
//! - [`groundwork`]: says them to the server; [`hierarchy`]: the tree of AF elements, where it is wanted
//! - [`body`]: what goes into one request; [`transfer`]: sends it, in halves where it is too large or one value in it is bad
//! - [`wire`], [`http`], [`login`], [`answer`]: one request and what the server says to it
//! - [`again`]: the quarantine as a person sees it, and sending from there
//! - [`quarantine`]: what it will never take, with the reason; nothing is dropped, and when there is no more room, nothing moves
//! - [`trouble`]: what can stop the sink, and what to do about it

mod again;
mod answer;
mod body;
mod catalogue;
mod definitions;
mod event;
mod groundwork;
mod hierarchy;
mod http;
mod login;
mod names;
mod quarantine;
mod states;
mod transfer;
mod trouble;
mod value;
mod wire;

pub use again::{RefusedMessage, refused_messages, send_again};
pub use trouble::OmfTrouble;

use std::path::PathBuf;

use tagstore::{Journal, SampleBatch, Seq, Timestamp};

use super::{About, Delivered, Quarantined, Sink, were_most};
use crate::config::OmfConfig;
use crate::error::Error;
use body::Body;
use catalogue::{Catalogue, Put};
use groundwork::Groundwork;
use hierarchy::Tree;
use quarantine::Quarantine;
use transfer::Transfer;
use wire::Wire;

pub(crate) struct OmfSink {
    name: String,
    config: OmfConfig,
    journal: Journal,
    catalogue: Catalogue,
    transfer: Transfer,
    body: Body,
}

impl OmfSink {
    /// Makes the sink known to the journal: from now on nothing is trimmed that it has not taken. The first time it begins with
    /// the oldest row there is. Nothing is sent yet. Refused messages go into `quarantine`.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Omf`] when `ca_file` or the quarantine cannot be read.
    pub(crate) fn new(
        name: String,
        config: OmfConfig,
        quarantine: PathBuf,
        mut journal: Journal,
    ) -> Result<Self, Error> {
        let known = journal.cursor(&name)?;
        journal.advance(&name, known)?;
        let quarantine = Quarantine::open(quarantine, config.quarantine_limit)?;
        let tree = config.hierarchy.then(Tree::default);
        let transfer =
            Transfer::new(Wire::new(&config)?, quarantine, config.target.body_limit(), Groundwork::new(tree));
        let catalogue = Catalogue::new(&config);
        Ok(Self { name, config, journal, catalogue, transfer, body: Body::default() })
    }

    /// Sends the rows, in as many requests as they need. The cursor moves with each request, past the rows that are whole.
    fn send(&mut self, rows: &[(Seq, SampleBatch)]) -> Result<u64, Error> {
        let mut samples = rows.iter().flat_map(|(_, batch)| batch.iter());
        if samples.any(|sample| !self.catalogue.knows(sample.stream)) {
            self.catalogue.learn(&self.journal)?;
        }
        self.body.clear();
        let (mut sent, mut timeless) = (0, 0_u64);
        let mut whole = None;
        for (seq, batch) in rows {
            for sample in batch {
                let mut put = self.catalogue.put(&sample, &mut self.body, self.transfer.limit());
                if put == Put::Full {
                    self.flush(*seq, whole)?;
                    put = self.catalogue.put(&sample, &mut self.body, self.transfer.limit());
                }
                sent += u64::from(put == Put::In);
                timeless += u64::from(put == Put::Timeless);
            }
            whole = Some(*seq);
        }
        if timeless > 0 {
            tracing::warn!(
                sink = self.name,
                timeless,
                "values whose times cannot be written down were left out"
            );
        }
        if let Some(last) = whole {
            self.flush(last, whole)?;
        }
        Ok(sent)
    }

    /// Sends what is in the request. `row` is the last row with a value in it, `whole` the last that has none outside it.
    fn flush(&mut self, row: Seq, whole: Option<Seq>) -> Result<(), Error> {
        if !self.body.is_empty() {
            self.transfer.send(row, &self.body, &self.catalogue)?;
            self.body.clear();
        }
        if let Some(whole) = whole {
            self.journal.advance(&self.name, whole)?;
        }
        Ok(())
    }
}

/// Whether everything that a sink needs of this machine is there.
///
/// # Errors
/// [`OmfTrouble::Roots`], [`OmfTrouble::Secret`].
pub(crate) fn check(config: &OmfConfig) -> Result<(), OmfTrouble> {
    Wire::new(config)?;
    login::check(&config.login)
}

impl Sink for OmfSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> About {
        About {
            kind: "omf",
            target: self.config.url.clone(),
            danger: self.config.dangers(),
            quarantined: Some(Quarantined {
                folder: self.transfer.quarantine.folder().display().to_string(),
                files: self.transfer.quarantine.files(),
                values: self.transfer.refused,
            }),
        }
    }

    fn deliver(&mut self, _now: Timestamp) -> Result<Delivered, Error> {
        let cursor = self.journal.cursor(&self.name)?;
        let rows = match self.journal.read_after(cursor, SAMPLES_AT_ONCE) {
            Err(tagstore::Error::RowDamaged { seq, detail }) => {
                // the historian keeps it aside and enters it into the ledger
                tracing::error!(sink = self.name, %seq, detail, "a journal row cannot be read and is passed over");
                self.journal.advance(&self.name, seq)?;
                return Ok(Delivered { rows: 0, more: true });
            }
            rows => rows?,
        };
        let sent = self.send(&rows)?;
        Ok(Delivered { rows: sent, more: were_most(&rows, SAMPLES_AT_ONCE) })
    }
}

/// Bounds the memory of a delivery: about 100 bytes per value, three times.
const SAMPLES_AT_ONCE: usize = 50_000;
