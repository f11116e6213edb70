//! What waits, and how it stands.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{FillState, GapCounts, GapRepair, Job, JobState, OpenGap, Tally};
use crate::journal::read::{self, time, unsigned};
use crate::{StreamId, Timestamp};

/// The first layout that knows of filling.
pub(crate) const HAS_FILLS: i64 = 4;

/// What the columns of `gap_fill` mean for a gap, joined to it as `f`: open while its row is about less than the gap.
const OPEN: &str =
    "(f.gap IS NULL OR f.state = 'open' OR f.from_time > g.from_time OR f.to_time < g.to_time)";

/// How a gap's repair stands, as columns for [`state_of_gap`], with `g` and `f` as above.
pub(crate) const REPAIR_COLUMNS: &str = "
    CASE WHEN (f.gap IS NULL OR f.state = 'open' OR f.from_time > g.from_time OR f.to_time < g.to_time)
         THEN 'open' ELSE f.state END,
    f.cause, f.streams, f.complete, f.without_history, f.failed, f.samples_read, f.samples_added, f.example, f.tries,
    f.retry_at";

/// Of a row with [`REPAIR_COLUMNS`] from column `at` on.
pub(crate) fn state_of_gap(row: &Row<'_>, at: usize) -> rusqlite::Result<GapRepair> {
    let tries: Option<u32> = row.get(at + 9)?;
    let Some(tries) = tries else { return Ok(GapRepair::default()) };
    Ok(GapRepair {
        state: FillState::from_word(&row.get::<_, String>(at)?),
        cause: row.get(at + 1)?,
        tally: tally(row, at + 2)?,
        tries,
        retry_at: row.get::<_, Option<i64>>(at + 10)?.map(Timestamp::from_ticks),
    })
}

fn tally(row: &Row<'_>, at: usize) -> rusqlite::Result<Tally> {
    Ok(Tally {
        streams: unsigned(row, at)?,
        complete: unsigned(row, at + 1)?,
        without_history: unsigned(row, at + 2)?,
        failed: unsigned(row, at + 3)?,
        read: unsigned(row, at + 4)?,
        added: unsigned(row, at + 5)?,
        example: row.get(at + 6)?,
    })
}

/// The newest gap of a source that waits to be filled.
///
/// `complete` is up to when nothing more will come by itself; `settled` is a time: one that was prolonged after it is
/// left alone for a while, unless it grew by a minute.
pub(crate) fn next_gap(
    connection: &Connection,
    source: &str,
    complete: Timestamp,
    settled: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<Option<OpenGap>> {
    let sql = format!(
        "SELECT g.id, g.source, g.stream, g.from_time, g.to_time, g.reason, g.detail, g.recorded_at,
                {REPAIR_COLUMNS}, f.from_time, f.to_time, f.state, f.checkpoint
         FROM gap g LEFT JOIN gap_fill f ON f.gap = g.id
         WHERE g.source = ?1 AND g.to_time <= ?2 AND {OPEN} AND g.reason <> 'quota'
           AND (f.retry_at IS NULL OR f.retry_at <= ?3)
           AND (g.recorded_at <= ?4 OR g.to_time - coalesce(f.to_time, g.from_time) >= {TICKS_PER_MINUTE})
         ORDER BY g.to_time DESC, g.id DESC LIMIT 1"
    );
    connection
        .prepare_cached(&sql)?
        .query_row(params![source, complete.ticks(), now.ticks(), settled.ticks()], |row| {
            let state: Option<String> = row.get(21)?;
            let state = state.map_or(FillState::Open, |word| FillState::from_word(&word));
            let before = match state {
                FillState::Open => None,
                state => Some((time(row, 19)?, time(row, 20)?, state)),
            };
            Ok(OpenGap { gap: read::gap(row)?, before, checkpoint: row.get(22)? })
        })
        .optional()
}

/// How many gaps there are of each state, of one source or of all.
pub(crate) fn gap_counts(connection: &Connection, source: Option<&str>) -> rusqlite::Result<GapCounts> {
    let mut counts = GapCounts::default();
    let sql = format!(
        "SELECT CASE WHEN {OPEN} THEN 'open' ELSE f.state END, count(*)
         FROM gap g LEFT JOIN gap_fill f ON f.gap = g.id WHERE (?1 IS NULL OR g.source = ?1) GROUP BY 1"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query([source])?;
    while let Some(row) = rows.next()? {
        let count = unsigned(row, 1)?;
        match FillState::from_word(&row.get::<_, String>(0)?) {
            FillState::Open => counts.open += count,
            FillState::Filled => counts.filled += count,
            FillState::Partly => counts.partly += count,
            FillState::Unfillable => counts.unfillable += count,
        }
    }
    Ok(counts)
}

const JOB: &str = "SELECT id, source, stream, pattern, from_time, to_time, origin, state, cause, streams, complete,
    without_history, failed, samples_read, samples_added, example, checkpoint, created_at, updated_at FROM backfill";

fn job_of(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        id: row.get(0)?,
        source: row.get(1)?,
        stream: row.get::<_, Option<u32>>(2)?.map(StreamId::new),
        pattern: row.get(3)?,
        from: time(row, 4)?,
        to: time(row, 5)?,
        origin: row.get(6)?,
        state: JobState::from_word(&row.get::<_, String>(7)?),
        cause: row.get(8)?,
        tally: tally(row, 9)?,
        checkpoint: row.get(16)?,
        created_at: time(row, 17)?,
        updated_at: time(row, 18)?,
    })
}

/// The oldest job of a source that is neither over nor paused.
pub(crate) fn next_job(connection: &Connection, source: &str) -> rusqlite::Result<Option<Job>> {
    connection
        .prepare_cached(&format!(
            "{JOB} WHERE source = ?1 AND state IN ('waiting', 'running') ORDER BY id LIMIT 1"
        ))?
        .query_row([source], job_of)
        .optional()
}

/// One job.
pub(crate) fn job(connection: &Connection, id: i64) -> rusqlite::Result<Option<Job>> {
    connection.prepare_cached(&format!("{JOB} WHERE id = ?1"))?.query_row([id], job_of).optional()
}

/// All jobs, the newest first, at most so many.
pub(crate) fn jobs(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<Job>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(&format!("{JOB} ORDER BY id DESC LIMIT ?1"))?
        .query_map([limit], job_of)?
        .collect()
}

const TICKS_PER_MINUTE: i64 = 600_000_000;
