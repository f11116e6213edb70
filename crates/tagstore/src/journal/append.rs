//! Making samples durable.

use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior, params};

use super::database::{PAGE_BYTES, limit_growth};
use super::{Commit, Journal, NewGap, Seq, filling, read};
use crate::sample::{BLOB_HEAP_BYTES, BLOB_ROWS, Extent, MAX_VALUE_BYTES};
use crate::{DiskTrouble, Error, SampleBatch, Timestamp};

impl Journal {
    /// Makes samples, gaps and states durable, all or nothing: fsynced when it returns. Samples keep their order; small
    /// batches share a row, large ones are split. Returns the newest row. Where the limit of the file is reached, what every
    /// sink has taken goes first, then what [`WhenFull`](super::WhenFull) lets go.
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing of the commit was kept, the journal stays usable, the same commit may be tried again;
    /// do not acknowledge. [`Error::ValueTooLarge`] before anything is written.
    pub fn append(&mut self, commit: &Commit<'_>) -> Result<Seq, Error> {
        let rows = encode(commit.batches)?;
        let lock = Arc::clone(&self.lock);
        let _turn = lock.turn();
        loop {
            let error = match self.try_append(commit, &rows) {
                Err(error @ Error::Disk { trouble: DiskTrouble::Full, .. }) => error,
                result => return result,
            };
            let Some(named) = self.limit_reached(&error, &rows) else { return Err(error) };
            let wanted: usize = rows.iter().map(|row| row.blob.len()).sum();
            if !self.make_room(u64::try_from(wanted).unwrap_or(u64::MAX), commit.now)? {
                return Err(named);
            }
        }
    }

    fn try_append(&mut self, commit: &Commit<'_>, rows: &[Row]) -> Result<Seq, Error> {
        // only samples are limited: sealing must be able to write down what it did, or a full journal stays full
        let limited = self.options.max_bytes.is_some();
        if limited {
            self.check(limit_growth(&self.durable, self.options.max_bytes))?;
        }
        let result = write(&mut self.durable, commit, rows);
        if limited {
            self.check(limit_growth(&self.durable, None))?;
        }
        self.check(result)
    }

    /// "No space left" may be the disk's word or that of our own limit: the error that says so if it is ours, as one is
    /// mended elsewhere than the other.
    fn limit_reached(&self, error: &Error, rows: &[Row]) -> Option<Error> {
        let (Error::Disk { path, .. }, Some(limit)) = (error, self.options.max_bytes) else { return None };
        let used = self.durable.query_row("PRAGMA page_count", [], |row| read::unsigned(row, 0)).unwrap_or(0);
        let wanted: usize = rows.iter().map(|row| row.blob.len()).sum();
        let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
        if used.saturating_mul(PAGE_BYTES).saturating_add(wanted).saturating_add(PAGES_BESIDE * PAGE_BYTES)
            <= limit
        {
            return None;
        }
        let detail = format!("the journal has reached its limit of {limit} bytes");
        Some(Error::Disk { trouble: DiskTrouble::Limit, path: path.clone(), detail })
    }
}

/// What a commit may need beside its blobs: pages of the tables' trees.
const PAGES_BESIDE: u64 = 32;

/// One row of `batch`.
struct Row {
    samples: usize,
    extent: Extent,
    blob: Vec<u8>,
}

fn write(connection: &mut Connection, commit: &Commit<'_>, rows: &[Row]) -> rusqlite::Result<Seq> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO batch (committed_at, rows, first_time, last_time, first_stream, last_stream, blob)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for Row { samples, extent, blob } in rows {
            let samples = i64::try_from(*samples).unwrap_or(i64::MAX);
            let Extent { first_time, last_time, first_stream, last_stream } = extent;
            let (first_time, last_time) = (first_time.ticks(), last_time.ticks());
            insert.execute(params![
                commit.now.ticks(),
                samples,
                first_time,
                last_time,
                first_stream,
                last_stream,
                blob
            ])?;
        }
        let mut replace = transaction.prepare_cached(
            "INSERT INTO state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET blob = excluded.blob",
        )?;
        for (key, blob) in commit.states {
            replace.execute(params![key, blob])?;
        }
        insert_gaps(&transaction, commit.gaps, commit.now)?;
        filling::write(&transaction, commit.fills, commit.now)?;
        for job in commit.jobs {
            filling::insert_job(&transaction, job, commit.now)?;
        }
    }
    let last = read::last(&transaction)?;
    transaction.commit()?;
    Ok(last)
}

/// Adds to the ledger. What touches the stream's last gap for the same reason prolongs that one: a stream whose queue
/// always overflows is one line, not one for each of its values.
pub(super) fn insert_gaps(connection: &Connection, gaps: &[NewGap], now: Timestamp) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO gap (source, stream, from_time, to_time, reason, detail, recorded_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut prolong = connection.prepare_cached(
        "UPDATE gap SET from_time = min(from_time, ?4), to_time = max(to_time, ?5), recorded_at = ?6
         WHERE id = (SELECT max(id) FROM gap WHERE source = ?1 AND stream = ?2 AND reason = ?3)
           AND from_time <= ?5 AND to_time >= ?4",
    )?;
    for NewGap { source, stream, from, to, reason, detail } in gaps {
        let stream = stream.map(crate::StreamId::get);
        let (from, to, now) = (from.ticks(), to.ticks(), now.ticks());
        if stream.is_some()
            && from <= to
            && prolong.execute(params![source, stream, reason.as_str(), from, to, now])? > 0
        {
            continue;
        }
        insert.execute(params![source, stream, from, to, reason.as_str(), detail, now])?;
    }
    Ok(())
}

fn encode(batches: &[&SampleBatch]) -> Result<Vec<Row>, Error> {
    for batch in batches {
        if let Some((stream, bytes)) = batch.oversized() {
            return Err(Error::ValueTooLarge { stream, bytes, limit: MAX_VALUE_BYTES });
        }
    }
    let rows: usize = batches.iter().map(|batch| batch.len()).sum();
    let heap: usize = batches.iter().map(|batch| batch.heap_bytes()).sum();
    let mut encoded = Vec::new();
    if rows <= BLOB_ROWS && heap <= BLOB_HEAP_BYTES {
        match batches {
            [batch] => encode_row(batch, &mut encoded)?,
            batches => {
                let mut all = SampleBatch::with_capacity(rows);
                batches.iter().for_each(|batch| all.extend(batch));
                encode_row(&all, &mut encoded)?;
            }
        }
        return Ok(encoded);
    }
    let mut part = SampleBatch::with_capacity(rows.min(BLOB_ROWS));
    for sample in batches.iter().flat_map(|batch| batch.iter()) {
        part.push(sample);
        if part.len() >= BLOB_ROWS || part.heap_bytes() >= BLOB_HEAP_BYTES {
            encode_row(&part, &mut encoded)?;
            part.clear();
        }
    }
    encode_row(&part, &mut encoded)?;
    Ok(encoded)
}

fn encode_row(batch: &SampleBatch, rows: &mut Vec<Row>) -> Result<(), Error> {
    if let Some(extent) = batch.extent() {
        rows.push(Row { samples: batch.len(), extent, blob: batch.encode()? });
    }
    Ok(())
}
