//! The journal's part in sealing: the plan, written down before anything is done, and the record of what was done.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::append::insert_gaps;
use super::{GapReason, HISTORIAN_SINK, Journal, NewGap, Seq, read};
use crate::sample::Extent;
use crate::{Error, SampleBatch, Timestamp};

/// Which rows become the next file. Once written down it is repeated, whatever happens, until it is recorded as done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealPlan {
    /// First row.
    pub first: Seq,
    /// Last row.
    pub last: Seq,
    /// UTC day on which the first row was committed, `YYYY-MM-DD`.
    pub date: String,
}

/// A file as the journal lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedFile {
    pub(crate) path: String,
    pub(crate) first: Seq,
    pub(crate) last: Seq,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) extent: Extent,
}

/// A row that could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DamagedRow {
    pub(crate) seq: Seq,
    pub(crate) detail: String,
}

impl Journal {
    /// The rows that could not be decoded when they were to be sealed; their blobs are kept aside.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn damaged(&self) -> Result<Vec<(Seq, String)>, Error> {
        let damaged = || {
            let mut select = self.durable.prepare_cached("SELECT seq, detail FROM damaged ORDER BY seq")?;
            select.query_map([], |row| Ok((Seq::new(row.get(0)?), row.get(1)?)))?.collect()
        };
        self.check(damaged())
    }

    /// The plan in progress, else a new one; durable when it returns.
    pub(crate) fn plan_seal(
        &mut self,
        max_rows: usize,
        max_bytes: usize,
        now: Timestamp,
    ) -> Result<Option<SealPlan>, Error> {
        let _turn = self.lock.turn();
        let planned = plan(&mut self.durable, max_rows, max_bytes, now);
        self.check(planned)
    }

    pub(crate) fn rows_of(
        &self,
        plan: &SealPlan,
        mut visit: impl FnMut(Seq, Result<SampleBatch, Error>),
    ) -> Result<(), Error> {
        let before = Seq::new(plan.first.get() - 1);
        let read = read::rows_after(&self.durable, before, |seq, batch| {
            if seq > plan.last {
                return false;
            }
            visit(seq, batch);
            seq < plan.last
        });
        self.check(read)
    }

    /// How many samples the rows of a plan say they hold.
    pub(crate) fn samples_of(&self, plan: &SealPlan) -> Result<u64, Error> {
        let count = "SELECT coalesce(sum(rows), 0) FROM batch WHERE seq BETWEEN ?1 AND ?2";
        let range = params![plan.first.get(), plan.last.get()];
        self.check(self.durable.query_row(count, range, |row| read::unsigned(row, 0)))
    }

    /// Lists the file, moves the historian's cursor, sets damaged rows aside and forgets the plan: one transaction. Does
    /// nothing and says `false` when the plan was given up meanwhile.
    pub(crate) fn record_seal(
        &mut self,
        file: &ListedFile,
        damaged: &[DamagedRow],
        now: Timestamp,
    ) -> Result<bool, Error> {
        let _turn = self.lock.turn();
        let recorded = record(&mut self.durable, file, damaged, now);
        self.check(recorded)
    }

    /// Whether rows behind `last` were committed until `time`.
    pub(crate) fn has_more(&self, last: Seq, time: Timestamp) -> Result<bool, Error> {
        let more = "SELECT EXISTS (SELECT 1 FROM batch WHERE seq > ?1 AND committed_at <= ?2)";
        self.check(self.durable.query_row(more, params![last.get(), time.ticks()], |row| row.get(0)))
    }

    pub(crate) fn streams_version(&self) -> Result<i64, Error> {
        self.check(read::streams_version(&self.durable))
    }

    pub(crate) fn sealed_files(&self) -> Result<u64, Error> {
        self.check(
            self.durable.query_row("SELECT count(*) FROM sealed_file", [], |row| read::unsigned(row, 0)),
        )
    }
}

fn plan(
    connection: &mut Connection,
    max_rows: usize,
    max_bytes: usize,
    now: Timestamp,
) -> rusqlite::Result<Option<SealPlan>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let in_progress = plan_in_progress(&transaction)?;
    if in_progress.is_some() {
        return Ok(in_progress);
    }
    let cursor = read::cursor(&transaction, HISTORIAN_SINK)?.unwrap_or_default();
    let Some(plan) = next_rows(&transaction, cursor, max_rows, max_bytes)? else { return Ok(None) };
    transaction.execute(
        "INSERT INTO seal_plan VALUES (1, ?1, ?2, ?3, ?4)",
        params![plan.first.get(), plan.last.get(), plan.date, now.ticks()],
    )?;
    transaction.commit()?;
    Ok(Some(plan))
}

pub(super) fn plan_in_progress(connection: &Connection) -> rusqlite::Result<Option<SealPlan>> {
    connection
        .query_row("SELECT first_seq, last_seq, date FROM seal_plan", [], |row| {
            Ok(SealPlan { first: Seq::new(row.get(0)?), last: Seq::new(row.get(1)?), date: row.get(2)? })
        })
        .optional()
}

fn next_rows(
    connection: &Connection,
    cursor: Seq,
    max_rows: usize,
    max_bytes: usize,
) -> rusqlite::Result<Option<SealPlan>> {
    let mut select = connection.prepare_cached(
        "SELECT seq, rows, length(blob), committed_at, substr(blob, 1, 16) FROM batch WHERE seq > ?1 ORDER BY seq",
    )?;
    let mut batches = select.query([cursor.get()])?;
    let (mut plan, mut rows, mut bytes) = (None::<SealPlan>, 0_usize, 0_usize);
    while let Some(batch) = batches.next()? {
        let seq = Seq::new(batch.get(0)?);
        let small = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        rows = rows.saturating_add(small(batch.get(1)?));
        // what a blob takes in memory: text that repeats itself may be a thousand times smaller on the disk
        let body = crate::sample::body_bytes(batch.get_ref(4)?.as_blob()?).unwrap_or(0);
        bytes = bytes.saturating_add(small(batch.get(2)?).max(body));
        if let Some(plan) = &mut plan {
            plan.last = seq;
        } else {
            let date = utc_day(Timestamp::from_ticks(batch.get(3)?));
            plan = Some(SealPlan { first: seq, last: seq, date });
        }
        if rows >= max_rows || bytes >= max_bytes {
            break;
        }
    }
    Ok(plan)
}

fn record(
    connection: &mut Connection,
    file: &ListedFile,
    damaged: &[DamagedRow],
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mine = "DELETE FROM seal_plan WHERE first_seq = ?1 AND last_seq = ?2";
    if transaction.execute(mine, params![file.first.get(), file.last.get()])? == 0 {
        return Ok(false);
    }
    insert_file(&transaction, file, 0, now)?;
    for row in damaged {
        set_aside(&transaction, row, now)?;
    }
    transaction
        .execute("UPDATE cursor SET seq = ?1 WHERE sink = ?2", params![file.last.get(), HISTORIAN_SINK])?;
    transaction.commit()?;
    Ok(true)
}

pub(super) fn insert_file(
    connection: &Connection,
    file: &ListedFile,
    level: i64,
    sealed_at: Timestamp,
) -> rusqlite::Result<()> {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let Extent { first_time, last_time, first_stream, last_stream } = file.extent;
    connection.execute(
        "INSERT INTO sealed_file (first_seq, last_seq, path, rows, bytes, first_time, last_time, first_stream,
                                  last_stream, sealed_at, level)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            file.first.get(),
            file.last.get(),
            file.path,
            number(file.rows),
            number(file.bytes),
            first_time.ticks(),
            last_time.ticks(),
            first_stream,
            last_stream,
            sealed_at.ticks(),
            level
        ],
    )?;
    Ok(())
}

/// From the columns path, first_seq, last_seq, rows, bytes, first_time, last_time, first_stream, last_stream.
pub(super) fn listed_file(row: &Row<'_>) -> rusqlite::Result<ListedFile> {
    Ok(ListedFile {
        path: row.get(0)?,
        first: Seq::new(row.get(1)?),
        last: Seq::new(row.get(2)?),
        rows: read::unsigned(row, 3)?,
        bytes: read::unsigned(row, 4)?,
        extent: Extent {
            first_time: Timestamp::from_ticks(row.get(5)?),
            last_time: Timestamp::from_ticks(row.get(6)?),
            first_stream: row.get(7)?,
            last_stream: row.get(8)?,
        },
    })
}

/// Keeps the blob for a rescue by hand and enters the loss into the gap ledger: for every source, because which streams
/// the row held cannot be known any more.
fn set_aside(connection: &Connection, row: &DamagedRow, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO damaged SELECT seq, committed_at, rows, blob, ?2, ?3 FROM batch WHERE seq = ?1",
        params![row.seq.get(), row.detail, now.ticks()],
    )?;
    let (from, to) = connection.query_row(
        "SELECT first_time, last_time FROM batch WHERE seq = ?1",
        [row.seq.get()],
        |times| Ok((Timestamp::from_ticks(times.get(0)?), Timestamp::from_ticks(times.get(1)?))),
    )?;
    let sources: Vec<String> = connection
        .prepare("SELECT DISTINCT source FROM stream ORDER BY source")?
        .query_map([], |source| source.get(0))?
        .collect::<Result<_, _>>()?;
    let detail = format!("journal row {} is damaged: {}", row.seq, row.detail);
    let gap = |source| {
        let detail = detail.clone();
        NewGap { source, stream: None, from, to, reason: GapReason::JournalDamaged, detail }
    };
    let gaps: Vec<NewGap> = sources.into_iter().map(gap).collect();
    insert_gaps(connection, &gaps, now)
}

fn utc_day(time: Timestamp) -> String {
    let time = time.to_jiff().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%d").to_string()
}
