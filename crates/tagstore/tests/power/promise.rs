//! What must be so after a power cut.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use tagstore::{
    CompactOptions, GapFilter, HISTORIAN_DIR, Historian, JOURNAL_FILE, Journal, Reader, SealOptions, Seq,
    StreamQuery,
};

use crate::common::at;
use crate::workload::{SINK, options, stream_of, streams, time_of, value_of};

/// What the process said until the cut.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Promise {
    ready: bool,
    /// Samples and gaps: at least and at most.
    appended: [(u64, u64); 2],
    /// Row and samples: at least and at most.
    delivered: [(i64, u64); 2],
}

impl Promise {
    pub(crate) fn hear(&mut self, mark: &str) {
        let words: Vec<&str> = mark.split(' ').collect();
        let bound = usize::from(words[0] == ">");
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words[1] {
            "ready" => self.ready = true,
            "append" => self.appended[bound] = (number(2), number(3)),
            "deliver" => self.delivered[bound] = (words[2].parse().unwrap(), number(3)),
            other => panic!("{other}"),
        }
        // what is, will be
        self.appended[1] = self.appended[1].max(self.appended[0]);
        self.delivered[1] = self.delivered[1].max(self.delivered[0]);
    }

    /// Opens what the cut has left, and looks whether it is what was promised.
    pub(crate) fn check(&self, data: &Path, limited: bool) -> Result<(), String> {
        let io = |error: tagstore::Error| error.to_string();
        let mut journal = Journal::open(data.join(JOURNAL_FILE), options(limited)).map_err(io)?;
        let (samples, gaps) = self.stored(&journal)?;
        if self.ready || samples > 0 {
            let ids = journal.register_streams(&streams()).map_err(io)?;
            same("streams", &ids.as_slice(), &[stream_of(0), stream_of(1)].as_slice())?;
        }
        self.once_each(data, samples)?;
        same("gaps", &u64::try_from(journal.gaps(&GapFilter::default()).map_err(io)?.len()).unwrap(), &gaps)?;
        self.sink(&journal, samples)?;
        // and goes on from there
        let historian = Historian::open(data.join(HISTORIAN_DIR)).map_err(io)?;
        while historian.seal(&mut journal, &SealOptions::default(), at(1_000_000)).map_err(io)?.is_some() {}
        same("lost files", &historian.check(&mut journal, at(1_000_000)).map_err(io)?, &Vec::new())?;
        self.once_each(data, samples)?;
        let later = at(2_000_000);
        while historian.compact(&mut journal, &CompactOptions::default(), later).map_err(io)?.is_some() {}
        self.once_each(data, samples)?;
        only_listed_files(data)
    }

    /// What the state says that was committed with the samples.
    fn stored(&self, journal: &Journal) -> Result<(u64, u64), String> {
        let said =
            journal.state("said").map_err(|error| error.to_string())?.unwrap_or_else(|| b"0 0".to_vec());
        let said = String::from_utf8(said).map_err(|error| error.to_string())?;
        let (samples, gaps) = said.split_once(' ').ok_or("no state")?;
        let stored = (samples.parse().unwrap_or(u64::MAX), gaps.parse().unwrap_or(u64::MAX));
        if stored == self.appended[0] || stored == self.appended[1] {
            return Ok(stored);
        }
        Err(format!("{stored:?} samples and gaps are there, {:?} were promised", self.appended))
    }

    fn once_each(&self, data: &Path, samples: u64) -> Result<(), String> {
        let reader = Reader::open(data).map_err(|error| error.to_string())?;
        for which in 0..2 {
            let query = StreamQuery::new(stream_of(which), usize::MAX);
            let found = reader.query(&query).map_err(|error| error.to_string())?;
            let expected: Vec<u64> = (0..samples).filter(|number| number % 2 == which).collect();
            let times: Vec<_> = found.iter().map(|sample| sample.source_time).collect();
            let all: Vec<_> = expected.iter().map(|number| time_of(*number)).collect();
            if times != all {
                return Err(format!("{} samples of {} are given", times.len(), all.len()));
            }
            if found.iter().zip(&expected).any(|(sample, number)| sample.value != value_of(*number)) {
                return Err("a sample has another value than was written".to_owned());
            }
        }
        Ok(())
    }

    /// What was delivered, went for want of room, or waits, is what was taken in.
    fn sink(&self, journal: &Journal, samples: u64) -> Result<(), String> {
        let io = |error: tagstore::Error| error.to_string();
        let cursor = journal.cursor(SINK).map_err(io)?;
        let [least, most] = self.delivered;
        let losses = journal.sink_losses().map_err(io)?;
        let lost: u64 = losses.iter().map(|loss| loss.values).sum();
        if cursor < Seq::new(least.0) || (lost == 0 && cursor > Seq::new(most.0)) {
            return Err(format!("the cursor is at {cursor} and was at {}", least.0));
        }
        let waiting = journal.read_after(cursor, usize::MAX).map_err(io)?;
        let waiting: u64 = waiting.iter().map(|(_, batch)| u64::try_from(batch.len()).unwrap()).sum();
        let before = samples.saturating_sub(waiting + lost);
        if before == least.1 || before == most.1 {
            return Ok(());
        }
        Err(format!("{before} samples were delivered by the journal, and {} or {} truly", least.1, most.1))
    }
}

/// Whoever reads the folder without us sees nothing twice.
fn only_listed_files(data: &Path) -> Result<(), String> {
    let database = rusqlite::Connection::open(data.join(JOURNAL_FILE)).map_err(|error| error.to_string())?;
    let listed: BTreeSet<String> = database
        .prepare("SELECT path FROM sealed_file")
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .map_err(|error| error.to_string())?;
    let historian = data.join(HISTORIAN_DIR);
    let found = crate::common::files(data).into_iter().filter_map(|path| {
        let path = path.strip_prefix(&historian).ok()?.to_str()?.to_owned();
        path.ends_with(".parquet").then_some(path)
    });
    same("files", &found.collect(), &listed)
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} instead of {expected:?}")) }
}
