//! Room in the journal: what is let go when it has reached its limit, and who misses it.
//!
//! A row lies in the journal until the historian and every other sink have taken it. Where the administrator would rather
//! lose the oldest than wait ([`WhenFull::DropOldest`]), rows go before that, the oldest first:
//!
//! - What the historian has sealed is missing nowhere but at the sinks that had not read it: their cursors move behind it,
//!   and it is written down for each of them ([`SinkLoss`]). The gap ledger does not have it, because there is no gap.
//! - What the historian has not sealed is lost, and goes only when it is so old that it should have been sealed long ago,
//!   as the historian cannot write. It is a gap ([`GapReason::Quota`](super::GapReason::Quota)) and missing at the sinks.
//!
//! Ledger, cursors and rows change in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::append::insert_gaps;
use super::sealing::plan_in_progress;
use super::{Dropped, GapReason, HISTORIAN_SINK, Journal, LossReason, NewGap, Seq, SinkLoss, WhenFull, read};
use crate::{Error, SampleBatch, StreamId, Timestamp};

impl Journal {
    /// Lets go what a sink beside the historian has not taken within the age of the options, an hour's worth at most, so
    /// that a clock that was set wrong does not empty the journal before anybody looks; says whether something went. Call
    /// it every minute or so.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn drop_expired(&mut self, now: Timestamp) -> Result<bool, Error> {
        let Some(age) = self.options.max_age else { return Ok(false) };
        let expired = minus(now, age);
        let oldest = self.check(oldest_waiting(&self.durable))?;
        let Some(oldest) = oldest.filter(|oldest| *oldest < expired) else { return Ok(false) };
        let before = expired.min(oldest.saturating_add_millis(HOUR_MILLIS));
        let rule = Rule { reason: LossReason::Age, sealed_before: before, unsealed_before: Timestamp::MIN };
        let mut any = false;
        let lock = Arc::clone(&self.lock);
        loop {
            let _turn = lock.turn();
            if !self.drop_rows(&rule, u64::MAX, now)? {
                return Ok(any);
            }
            any = true;
        }
    }

    /// What was let go since this was asked last, by this handle.
    pub fn take_dropped(&mut self) -> Dropped {
        std::mem::take(&mut self.dropped)
    }

    /// What was let go before a sink beside the historian had taken it, the oldest first.
    ///
    /// # Errors
    /// [`Error::Disk`], [`Error::Database`].
    pub fn sink_losses(&self) -> Result<Vec<SinkLoss>, Error> {
        self.check(losses(&self.durable))
    }

    /// Makes room for so many bytes within the limit. Says whether there is any more of it than before.
    pub(super) fn make_room(&mut self, bytes: u64, now: Timestamp) -> Result<bool, Error> {
        let mut removed = 0;
        loop {
            let chunk = self.check(super::cursor::remove_confirmed(&self.durable))?;
            removed += chunk;
            if chunk == 0 {
                break;
            }
        }
        if removed > 0 {
            return Ok(true);
        }
        let WhenFull::DropOldest { spare_unsealed } = self.options.when_full else { return Ok(false) };
        let rule = Rule {
            reason: LossReason::Full,
            sealed_before: Timestamp::MAX,
            unsealed_before: minus(now, spare_unsealed),
        };
        // not for each commit anew
        let share = self.options.max_bytes.unwrap_or(0) / SHARES;
        self.drop_rows(&rule, bytes.max(share), now)
    }

    fn drop_rows(&mut self, rule: &Rule, bytes: u64, now: Timestamp) -> Result<bool, Error> {
        let dropped = drop_oldest(&mut self.durable, rule, bytes, now);
        let dropped = self.check(dropped)?;
        let any = dropped.values > 0;
        self.dropped.values += dropped.values;
        self.dropped.lost += dropped.lost;
        self.dropped.sinks.extend(dropped.sinks);
        Ok(any)
    }
}

/// Which rows may go.
struct Rule {
    reason: LossReason,
    /// Sealed rows that were committed before this.
    sealed_before: Timestamp,
    /// Rows that are not sealed and were committed before this.
    unsealed_before: Timestamp,
}

/// What of one source goes.
#[derive(Clone, Copy)]
struct Part {
    from: Timestamp,
    to: Timestamp,
    values: u64,
}

/// Who misses it, what, and whether the historian has it.
type Missed = BTreeMap<(String, String, bool), Part>;

fn drop_oldest(
    connection: &mut Connection,
    rule: &Rule,
    bytes: u64,
    now: Timestamp,
) -> rusqlite::Result<Dropped> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let cursors = read::cursors(&transaction)?;
    let lowest = cursors.iter().map(|(_, seq)| *seq).min().unwrap_or_default();
    let sealed_to = read::cursor(&transaction, HISTORIAN_SINK)?.unwrap_or_default();
    let mut picked = Picked::default();
    picked.pick(&transaction, rule, bytes, (lowest, sealed_to), &cursors)?;
    let Some(last) = picked.last else { return Ok(Dropped::default()) };
    for (sink, cursor) in cursors.iter().filter(|(_, cursor)| *cursor < last) {
        let missed = picked.missed.iter().filter(|((missing, _, _), _)| missing == sink);
        write_down(&transaction, rule, (sink, *cursor), missed, last, now)?;
    }
    if last > sealed_to
        && let Some(plan) = plan_in_progress(&transaction)?
    {
        // the file of it, if there is one, would hold what the ledger calls lost
        let path = crate::historian::path_of(&plan);
        transaction.execute("INSERT OR IGNORE INTO obsolete_file VALUES (?1)", [path])?;
        transaction.execute("DELETE FROM seal_plan", [])?;
    }
    transaction.execute("UPDATE cursor SET seq = ?1 WHERE seq < ?1", [last.get()])?;
    transaction.execute("DELETE FROM batch WHERE seq <= ?1", [last.get()])?;
    transaction.commit()?;
    let missing = picked.missed.into_keys().map(|(sink, _, _)| sink);
    let sinks = missing.filter(|sink| sink != HISTORIAN_SINK).collect();
    Ok(Dropped { values: picked.values, lost: picked.lost, sinks })
}

/// What goes, and who misses it.
#[derive(Default)]
struct Picked {
    last: Option<Seq>,
    values: u64,
    lost: u64,
    missed: Missed,
}

impl Picked {
    fn pick(
        &mut self,
        connection: &Connection,
        rule: &Rule,
        bytes: u64,
        (lowest, sealed_to): (Seq, Seq),
        cursors: &[(String, Seq)],
    ) -> rusqlite::Result<()> {
        let mut select = connection.prepare_cached(
            "SELECT seq, rows, committed_at, first_time, last_time, first_stream, last_stream, blob FROM batch
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let mut sources = HashMap::new();
        let mut rows = select.query(params![lowest.get(), MOST_ROWS])?;
        let mut freed = 0_u64;
        while let Some(row) = rows.next()? {
            let seq = Seq::new(row.get(0)?);
            let sealed = seq <= sealed_to;
            let before = if sealed { rule.sealed_before } else { rule.unsealed_before };
            if read::time(row, 2)? >= before {
                break;
            }
            if sources.is_empty() {
                sources = sources_of(connection)?;
            }
            let blob = row.get_ref(7)?.as_blob()?;
            let claimed =
                Part { from: read::time(row, 3)?, to: read::time(row, 4)?, values: read::unsigned(row, 1)? };
            let streams = (row.get::<_, u32>(5)?, row.get::<_, u32>(6)?);
            let parts = parts_of(blob, claimed, streams, &sources);
            for (sink, _) in cursors.iter().filter(|(_, cursor)| *cursor < seq) {
                for (source, part) in &parts {
                    let key = (sink.clone(), (*source).to_owned(), sealed);
                    self.missed.entry(key).and_modify(|all| *all = all.and(part)).or_insert(*part);
                }
            }
            self.last = Some(seq);
            self.values += claimed.values;
            self.lost += if sealed { 0 } else { claimed.values };
            freed = freed.saturating_add(u64::try_from(blob.len()).unwrap_or(u64::MAX));
            if freed >= bytes {
                break;
            }
        }
        Ok(())
    }
}

impl Part {
    fn and(&self, other: &Self) -> Self {
        let values = self.values.saturating_add(other.values);
        Self { from: self.from.min(other.from), to: self.to.max(other.to), values }
    }
}

/// What a row holds of each source. Of one that cannot be read, all of it counts for each source that it may hold.
fn parts_of<'a>(
    blob: &[u8],
    claimed: Part,
    (first_stream, last_stream): (u32, u32),
    sources: &'a HashMap<StreamId, String>,
) -> BTreeMap<&'a str, Part> {
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    let mut add = |source: &'a str, part: Part| {
        parts.entry(source).and_modify(|all| *all = all.and(&part)).or_insert(part);
    };
    let mut batch = SampleBatch::new();
    if batch.decode(blob).is_ok() {
        for sample in batch.iter() {
            let source = sources.get(&sample.stream).map_or("", String::as_str);
            add(source, Part { from: sample.time(), to: sample.time(), values: 1 });
        }
    } else {
        let streams = sources.iter().filter(|(id, _)| (first_stream..=last_stream).contains(&id.get()));
        let names: BTreeSet<&str> = streams.map(|(_, source)| source.as_str()).collect();
        names.into_iter().for_each(|source| add(source, claimed));
    }
    parts
}

fn sources_of(connection: &Connection) -> rusqlite::Result<HashMap<StreamId, String>> {
    connection
        .prepare_cached("SELECT id, source FROM stream")?
        .query_map([], |row| Ok((StreamId::new(row.get(0)?), row.get(1)?)))?
        .collect()
}

/// One line for each source and each time that a sink falls behind: what follows without a delivery in between prolongs it.
fn write_down<'a>(
    connection: &Connection,
    rule: &Rule,
    (sink, cursor): (&str, Seq),
    missed: impl Iterator<Item = (&'a (String, String, bool), &'a Part)>,
    last: Seq,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let known = connection
        .prepare_cached(
            "SELECT episode FROM sink_loss WHERE sink = ?1 AND last_seq = ?2 ORDER BY episode DESC LIMIT 1",
        )?
        .query_row(params![sink, cursor.get()], |row| row.get::<_, i64>(0))
        .optional()?;
    let episode = known.unwrap_or(cursor.get());
    for ((_, source, kept), part) in missed {
        if sink == HISTORIAN_SINK && *kept {
            continue;
        }
        let values = i64::try_from(part.values).unwrap_or(i64::MAX);
        let word = rule.reason.as_str();
        let (from, to, now_ticks) = (part.from.ticks(), part.to.ticks(), now.ticks());
        let gap = connection
            .prepare_cached(
                "INSERT INTO sink_loss (sink, episode, source, kept, reason, rows, from_time, to_time, last_seq, recorded_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT (sink, episode, source, kept, reason) DO UPDATE SET
                     rows = rows + excluded.rows, from_time = min(from_time, excluded.from_time),
                     to_time = max(to_time, excluded.to_time), recorded_at = excluded.recorded_at
                 RETURNING gap",
            )?
            .query_row(
                params![sink, episode, source, kept, word, values, from, to, last.get(), now_ticks],
                |row| row.get::<_, Option<i64>>(0),
            )?;
        if sink == HISTORIAN_SINK {
            write_gap(connection, (episode, source), gap, part, now)?;
        }
    }
    // also of the sources that were not concerned this time
    connection
        .prepare_cached("UPDATE sink_loss SET last_seq = ?3 WHERE sink = ?1 AND episode = ?2")?
        .execute(params![sink, episode, last.get()])?;
    Ok(())
}

/// The gap that the historian has now.
fn write_gap(
    connection: &Connection,
    (episode, source): (i64, &str),
    known: Option<i64>,
    part: &Part,
    now: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(gap) = known {
        connection
            .prepare_cached(
                "UPDATE gap SET from_time = min(from_time, ?2), to_time = max(to_time, ?3), recorded_at = ?4
                 WHERE id = ?1",
            )?
            .execute(params![gap, part.from.ticks(), part.to.ticks(), now.ticks()])?;
        return Ok(());
    }
    let detail = "the journal was full before the historian had sealed these values".to_owned();
    let (from, to, reason) = (part.from, part.to, GapReason::Quota);
    let gap = NewGap { source: source.to_owned(), stream: None, from, to, reason, detail };
    insert_gaps(connection, &[gap], now)?;
    connection
        .prepare_cached(
            "UPDATE sink_loss SET gap = ?4 WHERE sink = ?1 AND episode = ?2 AND source = ?3 AND kept = 0",
        )?
        .execute(params![HISTORIAN_SINK, episode, source, connection.last_insert_rowid()])?;
    Ok(())
}

/// When the oldest row was committed that the historian has sealed and another sink has not taken.
fn oldest_waiting(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached(
            "SELECT committed_at FROM batch WHERE seq > (SELECT min(seq) FROM cursor)
                 AND seq <= (SELECT seq FROM cursor WHERE sink = ?1) ORDER BY seq LIMIT 1",
        )?
        .query_row([HISTORIAN_SINK], |row| read::time(row, 0))
        .optional()
}

pub(crate) fn losses(connection: &Connection) -> rusqlite::Result<Vec<SinkLoss>> {
    if read::layout(connection)? < HAS_LOSSES {
        return Ok(Vec::new());
    }
    connection
        .prepare_cached(
            "SELECT sink, source, from_time, to_time, rows, kept, reason, recorded_at FROM sink_loss
             WHERE sink <> ?1 ORDER BY sink, episode, source, kept, reason",
        )?
        .query_map([HISTORIAN_SINK], |row| {
            Ok(SinkLoss {
                sink: row.get(0)?,
                source: row.get(1)?,
                from: read::time(row, 2)?,
                to: read::time(row, 3)?,
                values: read::unsigned(row, 4)?,
                in_historian: row.get(5)?,
                reason: LossReason::from_word(&row.get::<_, String>(6)?),
                recorded_at: read::time(row, 7)?,
            })
        })?
        .collect()
}

/// Whether rows up to this one were let go although the sink had not confirmed them.
pub(super) fn was_dropped(connection: &Connection, sink: &str, to: Seq) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM sink_loss WHERE sink = ?1 AND last_seq >= ?2)")?
        .query_row(params![sink, to.get()], |row| row.get(0))
}

fn minus(time: Timestamp, age: Duration) -> Timestamp {
    let ticks = i64::try_from(age.as_nanos() / 100).unwrap_or(i64::MAX);
    Timestamp::from_ticks(time.ticks().saturating_sub(ticks))
}

/// Rows per transaction: at 65,536 samples a row about 1 MB of pages each.
const MOST_ROWS: i64 = 32;
/// At least this part of the limit goes at a time.
const SHARES: u64 = 64;
const HOUR_MILLIS: i64 = 3_600_000;

/// The layout from which on this table is there.
const HAS_LOSSES: i64 = 7;

/// Layout 7: what was let go before a sink had taken it. An episode is the time between two deliveries.
pub(super) const LAYOUT: &str = "
CREATE TABLE sink_loss (
    sink TEXT NOT NULL,
    episode INTEGER NOT NULL,
    source TEXT NOT NULL,
    kept INTEGER NOT NULL,
    reason TEXT NOT NULL,
    rows INTEGER NOT NULL,
    from_time INTEGER NOT NULL,
    to_time INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    gap INTEGER,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (sink, episode, source, kept, reason)
) STRICT, WITHOUT ROWID;
";
