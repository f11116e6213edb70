//! `lockgate select --import`: what another connector was told to collect becomes a list of nodes of ours.

use std::io::Write as _;
use std::path::Path;

use connector::SourceConfig;
use connector::documents::ImportView;
use connector::selection::{Imported, NodeList, import, write_list};

use crate::advice::{Advice, Outcome, disk};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::safe;

/// The file's text, if it is one of a size that anybody writes.
pub(super) fn read(file: &Path) -> Outcome<String> {
    let failed = |error: &std::io::Error| disk("read the file", file, error);
    let size = std::fs::metadata(file).map_err(|error| failed(&error))?.len();
    if size > LARGEST {
        return Err(refused("it is larger than 256 MiB"));
    }
    let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text"))
}

/// Makes the file's nodes the list of the source, instead of what it had.
pub(super) fn into(
    source: &mut SourceConfig,
    text: &str,
    namespaces: &[String],
    context: &Context,
) -> Outcome<ImportView> {
    let Imported { format, nodes, not_selected, left, .. } =
        import(text, namespaces, &source.url).map_err(|error| refused(&error))?;
    let taken = nodes.len();
    let path = context.base().join(format!("{}.nodes.csv", source.name));
    source.rules.clear();
    source.nodes = Some(NodeList { path, nodes });
    Ok(ImportView { format: format.to_owned(), taken, not_selected, left })
}

/// What is shown of it.
pub(super) fn text(import: &ImportView) -> String {
    let mut text = format!("  taken over from a {}: {} nodes", import.format, import.taken);
    if import.not_selected > 0 {
        text += &format!(", {} are not selected there", import.not_selected);
    }
    text += "\n";
    for left in import.left.iter().take(SHOWN) {
        text += &format!("  left out: {}\n", safe(left));
    }
    match import.left.len().saturating_sub(SHOWN) {
        0 => text,
        more => text + &format!("  left out: {more} more; --json has them all\n"),
    }
}

/// Writes the list where the configuration will look for it: whole or not at all.
pub(super) fn write(list: &NodeList) -> Outcome<()> {
    let failed = |error: &std::io::Error| disk("write the list", &list.path, error);
    let folder = list.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(write_list(&list.nodes).as_bytes()).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(&list.path).map_err(|error| failed(&error.error))?;
    Ok(())
}

fn refused(why: &str) -> Box<Advice> {
    let text = "the file cannot be taken over, and nothing was changed";
    Box::new(Advice::new("select.import", Exit::Usage, text).fact("because", safe(why)).then(
        "it can be a node table of the PI Connector (CSV with a column NodeId), a data selection of the AVEVA Adapter, or \
         published nodes of OPC Publisher (JSON)",
    ))
}

const LARGEST: u64 = 256 << 20;
const SHOWN: usize = 10;
