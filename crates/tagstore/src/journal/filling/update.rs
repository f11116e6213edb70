//! Writing down progress and jobs, inside a transaction of somebody else.

use rusqlite::{Connection, params};

use super::{FillOf, FillUpdate, JobState, NewJob, Tally};
use crate::{StreamId, Timestamp};

/// Writes progress down.
pub(in crate::journal) fn write(
    connection: &Connection,
    updates: &[FillUpdate],
    now: Timestamp,
) -> rusqlite::Result<()> {
    for update in updates {
        match &update.of {
            FillOf::Gap { .. } => write_gap(connection, update, now)?,
            FillOf::Job { id, state } => {
                write_job(connection, *id, *state, update, now)?;
                if *state == JobState::Done {
                    look_again(connection, *id)?;
                }
            }
        }
    }
    Ok(())
}

fn write_gap(connection: &Connection, update: &FillUpdate, now: Timestamp) -> rusqlite::Result<()> {
    let FillOf::Gap { id, state, from, to, tries, retry_at } = &update.of else { return Ok(()) };
    let Tally { streams, complete, without_history, failed, read, added, example } = &update.tally;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO gap_fill
             (gap, state, cause, from_time, to_time, streams, complete, without_history, failed, samples_read,
              samples_added, example, checkpoint, tries, retry_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            id,
            state.as_str(),
            update.cause,
            from.ticks(),
            to.ticks(),
            number(*streams),
            number(*complete),
            number(*without_history),
            number(*failed),
            number(*read),
            number(*added),
            example,
            update.checkpoint,
            tries,
            retry_at.map(Timestamp::ticks),
            now.ticks()
        ])
        .map(drop)
}

fn write_job(
    connection: &Connection,
    id: i64,
    state: JobState,
    update: &FillUpdate,
    now: Timestamp,
) -> rusqlite::Result<usize> {
    let Tally { streams, complete, without_history, failed, read, added, example } = &update.tally;
    connection
        .prepare_cached(
            "UPDATE backfill SET
                 state = CASE WHEN state IN ('waiting', 'running') THEN ?2 ELSE state END,
                 cause = ?3, streams = ?4, complete = ?5, without_history = ?6, failed = ?7, samples_read = ?8,
                 samples_added = ?9, example = ?10, checkpoint = ?11, updated_at = ?12
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            state.as_str(),
            update.cause,
            number(*streams),
            number(*complete),
            number(*without_history),
            number(*failed),
            number(*read),
            number(*added),
            example,
            update.checkpoint,
            now.ticks()
        ])
}

/// The server gave what the job asked for: gaps inside its interval that could not be filled are tried again.
fn look_again(connection: &Connection, job: i64) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE gap_fill SET state = 'open', retry_at = NULL, checkpoint = NULL, tries = 0
             WHERE state <> 'filled' AND gap IN (
                 SELECT gap.id FROM gap JOIN backfill ON backfill.source = gap.source
                 WHERE backfill.id = ?1 AND gap.from_time >= backfill.from_time AND gap.to_time < backfill.to_time)",
        )?
        .execute([job])
}

/// Puts a job down; gives its number.
pub(in crate::journal) fn insert_job(
    connection: &Connection,
    job: &NewJob,
    now: Timestamp,
) -> rusqlite::Result<i64> {
    let NewJob { source, stream, pattern, from, to, origin, checkpoint } = job;
    connection
        .prepare_cached(
            "INSERT INTO backfill (source, stream, pattern, from_time, to_time, origin, state, created_at, updated_at,
                                   checkpoint)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?7, ?8) RETURNING id",
        )?
        .query_row(
            params![
                source,
                stream.map(StreamId::get),
                pattern,
                from.ticks(),
                to.ticks(),
                origin,
                now.ticks(),
                checkpoint
            ],
            |row| row.get(0),
        )
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
