//! Jobs that another process orders while the connector writes: the only thing that it may write.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};

use super::{Job, JobState, NewJob, look};
use crate::journal::{Journal, JournalOptions, database};
use crate::{Error, Timestamp};

/// The jobs of a journal that somebody else may be writing.
///
/// SQLite makes the two wait for each other, for milliseconds; the connector sees what is ordered within a second.
#[derive(Debug)]
pub struct Orders {
    path: PathBuf,
    connection: Connection,
}

impl Orders {
    /// Opens the jobs of a journal. One of an older layout is brought up to date first, when nobody writes it.
    ///
    /// # Errors
    /// [`Error::NoJournal`]; [`Error::Locked`] when it has an older layout and an older lockgate writes it;
    /// [`Error::NewerFormat`], [`Error::NotOurs`], [`Error::Disk`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let layout = database::open_for_reading(path).and_then(|connection| {
            let layout = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0));
            layout.map_err(|e| Error::sqlite(path, &e))
        })?;
        if layout < look::HAS_FILLS {
            drop(Journal::open(path, JournalOptions::default())?);
        }
        let connection = database::open_for_writing(path, database::Sync::Full)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Orders a job; gives its number. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn order(&mut self, job: &NewJob, now: Timestamp) -> Result<i64, Error> {
        let ordered = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(
            |transaction| {
                let id = super::insert_job(&transaction, job, now)?;
                transaction.commit()?;
                Ok(id)
            },
        );
        self.check(ordered)
    }

    /// Pauses, resumes (to [`JobState::Waiting`]) or cancels a job. Gives the job as it is afterwards: one that is over
    /// stays as it was. `None` when there is no such job.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn change(&mut self, id: i64, state: JobState, now: Timestamp) -> Result<Option<Job>, Error> {
        let changed = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(
            |transaction| {
                transaction.execute(
                    "UPDATE backfill SET state = ?2, updated_at = ?3
                     WHERE id = ?1 AND state IN ('waiting', 'running', 'paused')
                       AND NOT (state = 'running' AND ?2 = 'waiting')",
                    params![id, state.as_str(), now.ticks()],
                )?;
                let job = look::job(&transaction, id)?;
                transaction.commit()?;
                Ok(job)
            },
        );
        self.check(changed)
    }

    fn check<T>(&self, result: rusqlite::Result<T>) -> Result<T, Error> {
        result.map_err(|e| Error::sqlite(&self.path, &e))
    }
}
