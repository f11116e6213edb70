//! The journal's part in the upkeep of the sealed files: what can no longer be read, and what is old enough to go.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::append::insert_gaps;
use super::{GapReason, Journal, NewGap, read};
use crate::{Error, Timestamp};

/// The level of a file that cannot be read: neither queried nor merged any more.
pub(crate) const SET_APART: i64 = 9;

/// Files that were taken from the list because of their age.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retired {
    pub(crate) files: u64,
    pub(crate) rows: u64,
}

impl Journal {
    /// Path and size of every file that counts.
    pub(crate) fn readable_files(&self) -> Result<Vec<(String, u64)>, Error> {
        let files = || {
            self.durable
                .prepare_cached("SELECT path, bytes FROM sealed_file WHERE level <> ?1 ORDER BY first_seq")?
                .query_map([SET_APART], |row| Ok((row.get(0)?, read::unsigned(row, 1)?)))?
                .collect()
        };
        self.check(files())
    }

    /// Sets a file apart, enters the time that it covered into the gap ledger, for every source that it may hold
    /// samples of, and forgets the merge in progress: one transaction.
    pub(crate) fn set_file_apart(&mut self, path: &str, detail: &str, now: Timestamp) -> Result<(), Error> {
        let _turn = self.lock.turn();
        let done = set_apart(&mut self.durable, path, detail, now);
        self.check(done)
    }

    /// Takes the files of the oldest day from the list that were sealed before that time, unless a merge needs them.
    pub(crate) fn retire_files(&mut self, before: Timestamp) -> Result<Option<Retired>, Error> {
        let _turn = self.lock.turn();
        let retired = retire(&mut self.durable, before);
        self.check(retired)
    }
}

fn set_apart(connection: &mut Connection, path: &str, detail: &str, now: Timestamp) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let extent = transaction
        .query_row(
            "UPDATE sealed_file SET level = ?2 WHERE path = ?1 AND level <> ?2
             RETURNING first_time, last_time, first_stream, last_stream, rows",
            params![path, SET_APART],
            |row| {
                let time = |at| row.get(at).map(Timestamp::from_ticks);
                Ok((time(0)?, time(1)?, row.get::<_, u32>(2)?, row.get::<_, u32>(3)?, row.get::<_, i64>(4)?))
            },
        )
        .optional()?;
    if let Some((from, to, first_stream, last_stream, rows)) = extent.filter(|extent| extent.4 > 0) {
        let sources: Vec<String> = transaction
            .prepare("SELECT DISTINCT source FROM stream WHERE id BETWEEN ?1 AND ?2 ORDER BY source")?
            .query_map([first_stream, last_stream], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let detail = format!("{path} with {rows} samples: {detail}");
        let gap = |source| {
            let detail = detail.clone();
            NewGap { source, stream: None, from, to, reason: GapReason::HistorianDamaged, detail }
        };
        insert_gaps(&transaction, &sources.into_iter().map(gap).collect::<Vec<_>>(), now)?;
    }
    transaction.execute("DELETE FROM merge_plan", [])?;
    transaction.commit()
}

fn retire(connection: &mut Connection, before: Timestamp) -> rusqlite::Result<Option<Retired>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let day: Option<String> = transaction
        .query_row(
            &format!("SELECT substr(path, 1, 15) {OLD} ORDER BY path LIMIT 1"),
            [before.ticks()],
            |row| row.get(0),
        )
        .optional()?;
    let Some(day) = day else { return Ok(None) };
    let of_day = format!("{OLD} AND substr(path, 1, 15) = ?2");
    let retired = transaction.query_row(
        &format!("SELECT count(*), coalesce(sum(rows), 0) {of_day}"),
        params![before.ticks(), day],
        |row| Ok(Retired { files: read::unsigned(row, 0)?, rows: read::unsigned(row, 1)? }),
    )?;
    transaction.execute(
        &format!("INSERT OR IGNORE INTO obsolete_file SELECT path {of_day}"),
        params![before.ticks(), day],
    )?;
    transaction.execute("DELETE FROM sealed_file WHERE path IN (SELECT path FROM obsolete_file)", [])?;
    transaction.commit()?;
    Ok(Some(retired))
}

/// `date=YYYY-MM-DD` has 15 letters. Age counts from the sealing, by our own clock: a server may send any time.
const OLD: &str = "FROM sealed_file WHERE sealed_at < ?1 AND NOT EXISTS (
    SELECT 1 FROM merge_plan WHERE sealed_file.first_seq BETWEEN merge_plan.first_seq AND merge_plan.last_seq)";
