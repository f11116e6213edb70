//! `[[sink]]`: where samples go beside the historian.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use tagstore::HISTORIAN_SINK;
use toml_edit::{Item, TableLike};

use super::model::{DEFAULT_SEAL, FileFormat, SinkConfig, SinkKind, SourceName};
use super::omf::read_omf;
use super::problem::Problems;
use super::section::Section;
use crate::error::Error;

/// The sinks, in the order of the file.
pub(super) fn read_sinks(item: &Item, folder: &Path, problems: &mut Problems<'_>) -> Vec<SinkConfig> {
    let Some(tables) = item.as_array_of_tables() else {
        let help = Some("write it as [[sink]]".into());
        problems.add(item.span(), "`sink` must be a list of sections".to_owned(), help);
        return Vec::new();
    };
    let mut names = HashSet::new();
    let mut sinks = Vec::new();
    for table in tables {
        let table_like: &dyn TableLike = table;
        let mut section = Section::new("[[sink]]", table_like, table.span(), problems);
        let sink = read_sink(&mut section, folder);
        if let Some(sink) = &sink
            && !names.insert(sink.name.clone())
        {
            let span = section.span_of("name");
            section.problem(span, format!("two sinks are named `{}`", sink.name), None);
        }
        section.finish();
        sinks.extend(sink);
    }
    sinks
}

fn read_sink(section: &mut Section<'_, '_, '_>, base: &Path) -> Option<SinkConfig> {
    let name = section.required_text("name").is_some().then(|| section.parsed("name", parse_name)).flatten();
    let kind = section.required_text("kind").is_some().then(|| section.parsed("kind", parse_kind)).flatten();
    let pace = if kind == Some(Kind::File) { DEFAULT_SEAL } else { DEFAULT_PACE };
    let every = section.duration("every", pace, Duration::from_secs(1));
    let kind = match kind? {
        Kind::File => {
            let folder = section.required_text("folder").map(|folder| base.join(folder));
            let format = section.parsed("format", parse_format).unwrap_or(FileFormat::JsonLines);
            SinkKind::File { folder: folder?, format }
        }
        Kind::Omf => SinkKind::Omf(Box::new(read_omf(section, base)?)),
        Kind::Stdout => SinkKind::Stdout,
    };
    Some(SinkConfig { name: name?, kind, every })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Omf,
    Stdout,
}

fn parse_name(text: &str) -> Result<SourceName, String> {
    if text == HISTORIAN_SINK {
        return Err(format!("`{HISTORIAN_SINK}` is the embedded one, which is always there"));
    }
    text.parse().map_err(|_: Error| {
        format!("`{text}` cannot be the name of a sink: use up to 64 letters, digits, `_` and `-`")
    })
}

fn parse_kind(text: &str) -> Result<Kind, String> {
    match text {
        "file" => Ok(Kind::File),
        "omf" => Ok(Kind::Omf),
        "stdout" => Ok(Kind::Stdout),
        _ => Err(format!("`{text}` is no kind of sink; one of \"file\", \"omf\", \"stdout\"")),
    }
}

fn parse_format(text: &str) -> Result<FileFormat, String> {
    [FileFormat::JsonLines, FileFormat::Csv, FileFormat::Parquet]
        .into_iter()
        .find(|format| format.extension() == text)
        .ok_or_else(|| format!("`{text}` is no format; one of \"jsonl\", \"csv\", \"parquet\""))
}

/// Of sinks that send what there is, rather than whole files.
const DEFAULT_PACE: Duration = Duration::from_secs(5);
