//! Our standard output as a sink: one JSON line per sample or event, for a pipe.
//!
//! A line is delivered when it is written and flushed; what reads the pipe may still lose it. After a crash the last lines may
//! come twice. As long as nobody reads, nothing moves, and the journal keeps what waits.

use std::io::{BufWriter, Write};

use tagstore::{Journal, SampleBatch, Seq, Timestamp};

use super::lines::{Names, write_line};
use super::{About, Delivered, Sink, were_most};
use crate::error::Error;

pub(crate) struct StdoutSink {
    name: String,
    journal: Journal,
    names: Names,
}

impl StdoutSink {
    /// Makes the sink known to the journal. The first time it begins with the oldest row there is.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(crate) fn new(name: String, mut journal: Journal) -> Result<Self, Error> {
        let known = journal.cursor(&name)?;
        journal.advance(&name, known)?;
        Ok(Self { name, journal, names: Names::default() })
    }

    fn write(&self, rows: &[(Seq, SampleBatch)], out: impl Write) -> std::io::Result<()> {
        let mut out = BufWriter::new(out);
        for sample in rows.iter().flat_map(|(_, batch)| batch.iter()) {
            write_line(&mut out, self.names.of(sample.stream), &sample)?;
        }
        out.flush()
    }
}

impl Sink for StdoutSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> About {
        About { kind: "stdout", target: "standard output".to_owned(), ..About::default() }
    }

    fn deliver(&mut self, _now: Timestamp) -> Result<Delivered, Error> {
        let cursor = self.journal.cursor(&self.name)?;
        let rows = match self.journal.read_after(cursor, SAMPLES_AT_ONCE) {
            Err(tagstore::Error::RowDamaged { seq, detail }) => {
                // the historian keeps it aside and enters it into the ledger
                tracing::error!(sink = self.name, %seq, detail, "a journal row cannot be read and is passed over");
                self.journal.advance(&self.name, seq)?;
                return Ok(Delivered { rows: 0, more: true });
            }
            rows => rows?,
        };
        let Some((last, _)) = rows.last() else { return Ok(Delivered { rows: 0, more: false }) };
        self.names.learn(&self.journal, &rows)?;
        self.write(&rows, std::io::stdout().lock()).map_err(|source| Error::SinkStdout { source })?;
        self.journal.advance(&self.name, *last)?;
        let samples: usize = rows.iter().map(|(_, batch)| batch.len()).sum();
        Ok(Delivered {
            rows: u64::try_from(samples).unwrap_or(u64::MAX),
            more: were_most(&rows, SAMPLES_AT_ONCE),
        })
    }
}

const SAMPLES_AT_ONCE: usize = 10_000;
