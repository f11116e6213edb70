//! `lockgate export`: the values of streams into one file.
//!
//! Page by page, so that memory stays small whatever the interval. The file appears under its name only when it is
//! complete; an existing file is never overwritten.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use connector::{CSV_HEADER, SampleView};
use serde::Serialize;
use tagstore::{Order, OwnedSample, Reader, StreamInfo, StreamQuery, Timestamp};

use super::data;
use crate::advice::{Advice, Outcome, disk};
use crate::cli::{self, ExportFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::{json, safe};

/// Samples held in memory at once.
const PAGE: usize = 50_000;

#[derive(Serialize)]
struct Exported {
    file: String,
    format: &'static str,
    streams: usize,
    samples: u64,
    from: String,
    to: String,
}

pub(super) fn run(context: &Context, args: &cli::Export) -> Outcome {
    let reader = data::open(context)?;
    let streams = chosen(&reader, &args.streams)?;
    let (from, to) = data::range(args.range)?;
    let failed = |e: std::io::Error| disk("write the export", &args.output, &e);
    if args.output.exists() {
        return Err(exists(&args.output));
    }
    let unfinished = unfinished(&args.output);
    let mut out = BufWriter::new(File::create_new(&unfinished).map_err(failed)?);
    let written = write_all(&reader, &streams, (from, to), args.format, &mut out).and_then(|samples| {
        let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)?;
        // a hard link refuses to replace a file that appeared meanwhile; a rename would not
        fs::hard_link(&unfinished, &args.output).map_err(failed)?;
        Ok(samples)
    });
    let tidied = fs::remove_file(&unfinished);
    let samples = written?;
    tidied.map_err(failed)?;

    let exported = Exported {
        file: args.output.display().to_string(),
        format: match args.format {
            ExportFormat::Csv => "csv",
            ExportFormat::Jsonl => "jsonl",
        },
        streams: streams.len(),
        samples,
        from: from.to_string(),
        to: to.to_string(),
    };
    context.answer("export", &exported, || {
        let Exported { file, streams, samples, .. } = &exported;
        format!("{samples} values of {streams} streams in {}\n", safe(file))
    })?;
    Ok(Exit::Ok)
}

fn chosen(reader: &Reader, names: &[String]) -> Outcome<Vec<StreamInfo>> {
    if names.is_empty() {
        return reader.streams().map_err(|error| data::failed(&error));
    }
    names.iter().map(|name| data::stream(reader, name)).collect()
}

fn write_all(
    reader: &Reader,
    streams: &[StreamInfo],
    (from, to): (Timestamp, Timestamp),
    format: ExportFormat,
    out: &mut impl Write,
) -> Outcome<u64> {
    if format == ExportFormat::Csv {
        out.write_all(CSV_HEADER.as_bytes())?;
    }
    let mut total = 0;
    for stream in streams {
        let mut pages = Pages { reader, stream, from, to, size: PAGE, done: false };
        while let Some(page) = pages.next().map_err(|error| data::failed(&error))? {
            for sample in page {
                let view = SampleView::of(sample);
                match format {
                    ExportFormat::Csv => out.write_all(view.csv(&stream.name, str::to_owned).as_bytes())?,
                    ExportFormat::Jsonl => writeln!(out, "{}", json_line(stream, &view)?)?,
                }
                total += 1;
            }
        }
    }
    out.flush()?;
    Ok(total)
}

fn json_line(stream: &StreamInfo, sample: &SampleView) -> Outcome<String> {
    #[derive(Serialize)]
    struct Line<'a> {
        stream: &'a str,
        #[serde(flatten)]
        sample: &'a SampleView,
    }
    Ok(json::line(&Line { stream: &stream.name, sample })?)
}

/// The samples of a stream in time order, a page at a time.
struct Pages<'a> {
    reader: &'a Reader,
    stream: &'a StreamInfo,
    from: Timestamp,
    to: Timestamp,
    size: usize,
    done: bool,
}

impl Pages<'_> {
    /// The next page; `None` at the end.
    ///
    /// Pages are cut between two times, never within one: the last time of a full page may have more samples than
    /// fit, so all samples of that time are left to the next page.
    fn next(&mut self) -> Result<Option<Vec<OwnedSample>>, tagstore::Error> {
        while !self.done {
            let query = StreamQuery {
                stream: self.stream.id,
                from: Some(self.from),
                to: Some(self.to),
                limit: self.size,
                order: Order::OldestFirst,
            };
            let mut page = self.reader.query(&query)?;
            if page.len() < self.size {
                self.done = true;
                return Ok(Some(page));
            }
            let last = page.last().map_or(self.to, OwnedSample::time);
            page.retain(|sample| sample.time() < last);
            if !page.is_empty() {
                self.from = last;
                return Ok(Some(page));
            }
            // a whole page of one time
            self.size = self.size.saturating_mul(2);
        }
        Ok(None)
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

fn exists(path: &Path) -> Box<Advice> {
    Box::new(
        Advice::new("export.exists", Exit::Usage, "this file exists already; it was left as it is")
            .fact("file", path.display().to_string())
            .then("name another file"),
    )
}
