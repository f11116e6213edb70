//! Gaps, states and what sources say about themselves.

use rusqlite::{OptionalExtension, params};

use super::{Gap, GapFilter, Journal, SourceStatus, filling, read};
use crate::{Error, Timestamp};

impl Journal {
    /// The state blob last committed under this key.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn state(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        self.check(
            self.durable
                .prepare_cached("SELECT blob FROM state WHERE key = ?1")
                .and_then(|mut select| select.query_row([key], |row| row.get(0)).optional()),
        )
    }

    /// Entries of the gap ledger, the earliest interval first.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn gaps(&self, filter: &GapFilter) -> Result<Vec<Gap>, Error> {
        self.check(read::gaps(&self.durable, filter))
    }

    /// How many entries of the gap ledger are of this source and still open.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn count_gaps(&self, source: &str) -> Result<u64, Error> {
        self.check(filling::gap_counts(&self.durable, Some(source))).map(|counts| counts.open)
    }

    /// Replaces what a source says about itself. Survives the end of the process, but is not fsynced: a power cut may
    /// bring back an older text.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn set_source_status(&mut self, source: &str, json: &str, now: Timestamp) -> Result<(), Error> {
        let _turn = self.lock.turn();
        let written = self
            .relaxed
            .prepare_cached(
                "INSERT INTO source_status VALUES (?1, ?2, ?3)
                 ON CONFLICT (source) DO UPDATE SET json = excluded.json, updated_at = excluded.updated_at",
            )
            .and_then(|mut replace| replace.execute(params![source, json, now.ticks()]));
        self.check(written).map(drop)
    }

    /// Forgets what a source said about itself, e.g. after it was removed from the configuration.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn remove_source_status(&mut self, source: &str) -> Result<(), Error> {
        let _turn = self.lock.turn();
        self.check(self.relaxed.execute("DELETE FROM source_status WHERE source = ?1", [source])).map(drop)
    }

    /// What every source last said about itself, by name.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn source_statuses(&self) -> Result<Vec<SourceStatus>, Error> {
        self.check(read::source_statuses(&self.durable))
    }
}
