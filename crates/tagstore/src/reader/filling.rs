//! The filling of gaps, as a reader sees it.

use super::Reader;
use crate::journal::filling;
use crate::{Error, GapCounts, Job, OpenGap, Timestamp};

impl Reader {
    /// How many gaps there are of each state, of one source or of all.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn gap_counts(&self, source: Option<&str>) -> Result<GapCounts, Error> {
        if !self.knows_fills()? {
            let open = self.connection.query_row(
                "SELECT count(*) FROM gap WHERE (?1 IS NULL OR source = ?1)",
                [source],
                |row| crate::journal::read::unsigned(row, 0),
            );
            return Ok(GapCounts { open: self.check(open)?, ..GapCounts::default() });
        }
        self.check(filling::gap_counts(&self.connection, source))
    }

    /// The newest gap of a source that waits to be filled and ends before `complete`. One that was prolonged after
    /// `settled` is left alone until it grew by a minute.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn next_gap(
        &self,
        source: &str,
        complete: Timestamp,
        settled: Timestamp,
        now: Timestamp,
    ) -> Result<Option<OpenGap>, Error> {
        self.check(filling::next_gap(&self.connection, source, complete, settled, now))
    }

    /// The oldest job of a source that is neither over nor paused.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn next_job(&self, source: &str) -> Result<Option<Job>, Error> {
        self.check(filling::next_job(&self.connection, source))
    }

    /// One job; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn job(&self, id: i64) -> Result<Option<Job>, Error> {
        if !self.knows_fills()? {
            return Ok(None);
        }
        self.check(filling::job(&self.connection, id))
    }

    /// The newest jobs, at most so many, the newest first.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn jobs(&self, limit: usize) -> Result<Vec<Job>, Error> {
        if !self.knows_fills()? {
            return Ok(Vec::new());
        }
        self.check(filling::jobs(&self.connection, limit))
    }

    /// A journal of an older layout, which a writer has yet to bring up to date, knows of no filling.
    fn knows_fills(&self) -> Result<bool, Error> {
        let layout = self.connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
        Ok(self.check(layout)? >= filling::HAS_FILLS)
    }
}
