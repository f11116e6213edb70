//! The embedded historian as a sink: seals journal rows into Parquet files and trims what every sink has seen.
//! Exactly once: file names follow from the sequence range, see `tagstore`.

use tagstore::{Historian, Journal, SealOptions, Timestamp};

use super::{Delivered, Sink};
use crate::error::Error;

pub(crate) struct HistorianSink {
    historian: Historian,
    journal: Journal,
    options: SealOptions,
}

impl HistorianSink {
    /// `journal` is a handle of its own, not the writer's.
    pub(crate) fn new(historian: Historian, journal: Journal) -> Self {
        Self { historian, journal, options: SealOptions::default() }
    }
}

impl Sink for HistorianSink {
    fn name(&self) -> &str {
        "historian"
    }

    fn deliver(&mut self, now: Timestamp) -> Result<Delivered, Error> {
        let Some(sealed) = self.historian.seal(&mut self.journal, &self.options, now)? else {
            return Ok(Delivered { rows: 0, more: false });
        };
        for seq in &sealed.damaged {
            tracing::error!(%seq, "a journal row could not be read; it is kept aside and on the gap ledger");
        }
        self.journal.trim()?;
        Ok(Delivered { rows: sealed.rows, more: sealed.more })
    }
}
