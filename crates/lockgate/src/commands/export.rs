//! `lockgate export`: the values of streams into one file.
//!
//! One by one, so that memory stays small whatever the interval. The file appears under its name only when it is
//! complete; an existing file is never overwritten.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use connector::{CSV_HEADER, SampleView};
use serde::Serialize;
use tagstore::{Interval, OwnedSample, ParquetTable, Reader, StreamId, StreamInfo};

use super::data;
use crate::advice::{Outcome, disk};
use crate::cli::{self, ExportFormat};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::progress::Meter;
use crate::output::{file, json, safe};

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
    let interval = Interval { from, to };
    let path = &args.output;
    let samples = file::write_large(path, |file| match args.format {
        ExportFormat::Csv => csv(&reader, &streams, interval, file, path),
        ExportFormat::Jsonl => jsonl(&reader, &streams, interval, file, path),
        ExportFormat::Parquet => parquet(&reader, &streams, interval, file, path),
    })?;
    let exported = Exported {
        file: path.display().to_string(),
        format: args.format.as_str(),
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
    data::streams(reader, names)
}

fn csv(reader: &Reader, streams: &[StreamInfo], interval: Interval, file: File, path: &Path) -> Outcome<u64> {
    let mut out = BufWriter::new(file);
    out.write_all(CSV_HEADER.as_bytes()).map_err(|e| disk("write the export", path, &e))?;
    let count = each(reader, streams, interval, |stream, sample| {
        let line = SampleView::of(sample).csv(&stream.name, str::to_owned);
        out.write_all(line.as_bytes()).map_err(|e| disk("write the export", path, &e))
    })?;
    end(out, path)?;
    Ok(count)
}

fn jsonl(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    file: File,
    path: &Path,
) -> Outcome<u64> {
    #[derive(Serialize)]
    struct Line<'a> {
        stream: &'a str,
        #[serde(flatten)]
        sample: &'a SampleView,
    }
    let mut out = BufWriter::new(file);
    let count = each(reader, streams, interval, |stream, sample| {
        let line = json::line(&Line { stream: &stream.name, sample: &SampleView::of(sample) })?;
        writeln!(out, "{line}").map_err(|e| disk("write the export", path, &e))
    })?;
    end(out, path)?;
    Ok(count)
}

fn end(out: BufWriter<File>, path: &Path) -> Outcome<()> {
    let file = out.into_inner().map_err(|e| disk("write the export", path, &e.into_error()))?;
    file.sync_all().map_err(|e| disk("write the export", path, &e))
}

/// The same as a file of columns; also for `query`.
pub(super) fn parquet(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    file: File,
    path: &Path,
) -> Outcome<u64> {
    let failed = |error: tagstore::Error| data::failed(&error);
    let mut table = ParquetTable::new(file, path, streams.to_vec(), &[]).map_err(failed)?;
    let number = |id: StreamId| streams.iter().position(|stream| stream.id == id).unwrap_or(usize::MAX);
    let (mut last, mut at) = (None, usize::MAX);
    each(reader, streams, interval, |stream, sample| {
        if last != Some(stream.id) {
            (last, at) = (Some(stream.id), number(stream.id));
        }
        table.push(at, sample).map_err(failed)
    })?;
    table.finish().map_err(failed)
}

/// Hands every sample with its stream to `write`; says how many there were.
fn each(
    reader: &Reader,
    streams: &[StreamInfo],
    interval: Interval,
    mut write: impl FnMut(&StreamInfo, OwnedSample) -> Outcome<()>,
) -> Outcome<u64> {
    let ids: Vec<StreamId> = streams.iter().map(|stream| stream.id).collect();
    let mut left = streams.iter().peekable();
    let (mut count, mut problem) = (0_u64, None);
    let mut meter = Meter::new();
    reader
        .for_each(&ids, interval, &mut |sample| {
            // they come in the order in which the streams were given
            while left.next_if(|stream| stream.id != sample.stream).is_some() {}
            let Some(stream) = left.peek() else { return ControlFlow::Break(()) };
            count += 1;
            if count.is_multiple_of(SHOWN_EVERY) {
                meter.show(&format!("{count} values, now of {}", safe(&stream.name)), None);
            }
            match write(stream, sample) {
                Ok(()) => ControlFlow::Continue(()),
                Err(advice) => {
                    problem = Some(advice);
                    ControlFlow::Break(())
                }
            }
        })
        .map_err(|error| data::failed(&error))?;
    problem.map_or(Ok(count), Err)
}

/// Values between two looks at how far it is.
const SHOWN_EVERY: u64 = 10_000;
