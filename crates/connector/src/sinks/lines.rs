//! Samples and events as JSON lines, the same in a file and on our standard output.

use std::collections::HashMap;
use std::io::Write;

use serde::Serialize;
use tagstore::{Journal, Sample, SampleBatch, Seq, StreamId};

use crate::error::Error;
use crate::event_view::EventView;
use crate::sample_view::SampleView;

/// Names of the streams, as far as they were met.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<StreamId, String>);

impl Names {
    /// Reads the names anew when a stream is met that was not there before.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(super) fn learn(&mut self, journal: &Journal, rows: &[(Seq, SampleBatch)]) -> Result<(), Error> {
        let mut samples = rows.iter().flat_map(|(_, batch)| batch.iter());
        if samples.any(|sample| !self.0.contains_key(&sample.stream)) {
            self.0 = journal.streams()?.into_iter().map(|stream| (stream.id, stream.name)).collect();
        }
        Ok(())
    }

    /// The name of a stream; empty when the journal has none.
    pub(super) fn of(&self, stream: StreamId) -> &str {
        self.0.get(&stream).map_or("", String::as_str)
    }
}

/// Writes one sample or event as one line.
///
/// # Errors
/// What the system says.
pub(super) fn write_line(out: &mut impl Write, stream: &str, sample: &Sample<'_>) -> std::io::Result<()> {
    match EventView::of(stream, sample) {
        Some(event) => serde_json::to_writer(&mut *out, &event)?,
        None => {
            let sample = &SampleView::of(sample.to_owned());
            serde_json::to_writer(&mut *out, &Line { stream, sample })?;
        }
    }
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Line<'a> {
    stream: &'a str,
    #[serde(flatten)]
    sample: &'a SampleView,
}
