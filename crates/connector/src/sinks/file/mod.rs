//! A folder of files as a sink: JSON lines, CSV or Parquet, for whatever picks files up.
//!
//! Each delivery is one file, named by the journal rows in it: `values-000000000001-000000000600.jsonl`; events that are
//! among these rows are in a second one, `events-…`, which comes before it. A file appears whole
//! (written as `.part`, fsynced, renamed) and is never touched again; whoever picks it up may delete it. A crash between
//! the file and the cursor is noticed by the name: the next delivery finds the file of its first row and goes on behind
//! it. Only if that file was picked up and deleted within that moment are its rows written again, under a name that
//! begins with the same row. Where only the file of events is there, that of the values of just these rows follows.

mod parquet;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tagstore::{Journal, Sample, SampleBatch, Seq, Timestamp, Value};

use super::lines::{Names, write_line};
use super::{About, Delivered, Sink, were_most};
use crate::config::FileFormat;
use crate::error::Error;
use crate::event_view::{EVENT_CSV_HEADER, EventView};
use crate::sample_view::{CSV_HEADER, SampleView};

pub(crate) struct FileSink {
    name: String,
    folder: PathBuf,
    format: FileFormat,
    journal: Journal,
    names: Names,
    /// Whether the file of the next row may be there already: after a start, and after a failure.
    unsure: bool,
}

impl FileSink {
    /// Makes the folder, and the sink known to the journal: from now on nothing is trimmed that it has not taken. The first
    /// time it begins with the oldest row there is.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::SinkFolder`].
    pub(crate) fn new(
        name: String,
        folder: PathBuf,
        format: FileFormat,
        mut journal: Journal,
    ) -> Result<Self, Error> {
        fs::create_dir_all(&folder).map_err(|source| Error::SinkFolder { path: folder.clone(), source })?;
        let known = journal.cursor(&name)?;
        journal.advance(&name, known)?;
        Ok(Self { name, folder, format, journal, names: Names::default(), unsure: true })
    }

    /// The last row of the file of this kind that begins with this row, if it was written before a crash.
    fn written_already(&self, kind: Kind, first: Seq) -> Result<Option<Seq>, Error> {
        let prefix = format!("{}-{:012}-", kind.prefix(), first.get());
        let suffix = format!(".{}", self.format.extension());
        let entries = fs::read_dir(&self.folder).map_err(|source| self.failed(source))?;
        for entry in entries {
            let name = entry.map_err(|source| self.failed(source))?.file_name();
            let last = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(&suffix)?.parse().ok());
            if let Some(last) = last {
                return Ok(Some(Seq::new(last)));
            }
        }
        Ok(None)
    }

    /// Writes what there is of this kind into a file of its own; nothing when there is none.
    fn write(&mut self, kind: Kind, rows: &[(Seq, SampleBatch)], first: Seq, last: Seq) -> Result<(), Error> {
        if !kind.is_in(rows) {
            return Ok(());
        }
        let (prefix, extension) = (kind.prefix(), self.format.extension());
        let name = format!("{prefix}-{:012}-{:012}.{extension}", first.get(), last.get());
        let place = self.folder.join(name);
        let part = place.with_extension("part");
        let written = match self.format {
            FileFormat::Parquet => parquet::write(&self.journal, &part, rows, kind),
            FileFormat::Csv | FileFormat::JsonLines => {
                self.names.learn(&self.journal, rows)?;
                self.write_lines(kind, &part, rows).map_err(|source| self.failed(source))
            }
        };
        let named = || fs::rename(&part, &place).and_then(|()| File::open(&self.folder)?.sync_all());
        let written = written.and_then(|()| named().map_err(|source| self.failed(source)));
        if written.is_err()
            && let Err(error) = fs::remove_file(&part)
        {
            tracing::debug!(%error, "unfinished file not removed");
        }
        written
    }

    fn write_lines(&self, kind: Kind, part: &Path, rows: &[(Seq, SampleBatch)]) -> std::io::Result<()> {
        let mut out = BufWriter::new(File::create(part)?);
        if self.format == FileFormat::Csv {
            out.write_all(kind.header().as_bytes())?;
        }
        for sample in rows.iter().flat_map(|(_, batch)| batch.iter()).filter(|sample| kind.is(sample)) {
            let name = self.names.of(sample.stream);
            match (self.format, EventView::of(name, &sample)) {
                (FileFormat::Csv, Some(event)) => out.write_all(event.csv(str::to_owned).as_bytes())?,
                (FileFormat::Csv, None) => {
                    let view = SampleView::of(sample.to_owned());
                    out.write_all(view.csv(name, str::to_owned).as_bytes())?;
                }
                _ => write_line(&mut out, name, &sample)?,
            }
        }
        out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::SinkFolder { path: self.folder.clone(), source }
    }
}

impl Sink for FileSink {
    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> About {
        About { kind: "file", target: self.folder.display().to_string(), ..About::default() }
    }

    fn deliver(&mut self, _now: Timestamp) -> Result<Delivered, Error> {
        let cursor = self.journal.cursor(&self.name)?;
        let mut rows = match self.journal.read_after(cursor, SAMPLES_PER_FILE) {
            Err(tagstore::Error::RowDamaged { seq, detail }) => {
                // the historian keeps it aside and enters it into the ledger
                tracing::error!(sink = self.name, %seq, detail, "a journal row cannot be read and is passed over");
                self.journal.advance(&self.name, seq)?;
                return Ok(Delivered { rows: 0, more: true });
            }
            rows => rows?,
        };
        let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
            return Ok(Delivered { rows: 0, more: false });
        };
        let (first, mut last) = (*first, *last);
        let more = were_most(&rows, SAMPLES_PER_FILE);
        let mut kinds = [Kind::Events, Kind::Values].as_slice();
        if self.unsure {
            if let Some(last) = self.written_already(Kind::Values, first)? {
                self.journal.advance(&self.name, last)?;
                return Ok(Delivered { rows: 0, more: true });
            }
            if let Some(end) = self.written_already(Kind::Events, first)? {
                rows.retain(|(seq, _)| *seq <= end);
                (last, kinds) = (end, &[Kind::Values]);
            }
        }
        let samples: usize = rows.iter().map(|(_, batch)| batch.len()).sum();
        self.unsure = true;
        for kind in kinds {
            self.write(*kind, &rows, first, last)?;
        }
        self.journal.advance(&self.name, last)?;
        self.unsure = false;
        Ok(Delivered { rows: u64::try_from(samples).unwrap_or(u64::MAX), more })
    }
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Values,
    Events,
}

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Events => "events",
        }
    }

    const fn header(self) -> &'static str {
        match self {
            Self::Values => CSV_HEADER,
            Self::Events => EVENT_CSV_HEADER,
        }
    }

    fn is(self, sample: &Sample<'_>) -> bool {
        matches!(sample.value, Value::Event(_)) == (self == Self::Events)
    }

    fn is_in(self, rows: &[(Seq, SampleBatch)]) -> bool {
        rows.iter().flat_map(|(_, batch)| batch.iter()).any(|sample| self.is(&sample))
    }
}

/// Bounds the memory of a delivery: about 100 bytes per sample. Text has a bound of its own.
const SAMPLES_PER_FILE: usize = 200_000;

#[cfg(test)]
mod tests {
    use tagstore::{Commit, JournalOptions, NewStream, StreamId};

    use super::*;

    const NOW: Timestamp = Timestamp::from_ticks(134_116_992_000_000_000);

    struct Desk {
        dir: tempfile::TempDir,
        journal: Journal,
        stream: StreamId,
    }

    impl Desk {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("journal.sqlite");
            let mut journal = Journal::open(path, JournalOptions::default()).unwrap();
            let stream = NewStream {
                key: "key".to_owned(),
                name: "line1.Level, \"upper\"".to_owned(),
                source: "line1".to_owned(),
                ..NewStream::default()
            };
            let stream = journal.register_streams(&[stream]).unwrap()[0];
            Self { dir, journal, stream }
        }

        fn append(&mut self, values: std::ops::Range<i64>) {
            let mut batch = SampleBatch::new();
            for value in values {
                batch.push(Sample {
                    stream: self.stream,
                    source_time: NOW,
                    server_time: Timestamp::ABSENT,
                    receive_time: NOW,
                    status: 0,
                    value: Value::Int(value),
                });
            }
            self.journal.append(&Commit { batches: &[&batch], now: NOW, ..Commit::default() }).unwrap();
        }

        fn append_event(&mut self) {
            let mut batch = SampleBatch::new();
            batch.push(Sample {
                stream: self.stream,
                source_time: NOW,
                server_time: NOW,
                receive_time: NOW,
                status: 0,
                value: Value::Event(
                    r#"{"event_id":"01","source_name":"Boiler","severity":700,"message":"too hot"}"#,
                ),
            });
            self.journal.append(&Commit { batches: &[&batch], now: NOW, ..Commit::default() }).unwrap();
        }

        fn out(&self) -> PathBuf {
            self.dir.path().join("out")
        }

        fn sink(&self, format: FileFormat) -> FileSink {
            FileSink::new("files".to_owned(), self.out(), format, self.journal.another().unwrap()).unwrap()
        }

        fn files(&self) -> Vec<String> {
            let files = fs::read_dir(self.out()).unwrap();
            let mut names: Vec<_> =
                files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    #[test]
    fn a_file_that_was_written_before_a_crash_is_not_written_again() {
        let mut desk = Desk::new();
        desk.append(0..5);
        let mut sink = desk.sink(FileFormat::JsonLines);
        let rows = sink.journal.read_after(Seq::ZERO, 100).unwrap();
        let first = rows[0].0;
        sink.write(Kind::Values, &rows, first, first).unwrap();
        drop(sink);

        desk.append(5..9);
        let mut sink = desk.sink(FileFormat::JsonLines);
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 0, more: true });
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 4, more: false });
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 0, more: false });
        assert_eq!(
            desk.files(),
            ["values-000000000001-000000000001.jsonl", "values-000000000002-000000000002.jsonl"]
        );
    }

    #[test]
    fn events_have_files_of_their_own_and_a_crash_between_the_two_makes_neither_twice() {
        let mut desk = Desk::new();
        desk.append(0..2);
        desk.append_event();
        let mut sink = desk.sink(FileFormat::Csv);
        let rows = sink.journal.read_after(Seq::ZERO, 100).unwrap();
        let (first, last) = (rows[0].0, rows[1].0);
        sink.write(Kind::Events, &rows, first, last).unwrap();
        drop(sink);

        desk.append(5..9);
        let mut sink = desk.sink(FileFormat::Csv);
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 3, more: false });
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 4, more: false });
        desk.append_event();
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 1, more: false });
        let expected = [
            "events-000000000001-000000000002.csv",
            "events-000000000004-000000000004.csv",
            "values-000000000001-000000000002.csv",
            "values-000000000003-000000000003.csv",
        ];
        assert_eq!(desk.files(), expected);
        let read = |name: &str| fs::read_to_string(desk.out().join(name)).unwrap();
        assert_eq!(read(expected[2]).lines().count(), 3, "a head and two values");
        let events = read(expected[0]);
        assert_eq!(events.lines().next(), Some(EVENT_CSV_HEADER.trim_end()));
        assert!(
            events.lines().nth(1).unwrap().contains(",2026-01-01T00:00:00Z,700,Boiler,too hot,"),
            "{events}"
        );
        // after the last file was written and before the cursor moved
        desk.append_event();
        let mut sink = desk.sink(FileFormat::Csv);
        let rows = sink.journal.read_after(Seq::new(4), 100).unwrap();
        sink.write(Kind::Events, &rows, rows[0].0, rows[0].0).unwrap();
        drop(sink);
        let mut sink = desk.sink(FileFormat::Csv);
        sink.deliver(NOW).unwrap();
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 0, more: false });
        assert_eq!(desk.files().len(), 5);
    }

    #[test]
    fn a_folder_that_cannot_be_written_keeps_the_samples_until_it_can() {
        let mut desk = Desk::new();
        desk.append(0..3);
        let mut sink = desk.sink(FileFormat::Csv);
        fs::remove_dir(desk.out()).unwrap();
        fs::write(desk.out(), "in the way").unwrap();
        let error = sink.deliver(NOW).unwrap_err();
        assert!(error.to_string().contains("cannot write to"), "{error}");
        fs::remove_file(desk.out()).unwrap();
        fs::create_dir(desk.out()).unwrap();
        assert_eq!(sink.deliver(NOW).unwrap().rows, 3);
        let text = fs::read_to_string(desk.out().join(&desk.files()[0])).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], CSV_HEADER.trim_end());
        assert!(
            lines[1].starts_with("\"line1.Level, \"\"upper\"\"\",2026-01-01T00:00:00Z,0,int,Good,"),
            "{}",
            lines[1]
        );
    }

    #[test]
    fn a_parquet_file_is_whole_sorted_by_stream_and_time_and_not_written_again() {
        let mut desk = Desk::new();
        let other =
            NewStream { key: "other".to_owned(), name: "line1.Flow".to_owned(), ..NewStream::default() };
        let other = desk.journal.register_streams(&[other]).unwrap()[0];
        let mut batch = SampleBatch::new();
        let stranger = StreamId::new(99);
        for (stream, second, value) in
            [(other, 2, 1), (desk.stream, 5, 2), (stranger, 0, 6), (other, 1, 3), (desk.stream, 4, 4)]
        {
            let time = NOW.saturating_add_millis(second * 1000);
            let (server_time, value) = (Timestamp::ABSENT, Value::Int(value));
            batch.push(Sample {
                stream,
                source_time: time,
                server_time,
                receive_time: time,
                status: 0,
                value,
            });
        }
        desk.journal.append(&Commit { batches: &[&batch], now: NOW, ..Commit::default() }).unwrap();
        let mut sink = desk.sink(FileFormat::Parquet);
        assert_eq!(sink.deliver(NOW).unwrap().rows, 5);
        assert_eq!(desk.files(), ["values-000000000001-000000000001.parquet"]);

        use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
        let reader =
            SerializedFileReader::new(File::open(desk.out().join(&desk.files()[0])).unwrap()).unwrap();
        let rows: Vec<String> =
            reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
        let expected = [("line1.Level", 4), ("line1.Level", 2), ("line1.Flow", 3), ("line1.Flow", 1)];
        for (row, (name, value)) in rows.iter().zip(expected) {
            assert!(
                row.contains(&format!("text: \"{value}\"")) && row.contains(name),
                "{name} {value}: {row}"
            );
        }
        assert!(rows[4].contains("name: null") && rows[4].contains("text: \"6\""), "{}", rows[4]);

        // as after a crash between the file and the cursor
        desk.journal.remove_sink("files").unwrap();
        let mut sink = desk.sink(FileFormat::Parquet);
        assert_eq!(sink.deliver(NOW).unwrap(), Delivered { rows: 0, more: true });
        assert_eq!(desk.files().len(), 1);
    }

    #[test]
    fn nothing_is_trimmed_before_the_sink_has_taken_it() {
        let mut desk = Desk::new();
        let mut sink = desk.sink(FileFormat::JsonLines);
        desk.append(0..3);
        let historian = tagstore::Historian::open(desk.dir.path().join("historian")).unwrap();
        historian.seal(&mut desk.journal, &tagstore::SealOptions::default(), NOW).unwrap();
        assert_eq!(desk.journal.depth().unwrap().rows, 3);
        sink.deliver(NOW).unwrap();
        desk.journal.trim().unwrap();
        assert_eq!(desk.journal.depth().unwrap().rows, 0);
    }
}
