//! How far each sink has come, and what may go.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{Depth, HISTORIAN_SINK, Journal, Seq, quota, read};
use crate::{Error, SampleBatch};

impl Journal {
    /// How far a sink has come; [`Seq::ZERO`] when it has not confirmed anything.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn cursor(&self, sink: &str) -> Result<Seq, Error> {
        self.check(read::cursor(&self.durable, sink)).map(Option::unwrap_or_default)
    }

    /// Every sink that holds rows back, with its cursor.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn cursors(&self) -> Result<Vec<(String, Seq)>, Error> {
        self.check(read::cursors(&self.durable))
    }

    /// Writes down that a sink has confirmed everything up to `to`. The first call makes the sink known: from then on
    /// nothing after its cursor is trimmed (`Seq::ZERO` to begin with the oldest row there is).
    ///
    /// # Errors
    /// [`Error::CursorOutOfRange`] backwards, beyond the newest row, or for the historian's own cursor.
    pub fn advance(&mut self, sink: &str, to: Seq) -> Result<(), Error> {
        let refused = |from, why| Error::CursorOutOfRange { sink: sink.to_owned(), from, to, why };
        let _turn = self.lock.turn();
        let moved = move_cursor(&mut self.durable, sink, to);
        match self.check(moved)? {
            Moved::Yes => Ok(()),
            Moved::No { from, why } => Err(refused(from, why)),
        }
    }

    /// Forgets a sink and what it missed, so that it no longer holds rows back.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn remove_sink(&mut self, sink: &str) -> Result<(), Error> {
        let _turn = self.lock.turn();
        let removed = forget(&mut self.durable, sink);
        self.check(removed)
    }

    /// The rows after `seq`, whole rows until `max_rows` samples or [`READ_BYTES`] of text are reached (at least one row, if
    /// there is one).
    ///
    /// # Errors
    /// [`Error::RowDamaged`] when the first of them is damaged; it names the row, go on with `read_after` from there.
    pub fn read_after(&self, seq: Seq, max_rows: usize) -> Result<Vec<(Seq, SampleBatch)>, Error> {
        let mut rows = Vec::new();
        let (mut samples, mut bytes) = (0, 0);
        let mut damage = None;
        let read = read::rows_after(&self.durable, seq, |seq, batch| {
            match batch {
                Ok(batch) => {
                    samples += batch.len();
                    bytes += batch.heap_bytes();
                    rows.push((seq, batch));
                }
                Err(error) => damage = Some(error),
            }
            damage.is_none() && samples < max_rows && bytes < READ_BYTES
        });
        self.check(read)?;
        match damage {
            Some(error) if rows.is_empty() => Err(error),
            _ => Ok(rows),
        }
    }

    /// Removes the rows that every sink has confirmed and gives a large surplus of space back to the disk. Returns how
    /// many rows went. Long work is done in small transactions, so that appending goes on meanwhile; call it from the
    /// historian's thread.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn trim(&mut self) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let chunk = self.in_turn(remove_confirmed)?;
            removed += chunk;
            if chunk < TRIM_ROWS {
                break;
            }
        }
        self.check(checkpoint(&self.durable))?;
        while self.in_turn(shrink)? {}
        Ok(removed)
    }

    /// How much the journal holds.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn depth(&self) -> Result<Depth, Error> {
        self.check(read::depth(&self.durable, Seq::ZERO))
    }
}

impl Journal {
    fn in_turn<T>(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let _turn = self.lock.turn();
        self.check(write(&self.durable))
    }
}

enum Moved {
    Yes,
    No { from: Seq, why: &'static str },
}

fn move_cursor(connection: &mut Connection, sink: &str, to: Seq) -> rusqlite::Result<Moved> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = read::cursor(&transaction, sink)?.unwrap_or_default();
    let no = |why| Ok(Moved::No { from, why });
    if sink == HISTORIAN_SINK {
        return no("only sealing moves it");
    }
    if to < from {
        // what the sink was sending may have been let go meanwhile
        return if quota::was_dropped(&transaction, sink, to)? {
            Ok(Moved::Yes)
        } else {
            no("it may not go back")
        };
    }
    if to > read::last(&transaction)? {
        return no("there is no such row yet");
    }
    transaction.execute(
        "INSERT INTO cursor VALUES (?1, ?2) ON CONFLICT (sink) DO UPDATE SET seq = excluded.seq",
        params![sink, to.get()],
    )?;
    transaction.commit()?;
    Ok(Moved::Yes)
}

fn forget(connection: &mut Connection, sink: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in ["cursor", "sink_loss"] {
        let delete = format!("DELETE FROM {table} WHERE sink = ?1 AND sink <> ?2");
        transaction.execute(&delete, params![sink, HISTORIAN_SINK])?;
    }
    transaction.commit()
}

pub(super) fn remove_confirmed(connection: &Connection) -> rusqlite::Result<u64> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM batch WHERE seq IN
             (SELECT seq FROM batch WHERE seq <= (SELECT min(seq) FROM cursor) ORDER BY seq LIMIT ?1)",
        )?
        .execute(params![i64::try_from(TRIM_ROWS).unwrap_or(i64::MAX)])?;
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

/// Moves the WAL into the database file as far as readers allow, so that no append has to.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Keeps some free pages for the next rows and gives part of the rest back to the file system; says whether there is
/// more.
fn shrink(connection: &Connection) -> rusqlite::Result<bool> {
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    if free <= KEEP_FREE_PAGES {
        return Ok(false);
    }
    let surplus = (free - KEEP_FREE_PAGES).min(SHRINK_PAGES);
    let mut vacuum = connection.prepare(&format!("PRAGMA incremental_vacuum({surplus})"))?;
    // frees one page per step
    let mut steps = vacuum.query([])?;
    while steps.next()?.is_some() {}
    Ok(free - surplus > KEEP_FREE_PAGES)
}

pub(super) fn optional_seq(row: rusqlite::Result<i64>) -> rusqlite::Result<Option<Seq>> {
    Ok(row.optional()?.map(Seq::new))
}

/// What [`Journal::read_after`] takes of text and bytes at a time, and one row more.
pub const READ_BYTES: usize = 32 << 20;
/// Rows per transaction while trimming: at 65,536 samples a row about 1 MB of pages each.
const TRIM_ROWS: u64 = 32;
/// 64 MiB
const KEEP_FREE_PAGES: i64 = 16_384;
/// 8 MiB per transaction.
const SHRINK_PAGES: i64 = 2048;
