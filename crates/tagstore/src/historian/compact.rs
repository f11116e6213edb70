//! Compaction: the seals of an hour become one file, the files of a day become one file.
//!
//! The steps are those of a seal: the plan is written down, the new file is written under a temporary name, renamed,
//! and then swapped for the old ones in the journal's list, in one transaction; only then are the old ones deleted. Our
//! readers follow the list and see every sample exactly once at any moment. Whoever reads the folder by its file names
//! may, between rename and deletion (milliseconds, or until the next start after a crash), see samples twice.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::columns::{self, Rows};
use super::parquet_file::{self, check_format, damaged};
use super::seal::{Published, Written};
use super::{Historian, SealedFile, files};
use crate::journal::MergePlan;
use crate::journal::merging::{extent_of, rows_of};
use crate::journal::sealing::ListedFile;
use crate::{Error, Journal, OwnedSample, SampleBatch, Seq, Timestamp};

/// How much goes into one compacted file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CompactOptions {
    /// Files are merged as long as they stay within so many samples together.
    pub max_rows: u64,
    /// At most so many files become one at a time; bounds the memory.
    pub max_files: usize,
}

impl Default for CompactOptions {
    fn default() -> Self {
        Self { max_rows: 50_000_000, max_files: 24 }
    }
}

impl Historian {
    /// Merges the files of one finished hour or day; `None` when there is nothing to merge. The memory it takes does
    /// not depend on the size of the files, only on their number (about 2 MiB each).
    ///
    /// # Errors
    /// [`Error::Disk`]: nothing is lost, repeat; [`Error::FileDamaged`], [`Error::FileMissing`]: the old files stay, and
    /// the one at fault is set apart, its time on the gap ledger.
    pub fn compact(
        &self,
        journal: &mut Journal,
        options: &CompactOptions,
        now: Timestamp,
    ) -> Result<Option<SealedFile>, Error> {
        self.compact_while(journal, options, now, &mut || true)
    }

    /// As [`compact`](Self::compact), as long as `keep_going` says so; it is asked every few thousand samples.
    ///
    /// # Errors
    /// [`Error::Stopped`] when it said no: nothing changed, the next call begins this merge anew.
    pub fn compact_while(
        &self,
        journal: &mut Journal,
        options: &CompactOptions,
        now: Timestamp,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Option<SealedFile>, Error> {
        self.remove_obsolete(journal)?;
        let Some(plan) = self.plan_merge(journal, options, now)? else { return Ok(None) };
        let written = match self.write_merge(journal, &plan, keep_going) {
            Err(error @ (Error::FileDamaged { .. } | Error::FileMissing { .. })) => {
                if let Error::FileDamaged { path, .. } | Error::FileMissing { path } = &error {
                    self.set_apart(journal, path, &error.to_string(), now)?;
                }
                return Err(error);
            }
            written => written?,
        };
        let published = self.publish(written)?;
        let merged = self.record_merge(journal, &plan, published, now)?;
        self.remove_obsolete(journal)?;
        Ok(Some(merged))
    }

    /// Step 1 of compaction: which files become one; the plan in progress, if there is one.
    ///
    /// # Errors
    /// [`Error::ForeignHistorian`]; [`Error::Disk`].
    pub fn plan_merge(
        &self,
        journal: &mut Journal,
        options: &CompactOptions,
        now: Timestamp,
    ) -> Result<Option<MergePlan>, Error> {
        self.check_owner(journal)?;
        journal.plan_merge(options, now)
    }

    /// Step 2 of compaction: the new file under a temporary name. Step 3 is [`publish`](Self::publish).
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::FileDamaged`]; [`Error::FileMissing`]; [`Error::NewerFormat`]; [`Error::Stopped`] when
    /// `keep_going` says no.
    pub fn write_merge(
        &self,
        journal: &Journal,
        plan: &MergePlan,
        keep_going: &mut dyn FnMut() -> bool,
    ) -> Result<Written, Error> {
        let path = super::seal::path_of(&plan.target);
        let place = self.dir.join(&path);
        let owner = journal.id()?;
        let sources = plan.files.iter().map(|file| Source::open(&self.dir.join(&file.path)));
        let mut merge = Merge::new(sources.collect::<Result<_, _>>()?)?;
        let rows = rows_of(&plan.files);
        let bytes = files::write_temporary(&place, |file| {
            let mut writer =
                parquet_file::Writer::new(file, &place, &plan.target, &owner, parquet_file::Pack::Tightly)?;
            let (mut chunk, mut seqs) =
                (SampleBatch::with_capacity(CHUNK_ROWS), Vec::with_capacity(CHUNK_ROWS));
            while merge.next_chunk(&mut chunk, &mut seqs)? {
                if !keep_going() {
                    return Err(Error::Stopped);
                }
                writer.write(&columns::to_arrow(&chunk, &seqs))?;
            }
            writer.finish(rows)
        })?;
        let extent = extent_of(&plan.files).unwrap_or(super::seal::NOTHING);
        let (first, last) = (plan.target.first, plan.target.last);
        Ok(Written { listed: ListedFile { path, first, last, rows, bytes, extent }, damaged: Vec::new() })
    }

    /// Step 4 of compaction: the new file in the journal's list instead of the old ones.
    ///
    /// # Errors
    /// [`Error::Disk`].
    pub fn record_merge(
        &self,
        journal: &mut Journal,
        plan: &MergePlan,
        Published(written): Published,
        now: Timestamp,
    ) -> Result<SealedFile, Error> {
        journal.record_merge(plan, &written.listed, now)?;
        Ok(written.into_sealed())
    }

    pub(super) fn remove_obsolete(&self, journal: &mut Journal) -> Result<(), Error> {
        let paths = journal.obsolete_files()?;
        let mut folders = BTreeSet::new();
        for path in &paths {
            let place = self.dir.join(path);
            match std::fs::remove_file(&place) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Error::io(&place, &e)),
                _ => folders.extend(place.parent().map(Path::to_owned)),
            }
        }
        // a name that a power cut brings back must still be known as one to be deleted
        for folder in folders.iter().filter(|folder| folder.exists()) {
            files::sync_folder(folder)?;
        }
        paths.iter().try_for_each(|path| journal.forget_obsolete(path))
    }
}

/// Sorted files as one sorted sequence.
struct Merge {
    sources: Vec<Source>,
    /// The next sample of each source that has one.
    next: BinaryHeap<Reverse<(Place, usize)>>,
}

/// (stream, time, journal row); within the same place the order in the file decides, and a journal row lies in one
/// file only.
type Place = (u32, i64, i64);

impl Merge {
    fn new(sources: Vec<Source>) -> Result<Self, Error> {
        let mut merge = Self { sources, next: BinaryHeap::new() };
        for index in 0..merge.sources.len() {
            merge.enqueue(index)?;
        }
        Ok(merge)
    }

    fn enqueue(&mut self, index: usize) -> Result<(), Error> {
        if let Some(source) = self.sources.get_mut(index)
            && let Some(place) = source.place()?
        {
            self.next.push(Reverse((place, index)));
        }
        Ok(())
    }

    fn next_chunk(&mut self, chunk: &mut SampleBatch, seqs: &mut Vec<Seq>) -> Result<bool, Error> {
        chunk.clear();
        seqs.clear();
        while chunk.len() < CHUNK_ROWS {
            let Some(Reverse((_, index))) = self.next.pop() else { break };
            if let Some((sample, seq)) = self.sources.get_mut(index).and_then(|source| source.rows.pop()) {
                chunk.push(sample.as_sample());
                seqs.push(seq);
            }
            self.enqueue(index)?;
        }
        Ok(!chunk.is_empty())
    }
}

/// One sorted file.
struct Source {
    path: std::path::PathBuf,
    reader: ParquetRecordBatchReader,
    /// The rows that were decoded, the next one last.
    rows: Vec<(OwnedSample, Seq)>,
}

impl Source {
    fn open(path: &Path) -> Result<Self, Error> {
        let file = File::open(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => Error::FileMissing { path: path.to_owned() },
            _ => Error::io(path, &e),
        })?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| damaged(path, e))?;
        check_format(path, builder.metadata())?;
        let reader = builder.with_batch_size(SOURCE_ROWS).build().map_err(|e| damaged(path, e))?;
        Ok(Self { path: path.to_owned(), reader, rows: Vec::new() })
    }

    fn place(&mut self) -> Result<Option<Place>, Error> {
        while self.rows.is_empty() {
            let Some(batch) = self.reader.next() else { return Ok(None) };
            let batch = batch.map_err(|e| damaged(&self.path, e))?;
            let rows = Rows::of(&batch).map_err(|e| damaged(&self.path, e))?;
            self.rows.extend((0..batch.num_rows()).rev().filter_map(|row| rows.get(row)));
        }
        let place =
            |(sample, seq): &(OwnedSample, Seq)| (sample.stream.get(), sample.time().ticks(), seq.get());
        Ok(self.rows.last().map(place))
    }
}

const CHUNK_ROWS: usize = 16_384;
const SOURCE_ROWS: usize = 1024;
