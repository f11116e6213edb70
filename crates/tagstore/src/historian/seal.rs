//! The steps of a seal. What each of them leaves on the disk is enough to repeat it.

use std::fs::File;
use std::path::PathBuf;

use super::{Historian, SealOptions, SealedFile, columns, files, parquet_file};
use crate::journal::SealPlan;
use crate::journal::sealing::{DamagedRow, ListedFile};
use crate::sample::Extent;
use crate::{Error, Journal, SampleBatch, Seq, Timestamp};

/// A file that is whole, but has its temporary name yet.
#[derive(Debug)]
pub struct Written {
    pub(super) listed: ListedFile,
    pub(super) damaged: Vec<DamagedRow>,
}

/// A file that has its name, but that the journal does not list yet.
#[derive(Debug)]
pub struct Published(pub(super) Written);

impl Historian {
    /// Step 1: which rows become the next file; the plan in progress, if there is one. Durable when it returns.
    ///
    /// # Errors
    /// [`Error::ForeignHistorian`] when the folder was filled from another journal; [`Error::Disk`].
    pub fn plan(
        &self,
        journal: &mut Journal,
        options: &SealOptions,
        now: Timestamp,
    ) -> Result<Option<SealPlan>, Error> {
        self.check_owner(journal)?;
        journal.plan_seal(options.max_rows, options.max_bytes, now)
    }

    /// Step 2: the file, under a temporary name, fsynced.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::NewerFormat`] when a row was written by a newer version. A damaged row is no error: it
    /// is set aside, so that it cannot keep the others from being sealed.
    pub fn write(&self, journal: &Journal, plan: &SealPlan) -> Result<Written, Error> {
        let rows = Rows::load(journal, plan)?;
        let path = path_of(plan);
        let place = self.dir.join(&path);
        if let Some(folder) = place.parent() {
            files::make_folder(folder)?;
        }
        let owner = journal.id()?;
        let bytes = files::write_temporary(&place, |file| rows.write(file, &place, plan, &owner))?;
        let extent = rows.samples.extent().unwrap_or(NOTHING);
        let count = u64::try_from(rows.samples.len()).unwrap_or(u64::MAX);
        let listed = ListedFile { path, first: plan.first, last: plan.last, rows: count, bytes, extent };
        Ok(Written { listed, damaged: rows.damaged })
    }

    /// Step 3: the file under its name.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn publish(&self, written: Written) -> Result<Published, Error> {
        files::publish(&self.dir.join(&written.listed.path))?;
        Ok(Published(written))
    }

    /// Step 4: the file in the journal's list, the cursor behind its last row, the plan forgotten.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::PlanGivenUp`] when rows of the plan were let go meanwhile: the file does not count, and
    /// upkeep deletes it.
    pub fn record(
        &self,
        journal: &mut Journal,
        Published(written): Published,
        now: Timestamp,
    ) -> Result<SealedFile, Error> {
        if !journal.record_seal(&written.listed, &written.damaged, now)? {
            return Err(Error::PlanGivenUp);
        }
        for DamagedRow { seq, detail } in &written.damaged {
            tracing::error!(%seq, detail, "journal row is damaged; set aside and entered into the gap ledger");
        }
        let more = journal.has_more(written.listed.last, now)?;
        Ok(SealedFile { more, ..written.into_sealed() })
    }
}

impl Written {
    pub(super) fn into_sealed(self) -> SealedFile {
        let Self { listed, damaged } = self;
        SealedFile {
            path: PathBuf::from(listed.path),
            first: listed.first,
            last: listed.last,
            rows: listed.rows,
            bytes: listed.bytes,
            more: false,
            damaged: damaged.into_iter().map(|row| row.seq).collect(),
        }
    }
}

/// Where a file goes: a function of its rows, so that a repetition replaces it.
pub(crate) fn path_of(plan: &SealPlan) -> String {
    format!("date={}/part-{}-{}.parquet", plan.date, plan.first, plan.last)
}

/// The samples of a plan.
struct Rows {
    samples: SampleBatch,
    /// The journal row of each sample.
    seqs: Vec<Seq>,
    damaged: Vec<DamagedRow>,
}

impl Rows {
    fn load(journal: &Journal, plan: &SealPlan) -> Result<Self, Error> {
        // what a damaged row claims must not take memory
        let expected = usize::try_from(journal.samples_of(plan)?).unwrap_or(0).min(MOST_EXPECTED);
        let samples = SampleBatch::with_capacity(expected);
        let mut rows = Self { samples, seqs: Vec::with_capacity(expected), damaged: Vec::new() };
        let mut failure = None;
        journal.rows_of(plan, |seq, batch| match batch {
            Ok(batch) => {
                rows.samples.extend(&batch);
                rows.seqs.resize(rows.samples.len(), seq);
            }
            Err(Error::RowDamaged { seq, detail }) => rows.damaged.push(DamagedRow { seq, detail }),
            Err(error) => failure = Some(error),
        })?;
        failure.map_or(Ok(rows), Err)
    }

    fn write(
        &self,
        file: &mut File,
        path: &std::path::Path,
        plan: &SealPlan,
        owner: &str,
    ) -> Result<u64, Error> {
        let starts = self.samples.heap_starts();
        let mut writer = parquet_file::Writer::new(file, path, plan, owner, parquet_file::Pack::Quickly)?;
        let (mut part, mut seqs) = (SampleBatch::with_capacity(CHUNK_ROWS), Vec::with_capacity(CHUNK_ROWS));
        for rows in self.sorted().chunks(CHUNK_ROWS) {
            part.gather(&self.samples, rows, &starts);
            seqs.clear();
            seqs.extend(rows.iter().filter_map(|row| self.seqs.get(*row)));
            writer.write(&columns::to_arrow(&part, &seqs))?;
        }
        writer.finish(u64::try_from(self.samples.len()).unwrap_or(u64::MAX))
    }

    /// Row numbers by (stream, time, order of arrival).
    fn sorted(&self) -> Vec<usize> {
        let streams = self.samples.columns().streams;
        let times: Vec<i64> = self.samples.times().collect();
        let Some(mut order) = by_stream(streams) else {
            let mut order: Vec<usize> = (0..streams.len()).collect();
            order.sort_by_key(|row| (streams.get(*row), times.get(*row)));
            return order;
        };
        // a stream's samples come in the order of their times, or nearly so
        for rows in order.chunk_by_mut(|a, b| streams.get(*a) == streams.get(*b)) {
            if !rows.is_sorted_by_key(|row| times.get(*row)) {
                rows.sort_by_key(|row| times.get(*row));
            }
        }
        order
    }
}

/// Row numbers by (stream, order of arrival), by counting; `None` when there are far fewer rows than stream numbers.
fn by_stream(streams: &[u32]) -> Option<Vec<usize>> {
    let first = *streams.iter().min()?;
    let range = usize::try_from(*streams.iter().max()? - first).ok()?;
    if range > streams.len().saturating_mul(4) {
        return None;
    }
    let number = |stream: &u32| usize::try_from(stream - first).ok();
    let mut next = vec![0_usize; range + 1];
    for stream in streams {
        *next.get_mut(number(stream)?)? += 1;
    }
    let mut start = 0;
    for place in &mut next {
        start += std::mem::replace(place, start);
    }
    let mut order = vec![0; streams.len()];
    for (row, stream) in streams.iter().enumerate() {
        let place = next.get_mut(number(stream)?)?;
        *order.get_mut(*place)? = row;
        *place += 1;
    }
    Some(order)
}

/// The extent of a file without samples (all its rows were damaged): it matches no query.
pub(super) const NOTHING: Extent =
    Extent { first_time: Timestamp::MAX, last_time: Timestamp::MIN, first_stream: u32::MAX, last_stream: 0 };
/// As many as a file usually takes, and one commit more.
const MOST_EXPECTED: usize = 310_000;
/// Small enough that what is gathered for one column is still near for the next.
const CHUNK_ROWS: usize = 8192;
