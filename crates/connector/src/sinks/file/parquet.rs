//! Deliveries as Parquet files: the columns of `lockgate export`, sorted by stream and time.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use tagstore::{Journal, OwnedSample, ParquetTable, Sample, SampleBatch, Seq, StreamId, StreamInfo};

use super::Kind;
use crate::error::Error;

/// Writes what there is of this kind, durably.
///
/// # Errors
/// [`Error::Storage`] when the names of the streams cannot be read; [`Error::SinkFolder`] when the disk does not take the
/// file.
pub(super) fn write(
    journal: &Journal,
    part: &Path,
    rows: &[(Seq, SampleBatch)],
    kind: Kind,
) -> Result<(), Error> {
    let failed = |source| Error::SinkFolder { path: part.to_owned(), source };
    let other = |error: tagstore::Error| failed(std::io::Error::other(error.to_string()));
    let all = rows.iter().flat_map(|(_, batch)| batch.iter());
    let mut samples: Vec<Sample<'_>> = all.filter(|sample| kind.is(sample)).collect();
    // those of the same time stay in the order in which they came
    samples.sort_by_key(|sample| (sample.stream, sample.time()));
    let streams = streams_of(journal, &samples)?;
    let file = File::create(part).map_err(failed)?;
    let mut table = ParquetTable::<OwnedSample>::new(file, part, streams.clone(), &[]).map_err(other)?;
    let mut known = streams.iter().map(|stream| stream.id).enumerate().peekable();
    for sample in samples {
        while known.next_if(|(_, id)| *id < sample.stream).is_some() {}
        let number =
            known.peek().filter(|(_, id)| *id == sample.stream).map_or(usize::MAX, |(number, _)| *number);
        table.push(number, sample.to_owned()).map_err(other)?;
    }
    table.finish().map_err(other)?;
    Ok(())
}

/// What is known of the streams, by their numbers.
fn streams_of(journal: &Journal, samples: &[Sample<'_>]) -> Result<Vec<StreamInfo>, Error> {
    let met: BTreeSet<StreamId> = samples.iter().map(|sample| sample.stream).collect();
    let mut streams = journal.streams()?;
    streams.retain(|stream| met.contains(&stream.id));
    streams.sort_by_key(|stream| stream.id);
    Ok(streams)
}
