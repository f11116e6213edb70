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
    /// [`Error::Disk`].
    pub fn record(
        &self,
        journal: &mut Journal,
        Published(written): Published,
        now: Timestamp,
    ) -> Result<SealedFile, Error> {
        journal.record_seal(&written.listed, &written.damaged, now)?;
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
pub(super) fn path_of(plan: &SealPlan) -> String {
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
        let mut rows = Self { samples: SampleBatch::new(), seqs: Vec::new(), damaged: Vec::new() };
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
        let mut writer = parquet_file::Writer::new(file, path, plan, owner)?;
        let mut chunk = Vec::with_capacity(CHUNK_ROWS);
        for rows in self.sorted().chunks(CHUNK_ROWS) {
            chunk.clear();
            chunk.extend(rows.iter().filter_map(|&row| {
                let sample = self.samples.sample(row, *starts.get(row)?)?;
                Some((sample, *self.seqs.get(row)?))
            }));
            writer.write(&columns::to_arrow(&chunk))?;
        }
        writer.finish(u64::try_from(self.samples.len()).unwrap_or(u64::MAX))
    }

    /// Row numbers by (stream, time, order of arrival).
    fn sorted(&self) -> Vec<usize> {
        let samples = self.samples.iter().enumerate();
        let mut order: Vec<(u32, i64, usize)> =
            samples.map(|(row, sample)| (sample.stream.get(), sample.time().ticks(), row)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, _, row)| row).collect()
    }
}

/// The extent of a file without samples (all its rows were damaged): it matches no query.
pub(super) const NOTHING: Extent =
    Extent { first_time: Timestamp::MAX, last_time: Timestamp::MIN, first_stream: u32::MAX, last_stream: 0 };
const CHUNK_ROWS: usize = 65_536;
