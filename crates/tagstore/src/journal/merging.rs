//! The journal's part in compaction: which files become one, and the swap in its list.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::sealing::{ListedFile, SealPlan, listed_file};
use super::{Journal, Seq};
use crate::sample::Extent;
use crate::{CompactOptions, Error, Timestamp};

/// Which files become one. Once written down it is repeated until it is recorded as done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergePlan {
    /// The rows and the day of the new file.
    pub(crate) target: SealPlan,
    pub(crate) level: Level,
    /// The files that it replaces, by journal row.
    pub(crate) files: Vec<ListedFile>,
}

/// What a file covers at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// One seal.
    Seal = 0,
    /// The seals of an hour.
    Hour = 1,
    /// What was received on a day.
    Day = 2,
}

impl Level {
    const fn number(self) -> i64 {
        match self {
            Self::Seal => 0,
            Self::Hour => 1,
            Self::Day => 2,
        }
    }
}

impl Journal {
    /// The merge in progress, else a new one; durable when it returns.
    pub(crate) fn plan_merge(
        &mut self,
        options: &CompactOptions,
        now: Timestamp,
    ) -> Result<Option<MergePlan>, Error> {
        let _turn = self.lock.turn();
        let planned = plan(&mut self.durable, options, now);
        self.check(planned)
    }

    /// Replaces the plan's files in the list by the new one and forgets the plan: one transaction.
    pub(crate) fn record_merge(
        &mut self,
        plan: &MergePlan,
        file: &ListedFile,
        now: Timestamp,
    ) -> Result<(), Error> {
        let _turn = self.lock.turn();
        let recorded = record(&mut self.durable, plan, file, now);
        self.check(recorded)
    }

    /// Files that the list no longer holds, but that may still be on the disk.
    pub(crate) fn obsolete_files(&self) -> Result<Vec<String>, Error> {
        let paths = || {
            let mut select = self.durable.prepare_cached("SELECT path FROM obsolete_file ORDER BY path")?;
            select.query_map([], |row| row.get(0))?.collect()
        };
        self.check(paths())
    }

    pub(crate) fn forget_obsolete(&mut self, path: &str) -> Result<(), Error> {
        let _turn = self.lock.turn();
        self.check(self.durable.execute("DELETE FROM obsolete_file WHERE path = ?1", [path])).map(drop)
    }
}

fn plan(
    connection: &mut Connection,
    options: &CompactOptions,
    now: Timestamp,
) -> rusqlite::Result<Option<MergePlan>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let in_progress = transaction
        .query_row("SELECT first_seq, last_seq, level FROM merge_plan", [], |row| {
            let level = if row.get::<_, i64>(2)? == Level::Hour.number() { Level::Hour } else { Level::Day };
            Ok((Seq::new(row.get(0)?), Seq::new(row.get(1)?), level))
        })
        .optional()?;
    let files = files(&transaction)?;
    if let Some((first, last, level)) = in_progress {
        let files = files.into_iter().map(|file| file.listed);
        let files: Vec<_> = files.filter(|file| file.first >= first && file.last <= last).collect();
        return Ok(merge_plan(files, level));
    }
    let Some(plan) = hours(&files, options, now).or_else(|| days(&files, options, now)) else {
        return Ok(None);
    };
    transaction.execute(
        "INSERT INTO merge_plan VALUES (1, ?1, ?2, ?3)",
        params![plan.target.first.get(), plan.target.last.get(), plan.level.number()],
    )?;
    transaction.commit()?;
    Ok(Some(plan))
}

struct File {
    listed: ListedFile,
    sealed_at: Timestamp,
    level: i64,
}

fn files(connection: &Connection) -> rusqlite::Result<Vec<File>> {
    connection
        .prepare_cached(
            "SELECT path, first_seq, last_seq, rows, bytes, first_time, last_time, first_stream, last_stream,
                    sealed_at, level
             FROM sealed_file ORDER BY first_seq",
        )?
        .query_map([], |row| {
            Ok(File {
                listed: listed_file(row)?,
                sealed_at: Timestamp::from_ticks(row.get(9)?),
                level: row.get(10)?,
            })
        })?
        .collect()
}

/// The oldest finished hour of which at least two seals lie side by side.
fn hours(files: &[File], options: &CompactOptions, now: Timestamp) -> Option<MergePlan> {
    let hour = |time: Timestamp| time.ticks().div_euclid(TICKS_PER_HOUR);
    let key = |file: &File| {
        let finished = file.level == Level::Seal.number() && hour(file.sealed_at) < hour(now);
        finished.then(|| (day_of(file).to_owned(), hour(file.sealed_at)))
    };
    run(files, options, key).and_then(|files| merge_plan(files, Level::Hour))
}

/// The oldest finished day of which at least two files lie side by side.
fn days(files: &[File], options: &CompactOptions, now: Timestamp) -> Option<MergePlan> {
    let day = |time: Timestamp| time.ticks().div_euclid(24 * TICKS_PER_HOUR);
    let key = |file: &File| {
        let finished = file.level < Level::Day.number() && day(file.sealed_at) < day(now);
        finished.then(|| (day_of(file).to_owned(), 0))
    };
    run(files, options, key).and_then(|files| merge_plan(files, Level::Day))
}

/// The first neighbours with the same key that together stay within the options.
fn run(
    files: &[File],
    options: &CompactOptions,
    key: impl Fn(&File) -> Option<(String, i64)>,
) -> Option<Vec<ListedFile>> {
    let mut run: Vec<&File> = Vec::new();
    let mut rows = 0_u64;
    for file in files {
        let fits = run.last().is_some_and(|last| key(last) == key(file))
            && rows + file.listed.rows <= options.max_rows
            && run.len() < options.max_files;
        if !fits {
            if run.len() > 1 {
                break;
            }
            run.clear();
            rows = 0;
        }
        if key(file).is_some() {
            run.push(file);
            rows += file.listed.rows;
        }
    }
    (run.len() > 1).then(|| run.into_iter().map(|file| file.listed.clone()).collect())
}

fn merge_plan(files: Vec<ListedFile>, level: Level) -> Option<MergePlan> {
    let (first, last) = (files.first()?.first, files.last()?.last);
    let (folder, _) = files.first()?.path.split_once('/')?;
    let date = folder.strip_prefix("date=")?.to_owned();
    Some(MergePlan { target: SealPlan { first, last, date }, level, files })
}

fn day_of(file: &File) -> &str {
    file.listed.path.split_once('/').map_or("", |(day, _)| day)
}

fn record(
    connection: &mut Connection,
    plan: &MergePlan,
    file: &ListedFile,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sealed_at: i64 = transaction.query_row(
        "SELECT coalesce(max(sealed_at), ?3) FROM sealed_file WHERE first_seq >= ?1 AND last_seq <= ?2",
        params![plan.target.first.get(), plan.target.last.get(), now.ticks()],
        |row| row.get(0),
    )?;
    for old in &plan.files {
        transaction.execute("INSERT OR IGNORE INTO obsolete_file VALUES (?1)", [&old.path])?;
        transaction.execute("DELETE FROM sealed_file WHERE first_seq = ?1", [old.first.get()])?;
    }
    super::sealing::insert_file(&transaction, file, plan.level.number(), Timestamp::from_ticks(sealed_at))?;
    transaction.execute("DELETE FROM merge_plan", [])?;
    transaction.commit()
}

/// Of all files together.
pub(crate) fn extent_of(files: &[ListedFile]) -> Option<Extent> {
    files.iter().map(|file| file.extent).reduce(|a, b| Extent {
        first_time: a.first_time.min(b.first_time),
        last_time: a.last_time.max(b.last_time),
        first_stream: a.first_stream.min(b.first_stream),
        last_stream: a.last_stream.max(b.last_stream),
    })
}

pub(crate) fn rows_of(files: &[ListedFile]) -> u64 {
    files.iter().map(|file| file.rows).sum()
}

const TICKS_PER_HOUR: i64 = 36_000_000_000;
