//! What writer and reader both ask the database.

use rusqlite::{Connection, Row, params};

use super::cursor::optional_seq;
use super::filling::{HAS_FILLS, REPAIR_COLUMNS, state_of_gap};
use super::streams::states_from;
use super::{Depth, Gap, GapFilter, GapReason, Seq, SourceStatus, StreamInfo, ValueRange};
use crate::{Error, SampleBatch, StreamId, Timestamp};

pub(crate) fn id(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("SELECT value FROM meta WHERE key = 'id'", [], |row| row.get(0))
}

pub(crate) fn streams_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT value FROM meta WHERE key = 'streams_version'", [], |row| row.get(0))
}

/// The newest row ever written, also when it is trimmed already.
pub(crate) fn last(connection: &Connection) -> rusqlite::Result<Seq> {
    let mut select = connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'batch'")?;
    Ok(optional_seq(select.query_row([], |row| row.get(0)))?.unwrap_or_default())
}

pub(crate) fn cursor(connection: &Connection, sink: &str) -> rusqlite::Result<Option<Seq>> {
    let mut select = connection.prepare_cached("SELECT seq FROM cursor WHERE sink = ?1")?;
    optional_seq(select.query_row([sink], |row| row.get(0)))
}

/// Every sink that holds rows back, with its cursor.
pub(crate) fn cursors(connection: &Connection) -> rusqlite::Result<Vec<(String, Seq)>> {
    let mut select = connection.prepare_cached("SELECT sink, seq FROM cursor ORDER BY sink")?;
    select.query_map([], |row| Ok((row.get(0)?, Seq::new(row.get(1)?))))?.collect()
}

pub(crate) fn streams(connection: &Connection) -> rusqlite::Result<Vec<StreamInfo>> {
    connection
        .prepare_cached(if layout(connection)? < 5 { STREAMS_BEFORE_5 } else { STREAMS })?
        .query_map([], stream_info)?
        .collect()
}

const STREAMS: &str =
    "SELECT id, key, name, source, data_type, unit, description, range_low, range_high, states
                       FROM stream ORDER BY id";
/// Of an older layout, which a writer has yet to bring up to date.
const STREAMS_BEFORE_5: &str =
    "SELECT id, key, name, source, data_type, unit, description, NULL, NULL, NULL FROM stream ORDER BY id";

pub(super) fn layout(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

pub(crate) fn stream_info(row: &Row<'_>) -> rusqlite::Result<StreamInfo> {
    Ok(StreamInfo {
        id: StreamId::new(row.get(0)?),
        key: row.get(1)?,
        name: row.get(2)?,
        source: row.get(3)?,
        data_type: row.get(4)?,
        unit: row.get(5)?,
        description: row.get(6)?,
        range: row
            .get::<_, Option<f64>>(7)?
            .zip(row.get::<_, Option<f64>>(8)?)
            .map(|(low, high)| ValueRange { low, high }),
        states: states_from(row.get(9)?),
    })
}

pub(crate) fn gaps(connection: &Connection, filter: &GapFilter) -> rusqlite::Result<Vec<Gap>> {
    // an older layout, which a writer has yet to bring up to date, knows of no repair
    let layout = layout(connection)?;
    let (repair, join) = match layout < HAS_FILLS {
        true => (NO_REPAIR, ""),
        false => (REPAIR_COLUMNS, "LEFT JOIN gap_fill f ON f.gap = g.id"),
    };
    let mut select = connection.prepare_cached(&format!(
        "SELECT g.id, g.source, g.stream, g.from_time, g.to_time, g.reason, g.detail, g.recorded_at, {repair}
         FROM gap g {join}
         WHERE (?1 IS NULL OR g.source = ?1)
           AND (?2 IS NULL OR g.stream = ?2
                OR (g.stream IS NULL AND g.source = (SELECT source FROM stream WHERE id = ?2)))
           AND (?3 IS NULL OR g.to_time > ?3)
           AND (?4 IS NULL OR g.from_time < ?4)
         ORDER BY g.id DESC LIMIT ?5",
    ))?;
    let limit = filter.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let stream = filter.stream.map(StreamId::get);
    let (from, to) = (filter.from.map(Timestamp::ticks), filter.to.map(Timestamp::ticks));
    let mut gaps: Vec<Gap> =
        select.query_map(params![filter.source, stream, from, to, limit], gap)?.collect::<Result<_, _>>()?;
    gaps.sort_by_key(|gap| (gap.from, gap.id));
    Ok(gaps)
}

/// Of the columns of `gap` in their order, and those of its repair behind them.
pub(crate) fn gap(row: &Row<'_>) -> rusqlite::Result<Gap> {
    Ok(Gap {
        id: row.get(0)?,
        source: row.get(1)?,
        stream: row.get::<_, Option<u32>>(2)?.map(StreamId::new),
        from: time(row, 3)?,
        to: time(row, 4)?,
        reason: GapReason::from_word(&row.get::<_, String>(5)?),
        detail: row.get(6)?,
        recorded_at: time(row, 7)?,
        repair: state_of_gap(row, 8)?,
    })
}

/// As many columns as a repair has.
const NO_REPAIR: &str = "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL";

pub(crate) fn source_statuses(connection: &Connection) -> rusqlite::Result<Vec<SourceStatus>> {
    connection
        .prepare_cached("SELECT source, json, updated_at FROM source_status ORDER BY source")?
        .query_map([], |row| {
            Ok(SourceStatus { source: row.get(0)?, json: row.get(1)?, updated_at: time(row, 2)? })
        })?
        .collect()
}

/// How much lies after a row.
pub(crate) fn depth(connection: &Connection, after: Seq) -> rusqlite::Result<Depth> {
    let last = last(connection)?;
    connection
        .prepare_cached(
            "SELECT coalesce(sum(rows), 0), coalesce(sum(length(blob)), 0), min(committed_at)
             FROM batch WHERE seq > ?1",
        )?
        .query_row([after.get()], |row| {
            Ok(Depth {
                rows: unsigned(row, 0)?,
                bytes: unsigned(row, 1)?,
                oldest: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_ticks),
                last,
            })
        })
}

/// Hands the rows after `after` to `visit`, in order, as long as it says `true`.
pub(crate) fn rows_after(
    connection: &Connection,
    after: Seq,
    mut visit: impl FnMut(Seq, Result<SampleBatch, Error>) -> bool,
) -> rusqlite::Result<()> {
    let mut select =
        connection.prepare_cached("SELECT seq, rows, blob FROM batch WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = select.query([after.get()])?;
    while let Some(row) = rows.next()? {
        let (seq, batch) = decode(row)?;
        if !visit(seq, batch) {
            break;
        }
    }
    Ok(())
}

/// When samples of a stream are missing, as far as that reaches into the interval, the earliest beginning first. What
/// history has filled is missing no more.
pub(crate) fn gap_intervals(
    connection: &Connection,
    stream: StreamId,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Vec<(Timestamp, Timestamp)>> {
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let open = match layout < HAS_FILLS {
        true => "",
        false => {
            "AND NOT EXISTS (SELECT 1 FROM gap_fill f WHERE f.gap = gap.id AND f.state = 'filled'
                             AND f.from_time <= gap.from_time AND f.to_time >= gap.to_time)"
        }
    };
    connection
        .prepare_cached(&format!(
            "SELECT from_time, to_time FROM gap
             WHERE (stream = ?1 OR (stream IS NULL AND source = (SELECT source FROM stream WHERE id = ?1)))
               AND to_time >= ?2 AND from_time < ?3 {open}
             ORDER BY from_time"
        ))?
        .query_map(params![stream.get(), from.ticks(), to.ticks()], |row| Ok((time(row, 0)?, time(row, 1)?)))?
        .collect()
}

/// The rows after `after` that may hold samples of streams and times between these, all included.
pub(crate) fn rows_with(
    connection: &Connection,
    after: Seq,
    (first_stream, last_stream): (StreamId, StreamId),
    (first, last): (Timestamp, Timestamp),
    mut visit: impl FnMut(Seq, Result<SampleBatch, Error>),
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT seq, rows, blob FROM batch
         WHERE seq > ?1 AND first_stream <= ?2 AND last_stream >= ?3 AND last_time >= ?4 AND first_time <= ?5
         ORDER BY seq",
    )?;
    let streams = (last_stream.get(), first_stream.get());
    let mut rows = select.query(params![after.get(), streams.0, streams.1, first.ticks(), last.ticks()])?;
    while let Some(row) = rows.next()? {
        let (seq, batch) = decode(row)?;
        visit(seq, batch);
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> rusqlite::Result<(Seq, Result<SampleBatch, Error>)> {
    let seq = Seq::new(row.get(0)?);
    let expected = unsigned(row, 1)?;
    let blob = row.get_ref(2)?.as_blob()?;
    // a number that a damaged row claims must not take memory
    let mut batch =
        SampleBatch::with_capacity(usize::try_from(expected).unwrap_or(0).min(crate::sample::BLOB_ROWS));
    let damaged = |detail: String| Error::RowDamaged { seq, detail };
    let result = match batch.decode(blob) {
        Ok(()) if u64::try_from(batch.len()).is_ok_and(|rows| rows == expected) => Ok(batch),
        Ok(()) => Err(damaged(format!("{} samples where {expected} were written", batch.len()))),
        Err(Error::BlobDamaged(what)) => Err(damaged(what.to_owned())),
        Err(other) => Err(other),
    };
    Ok((seq, result))
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_ticks)
}

pub(crate) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}
