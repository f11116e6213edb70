//! `[[sink]]`: where samples go beside the historian.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use tagstore::HISTORIAN_SINK;
use toml_edit::{Item, TableLike};

use super::model::{DEFAULT_SEAL, FileFormat, SinkConfig, SinkKind, SourceName};
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
    let folder = section.required_text("folder").map(|folder| base.join(folder));
    let format = section.parsed("format", parse_format).unwrap_or(FileFormat::JsonLines);
    let every = section.duration("every", DEFAULT_SEAL, Duration::from_secs(1));
    kind?;
    Some(SinkConfig { name: name?, kind: SinkKind::File { folder: folder?, format }, every })
}

fn parse_name(text: &str) -> Result<SourceName, String> {
    if text == HISTORIAN_SINK {
        return Err(format!("`{HISTORIAN_SINK}` is the embedded one, which is always there"));
    }
    text.parse().map_err(|_: Error| {
        format!("`{text}` cannot be the name of a sink: use up to 64 letters, digits, `_` and `-`")
    })
}

fn parse_kind(text: &str) -> Result<(), String> {
    if text == "file" { Ok(()) } else { Err(format!("`{text}` is no kind of sink; there is \"file\"")) }
}

fn parse_format(text: &str) -> Result<FileFormat, String> {
    [FileFormat::JsonLines, FileFormat::Csv]
        .into_iter()
        .find(|format| format.extension() == text)
        .ok_or_else(|| format!("`{text}` is no format; one of \"jsonl\", \"csv\""))
}
