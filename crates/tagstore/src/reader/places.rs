//! Where samples lie: sealed files and the journal's tail, of one instant.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::{Interval, Reader};
use crate::journal::upkeep::SET_APART;
use crate::journal::{HISTORIAN_SINK, read};
use crate::{Error, OwnedSample, Seq, StreamId, Timestamp};

/// A sample and its place in the total order.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) time: Timestamp,
    pub(super) seq: Seq,
    /// Grows within a journal row; only samples of the same row and time are compared by it.
    pub(super) row: u64,
    pub(super) sample: OwnedSample,
}

/// A sealed file that may hold wanted samples.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) first_time: Timestamp,
    pub(super) last_time: Timestamp,
}

/// What one read transaction knows of some streams.
#[derive(Debug)]
pub(super) struct Places {
    /// What is not sealed yet.
    pub(super) tails: HashMap<StreamId, Vec<Found>>,
    /// The files of each stream, the earliest first.
    pub(super) files: BTreeMap<StreamId, Vec<Candidate>>,
    /// When samples are known to be missing, in order, without overlaps.
    pub(super) gaps: HashMap<StreamId, Vec<(Timestamp, Timestamp)>>,
}

impl Reader {
    pub(super) fn places(&self, streams: &[StreamId], interval: Interval) -> Result<Places, Error> {
        let mut tails: HashMap<_, Vec<Found>> = streams.iter().map(|stream| (*stream, Vec::new())).collect();
        let keep = |found: Found| {
            if let Some(tail) = tails.get_mut(&found.sample.stream) {
                tail.push(found);
            }
        };
        let snapshot = self.check(self.connection.unchecked_transaction())?;
        let cursor = self.tail(&snapshot, streams, interval, keep, &mut || ())?;
        tails.values_mut().for_each(|tail| tail.sort_by_key(|found| (found.time, found.seq, found.row)));
        let mut places = Places { tails, files: BTreeMap::new(), gaps: HashMap::new() };
        for &stream in streams {
            places.files.insert(stream, self.check(candidates(&snapshot, cursor, stream, interval))?);
            let gaps = self.check(read::gap_intervals(&snapshot, stream, interval.from, interval.to))?;
            places.gaps.insert(stream, joined(gaps, interval));
        }
        Ok(places)
    }

    /// Hands every sample of the journal's tail that is wanted to `visit`; says where the tail begins.
    pub(super) fn tail(
        &self,
        snapshot: &Connection,
        streams: &[StreamId],
        interval: Interval,
        mut visit: impl FnMut(Found),
        between: &mut dyn FnMut(),
    ) -> Result<Seq, Error> {
        let cursor = self.check(read::cursor(snapshot, HISTORIAN_SINK))?.unwrap_or_default();
        between();
        let (Some(first), Some(last)) = (streams.iter().min(), streams.iter().max()) else {
            return Ok(cursor);
        };
        let mut failure = None;
        let rows =
            read::rows_with(snapshot, cursor, (*first, *last), interval.ends(), |seq, batch| match batch {
                Err(error) => failure = Some(error),
                Ok(batch) => {
                    for (row, sample) in (0..).zip(batch.iter()) {
                        if streams.contains(&sample.stream) && interval.contains(sample.time()) {
                            visit(Found { time: sample.time(), seq, row, sample: sample.to_owned() });
                        }
                    }
                }
            });
        self.check(rows)?;
        between();
        failure.map_or(Ok(cursor), Err)
    }

    pub(super) fn is_listed(&self, file: &Path) -> Result<bool, Error> {
        let path = file.strip_prefix(&self.historian).unwrap_or(file).to_string_lossy();
        self.check(
            self.connection
                .prepare_cached("SELECT 1 FROM sealed_file WHERE path = ?1")
                .and_then(|mut select| select.exists([path])),
        )
    }
}

/// The files that may hold samples of a stream in an interval, the earliest first.
pub(super) fn candidates(
    snapshot: &Connection,
    cursor: Seq,
    stream: StreamId,
    interval: Interval,
) -> rusqlite::Result<Vec<Candidate>> {
    // the first layout, which a writer has yet to bring up to date, sets nothing apart
    let layout: i64 = snapshot.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let readable = if layout > 1 { "level <> ?5" } else { "?5 IS NOT NULL" };
    let mut select = snapshot.prepare_cached(&format!(
        "SELECT path, first_time, last_time FROM sealed_file
         WHERE {readable} AND last_seq <= ?1 AND first_stream <= ?2 AND last_stream >= ?2 AND last_time >= ?3 AND first_time <= ?4
         ORDER BY first_time",
    ))?;
    let (first, last) = interval.ends();
    let files = select.query_map(
        params![cursor.get(), stream.get(), first.ticks(), last.ticks(), SET_APART],
        |row| {
            Ok(Candidate {
                path: PathBuf::from(row.get::<_, String>(0)?),
                first_time: Timestamp::from_ticks(row.get(1)?),
                last_time: Timestamp::from_ticks(row.get(2)?),
            })
        },
    )?;
    files.collect()
}

/// Intervals in order of their beginning, cut to `interval` and joined where they touch.
fn joined(gaps: Vec<(Timestamp, Timestamp)>, interval: Interval) -> Vec<(Timestamp, Timestamp)> {
    let mut joined: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in gaps {
        if from < interval.from && to <= interval.from {
            continue;
        }
        let (from, to) = (from.max(interval.from), to.min(interval.to));
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}
